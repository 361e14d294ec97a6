"""All numbers of one step, each with its words."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content

from lwd_tui.glossary import GLOSSARY
from lwd_tui.text import duration, number_text
from lwd_tui.tui.parts.panel import Panel
from lwd_tui.tui.parts.words import Words
from lwd_tui.types import Step


class Numbers(Panel):
    """A list of words and values."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._list = Words()

    def compose(self) -> ComposeResult:
        """Yield the list, which scrolls where there is no room."""
        with VerticalScroll():
            yield self._list

    def show_step(self, step: Step) -> None:
        """Show a step's numbers."""
        self.head(f"numbers at t = {step.t}")
        lines = [
            Content.assemble((GLOSSARY[term].name.ljust(23), "$quiet"), (value, "bold"))
            for term, value in numbers_in_words(step).items()
        ]
        # A height that is known: to find it, the whole screen would be laid out, even while hidden.
        self._list.styles.height = len(lines)
        self._list.put(Content("\n").join(lines))


def numbers_in_words(step: Step) -> dict[str, str]:
    """Return the numbers of a step by the terms of the glossary."""
    geometry = step.geometry
    attempts = sum(len(response.attempts) for response in step.responses)
    failed = sum(response.failed for response in step.responses)
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
        "failed": str(failed),
        "truncated": str(step.truncated),
        "seconds": duration(step.seconds),
    }
