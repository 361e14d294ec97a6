"""Presets as users write them, of scripted models."""

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


def tiny(responses: int = 3, steps: int = 4) -> str:
    """Return a preset of two participants and two posts."""
    return _TINY.format(responses=responses, steps=steps)
