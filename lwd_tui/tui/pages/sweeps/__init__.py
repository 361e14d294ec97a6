"""The page of sweeps: planned, begun, paused, watched run by run, compared in pairs, edited.

What is run and how is the business of `lwd_tui.sweep`.
"""
