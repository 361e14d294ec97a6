"""All numbers of one step, each with its words."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.content import Content

from lwd_tui.glossary import GLOSSARY
from lwd_tui.text import duration
from lwd_tui.tui.parts.panel import Panel
from lwd_tui.tui.parts.steady import SteadyDown
from lwd_tui.tui.parts.words import Words
from lwd_tui.types import Step


class Numbers(Panel):
    """A list of words and values."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._list = Words()

    def compose(self) -> ComposeResult:
        """Yield the list, which scrolls where there is no room."""
        with SteadyDown():
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
            "norm": f"{geometry.norm:.4f}",
            "debiased": f"{geometry.norm_debiased:.4f}",
            "floor": f"{geometry.noise_floor:.4f}",
            "explained": f"{geometry.explained:.0%}",
        }
    return values | {
        "responses": str(len(step.responses)),
        "again": str(attempts - len(step.responses)),
        "failed": str(failed),
        "truncated": str(step.truncated),
        "seconds": duration(step.seconds),
    }
