"""The models that a server offers, to be chosen from."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from textual.binding import Binding, BindingType

from lwd_tui.text import clean_line, size_text
from lwd_tui.tui.parts.excerpt import excerpt, padded
from lwd_tui.tui.parts.rows import Items, Rows
from lwd_tui.types import ModelInfo

_NAME = (12, 34)


class Models(Items[ModelInfo]):
    """One line a model: how many participants it has, what it is, and where it is."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space,enter", "choose", "choose", id="models.choose"),
        Binding("plus,equals_sign", "copies(1)", "a copy more", id="models.more", key_display="+"),
        Binding("minus", "copies(-1)", "a copy less", id="models.less", key_display="-"),
    ]

    @dataclass(eq=False)
    class Picked(Rows.Told):
        """A model is to take part, or not any more."""

        # The cursor may be elsewhere by the time that this is heard.
        model: ModelInfo

    @dataclass(eq=False)
    class Copied(Picked):
        """A model is to take part once more, or once less."""

        change: int

    def __init__(self) -> None:
        super().__init__()
        self._all: Sequence[ModelInfo] = ()
        self._copies: Sequence[int] = ()
        self._absent: Collection[str] = ()
        self._words = ""
        self._column = _NAME[0]
        self._places = 0

    def show_models(
        self, models: Sequence[ModelInfo], absent: Collection[str], nothing: str
    ) -> None:
        """Show what a server offers, or what is said if there is nothing.

        Absent are those that have to be fetched first.
        """
        self._all, self._absent, self.nothing = models, absent, nothing
        self._copies = ()
        self.filter(self._words)

    def show_copies(self, copies: Sequence[int]) -> None:
        """Show how many participants each of the models has, those that are filtered out too."""
        if copies != self._copies:
            self._copies = copies
            self.refresh()

    def filter(self, words: str) -> None:
        """Show only the models that have all words in their name, family or quantisation."""
        self._words = words
        wanted = words.lower().split()
        shown = [
            model
            for model in self._all
            if all(
                word in f"{model.name} {model.family} {model.quantisation}".lower()
                for word in wanted
            )
        ]
        longest = max((cell_len(clean_line(model.name)) for model in shown), default=0)
        self._column = min(max(longest, _NAME[0]), _NAME[1])
        self._places = max((len(self._place(model)) for model in shown), default=0)
        self.show_items(shown, self.cursor)

    def action_choose(self) -> None:
        """Ask for the model under the cursor, or to leave it."""
        if (model := self.chosen) is not None:
            self.post_message(self.Picked(self, model))

    def action_copies(self, change: int) -> None:
        """Ask for one more of it, or one less."""
        if (model := self.chosen) is not None:
            self.post_message(self.Copied(self, model, change))

    def draw(self, row: int, width: int) -> Iterable[Segment]:
        """Return the pieces of a line; those on the right go where there is no room."""
        model = self.items[row]
        copies = self._copies_of(model)
        sign = {0: "  ", 1: "✓ "}.get(copies, f"{copies:<2}")
        yield Segment(sign, self.ink("success", bold=True))
        yield Segment(f"{padded(model.name, self._column)} ", self.ink(bold=bool(copies)))
        left = width - self._column - 3
        for text, ink in self._details(model):
            if cell_len(text) <= left:
                left -= cell_len(text)
                yield Segment(text, self.ink(ink))

    def _details(self, model: ModelInfo) -> Iterable[tuple[str, str]]:
        """Return what is told of a model beside its name, with the colour of each."""
        away = "remote" in model.capabilities
        place = "warning" if away else "success" if model.loaded else "quiet"
        yield f"{self._place(model):<{self._places}}", place
        # Only the file itself tells, and it isn't here yet.
        able = "" if model.name in self._absent else _able(model)
        yield f" {able:<6}", "quiet"
        yield f"{size_text(model.size):>8}", "quiet"
        yield f" {excerpt(model.parameters, 7):<7}", "quiet"
        yield f" {excerpt(model.quantisation, 7):<7}", "quiet"
        if model.context_length:
            yield f" made for {model.context_length:,} tokens", "quiet"

    def _copies_of(self, model: ModelInfo) -> int:
        at = next((i for i, one in enumerate(self._all) if one is model), -1)
        return self._copies[at] if 0 <= at < len(self._copies) else 0

    def _place(self, model: ModelInfo) -> str:
        if "remote" in model.capabilities:
            return "remote"
        if model.name in self._absent:
            return "to be fetched"
        if model.gpu_share is not None:
            return f"{model.gpu_share:.0%} GPU" if model.gpu_share else "in RAM"
        return "ready" if model.loaded is not False else "on disk"


def _able(model: ModelInfo) -> str:
    """Return what a model can do, in a word."""
    if "thinking" in model.capabilities:
        return "thinks"
    return "chat" if "chat" in model.capabilities else "base"
