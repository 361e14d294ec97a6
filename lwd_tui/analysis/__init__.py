"""The statistics: arrays and texts in, numbers out, each defined in docs/statistics.md.

No files, sockets or experiments here, and nothing that knows where an array came from.
"""
