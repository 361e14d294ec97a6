"""The page of findings: tests, intervals, bounds and small multiples of a run.

What they are is computed in `lwd_tui.findings`.
"""
