"""A short round of what `make torture` does for hours."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "part",
    ["scripted", "ollama", "sweep", "cluster", "fork", "disk", "power", "hours", "answers"],
)
def test_what_was_stored_outlives_it(part):
    done = subprocess.run(
        [sys.executable, "-m", "torture", part], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
