"""The explorer: a thin front end in Textual, by page.

It shows what lies below and asks for it; what it computes is where things stand on a screen.
"""
