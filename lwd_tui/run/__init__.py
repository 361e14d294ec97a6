"""A run from its first request to its last number: opened, costed, stepped and stored.

What happens within a step is the business of the dynamics, and what is shown of the front ends.
"""
