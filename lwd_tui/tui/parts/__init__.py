"""Widgets and windows that several pages use.

They are given plain values and post messages of their own, and know neither pages nor the run.
"""
