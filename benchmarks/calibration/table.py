"""The table of claims: what is claimed, on what it stands, and what simulations show."""

import resource
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

from threadpoolctl import threadpool_limits

from benchmarks.calibration import bounds, estimates, mixtures, planning, queries, series, shuffles
from benchmarks.calibration.row import Row

CLAIMS = (
    *estimates.CLAIMS,
    *bounds.CLAIMS,
    *shuffles.CLAIMS,
    *queries.CLAIMS,
    *planning.CLAIMS,
    *series.CLAIMS,
    *mixtures.CLAIMS,
)


def rows(claim) -> list[Row]:
    with threadpool_limits(1):
        return list(claim())


def simulated() -> Iterator[list[Row]]:
    with ProcessPoolExecutor(2) as pool:
        yield from pool.map(rows, CLAIMS)


def main() -> None:
    print("| claim | what it stands on, where simulated | data sets | claimed | found | test |")
    print("|---|---|---|---|---|---|")
    beyond = 0
    for some in simulated():
        for row in some:
            beyond += row.beyond
            print(row, flush=True)
    used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime / 60
    print(f"\n{beyond} beyond three Monte Carlo errors; {used:.0f} minutes of processor time.")
