"""A backend of somebody else's package is found, named, run and listed; a broken one is told."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "echo_backend"
PRESET = """
name = "echoes"
query = "What did you read?"
responses = 2
steps = 2
beta = 1.0

[embedder]
backend = "echo"
model = "lengths"

[[participants]]
name = "one"
backend = "echo"
model = "echo"

[[participants]]
name = "two"
backend = "echo"
model = "echo"

[[posts]]
text = "The river is high."
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The package as pip installs it, in a folder of its own."""
    source = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "lwd_tui_echo.py"):
        (source / name).write_bytes((PACKAGE / name).read_bytes())
    target = tmp_path_factory.mktemp("packages")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    options = ["--no-deps", "--no-index", "--no-build-isolation", "--target", str(target)]
    subprocess.run([*pip, *options, str(source)], check=True, capture_output=True)
    return target


@pytest.fixture
def command(tmp_path):
    """Run the real command line in a process that sees packages in further folders."""

    def run(*words, packages=()):
        path = os.pathsep.join([*map(str, packages), os.environ.get("PYTHONPATH", "")])
        environment = os.environ | {
            "PYTHONPATH": path.strip(os.pathsep),
            "LWD_HOME": str(tmp_path / "home"),
        }
        return subprocess.run(
            [sys.executable, "-m", "lwd_tui", *map(str, words)],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def broken(folder, source):
    """Make a package whose backend's module holds `source`, as pip would leave it."""
    (folder / "lwd_tui_broken.py").write_text(source)
    info = folder / "lwd_tui_broken-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: lwd-tui-broken\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[lwd_tui.backends]\nbroken = lwd_tui_broken:BACKEND\nscripted = lwd_tui_broken:BACKEND\n"
    )
    return folder


def test_a_backend_of_another_package_is_installed_named_in_a_preset_and_run(
    installed, command, tmp_path
):
    preset = tmp_path / "echoes.toml"
    preset.write_text(PRESET)
    words = ("--preset", preset, "--headless", "--json", "--out", tmp_path / "run.sqlite")
    done = command(*words, packages=[installed])
    assert done.returncode == 0, done.stderr
    steps = [json.loads(line) for line in done.stdout.splitlines()][:-1]
    assert [step["posts"] for step in steps] == [1, 3, 5]
    # Both read the one post and say the same of it.
    assert steps[0]["norm"] == 0
    told = command(
        "runs", "export", tmp_path / "run.sqlite", "--format", "jsonl", "--out", tmp_path / "x"
    )
    assert told.returncode == 0, told.stderr
    (written,) = [path for path in tmp_path.glob("x*") if path.is_file()]
    texts = written.read_text()
    assert "The river is high. (0)" in texts
    assert "The river is high. (1)" in texts


def test_without_the_package_its_name_is_refused_and_ours_are_told(command, tmp_path):
    preset = tmp_path / "echoes.toml"
    preset.write_text(PRESET)
    done = command("--preset", preset, "--headless")
    assert done.returncode == 2
    assert "backend = 'echo': must be one of" in done.stderr
    assert "'ollama'" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_backend_of_another_package_can_be_chosen_on_the_command_line_and_is_listed(
    installed, command, tmp_path
):
    words = ("--preset", "quickstart", "--headless", "--backend", "echo", "--model", "echo")
    settings = ("--steps", 1, "--set", "embedder.backend=echo", "--out", tmp_path / "run.sqlite")
    done = command(*words, *settings, packages=[installed])
    assert done.returncode == 0, done.stderr
    assert "the echo can be used" in command("doctor", packages=[installed]).stdout


@pytest.mark.parametrize(
    ("source", "reason"),
    [("raise RuntimeError('no such chip')", "no such chip"), ("BACKEND = 7", "is no Backend")],
)
def test_a_broken_package_is_told_and_spoils_nothing_else(command, tmp_path, source, reason):
    packages = [broken(tmp_path, source)]
    preset = tmp_path / "broken.toml"
    preset.write_text(PRESET.replace('"echo"', '"broken"'))
    done = command("--preset", preset, "--headless", packages=packages)
    assert done.returncode == 2
    assert "the backend broken can't be used" in done.stderr
    assert reason in done.stderr
    assert "Traceback" not in done.stderr
    # Ours have their names for themselves.
    words = ("--preset", "quickstart", "--headless", "--backend", "scripted", "--steps", 1)
    done = command(*words, "--out", tmp_path / "run.sqlite", packages=packages)
    assert done.returncode == 0, done.stderr
    assert reason in command("doctor", packages=packages).stdout


def test_a_run_is_read_where_its_backend_is_not_and_going_on_names_what_lacks(
    installed, command, tmp_path
):
    preset, run = tmp_path / "echoes.toml", tmp_path / "run.sqlite"
    preset.write_text(PRESET)
    started = command("--preset", preset, "--headless", "--out", run, packages=[installed])
    assert started.returncode == 0, started.stderr
    shown = command("runs", "show", run)
    assert shown.returncode == 0, shown.stderr
    assert "one: The river is high. (0)" in shown.stdout
    resumed = command("resume", run, "--headless")
    assert resumed.returncode == 2
    assert "there is no backend 'echo' here; install the package" in resumed.stderr
