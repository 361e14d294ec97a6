"""Fuzz all that reads a stored run with damaged files: `python tests/fuzz_runs.py --files 1000`.

They are runs of models, of mixtures and of several queries, forks, and the pasts of forks. Each is
read by the command line (show, stats, report, export, compare, plan, fork, resume) and opened in
the explorer, in a process with little memory and little time. Whatever ends in anything but an
exit code and a sentence is printed with its seed, and kept.
"""

import argparse
import asyncio
import contextlib
import faulthandler
import io
import os
import resource
import shutil
import signal
import sys
import time
import traceback
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from support.damaged import damage
from support.tui import scripted, stored_run

SECONDS = 20
"""Of a processor that each command may take, so that others' work beside it plays no part."""
WAIT = 600
"""Seconds on the clock after which one that does nothing counts as hung."""
MEMORY = 3 * 2**30


def say(line):
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


class Late(BaseException):
    """A command is still at it; no error, which the command would tell."""


def commands(path, folder, *, slow=True):
    yield "show", ["runs", "show", str(path)]
    yield "json", ["runs", "show", str(path), "--json"]
    if slow:
        yield "stats", ["stats", str(path), "--permutations", "19"]
        yield "report", ["report", str(path), "--out", str(folder / "r.html"), "--force"]
        yield "compare", ["compare", str(path), str(folder / "models.sqlite")]
        yield "plan", ["plan", str(folder / "models.toml"), "--from", str(path)]
        for old in path.parent.glob("fork.sqlite*"):
            old.unlink()
        yield "fork", ["fork", str(path), "--at", "2", "--set", "fresh=0", "--headless",
                       "--out", str(path.with_name("fork.sqlite"))]  # fmt: skip
    yield "export", ["runs", "export", str(path), "--format", "jsonl", "--out",
                     str(folder / "r.jsonl"), "--force"]  # fmt: skip
    yield "list", ["runs", "list"]
    yield "resume", ["resume", str(path), "--headless"]


def told(words):
    """Run the command line; return its exit code and what it said."""
    from lwd_tui.cli.main import app
    from lwd_tui.cli.outcome import leave

    sys.argv = ["lwd-tui", *words]
    out = io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True)
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        try:
            leave(app)
        except SystemExit as left:
            return left.code or 0, out.buffer.getvalue().decode(errors="replace")


async def explore(path):
    from lwd_tui.tui.app import Explorer

    app = Explorer(run=path)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause(0.1)
        for key in ("2", "3", "4", "m", "end"):
            await pilot.press(key)
            await pilot.pause(0.02)
    if app.return_code:
        raise AssertionError(f"the explorer left with {app.return_code}")


@contextlib.contextmanager
def limited():
    """Raise Late in what takes too long."""
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    signal.alarm(WAIT)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.alarm(0)


def faults(path, folder, *, slow):
    """Yield (what, traceback) for each way of reading that goes wrong."""
    for what, words in commands(path, folder, slow=slow):
        start = time.process_time()
        try:
            with limited():
                code, text = told(words)
            if code not in (0, 2, 3, 4) or "Traceback" in text:
                yield what, f"exit code {code}: {text[-500:]}"
            if "\x1b]" in text or "\x9b" in text:
                yield what, "escape sequence in output"
        except BaseException as error:
            # A million steps may be what the file asks for: then they are taken, until they aren't.
            if what not in ("resume", "fork") or not isinstance(error, Late):
                yield what, traceback.format_exc()
        taken = time.process_time() - start
        if what not in ("resume", "fork") and taken > SECONDS / 2:
            yield what, f"took {taken:.0f} s"
    if slow:
        try:
            with limited():
                asyncio.run(explore(path))
        except BaseException:
            yield "explorer", traceback.format_exc()


def made(folder):
    """Make the files that are to be damaged; return each with what its name ends in."""
    models, queries, fork, mixtures = (
        folder / f"{name}.sqlite" for name in ("models", "queries", "fork", "mixtures")
    )
    spec = scripted(steps=3, responses=4)
    models.with_suffix(".toml").write_text(spec.to_toml())
    asyncio.run(stored_run(models, spec, stop_after=3))
    asked = {"query": ["What will become of Bitcoin?", "And then?"], "responses": 2}
    asyncio.run(stored_run(queries, spec.replaced(asked), stop_after=3))
    for words in (
        ["fork", str(models), "--at", "2", "--set", "steps=4", "--headless", "--out", str(fork)],
        ["gmm", "--preset", "gmm-fig4", "--steps", "6", "--out", str(mixtures)],
    ):
        assert told(words)[0] == 0, words
    return {
        "models": (models, ""),
        "queries": (queries, ""),
        "fork": (fork, ""),
        "past": (fork, "-past1"),
        "mixtures": (mixtures, ""),
    }


def put(run, path):
    """Copy a run with its pasts into the place of another."""
    for old in path.parent.glob(f"*{path.name}*"):
        old.unlink()
    for part in run.parent.glob(f"{run.name}*"):
        shutil.copy(part, path.with_name(part.name.replace(run.name, path.name)))


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--files", type=int, default=1000)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--slow", type=int, default=1, help="stats and more: so often")
    options.add_argument("--keep", type=Path, help="folder for the files that did harm")
    given = options.parse_args()
    faulthandler.enable()

    def late(*_):
        raise Late("still at it")

    signal.signal(signal.SIGALRM, late)
    signal.signal(signal.SIGPROF, late)
    kinds, bad = Counter(), Counter()
    with TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["LWD_HOME"] = name
        runs = folder / "runs"
        runs.mkdir()
        path = runs / "damaged.sqlite"
        whole = made(folder)
        # Imported once, before the processes part.
        put(whole["models"][0], path)
        for what, words in commands(path, folder):
            start = time.process_time()
            code, text = told(words)
            assert code == 0, (words, text)
            say(f"{what} of a whole file: {time.process_time() - start:.2f} s")
        asyncio.run(explore(path))
        for seed in range(given.seed, given.seed + given.files):
            name, (run, ending) = list(whole.items())[seed % len(whole)]
            put(run, path)
            part = path.with_name(path.name + ending)
            kind = f"{name}: {damage(run.with_name(run.name + ending), part, seed)}"
            kinds[kind] += 1
            kept = {each.name: each.read_bytes() for each in runs.glob("*damaged*")}
            child = os.fork()
            if not child:
                resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
                count = 0
                # A kind in turn, so that each of them is.
                for what, trace in faults(path, folder, slow=seed // len(whole) % given.slow == 0):
                    count += 1
                    last = trace.strip().splitlines()
                    where = [line.strip() for line in last if "lwd_tui/" in line][-1:]
                    say(f"seed {seed} {kind} {what}: {last[-1][:200]} | {where}")
                    if os.environ.get("FULL"):
                        say(trace)
                os._exit(min(count, 100))
            _, status = os.waitpid(child, 0)
            if kinds.total() % 20 == 0:
                say(f"{kinds.total()} files; did harm: {dict(bad)}")
            if status:
                code = os.waitstatus_to_exitcode(status)
                bad[kind] += 1
                if code < 0:
                    say(f"seed {seed} {kind}: killed by signal {-code}")
                if given.keep:
                    to = given.keep / f"{seed}"
                    to.mkdir(parents=True, exist_ok=True)
                    for each, data in kept.items():
                        (to / each).write_bytes(data)
    told_kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    say(f"{given.files} files from seed {given.seed}: {told_kinds}; did harm: {dict(bad)}")
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
