"""The explorer on a real pseudo-terminal, beside the smallest app that Textual can make.

From a key to what it paints, in wall time, as a user waits: with a stored run, while a scripted run
emits its steps, and while the embedded models generate. Then a long run is opened.
"""

from __future__ import annotations

import json
import random
import re
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from benchmarks.store import make_long_run
from benchmarks.terminal import TimedTerminal
from lwd_tui.backends.embedded.packaged import cache_folder

LWD = [sys.executable, "-m", "lwd_tui"]
BARE = """
from textual.app import App
from textual.widgets import Label

class Bare(App):
    presses = 0

    def compose(self):
        yield Label("pressed 0 times")

    def on_key(self):
        self.presses += 1
        self.query_one(Label).update(f"pressed {self.presses} times")

Bare().run()
"""
SCRIPTED = [
    *("--preset", "quickstart", "--backend", "scripted"),
    *("--steps", "20000", "--responses", "2", "--set", "beta=0.001"),
    "--out",
]
EMBEDDED = ["--preset", "quickstart", "--backend", "embedded", "--steps", "40", "--out"]
PACES = {"about 50": 0.0125, "as many as it can, over 200": 0.0}
"""Steps a second of a scripted run, and the seconds to wait between two for it."""
ROUNDS, PRESSES = 7, 60
MODELS = 4
"""Of a crowd."""
Keys = list[tuple[str, str]]


def first_frames(home: Path) -> None:
    """Time from the command to the first frame, ours and a bare app's in turns."""
    bare, ours, page = [], [], []
    for _ in range(ROUNDS):
        with TimedTerminal([sys.executable, "-c", BARE]) as terminal:
            bare.append(terminal.until("pressed 0 times") - terminal.began)
        with TimedTerminal(LWD, LWD_HOME=str(home)) as terminal:
            ours.append(terminal.until("lwd-tui") - terminal.began)
            page.append(terminal.until("prompt tokens") - terminal.began)
    ratio = min(ours) / min(bare)
    print(
        f"first frame: {min(ours):.2f} s, {ratio:.2f} times a bare app's {min(bare):.2f} s;", end=""
    )
    print(f" its first page: {min(page):.2f} s", flush=True)


def press(terminal: TimedTerminal, what: str, keys: Keys) -> None:
    """Press keys at odd moments, and print how long each took to be painted."""
    waits, before, began = [], terminal.processor(), time.perf_counter()
    for key, painted in keys:
        terminal.rest(random.uniform(0.15, 0.35))  # noqa: S311 (odd moments, no secret)
        pressed = terminal.press(key)
        waits.append(1000 * (terminal.until(painted) - pressed))
    waits.sort()
    busy = (terminal.processor() - before) / (time.perf_counter() - began)
    print(
        f"  {what:<18} median {waits[len(waits) // 2]:4.0f} ms, p95"
        f" {waits[int(0.95 * len(waits))]:4.0f} ms, worst {waits[-1]:4.0f} ms;"
        f" {100 * busy:3.0f} % of a core",
        flush=True,
    )


def press_all(terminal: TimedTerminal) -> None:
    """Press what is pressed most: another step, another panel, another page, help."""
    terminal.press(",")
    terminal.until(r"viewing t \d+, ")
    t = int(re.findall(r"viewing t (\d+), ", terminal.text)[-1])
    press(terminal, "another step", [(",", rf"t {t - 1}\b"), (".", rf"t {t}\b")] * (PRESSES // 2))
    pages = [("3", "follow post"), ("2", "next panel|post  i inspect|p post")]
    terminal.press("3")
    terminal.until("follow post")
    press(terminal, "another page", list(reversed(pages)) * (PRESSES // 2))
    terminal.press("2")
    terminal.until("p post")
    press(terminal, "help", [("?", "esc closes"), ("q", "p post|classical")] * (PRESSES // 2))


def bare_keys() -> None:
    """Press keys in the bare app: what the terminal and Textual themselves take."""
    print("keys in a bare app")
    with TimedTerminal([sys.executable, "-c", BARE]) as terminal:
        terminal.until("pressed 0 times")
        press(terminal, "a key", [("x", rf"pressed {n} times") for n in range(1, PRESSES + 1)])


def while_running(home: Path, run: Path, options: list[str], ready: str) -> None:
    """Press keys while a run goes on behind them."""
    with TimedTerminal([*LWD, *options, str(run)], LWD_HOME=str(home)) as terminal:
        terminal.until(ready, 300)
        terminal.rest(2)
        began, steps = time.perf_counter(), whole_steps(run)
        press_all(terminal)
        pace = (whole_steps(run) - steps) / (time.perf_counter() - began)
        print(f"  {pace:.3g} steps a second meanwhile; {terminal.memory():.0f} MiB at most")


def whole_steps(run: Path) -> int:
    """Return how many steps of a run are whole."""
    with closing(sqlite3.connect(run)) as connection:
        (count,) = connection.execute("SELECT count(*) FROM steps WHERE whole").fetchone()
        return int(count)


def stored(home: Path, run: Path) -> None:
    """Open a run of 1,000 steps and 100,000 posts, and press keys in it."""
    command = [*LWD, "resume", str(run)]
    opened, busy = [], []
    for _ in range(ROUNDS):
        with TimedTerminal(command, LWD_HOME=str(home)) as terminal:
            opened.append(terminal.until(r"viewing t 999\b") - terminal.began)
            busy.append(terminal.processor())
    print(f"a stored run of 1,000 steps and 100,000 posts: opened in {min(opened):.2f} s", end="")
    print(f" ({min(busy):.2f} s of a processor)")
    with TimedTerminal(command, LWD_HOME=str(home)) as terminal:
        terminal.until(r"viewing t 999\b")
        terminal.rest(2)
        press_all(terminal)
        print(f"  {terminal.memory():.0f} MiB at most")


def crowd(home: Path, participants: int, responses: int, steps: int) -> None:
    """Make a run of scripted models, open it, press keys in it, and wait for its statistics."""
    run = home / f"crowd-{participants}.sqlite"
    models = (f"--model=s{place % MODELS}" for place in range(participants))
    make = ["--preset", "quickstart", "--backend", "scripted", "--headless", "--out", str(run)]
    size = ["--steps", str(steps), "--responses", str(responses), "--set", "beta=0.01"]
    done = subprocess.run([*LWD, *make, *size, *models], check=False, capture_output=True)
    if done.returncode:
        raise SystemExit(done.stderr.decode())
    print(f"{participants:,} participants, L = {responses}")
    with TimedTerminal([*LWD, "resume", str(run)], LWD_HOME=str(home)) as terminal:
        opened = terminal.until(rf"viewing t {steps}\b") - terminal.began
        drawn = terminal.until("a block") - terminal.began
        print(f"  opened in {opened:.2f} s, the map of distances in {drawn:.2f} s")
        terminal.rest(3)
        press_all(terminal)
        terminal.press("\t\t")
        terminal.rest(1)
        press(terminal, "a line of the table", [("j", "▸"), ("k", "▸")] * (PRESSES // 2))
        pressed = terminal.press("4")
        numbers = terminal.until(r"answers\s+\d") - pressed
        print(f"  first numbers of Statistics after {numbers:.2f} s")
        terminal.rest(1)
        # The step before the last was looked at.
        there_and_back = [(".", rf"s at t = {steps}\b"), (",", rf"s at t = {steps - 1}\b")]
        press(terminal, "a step meanwhile", there_and_back * (PRESSES // 2))
        print(f"  {terminal.memory():.0f} MiB at most")


def main() -> None:
    """Run all of it in a folder that is thrown away."""
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        first_frames(home)
        bare_keys()
        stored(home, make_long_run(home))
        crowd(home, participants=60, responses=10, steps=8)
        crowd(home, participants=1000, responses=2, steps=3)
        for steps, delay in PACES.items():
            print(f"while a scripted run makes {steps} steps a second")
            (home / "app.json").write_text(json.dumps({"delay": delay}))
            while_running(home, home / f"waits-{delay}.sqlite", SCRIPTED, r"viewing t \d\d")
        if cache_folder().exists():
            print("while the embedded models generate")
            (home / "weights").symlink_to(cache_folder())
            while_running(home, home / "embedded.sqlite", EMBEDDED, r"viewing t [2-9]")
        else:
            print("the embedded models are not here: `lwd-tui models pull` fetches them")


if __name__ == "__main__":
    main()
