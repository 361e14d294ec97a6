"""Runs on disk, one SQLite file each, and all else that is written.

Nothing else writes files; nothing here computes or asks a model.
"""
