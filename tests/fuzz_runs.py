"""Fuzz all that reads a stored run with damaged files: `python tests/fuzz_runs.py --files 1000`.

Each file is read by the command line (show, stats, report, export, resume) and opened in the
explorer, in a process with little memory and little time. Whatever ends in anything but an exit
code and a sentence is printed with its seed, and kept.
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
MEMORY = 3 * 2**30


def say(line):
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def commands(path, folder, *, slow=True):
    yield "show", ["runs", "show", str(path)]
    yield "json", ["runs", "show", str(path), "--json"]
    if slow:
        yield "stats", ["stats", str(path), "--permutations", "19"]
        yield "report", ["report", str(path), "--out", str(folder / "r.html"), "--force"]
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


def faults(path, folder, *, slow):
    """Yield (what, traceback) for each way of reading that goes wrong."""
    for what, words in commands(path, folder, slow=slow):
        start = time.monotonic()
        signal.alarm(SECONDS)
        try:
            code, text = told(words)
            if code not in (0, 2, 3, 4) or "Traceback" in text:
                yield what, f"exit code {code}: {text[-500:]}"
            if "\x1b]" in text or "\x9b" in text:
                yield what, "escape sequence in output"
        except BaseException as error:
            # A million steps may be what the file asks for: then they are taken, until they aren't.
            if what != "resume" or not isinstance(error, TimeoutError):
                yield what, traceback.format_exc()
        finally:
            signal.alarm(0)
        if what != "resume" and (taken := time.monotonic() - start) > SECONDS / 2:
            yield what, f"took {taken:.0f} s"
    if slow:
        signal.alarm(SECONDS)
        try:
            asyncio.run(explore(path))
        except BaseException:
            yield "explorer", traceback.format_exc()
        finally:
            signal.alarm(0)


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--files", type=int, default=1000)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--slow", type=int, default=1, help="stats, report, explorer: so often")
    options.add_argument("--keep", type=Path, help="folder for the files that did harm")
    given = options.parse_args()
    faulthandler.enable()

    def late(*_):
        raise TimeoutError(f"still at it after {SECONDS} s")

    signal.signal(signal.SIGALRM, late)
    kinds, bad, codes = Counter(), Counter(), Counter()
    with TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["LWD_HOME"] = name
        whole = folder / "whole.sqlite"
        runs = folder / "runs"
        runs.mkdir()
        asyncio.run(stored_run(whole, scripted(steps=3, responses=2), stop_after=3))
        first = whole.read_bytes()
        mixtures = folder / "mixtures.sqlite"
        words = ["gmm", "--preset", "gmm-fig4", "--steps", "6", "--out", str(mixtures)]
        assert told(words)[0] == 0
        # Imported once, before the processes part.
        for _, words in commands(whole, folder):
            start = time.monotonic()
            assert told(words)[0] == 0, words
            say(f"{words[0]} of a whole file: {time.monotonic() - start:.2f} s")
        asyncio.run(explore(whole))
        whole.write_bytes(first)
        for seed in range(given.seed, given.seed + given.files):
            path = runs / "damaged.sqlite"
            for old in runs.glob("*damaged*"):
                old.unlink()
            kind = damage(mixtures if seed % 5 == 4 else whole, path, seed)
            kinds[kind] += 1
            kept = path.read_bytes()
            child = os.fork()
            if not child:
                resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
                count = 0
                for what, trace in faults(path, folder, slow=seed % given.slow == 0):
                    count += 1
                    last = trace.strip().splitlines()
                    where = [line.strip() for line in last if "lwd_tui/" in line][-1:]
                    say(f"seed {seed} {kind} {what}: {last[-1][:200]} | {where}")
                    if os.environ.get("FULL"):
                        say(trace)
                os._exit(min(count, 100))
            _, status = os.waitpid(child, 0)
            if sum(kinds.values()) % 20 == 0:
                say(f"{sum(kinds.values())} files; did harm: {dict(bad)}")
            if status:
                code = os.waitstatus_to_exitcode(status)
                bad[kind] += 1
                codes[code] += code < 0
                if code < 0:
                    say(f"seed {seed} {kind}: killed by signal {-code}")
                if given.keep:
                    given.keep.mkdir(exist_ok=True)
                    (given.keep / f"{seed}-{kind}.sqlite").write_bytes(kept)
        shutil.rmtree(runs)
    say(f"{given.files} files from seed {given.seed}: {dict(kinds)}; did harm: {dict(bad)}")
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
