"""Answer the questions of docs/preregistered.md from the runs of `collapse` and `one-answer`.

    python docs/collapse.py [SWEEPS [OUT]]

SWEEPS is the folder of the sweeps; without it that of LWD_HOME. What is printed is Markdown, the
numbers of docs/findings.md. A seed that a variant hasn't finished is left out of its comparisons.
Into the folder OUT are written `study.csv`, a row for each step of each run, and
`study-clusters.csv`, a row for each run.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from lwd_tui.analysis.multiplicity import holm
from lwd_tui.analysis.paired import Paired, paired
from lwd_tui.findings.clusters import AnswerClusters, answer_clusters, letter
from lwd_tui.findings.step import MEASURES, step_findings
from lwd_tui.store.folder import home
from lwd_tui.store.run import RunStore
from lwd_tui.sweep.jobs import Job, jobs_of, steps_done
from lwd_tui.sweep.variants import find_sweep, read_sweep, sweep_folder
from lwd_tui.types import Floats

EARLY, LATE = 3, 5
NUMBERS = ("norm", "squared", "distinct")
DISTINCT = next(measure for measure in MEASURES if measure.key == "distinct_2")


@dataclass(frozen=True)
class Run:
    """What one finished run came to, step by step.

    Attributes
    ----------
    norm, squared, distinct : ndarray of shape (T + 1,)
        The norm, the sum of the debiased squared distances, and distinct-2 of all answers.
    """

    norm: Floats
    squared: Floats
    distinct: Floats
    clusters: AnswerClusters


def read(job: Job) -> Run | None:
    """Read a run; None if it isn't there or not whole."""
    if steps_done(job) < job.steps:
        return None
    with RunStore.open(job.path) as store:
        store.look_at(0)
        numbers, clusters = store.numbers(), answer_clusters(store)
        if clusters is None:
            return None
        found = [step_findings(store, step) for step in numbers]
    return Run(
        np.array([step.norm for step in numbers]),
        np.array([each.vectors.pairs.squares.sum() for each in found]),
        np.array([DISTINCT.of(each).together for each in found]),
        clusters,
    )


def early(values: Floats) -> float:
    """Mean of the first three steps."""
    return float(values[:EARLY].mean())


def late(values: Floats) -> float:
    """Mean of the last five steps."""
    return float(values[-LATE:].mean())


def smooth(values: Floats) -> Floats:
    """Mean of t - 1, t and t + 1, of two of them at the ends."""
    ones = np.convolve(np.ones(len(values)), np.ones(3), "same")
    return np.convolve(values, np.ones(3), "same") / ones


def halved(values: Floats) -> int | None:
    """First t from which it stays below half of its early mean; None: it doesn't."""
    above = np.flatnonzero(smooth(values) >= early(values) / 2)
    since = int(above[-1]) + 1 if len(above) else 0
    return since if since < len(values) else None


def half_way(values: Floats) -> int | None:
    """First t at which it has gone half the way from early to late; None if late isn't below."""
    if late(values) >= early(values):
        return None
    return int(np.argmax(smooth(values) <= (early(values) + late(values)) / 2))


def apart(clusters: AnswerClusters) -> bool:
    """Whether two participants gave most of the last third's answers in different clusters."""
    return len(set(clusters.shares.argmax(axis=1))) > 1


def compared(one: list[float], other: list[float]) -> Paired:
    """Compare pairs of numbers, seed by seed."""
    return paired(np.array(one)[:, None], np.array(other)[:, None])


def told(found: Paired) -> str:
    """Return a mean with its interval."""
    return f"{found.mean[0]:.2f} ± {found.half[0]:.2f}"


def changes(runs: dict[int, Run], values: str) -> Paired:
    """Late less early, run by run."""
    seen = [getattr(run, values) for run in runs.values()]
    return compared([late(each) for each in seen], [early(each) for each in seen])


def late_squared(run: Run) -> float:
    """Late distance²."""
    return late(run.squared)


def beside(
    runs: dict[int, Run], others: dict[int, Run], number: Callable[[Run], float] = late_squared
) -> Paired:
    """A number less that of the other variant, of the seeds that both have."""
    both = [seed for seed in runs if seed in others]
    return compared(*([number(of[seed]) for seed in both] for of in (runs, others)))


def variants(name: str, sweeps: Path) -> dict[str, dict[int, Run]]:
    """Read the finished runs of a shipped sweep by variant and seed."""
    where = find_sweep(name)
    plan, found = read_sweep(where), dict[str, dict[int, Run]]()
    for job in jobs_of(plan, where, sweeps / sweep_folder(plan).name):
        run = read(job)
        found.setdefault(job.variant, {}).update({job.seed: run} if run else {})
    return found


def over_time(found: dict[str, dict[int, Run]]) -> None:
    """Print each variant's numbers, early and late, and their changes."""
    print("\n| variant | seeds | distance², early → late | late less early | norm | distinct-2 |")
    print("|---|---|---|---|---|---|")
    for name, runs in found.items():
        begun = np.mean([early(run.squared) for run in runs.values()])
        ended = np.mean([late(run.squared) for run in runs.values()])
        moved = [told(changes(runs, values)) for values in ("squared", "norm", "distinct")]
        print(f"| {name} | {len(runs)} | {begun:.2f} → {ended:.2f} | {' | '.join(moved)} |")


def controls(found: dict[str, dict[int, Run]]) -> None:
    """Print questions 2, 3 and 4 with their p-values after Holm, and those of 8 and 9."""
    base = found["accumulate"]
    asked = {
        "2. accumulate less no interaction, late": beside(base, found["no interaction"]),
        "3. accumulate less equal models, late": beside(base, found["equal models"]),
        "4. shared draws, late less early": changes(found["shared draws"], "squared"),
    }
    adjusted = holm([float(each.p[0]) for each in asked.values()])
    print("\n| question, distance² | difference | p | p after Holm |\n|---|---|---|---|")
    for (name, each), p in zip(asked.items(), adjusted, strict=True):
        print(f"| {name} | {told(each)} | {each.p[0]:.3f} | {p:.3f} |")
    template = beside(found["other template"], found["no interaction"])
    order = beside(found["reversed posts"], base)
    for name, each in (
        ("8. other template less no interaction", template),
        ("9. reversed posts less accumulate", order),
    ):
        print(f"| {name}, late | {told(each)} | {each.p[0]:.3f} | |")


def when(runs: dict[int, Run]) -> None:
    """Print since when the distance² is halved, and whether words or vectors fell first."""
    since = {seed: halved(run.squared) for seed, run in runs.items()}
    print(f"\n5. Halved to the end from t = {since}")
    ways = {seed: (half_way(run.distinct), half_way(run.squared)) for seed, run in runs.items()}
    print(f"6. Half the way, words and vectors: {ways}")
    both = [(words, vectors) for words, vectors in ways.values() if None not in (words, vectors)]
    if len(both) > 1:
        print(f"   words less vectors: {told(compared(*map(list, zip(*both, strict=True))))}")


def where(found: dict[str, dict[int, Run]]) -> None:
    """Print how many clusters hold most answers, and how often participants sit apart."""
    print("\n| variant | clusters that hold 90 %, of each third | change | apart at the end |")
    print("|---|---|---|---|")
    for name, runs in found.items():
        first, last = (
            [getattr(run.clusters, of) for run in runs.values()] for of in ("first", "last")
        )
        sits = sum(apart(run.clusters) for run in runs.values())
        moved = told(compared(last, first))
        both = f"{np.mean(first):.1f} → {np.mean(last):.1f}"
        print(f"| {name} | {both} | {moved} | {sits} of {len(runs)} |")
    few = beside(found["accumulate"], found["no interaction"], lambda run: run.clusters.last)
    print(f"\n7. Clusters of the last third, accumulate less no interaction: {told(few)}")
    for seed, run in found["accumulate"].items():
        places = ["".join(map(letter, who)) for who in run.clusters.places.T]
        print(f"   seed {seed}: {' / '.join(places)}; A = {run.clusters.texts[0]!r}")


def one_answer(found: dict[str, dict[int, Run]], many: dict[int, Run]) -> None:
    """Print question 10."""
    print("| 10. | seeds | norm, early → late | late less early | p | lower in |")
    print("|---|---|---|---|---|---|")
    asked = {f"L = 1, {name}": runs for name, runs in found.items()}
    for name, runs in (asked | {"L = 8, two": many}).items():
        if len(runs) > 1:
            seen = [run.norm[:13] for run in runs.values()]
            begun, ended = [early(each) for each in seen], [late(each) for each in seen]
            moved = compared(ended, begun)
            lower = sum(one < other for one, other in zip(ended, begun, strict=True))
            means = f"{np.mean(begun):.2f} → {np.mean(ended):.2f}"
            print(
                f"| {name} | {len(runs)} | {means} | {told(moved)} | {moved.p[0]:.3f} | {lower} |"
            )


def steps_of(run: Run) -> pd.DataFrame:
    """Return what every step came to, and in which cluster most answers of each are."""
    numbers = pd.DataFrame({name: getattr(run, name) for name in NUMBERS}).rename_axis("t")
    return numbers.assign(clusters=["".join(map(letter, who)) for who in run.clusters.places])


def counts_of(run: Run) -> dict[str, int]:
    """Return its clusters of the first and the last third, and whether its models sit apart."""
    return {
        "first": run.clusters.first,
        "last": run.clusters.last,
        "apart": int(apart(run.clusters)),
    }


def write_tables(sweeps: dict[str, dict[str, dict[int, Run]]], out: Path) -> None:
    """Write the steps of all runs, and what each comes to in clusters."""
    runs = {
        (sweep, variant, seed): run
        for sweep, found in sweeps.items()
        for variant, seeds in found.items()
        for seed, run in seeds.items()
    }
    names = ["sweep", "variant", "seed"]
    steps = pd.concat({which: steps_of(run) for which, run in runs.items()}, names=names)
    steps.to_csv(out / "study.csv", float_format="%.4f", na_rep="nan")
    counts = pd.DataFrame({which: counts_of(run) for which, run in runs.items()}).T
    counts.rename_axis(names).to_csv(out / "study-clusters.csv")


def main() -> None:
    """Print all answers, or what there is of them."""
    sweeps = Path(sys.argv[1]) if len(sys.argv) > 1 else home() / "sweeps"
    found, single = variants("collapse", sweeps), variants("one-answer", sweeps)
    if len(sys.argv) > 2:
        write_tables({"collapse": found, "one-answer": single}, Path(sys.argv[2]))
    one_answer(single, found["accumulate"])
    known = {name: runs for name, runs in found.items() if len(runs) > 1}
    if known:
        over_time(known)
    if len(set.intersection(*map(set, found.values()))) < 2:
        print("\nThe rest needs two seeds that are whole in each variant.")
        return
    controls(found)
    when(found["accumulate"])
    where(found)


if __name__ == "__main__":
    main()
