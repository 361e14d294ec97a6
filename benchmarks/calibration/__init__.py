"""Each claim of docs/statistics.md, simulated again: `python -m benchmarks calibration`."""

from benchmarks.calibration.table import main

__all__ = ["main"]
