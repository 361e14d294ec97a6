"""Put the steps of runs side by side in docs/laptop.csv: `python docs/laptop.py NAME=FILE ...`.

Those of docs/findings.md are `reading` (it ships as `laptop`), `reading-8` (as `laptop-8`),
`reading-9`, and `alone`, too large to ship.
"""

import sys
from pathlib import Path

import pandas as pd

import lwd_tui as lwd

NUMBERS = ["t", "norm", "norm_debiased", "noise_floor"]


def steps_of(name: str, file: str) -> pd.DataFrame:
    """Return a run's norms, and how many different answers each step has."""
    run = lwd.load_run(file)
    different = run.responses.groupby("t")["text"].nunique().rename("different")
    steps = run.steps[NUMBERS].join(different, on="t")
    steps.insert(0, "run", name)
    return steps


def main() -> None:
    """Write them."""
    runs = (argument.split("=", 1) for argument in sys.argv[1:])
    steps = pd.concat([steps_of(*run) for run in runs])
    steps.round(4).to_csv(Path(__file__).parent / "laptop.csv", index=False)


if __name__ == "__main__":
    main()
