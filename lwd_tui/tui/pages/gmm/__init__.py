"""The page of the mixtures, beside the norm of the models on one clock.

Its scenes come from `lwd_tui.run.mixtures_walk`.
"""
