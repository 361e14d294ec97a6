"""The tests, run once as they are and once for each fault, in a process of its own each time.

The first run notes which test runs which lines, so that a fault only meets the tests that could
see it, the fastest first. It also leaves NumPy, SciPy, Numba and pytest imported, so that a fork
of this process only imports what is ours.
"""

from __future__ import annotations

import ast
import importlib.abc
import importlib.machinery
import importlib.util
import os
import resource
import signal
import sys
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import hypothesis
import pytest

from mutants.faults import Fault, faults_of

SPARE_SECONDS = 10.0
COMPILING_SECONDS = 120.0
MEMORY = 12 * 2**30


@dataclass
class Seen:
    """What the tests did without a fault: lines by file, and seconds of the processor."""

    lines: dict[str, dict[str, set[int]]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)

    def tests_of(self, path: Path, fault: Fault) -> list[str]:
        """Return the tests that could see a fault, those of its module's own file first."""
        # What is imported, or runs at the import, is seen without running a line in a test.
        own = f"test_{path.stem}.py::"
        tests = {test for test in self.seconds if own in test}
        touched = {test for test, files in self.lines.items() if files.get(str(path))}
        if in_machine_code(path, fault) or not touched:
            tests = set(self.seconds)
        elif fault.function is None:
            tests |= touched
        else:
            tests |= {t for t in touched if not self.lines[t][str(path)].isdisjoint(fault.lines)}
        return sorted(
            tests, key=lambda test: (self.seconds[test] > 0.5, own not in test, self.seconds[test])
        )


def in_machine_code(path: Path, fault: Fault) -> bool:
    """Whether Numba compiles a fault, or makes code by it: what is kept would hide it."""
    text = path.read_text()
    if "from llvmlite" in text:
        return True
    if fault.function is None:
        return "\n@compiled\n" in text
    return any(ast.unparse(name) == "compiled" for name in fault.function.decorator_list)


class Watch:
    """Note what each test runs; a plugin of pytest."""

    def __init__(self, files: list[Path]) -> None:
        self.seen = Seen()
        self._files = frozenset(map(str, files))
        self._now: dict[str, set[int]] = {}

    def _called(self, frame, event, arg):
        name = frame.f_code.co_filename
        if name not in self._files:
            return None
        lines = self._now.setdefault(name, set())

        def ran(frame, event, arg):
            lines.add(frame.f_lineno)
            return ran

        return ran

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item):
        """Watch one test, with its fixtures."""
        self._now = self.seen.lines[item.nodeid] = defaultdict(set)
        began = time.process_time()
        sys.settrace(self._called)
        threading.settrace(self._called)
        try:
            return (yield)
        finally:
            sys.settrace(None)
            threading.settrace(None)
            self.seen.seconds[item.nodeid] = time.process_time() - began

    def pytest_runtest_logreport(self, report):
        """Note what fails."""
        if report.failed:
            self.seen.failed.append(report.nodeid)


class Only:
    """Run some tests, in a given order; a plugin of pytest."""

    def __init__(self, tests: list[str]) -> None:
        self._order = {test: place for place, test in enumerate(tests)}

    def pytest_collection_modifyitems(self, items):
        """Leave out the others."""
        items[:] = sorted(
            (item for item in items if item.nodeid in self._order),
            key=lambda item: self._order[item.nodeid],
        )


class Faulty(importlib.abc.MetaPathFinder, importlib.machinery.SourceFileLoader):
    """Import one module from a tree instead of its text."""

    def __init__(self, name: str, path: Path, tree: ast.Module) -> None:
        super().__init__(name, str(path))
        self._tree = tree

    def find_spec(self, name, path=None, target=None):
        """Answer for that module only."""
        if name != self.name:
            return None
        return importlib.util.spec_from_file_location(name, self.path, loader=self)

    def get_code(self, name: str):
        """Compile the tree."""
        return compile(self._tree, self.path, "exec", dont_inherit=True)


OPTIONS = ["-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", "--assert=plain"]


def watch(folders: list[Path], files: list[Path]) -> Seen:
    """Run tests without a fault, and forget what of ours they imported."""
    hypothesis.settings.register_profile("mutants", derandomize=True, database=None, deadline=None)
    hypothesis.settings.load_profile("mutants")
    plugin = Watch(files)
    pytest.main([*OPTIONS, *map(str, folders)], plugins=[plugin])
    here = str(Path.cwd())
    for name, module in tuple(sys.modules.items()):
        if (getattr(module, "__file__", None) or "").startswith(here) and "mutants" not in name:
            del sys.modules[name]
    return plugin.seen


def limits(path: Path, fault: Fault, seen: Seen) -> float:
    """Return the seconds after which a fault counts as an endless loop."""
    seconds = sum(seen.seconds[test] for test in seen.tests_of(path, fault))
    return SPARE_SECONDS + 3 * seconds + COMPILING_SECONDS * in_machine_code(path, fault)


def start(path: Path, number: int, seen: Seen, loud: bool) -> int:
    """Fork a process that runs the tests on the fault of that number; return the process's id.

    It ends with 0 if all tests pass, and is ended by a signal if it takes too long.
    """
    pid = os.fork()
    if pid:
        return pid
    code = 3
    try:
        if not loud:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 1)
            os.dup2(nowhere, 2)
        code = _try(path, number, seen)
    finally:
        os._exit(code)


def _try(path: Path, number: int, seen: Seen) -> int:
    tree = ast.parse(path.read_text())
    fault = faults_of(tree)[number]
    tests = seen.tests_of(path, fault)
    if not tests:
        return 0
    machine_code = in_machine_code(path, fault)
    seconds = int(limits(path, fault, seen))
    fault.make()
    ast.fix_missing_locations(tree)
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    name = ".".join(path.relative_to(Path.cwd()).with_suffix("").parts)
    sys.meta_path.insert(0, Faulty(name, path, tree))
    files = list(dict.fromkeys(test.split("::")[0] for test in tests))
    with TemporaryDirectory(prefix="mutants-") as passing:
        if machine_code:
            import numba

            # What is kept is renewed when a file changes, and a fault changes none.
            os.environ["NUMBA_CACHE_DIR"] = passing
            numba.config.reload_config()
        return int(pytest.main([*OPTIONS, *files], plugins=[Only(tests)]))
