"""The margin below which the participants count as the same, asked for."""

from __future__ import annotations

import math

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content

from lwd_tui.errors import LwdError
from lwd_tui.tui.pages.statistics.findings import Margin
from lwd_tui.tui.parts.dialog import Dialog
from lwd_tui.tui.parts.line import Line
from lwd_tui.tui.parts.words import Words

USUAL = 3


class AskMargin(Dialog[Margin]):
    """Gives back the margin.

    Parameters
    ----------
    margin : Margin or None
        To begin with.
    """

    DEFAULT_CSS = """
    AskMargin .field { height: 1; margin-top: 1; }
    AskMargin .label { width: 16; }
    AskMargin Line { width: 1fr; }
    """
    AUTO_FOCUS = "#norm"

    def __init__(self, margin: Margin | None) -> None:
        super().__init__(
            "what counts as the same",
            "A norm, in the units of the vectors. State it before you look: a margin chosen after "
            "the fact shows nothing. The upper bound must be below it for some steps in a row.",
            "judge by it",
        )
        self._shown = (
            f"{margin.norm:g}" if margin else "",
            str(margin.window if margin else USUAL),
        )

    def compose_fields(self) -> ComposeResult:
        """Yield the norm and the number of steps."""
        for name, words, text in zip(
            ("norm", "window"), ("norm below", "steps in a row"), self._shown, strict=True
        ):
            with Horizontal(classes="field"):
                yield Words(Content(words), classes="label")
                yield Line(text, compact=True, select_on_focus=False, id=name)

    def answer(self) -> Margin:
        """Return the margin, or say why it is none."""
        norm, window = (
            self.query_one(f"#{name}", Line).value.strip() for name in ("norm", "window")
        )
        try:
            value = float(norm)
        except ValueError:
            value = math.nan
        if not 0 < value < math.inf:
            raise LwdError("the norm must be a number more than 0, such as 0.5")
        if not window.isdecimal() or int(window) < 1:
            raise LwdError("the steps in a row must be a whole number, at least 1")
        return Margin(value, int(window))
