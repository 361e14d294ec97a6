"""Widgets that render what they are given: Steps and plain values, never a session or a store."""
