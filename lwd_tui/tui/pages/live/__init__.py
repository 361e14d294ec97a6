"""The page of a run as it goes: norm, scatter, distances, participants and posts.

It shows the viewed step, whether it is being made or was stored.
"""
