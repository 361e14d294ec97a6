"""Demonstrations: stored runs that ship with the package, and the stops at which they are shown.

Texts and files only: no screen, no model. Who shows them is a front end.
"""
