"""Kill runs, fill disks, cut power and lie to clients, and see that nothing stored is lost.

Each part is tried in rounds, as many as fit into its share of the minutes; a short one where no
whole one fits, and without minutes. The first promise that isn't kept ends a part, and its files
are left to be looked at. What it prints is the table of the last runs in docs/guarantees.md.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from lwd_tui.errors import LwdError
from torture import clusters, disks, endless, forks, hours, kills, large, soak
from torture.runs import Broken, Trial

# Each with its share of the time.
PARTS: dict[str, tuple[Callable[[Trial], None], int]] = {
    "scripted": (kills.scripted, 4),
    "ollama": (kills.ollama, 4),
    "openai": (kills.openai, 3),
    "embedded": (kills.embedded, 3),
    "sweep": (kills.sweep, 3),
    "cluster": (clusters.cluster, 4),
    "explorer": (kills.explorer, 3),
    "fork": (forks.fork, 3),
    "disk": (disks.disk, 3),
    "clock": (disks.clock, 2),
    "power": (disks.power, 2),
    "faults": (soak.faults, 10),
    "endless": (endless.endless, 3),
    "hours": (hours.hours, 1),
    "long": (large.long, 4),
    "answers": (large.answers, 8),
}
WHOLE = {"faults": 1100, "answers": 700, "endless": 300, "long": 300, "cluster": 200}
"""Seconds that a whole round takes, where it is more than a minute or two."""
_A_MINUTE = 60.0


@dataclass
class Row:
    """What came of a part: a row of the table."""

    part: str
    seed: int
    done: Counter[str] = field(default_factory=Counter)
    figures: list[str] = field(default_factory=list)
    broken: str = ""

    def told(self, seconds: float) -> str:
        """Return the row, of a part that took so many seconds."""
        done = [f"{count:,} {what}" for what, count in sorted(self.done.items())]
        done += self.figures[-1:]
        cells = (self.part, self.seed, f"{seconds:,.0f}", ", ".join(done), self.broken or "nothing")
        inner = (" ".join(str(cell).replace("|", "/").split()) for cell in cells)
        return f"| {' | '.join(inner)} |"


def tried(row: Row, seconds: float) -> None:
    """Try a part round by round, as long as another one fits; note in its row what came of it.

    Where no whole round fits, the rounds are short.
    """
    work, _ = PARTS[row.part]
    short = seconds < WHOLE.get(row.part, _A_MINUTE)
    kind = "short rounds" if short else "rounds"
    began, slowest, number = time.monotonic(), 0.0, 0
    while not number or time.monotonic() - began + slowest < seconds:
        at = time.monotonic()
        folder = Path(tempfile.mkdtemp(prefix=f"torture-{row.part}-"))
        trial = Trial(folder, random.Random(f"{row.seed} {row.part} {number}"), short, row.done)
        try:
            work(trial)
        except (AssertionError, Broken, LwdError) as error:
            row.broken = f"BROKEN in round {number}: {error} ({folder})"
            return
        for line in trial.figures:
            print(f"{row.part}: {line}", file=sys.stderr, flush=True)
        row.figures += trial.figures
        row.done[kind] += 1
        shutil.rmtree(folder)
        number += 1
        slowest = max(slowest, time.monotonic() - at)


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m torture", description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)} (all)")
    parser.add_argument("--seed", type=int, default=0, help="of all that is drawn (0)")
    parser.add_argument("--minutes", type=float, default=0.0, help="in all (one round of each)")
    asked = parser.parse_args()
    if unknown := set(asked.parts) - set(PARTS):
        parser.error(f"no part is called {', '.join(sorted(unknown))}")
    # The longest first: what they take beyond their share is made up for by the others.
    parts = sorted(asked.parts or PARTS, key=lambda part: -WHOLE.get(part, 0))
    end = time.monotonic() + 60 * asked.minutes
    failed = False
    print(
        "| part | seed | seconds | what was done | what was not kept |\n|---|---|---|---|---|",
        flush=True,
    )
    for place, part in enumerate(parts):
        began = time.monotonic()
        share = PARTS[part][1] / sum(PARTS[other][1] for other in parts[place:])
        row = Row(part, asked.seed)
        tried(row, max(0.0, end - began) * share)
        print(row.told(time.monotonic() - began), flush=True)
        failed |= bool(row.broken)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
