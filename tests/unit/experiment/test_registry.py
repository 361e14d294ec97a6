"""A backend of somebody else's package is found, named, run and listed; a broken one is told."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lwd_tui.backends import available
from lwd_tui.experiment.backend import Backend

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
    # All of it is there, so there is nothing to ask; a fork has something left.
    resumed = command("resume", run, "--headless")
    assert resumed.returncode == 0, resumed.stderr
    forked = command("fork", run, "--at", 1, "--headless", "--out", tmp_path / "fork.sqlite")
    assert forked.returncode == 2
    assert "there is no backend 'echo' here; install the package" in forked.stderr


ECHO = (PACKAGE / "lwd_tui_echo.py").read_text()
TITLE = 'title="the echo"'


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (("generator=lambda opening: Echo()", "generator=lambda opening: 1 / 0"), 3),
        (
            ("describe(self, model):", "describe(self, model):\n        1 / 0"),
            3,
        ),
        (
            (
                "contexts, answers):",
                "contexts, answers):\n        1 / 0",
            ),
            3,
        ),
        (
            (
                "    async def generate(",
                "    async def try_out(self, it):\n        1 / 0\n\n    async def generate(",
            ),
            3,
        ),
        (("        for position, seed in", "        1 / 0\n        for position, seed in"), 4),
        (("        rows = [", "        1 / 0\n        rows = ["), 4),
    ],
    ids=["open", "describe", "prepare", "try out", "generate", "embed"],
)
def test_what_a_backend_of_another_package_raises_is_a_sentence(command, tmp_path, change, code):
    assert change[0] in ECHO
    packages = [broken(tmp_path, ECHO.replace(*change))]
    preset = tmp_path / "broken.toml"
    preset.write_text(PRESET.replace('"echo"', '"broken"'))
    words = ("--preset", preset, "--headless", "--out", tmp_path / "run.sqlite")
    done = command(*words, packages=packages)
    assert done.returncode == code
    assert "the backend broken failed: ZeroDivisionError: division by zero" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("raise SystemExit(9)", "SystemExit: 9"),
        ("raise ValueError('one\\ntwo\\x1b[31m')", "ValueError: one two"),
        (
            ECHO.replace(TITLE, 'title="it", module="nowhere.inner"'),
            "it can't be used",
        ),
        (ECHO.replace(TITLE, 'title="it", module="nowhere"'), "nowhere is missing"),
        (
            ECHO.replace(TITLE, 'title="it", hosts="HERE", doctor=lambda host, contexts: 1 / 0'),
            "the backend broken failed: ZeroDivisionError",
        ),
    ],
)
def test_doctor_survives_any_package_and_tells_it(command, tmp_path, source, reason):
    done = command("doctor", packages=[broken(tmp_path, source)])
    assert done.returncode == 0, done.stderr
    assert reason in done.stdout
    assert "lwd-tui[]" not in done.stdout
    assert "the embedded models" in done.stdout


@pytest.mark.parametrize("attribute", ["Inner.BACKEND", "BACKEND [extra]"])
def test_entry_points_are_read_as_the_standard_says(command, tmp_path, attribute):
    broken(tmp_path, f"{ECHO}\n\nclass Inner:\n    BACKEND = BACKEND\n")
    entry = tmp_path / "lwd_tui_broken-1.0.dist-info" / "entry_points.txt"
    entry.write_text(f"[lwd_tui.backends]\nbroken = lwd_tui_broken:{attribute}\n")
    assert "the echo can be used" in command("doctor", packages=[tmp_path]).stdout


def test_two_packages_of_one_name_are_told(command, installed, tmp_path):
    info = broken(tmp_path, ECHO) / "lwd_tui_broken-1.0.dist-info" / "entry_points.txt"
    info.write_text("[lwd_tui.backends]\necho = lwd_tui_broken:BACKEND\n")
    told = command("doctor", packages=[tmp_path, installed]).stdout
    assert "two packages bring a backend called echo: lwd-tui-broken, lwd-tui-echo" in told


@pytest.mark.parametrize("error", [ValueError("no"), ModuleNotFoundError("x", name="x")])
async def test_looking_at_a_backend_raises_nothing(monkeypatch, error):
    async def look(host):
        raise error

    monkeypatch.setattr("lwd_tui.backends.available.load_backend", lambda _: Backend(look=look))
    (offer,) = await available.look("strange")
    assert not offer.reachable
    assert offer.words
    assert "lwd-tui[" not in offer.words
