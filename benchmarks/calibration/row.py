"""A row of the table of claims."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Row:
    """A claim, and what a simulation says of it.

    Attributes
    ----------
    claim, cases, size, claimed, found, test : str
        The columns; the last one is the file of the test that guards the claim, under tests/unit.
    beyond : bool
        Whether what was found is off what is claimed by more than three Monte Carlo errors.
    """

    claim: str
    cases: str
    size: str
    claimed: str
    found: str
    test: str
    beyond: bool = False

    def __str__(self) -> str:
        mark = " **beyond**" if self.beyond else ""
        found = f"{self.found}{mark}"
        columns = (self.claim, self.cases, self.size, self.claimed, found, self.test)
        return f"| {' | '.join(columns)} |"


def error(rate: float, size: int) -> float:
    """Return the Monte Carlo error of a rate; that of one hit where there was none."""
    rate = np.clip(rate, 1 / size, 1 - 1 / size)
    return float(np.sqrt(rate * (1 - rate) / size))


def rate(count: int, size: int) -> str:
    """Return a rate with its Monte Carlo error."""
    return f"{count / size:.3f} ± {error(count / size, size):.3f}"


def at_most(
    claim: str, cases: str, seed: int, hits: dict[str, tuple[int, int]], limit: float, test: str
) -> Row:
    """Return the row of an error that is to be rare: the worst of several cases.

    Parameters
    ----------
    hits : dict of str to (int, int)
        For each case how often the error was made, of how many data sets.
    """
    where, (count, size) = max(hits.items(), key=lambda case: case[1][0] / case[1][1])
    found = f"at most {rate(count, size)} ({where})" if count else "none in any case"
    beyond = count / size - 3 * error(count / size, size) > limit
    each = f"{len(hits)} cases of {size:,}, seed {seed}"
    return Row(claim, cases, each, f"at most {limit:g}", found, test, beyond)


def unbiased(
    claim: str,
    cases: str,
    seed: int,
    values: dict[str, np.ndarray],
    truth: dict[str, float],
    test: str,
) -> Row:
    """Return the row of an estimate without bias: of several cases, the one furthest off."""
    errors = {case: each.std(ddof=1) / np.sqrt(len(each)) for case, each in values.items()}
    off = {case: each.mean() - truth[case] for case, each in values.items()}
    worst = max(values, key=lambda case: abs(off[case]) / errors[case])
    found = f"off by {off[worst]:+.4f} ± {errors[worst]:.4f} ({worst})"
    size = f"{len(values)} cases of {len(values[worst]):,}, seed {seed}"
    beyond = abs(off[worst]) > 3 * errors[worst]
    return Row(claim, cases, size, "no bias", found, test, beyond)
