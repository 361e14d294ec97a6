"""The page where an experiment is put together and begun.

What it edits is a `lwd_tui.experiment.draft.Draft`; what may stand in it is checked there.
"""
