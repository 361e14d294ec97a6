"""Presets and sweeps as users write them."""

_TINY = """
name = "tiny"
query = "What next?"
responses = {responses}
steps = {steps}
[embedder]
backend = "scripted"
model = "words-16"
[[participants]]
name = "ada"
backend = "scripted"
model = "ada"
[[participants]]
name = "ben"
backend = "scripted"
model = "ben"
[[posts]]
text = "One."
[[posts]]
text = "Two."
"""


TWO_WAYS = """
name = "two ways"
preset = "quickstart"
seeds = [1, 2]
[set]
responses = 2
steps = 2
[[variant]]
name = "with"
[[variant]]
name = "without"
protocol = "reading"
set = { interaction = false }
"""
"""A sweep of four runs."""


def tiny(responses: int = 3, steps: int = 4) -> str:
    """Return a preset of two participants and two posts."""
    return _TINY.format(responses=responses, steps=steps)
