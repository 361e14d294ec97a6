"""The page for reading: what each participant read and answered, and where a post went.

It shows single draws, prompts and answers; numbers of whole steps are on other pages.
"""
