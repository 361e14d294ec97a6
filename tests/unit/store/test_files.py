"""Presets saved: whole, and never over another file unasked."""

import os
import time

import pytest

from lwd_tui.experiment.files import load_preset
from lwd_tui.experiment.llm import SeedPost
from lwd_tui.store.errors import StoreError
from lwd_tui.store.files import PresetExists, put_in_place, save_preset, write_whole


def test_a_saved_preset_loads_as_it_was(tmp_path):
    experiment = load_preset("bitcoin-paper")
    save_preset(experiment, tmp_path / "mine.toml")
    assert load_preset(str(tmp_path / "mine.toml")) == experiment
    assert [path.name for path in tmp_path.iterdir()] == ["mine.toml"]


def test_many_posts_stand_in_a_file_beside_the_preset(tmp_path):
    few = load_preset("bitcoin")
    odd = SeedPost(text=' "One"\u2028\ntwo\0\U0001f680 ', author="ann", label="7")
    many = tuple(SeedPost(text=f"Post {number}.") for number in range(10_000))
    experiment = few.model_copy(update={"posts": (odd, *many)})
    path = tmp_path / "mine.toml"
    save_preset(experiment, path)
    assert load_preset(str(path)) == experiment
    assert path.stat().st_size < 10_000
    assert {path.name for path in tmp_path.iterdir()} == {"mine.toml", "mine.posts.jsonl"}
    path.unlink()
    with pytest.raises(PresetExists):
        save_preset(experiment, path)
    assert not path.exists()
    save_preset(experiment, path, replace=True)
    assert load_preset(str(path)).sha256 == experiment.sha256


def test_another_file_is_not_written_over_unasked(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text("precious")
    with pytest.raises(PresetExists, match="is there already"):
        save_preset(load_preset("quickstart"), path)
    assert path.read_text() == "precious"
    save_preset(load_preset("quickstart"), path, replace=True)
    assert load_preset(str(path)).name == "quickstart"


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("no/such/folder/x.toml", r"x\.toml can't be written: there is no folder .*no/such/folder"),
        ("a\0b.toml", "can't write to .*: embedded null byte"),
        (f"{'a' * 300}/b.toml", "can't write to .*: File name too long"),
        (f"{'a' * 300}.toml", "can't write to .*: File name too long"),
    ],
)
def test_what_cannot_be_written_is_said(tmp_path, name, sentence):
    with pytest.raises(StoreError, match=sentence):
        save_preset(load_preset("quickstart"), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_preset_with_a_key_in_an_address_is_not_written(tmp_path):
    host = {"embedder.host": "https://gw/v1?api_key=hush"}
    with pytest.raises(StoreError, match="leave 'api_key' out"):
        save_preset(load_preset("quickstart").replaced(host), tmp_path / "mine.toml")
    assert not list(tmp_path.iterdir())


def test_a_folder_is_not_written_over(tmp_path):
    with pytest.raises(PresetExists):
        save_preset(load_preset("quickstart"), tmp_path, replace=True)


def test_two_that_write_one_file_at_once_do_not_disturb_each_other(tmp_path):
    path = tmp_path / "run.sqlite"
    with put_in_place([path], replace=True) as (first,):
        with first.open("wb", buffering=0) as slow:
            slow.write(b"half")
            write_whole(path, b"the whole of it", replace=True)
            slow.write(b" and half")
        assert path.read_bytes() == b"the whole of it"
    assert path.read_bytes() == b"half and half"
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_killed_writer_left_goes_after_a_day_and_what_others_write_stays(tmp_path):
    path = tmp_path / "a[1].toml"

    def left(name, hours):
        part = tmp_path / name
        part.touch()
        then = time.time() - 3600 * hours
        os.utime(part, (then, then))
        return part

    left(".a[1].toml.7-ab.part", 25)
    at_work = left(".a[1].toml.8-cd.part", 23)
    others = left(".a1.toml.9-ef.part", 25)
    write_whole(path, b"x")
    assert set(tmp_path.iterdir()) == {path, at_work, others}
