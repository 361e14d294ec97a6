"""One answer with its numbers, and how it differs from another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from textual.content import Content

from lwd_tui.analysis.differences import Piece
from lwd_tui.palette import marker
from lwd_tui.text import clean, duration, shorten
from lwd_tui.tui.pages.inspect.sheets import Sheet
from lwd_tui.tui.parts.excerpt import excerpt
from lwd_tui.tui.parts.panel import Panel
from lwd_tui.tui.parts.passage import Passage, capped
from lwd_tui.tui.state.grouping import FEW
from lwd_tui.tui.theme import series
from lwd_tui.types import Response

_LABEL = 12
_NEAREST = 10


class Answer(Panel):
    """The text first, then its numbers, then the attempts before it."""

    def __init__(self, *, id: str | None = None) -> None:
        self._passage = Passage()
        super().__init__(self._passage, id=id)
        self._shown: Response | None = None

    def show_nothing(self, title: str = "answer", words: str = "") -> None:
        """Show that there is no answer."""
        self.head(title)
        self._passage.put(Content.styled(words, "$quiet"))

    def show_sheet(
        self, sheet: Sheet, pieces: Sequence[Piece] | None = None, remark: str = ""
    ) -> None:
        """Show an answer, with a remark under the panel.

        Where its text comes in pieces, or of a long one the beginning, those are marked that
        another answer hasn't.
        """
        self.head(sheet.title, remark)
        response = sheet.response
        if response.failed:
            failure = f"failed, and left out of every mean: {shorten(response.final.problem, 200)}"
            text = Content.assemble((failure, "bold $warning"), "\n", capped(response.text))
        elif pieces is not None:
            text = Content.assemble(*map(_marked, pieces), *_uncompared(response, pieces))
        else:
            text = Content(capped(response.text))
        lines = [text, Content(), *_numbers(sheet), *_attempts(response)]
        if response.final.thinking:
            thought = capped(response.final.thinking)
            lines += [Content(), Content.styled("thought before it answered", "bold")]
            lines += [Content.styled(thought, "$quiet")]
        stay, self._shown = response == self._shown, response
        self._passage.put(Content("\n").join(lines), stay=stay)


def _marked(piece: Piece) -> Content:
    """Mark what the other answer hasn't, without the space before it."""
    text = clean(piece.text)
    if piece.shared:
        return Content(text)
    words = text.lstrip()
    return Content.assemble(text[: len(text) - len(words)], (words, "bold underline $accent"))


def _uncompared(response: Response, pieces: Sequence[Piece]) -> Iterator[Content]:
    """Show what was too much to compare."""
    rest = response.text[sum(len(piece.text) for piece in pieces) :]
    if rest.strip():
        yield Content.styled(f"\n[not compared:] {capped(rest)}", "$quiet")


def _numbers(sheet: Sheet) -> Iterator[Content]:
    response, final = sheet.response, sheet.response.final
    counts = [f"{_count(final.completion_tokens)} new", f"{_count(final.prompt_tokens)} read"]
    yield _line("tokens", ", ".join(counts))
    yield _line("seed", f"{final.seed}")
    yield _line("ended by", shorten(final.finish_reason, 40) or "not said")
    host = f" on {shorten(final.host, 40)}" if final.host else ""
    yield _line("time", f"{duration(final.seconds)}{host}")
    tries = len(response.attempts)
    yield _line("attempts", "1" if tries == 1 else f"{tries}, the last one stands")
    faults = ", ".join(shorten(fault, 60) for fault in final.retries)
    yield _line("retries", faults or "none")
    for j in sorted({each.participant for each in sheet.alike}):
        numbers = [f"{each.index}" for each in sheet.alike if each.participant == j]
        which = f"answer{'s' * (len(numbers) > 1)} {', '.join(numbers)}"
        yield _line("same text", f"{shorten(which, 60)} of {shorten(sheet.names[j], 24)}")
    if sheet.post is not None:
        yield _line("posted", f"as post {sheet.post}; f follows it")
    else:
        yield _line("posted", "no")
    if sheet.distances is not None:
        yield _line("distance", f"from the means at t = {response.t}")
        order: Sequence[int] = range(len(sheet.names))
        if len(order) > FEW:
            order = np.argsort(sheet.distances)[: _NEAREST + 1].tolist()
            yield _line("", f"its own and up to {_NEAREST} nearest")
        own = response.participant
        for j in [own, *(j for j in order if j != own)]:
            whose = ", its own" if j == own else ""
            yield Content.assemble(
                " " * _LABEL,
                (f"{marker(sheet.signs[j])} ", series(sheet.signs[j])),
                (f"{sheet.distances[j]:.3f}", "bold"),
                (f"  {shorten(sheet.names[j], 24)}{whose}", "$quiet"),
            )


def _attempts(response: Response) -> Iterator[Content]:
    """Tell the attempts that did not stand."""
    for number, attempt in enumerate(response.attempts[:-1], start=1):
        yield Content()
        head = f"attempt {number}: {shorten(attempt.problem, 80)}"
        head += f" · {_count(attempt.completion_tokens)} tokens, seed {attempt.seed}"
        yield Content.styled(head, "bold $warning")
        yield Content.styled(excerpt(attempt.text, 400) or "(nothing)", "$quiet")


def _line(label: str, value: str) -> Content:
    return Content.assemble((label.ljust(_LABEL), "$quiet"), value)


def _count(tokens: int | None) -> str:
    return "not said" if tokens is None else f"{tokens:,}"
