"""The pages of the explorer, a folder each, with the widgets that only that page uses.

`base` says how a page is written; no page knows another.
"""
