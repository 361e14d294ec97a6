"""The dynamics of the mixtures: Algorithms 2 and 3 of the paper, compiled, and their theory.

No files, no models and no screens here; `lwd_tui.run` puts them to use.
"""
