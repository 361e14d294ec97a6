"""What is to be run: checked data, the files that hold it, and the contract of a backend.

Nothing here runs, opens a socket or loads a weight.
"""
