"""Small faults put into the code one at a time, to see which of them the unit tests miss.

`python -m mutants` says what it can do. It is a tool for developers, and no part of the package.
"""
