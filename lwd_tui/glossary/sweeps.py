"""The words of the page of sweeps."""

from __future__ import annotations

from lwd_tui.glossary.term import Term

SWEEPS: dict[str, Term] = {
    "sweep": Term(
        "a sweep",
        "Variants of an experiment, each run once with each of some seeds; runs with one seed "
        "begin with the same draws. The cost is that of all its runs together.",
        "Signs of runs: · not begun, ▶ under way, ‖ stopped, ! stopped by an error, ✓ done, "
        "? can't be used.",
    ),
    "seeds_band": Term(
        "mean and band over seeds",
        "The mean of a variant's whole runs at each t, and Student's interval for it, of each t "
        "for itself: seeds differ by so much. Until a run is whole, of those that are begun.",
        "The band is that of the variant under the cursor.",
    ),
    "pairs": Term(
        "differences in pairs",
        "A variant's number, over the last third of the steps, less that of the first variant with "
        "the same seed: mean over pairs. Once: half of Student's interval, for a single look.",
    ),
    "always": Term(
        "always, p, sure",
        "An interval that holds at every look together, however often one looks while runs come, "
        "and the p that goes with it, adjusted by Holm over the variants; sure is a p of 0.05 or "
        "less. It is wider than one for a single look, takes three pairs at least, and takes "
        "differences for about normal.",
    ),
}
