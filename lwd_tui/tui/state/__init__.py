"""What the explorer knows: the run, the viewed step, progress, keys and what is remembered.

No widgets here, and no page.
"""
