"""All numbers of one step, each with its words."""

from __future__ import annotations

from textual.content import Content

from lwd_tui.text import duration, number_text
from lwd_tui.tui.parts.text_panel import TextPanel, numbers_in_lines
from lwd_tui.types import Step

_COLUMN = 23


class Numbers(TextPanel):
    """A list of words and values."""

    def empty(self) -> None:
        """Show nothing until a step comes."""
        self.head("numbers")
        self.text.put(Content())

    def show_step(self, step: Step) -> None:
        """Show a step's numbers."""
        self.head(f"numbers at t = {step.t}")
        lines = numbers_in_lines(numbers_in_words(step), _COLUMN)
        # A height that is known: to find it, the whole screen would be laid out, even while hidden.
        self.text.styles.height = len(lines)
        self.text.put(Content("\n").join(lines))


def numbers_in_words(step: Step) -> dict[str, str]:
    """Return the numbers of a step by the terms of the glossary."""
    geometry = step.geometry
    attempts = sum(len(response.attempts) for response in step.responses)
    values = {
        "size": str(step.size),
        "synthetic": f"{step.synthetic / step.size:.0%}" if step.size else "none",
        "k": str(step.k),
    }
    if geometry is not None:
        values |= {
            "norm": number_text(geometry.norm, 4),
            "debiased": number_text(geometry.norm_debiased, 4),
            "floor": number_text(geometry.noise_floor, 4),
            "explained": f"{geometry.explained:.0%}",
        }
    return values | {
        "responses": str(len(step.responses)),
        "again": str(attempts - len(step.responses)),
        "failed": str(step.failed),
        "truncated": str(step.truncated),
        "seconds": duration(step.seconds),
    }
