"""The figures of the documents, from the recorded runs and the study's steps: `make figures`."""

import os
import tempfile
from pathlib import Path

import pandas as pd
from matplotlib.figure import FigureBase

from lwd_tui.lessons.recorded import recorded_run
from lwd_tui.report.draw import Drawing, over_time, picture
from lwd_tui.report.ink import DEBIASED, NORM, QUIET
from lwd_tui.report.write import write_report
from lwd_tui.store.run import RunStore

DOCS = Path(__file__).parents[1] / "docs"
FIGURES = (
    ("collapse", "norm", ()),
    ("collapse", "scatter", (1, 24)),
    ("collapse", "clusters", ()),
    ("collapse", "posts", (1, 24)),
    ("alone", "norm", ()),
    ("alone", "clusters", ()),
    ("fresh", "norm", ()),
    ("fresh", "clusters", ()),
    ("laptop", "norm", ()),
    ("laptop", "scatter", (1, 60)),
    ("laptop", "clusters", ()),
    ("laptop", "posts", (1, 60)),
    ("mixtures", "norm", ()),
    ("mixtures", "densities", ()),
    ("eleven", "norm", ()),
)
STUDY = "distance² (debiased) over t: each of six seeds, and their mean"
LAPTOP = "the norm, and how many of the 120 answers of a step differ, over t"


def study(steps: pd.DataFrame) -> Drawing:
    """Return one panel a variant, with a line a seed and their mean."""

    def draw(figure: FigureBase) -> None:
        panels = figure.subplots(2, 4, sharex=True, sharey=True)
        variants = steps.groupby("variant", sort=False)
        for axes, (name, rows) in zip(panels.flat, variants, strict=True):
            runs = rows.pivot(index="t", columns="seed", values="squared")
            axes.plot(runs, color=QUIET.light, linewidth=0.7, alpha=0.7)
            axes.plot(runs.mean(axis=1), color=NORM.light, linewidth=2.4)
            axes.set_title(name)
            axes.set_xlim(0, runs.index[-1])
        figure.supxlabel("t", fontsize=9)

    return Drawing(STUDY, STUDY, 3.8, draw)


def laptop(steps: pd.DataFrame) -> Drawing:
    """Return the norm, and how many answers differ, of each run over t."""

    def draw(figure: FigureBase) -> None:
        panels = figure.subplots(1, 2)
        for axes, column, label in zip(
            panels, ("norm", "different"), ("norm", "different answers"), strict=True
        ):
            curves = steps.pivot(index="t", columns="run", values=column)
            lines = [
                *axes.plot(curves["reading"], color=NORM.light, linewidth=2.4),
                *axes.plot(curves["reading-8"], color=NORM.light, linewidth=1.3),
                *axes.plot(curves["reading-9"], color=NORM.light, linewidth=1.3, linestyle=":"),
                *axes.plot(curves["alone"], color=DEBIASED.light, linewidth=1.3),
            ]
            over_time(axes, int(curves.index[-1]), label, panels=2)
        told = ["they read each other: seed 7", "seed 8", "seed 9", "seed 7, nothing is posted"]
        axes.legend(lines, told)

    return Drawing(LAPTOP, LAPTOP, 2.6, draw)


def main() -> None:
    """Make them all."""
    folder = DOCS / "figures"
    of_study = study(pd.read_csv(DOCS / "study.csv").query("sweep == 'collapse'"))
    drawn = picture([of_study], "Does the norm fall, and against what?", "png")
    (folder / "study-curves.png").write_bytes(drawn)
    drawn = picture([laptop(pd.read_csv(DOCS / "laptop.csv"))], "The paper's size", "png")
    (folder / "laptop-alone.png").write_bytes(drawn)
    # Unpacked runs are nobody's.
    with tempfile.TemporaryDirectory() as home:
        os.environ["LWD_HOME"] = home
        for name, figure, at in FIGURES:
            out = folder / f"{name}-{figure}.png"
            with RunStore.open(recorded_run(name)) as store:
                write_report(store, out, figure, at, replace=True)
            print(out.name, flush=True)


if __name__ == "__main__":
    main()
