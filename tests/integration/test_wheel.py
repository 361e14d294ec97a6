"""What is published works without the checkout: built, installed, and run from there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import tarfile
import venv
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]


def run(*command: str | Path, folder: Path, **environment: str) -> str:
    done = subprocess.run(
        command, cwd=folder, env=os.environ | environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A folder with the wheel and the sdist."""
    folder = tmp_path_factory.mktemp("built")
    run(sys.executable, "-m", "hatchling", "build", "-d", folder, folder=ROOT)
    return folder


@pytest.fixture(scope="module")
def installed(built, tmp_path_factory):
    """The folder of the commands of an environment into which the wheel was installed."""
    folder = tmp_path_factory.mktemp("clean")
    venv.create(folder, with_pip=True)
    commands = folder / ("Scripts" if os.name == "nt" else "bin")
    (wheel,) = built.glob("*.whl")
    run(
        commands / "python", "-m", "pip", "install", "--no-index", "--no-deps", wheel, folder=folder
    )
    # What it needs is lent by this environment, whose own way to the checkout isn't followed there.
    site = run(
        commands / "python", "-c", "import site; print(site.getsitepackages()[0])", folder=folder
    )
    Path(site.strip(), "lent.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    return commands


def test_the_quickstart_runs_from_an_installed_wheel(installed, tmp_path):
    lwd = installed / "lwd-tui"
    where = run(
        installed / "python", "-c", "import lwd_tui; print(lwd_tui.__file__)", folder=tmp_path
    )
    assert Path(where).is_relative_to(installed.parent)
    told = run(
        lwd, "--preset", "quickstart", "--headless", "--backend", "scripted", "--json",
        folder=tmp_path, LWD_HOME=str(tmp_path / "home"),
    )  # fmt: skip
    *steps, summary = map(json.loads, told.splitlines())
    assert [step["t"] for step in steps] == list(range(11))
    assert summary["participants"] == ["smollm", "qwen"]


def test_all_that_ships_is_in_the_wheel(installed, tmp_path):
    home = {"LWD_HOME": str(tmp_path / "home")}
    lwd = installed / "lwd-tui"
    assert "collapse" in run(lwd, "demo", "--list", folder=tmp_path, **home)
    assert "t = 24: norm 0.3" in run(lwd, "demo", "collapse", "--headless", folder=tmp_path, **home)
    assert "accumulate" in run(lwd, "sweep", "interaction", "--rehearse", folder=tmp_path, **home)
    run(lwd, "report", "collapse", "-o", "page.html", folder=tmp_path, **home)
    assert "</html>" in (tmp_path / "page.html").read_text()


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="this is no checkout to compare with")
def test_the_sdist_holds_what_its_makefile_needs(built):
    (packed,) = built.glob("*.tar.gz")
    with tarfile.open(packed) as files:
        names = {name.partition("/")[2] for name in files.getnames()}
    tracked = set(run("git", "ls-files", folder=ROOT).splitlines())
    assert {
        name for name in tracked - names if not name.startswith((".ci/", ".github/", ".gitignore"))
    } == set()
