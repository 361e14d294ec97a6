"""Runs killed, starved of disk, cut off from power and lied to by their servers, then resumed.

`python -m torture` says what it can do. It is a tool for developers, and no part of the package;
docs/guarantees.md says what it shows.
"""
