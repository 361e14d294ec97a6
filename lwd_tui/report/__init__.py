"""A run as one HTML page, and its figures.

It reads stored runs and writes files through the store; it computes no statistic of its own.
"""
