"""Servers that the tests run the real clients against."""
