"""The same numbers to the last digit, whatever number of threads the environment asks for."""

import os
import subprocess
import sys

import pytest
from support.statistics_samples import clouds, handmade

from lwd_tui.store.export import export
from lwd_tui.store.run import RunStore

pytestmark = pytest.mark.integration

# Sums of more than ten thousand numbers are shared out among threads by OpenBLAS.
WIDE = {"backend": "scripted", "model": "words-768"}


def lwd(threads, *args):
    """Run a command in a process of its own, with so many threads for NumPy."""
    wanted = {f"{name}_NUM_THREADS": str(threads) for name in ("OMP", "OPENBLAS", "MKL")}
    command = [sys.executable, "-m", "lwd_tui", *map(str, args)]
    found = subprocess.run(command, capture_output=True, env=os.environ | wanted)
    assert found.returncode == 0, found.stderr
    return found.stdout


def test_the_statistics_of_a_stored_run_are_the_same_on_any_number_of_threads(tmp_path):
    steps = [{"vectors": clouds([0, 1 / (1 + t), 0.3], 40, 0.02, 768, t)} for t in range(3)]
    path = tmp_path / "wide.sqlite"
    handmade(path, steps, embedder=WIDE).close()
    asked = ("stats", path, "--json", "--margin", 0.5, "--permutations", 99)
    one, two, four = (lwd(threads, *asked) for threads in (1, 2, 4))
    assert one == two == four
    assert one.count(b"\n") == 4


@pytest.mark.parametrize("threads", [2])
def test_a_seeded_run_is_the_same_on_any_number_of_threads(tmp_path, threads):
    exports = []
    for number in (1, threads):
        path = tmp_path / f"{number}.sqlite"
        given = ["--set", "embedder.backend=scripted", "--set", "embedder.model=words-768"]
        lwd(number, "--preset", "quickstart", "--headless", "--backend", "scripted", *given,
            "--steps", 1, "--responses", 40, "--out", path)  # fmt: skip
        with RunStore.open(path) as store:
            out = tmp_path / f"{number}.jsonl"
            export(store, "jsonl", out, content_only=True)
        exports.append(out.read_bytes())
    assert exports[0] == exports[1]
