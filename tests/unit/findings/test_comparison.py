import sqlite3
from contextlib import closing

import numpy as np
import pytest
from support.statistics_samples import clouds, handmade, scripted_run

from lwd_tui.experiment.files import load_gmm_preset
from lwd_tui.experiment.gmm import GmmSpec
from lwd_tui.findings.comparison import (
    compared,
    differences,
    replicates,
    setting_text,
    why_norms_differ,
)
from lwd_tui.gmm.network import simulate
from lwd_tui.run.mixtures import keep
from lwd_tui.store.errors import DamagedRun
from lwd_tui.store.run import RunStore


async def read(path, **changes):
    with RunStore.open(await scripted_run(path, **changes)) as store:
        return compared(store)


async def test_runs_differ_in_the_fields_that_are_not_the_same_in_all(tmp_path):
    runs = [
        await read(tmp_path / "a.sqlite", seed=1, name="one"),
        await read(tmp_path / "b.sqlite", seed=2, scripted={"attraction": 0.1}),
        await read(tmp_path / "c.sqlite", seed=2, interaction=False),
    ]
    assert [run.seed for run in runs] == [1, 2, 2]
    assert differences(runs) == [
        {"interaction": True, "scripted.attraction": 0.7},
        {"interaction": True, "scripted.attraction": 0.1},
        {"interaction": False, "scripted.attraction": 0.7},
    ]
    assert differences(runs[:1]) == [{}]


async def test_of_sections_in_a_list_the_fields_that_differ_are_told(tmp_path):
    cast = [{"name": name, "backend": "scripted", "model": name} for name in ("ada", "ben")]
    warmer = [cast[0], cast[1] | {"sampling": {"temperature": 1.5}}]
    three = [*cast, cast[0] | {"name": "cleo"}]
    one, other, more = [
        await read(tmp_path / f"{i}.sqlite", participants=participants)
        for i, participants in enumerate([cast, warmer, three])
    ]
    usual = one.settings["participants"][1]["sampling"]["temperature"]
    assert differences([one, other]) == [
        {"participants.1.sampling.temperature": usual},
        {"participants.1.sampling.temperature": 1.5},
    ]
    # Lists of unlike lengths have no sections that stand beside each other.
    assert [len(each["participants"]) for each in differences([one, more])] == [2, 3]
    assert list(differences([one, more])[0]) == ["participants"]


def test_settings_are_written_as_they_would_be_set():
    assert [setting_text(value, 9) for value in (True, 0.5, None, "", [], ["a"])] == [
        "true", "0.5", "–", '""', "[]", "['a']"
    ]  # fmt: skip
    assert setting_text([{"name": "ada"}, {"name": "ben"}], 9) == "2"
    assert setting_text("\x1b]0;x\x07a long\nsentence", 9) == "a long s…"


async def test_replicates_differ_in_their_seeds_only(tmp_path):
    one = await read(tmp_path / "a.sqlite", seed=1, name="one")
    other = await read(tmp_path / "b.sqlite", seed=2)
    changed = await read(tmp_path / "c.sqlite", seed=3, interaction=False)
    assert replicates([one, other])
    assert not replicates([one, other, changed])
    assert not replicates([one, one])


def why_differ(runs):
    return why_norms_differ(run.scale for run in runs)


async def test_norms_compare_if_the_embedder_is_the_same(tmp_path):
    raw = {"backend": "scripted", "model": "words-16", "normalise": False}
    runs = [
        await read(tmp_path / "a.sqlite"),
        await read(tmp_path / "b.sqlite", responses=2),
        await read(tmp_path / "c.sqlite", embedder=raw),
    ]
    assert why_differ(runs[:2]) == ""
    assert "embed their answers in different ways" in why_differ(runs)


def test_norms_of_unlike_numbers_of_participants_do_not_compare(tmp_path):
    # The same two places: a norm of 3 sqrt 2 with one participant at each, of 6 with one more.
    runs = []
    for name, places in (("a", [0, 3]), ("b", [0, 3, 0])):
        with handmade(tmp_path / f"{name}.sqlite", [{"vectors": clouds(places)}]) as store:
            runs.append(compared(store))
    assert [run.n for run in runs] == [2, 3]
    assert "The runs have n = 2 and n = 3" in why_differ(runs)
    assert why_differ(runs[:1]) == ""
    spec = load_gmm_preset("gmm-fig4").to_dict() | {"steps": 2, "replicates": 1}
    mixtures = []
    for n in (3, 5):
        path = tmp_path / f"gmm-{n}.sqlite"
        keep(simulate(GmmSpec.from_dict(spec | {"participants": n})), path)
        with RunStore.open(path) as store:
            mixtures.append(compared(store))
    assert "n = 3 and n = 5" in why_differ(mixtures)


def test_the_numbers_are_those_of_the_store(tmp_path):
    steps = [{"vectors": clouds([0, x], spread=0.1 * x)} for x in (3, 2, 1)]
    with handmade(tmp_path / "a.sqlite", steps, steps=9) as store:
        run = compared(store)
        dispersion = [store.step(t).geometry.dispersion.mean() for t in (0, 2)]
    assert (len(run.numbers), run.steps) == (3, 10)
    assert np.allclose(run.dispersions, dispersion)


async def test_mixtures_are_compared_too(tmp_path):
    spec = GmmSpec.from_dict(load_gmm_preset("gmm-fig4").to_dict() | {"steps": 5, "replicates": 2})
    keep(simulate(spec), tmp_path / "gmm.sqlite")
    with RunStore.open(tmp_path / "gmm.sqlite") as store:
        mixtures = compared(store)
    models = await read(tmp_path / "a.sqlite")
    assert len(mixtures.numbers) == 6
    first, second = differences([mixtures, models])
    assert first.keys() == second.keys()
    assert (first["query"], second["query"]) == (None, "What next?")
    assert why_differ([mixtures, models])


@pytest.mark.parametrize(
    "change", ["json_remove(experiment, '$.steps')", "'{\"participants\": 7.5}'"]
)
async def test_a_spoilt_experiment_is_told_as_damage(tmp_path, change):
    path = await scripted_run(tmp_path / "a.sqlite")
    with closing(sqlite3.connect(path)) as file, file:
        file.execute(f"UPDATE run SET experiment = {change}")  # noqa: S608
    with RunStore.open(path) as store, pytest.raises(DamagedRun, match="is damaged"):
        compared(store)
