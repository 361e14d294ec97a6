"""The page of stored runs: opened, gone on with, renamed, exported, deleted, overlaid.

What happens to their files is done by the store.
"""
