"""The statistics: arrays and texts in, numbers out, each defined in docs/statistics.md.

No files, sockets or experiments here, and nothing that knows where an array came from. What holds
NaN or infinity, or doesn't fit otherwise, is refused with `lwd_tui.analysis.arrays.UnfitData`.
"""
