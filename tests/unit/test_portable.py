"""Nothing that only Linux has is needed: it is taken away, and a run goes through all the same."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import lwd_tui
from lwd_tui.gmm import network

TESTS = Path(__file__).parents[1]
UNIX = {"fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios", "tty"}


def imported(tree):
    """Yield the modules that are imported as soon as a module is."""
    for node in tree.body:
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def test_no_module_of_unix_is_imported_without_a_look_at_the_platform():
    for path in Path(lwd_tui.__file__).parent.rglob("*.py"):
        found = UNIX & set(imported(ast.parse(path.read_text(encoding="utf-8"))))
        assert not found, f"{path} imports {found}"


def test_a_run_is_made_interrupted_resumed_forked_and_deleted_without_anything_of_unix(tmp_path):
    environment = os.environ | {
        "LWD_HOME": str(tmp_path / "home"),
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    done = subprocess.run(
        [sys.executable, "-m", "support.elsewhere", tmp_path],
        cwd=TESTS,
        env=environment,
        capture_output=True,
        text=True,
    )
    # 130: by Ctrl-C, which is raised after its first step.
    assert json.loads(done.stdout.splitlines()[-1]) == [0, 130, 0, 0, 0, 0, 0], done.stderr


def test_all_cores_are_counted_where_none_can_be_reserved(monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    assert network.processors() == 3


@pytest.mark.parametrize("fault", [TypeError, OSError, AttributeError])
def test_memory_is_kept_where_the_c_library_cannot_be_asked(monkeypatch, fault):
    from lwd_tui.backends.embedded import model

    def refuse(_):
        raise fault

    monkeypatch.setattr(model.ctypes, "CDLL", refuse)
    model._give_back()
