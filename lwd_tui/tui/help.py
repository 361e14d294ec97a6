"""What the keys do and what the numbers mean, on the page that is seen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import Screen

from lwd_tui.glossary import GLOSSARY
from lwd_tui.tui.parts.steady import SteadyDown
from lwd_tui.tui.parts.window import KeptScreen, Window
from lwd_tui.tui.parts.words import Words


class Help(Window[None], KeptScreen[None]):
    """The teaching layer: each number of a page in a sentence, then its keys."""

    DEFAULT_CSS = """
    Help > SteadyDown {
        width: 90; max-width: 96%; height: auto; max-height: 92%; padding: 1 1 1 2;
        border: round $primary; background: $panel; overflow-y: scroll;
    }
    Help Words { height: auto; padding: 0 1 0 0; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark", "dismiss", "close", key_display="esc"),
    ]
    AUTO_FOCUS = "SteadyDown"

    def __init__(self, page: Screen[object]) -> None:
        super().__init__()
        self._page = page

    def compose(self) -> ComposeResult:
        """Yield the numbers, then the keys."""
        with SteadyDown() as scroll:
            scroll.border_title = "what is this"
            scroll.border_subtitle = "esc closes"
            # One widget: to mount one for each term takes longer than a frame.
            yield Words(self._all())

    def on_screen_resume(self) -> None:
        """Begin at the top, with the keys that work now."""
        if self.is_mounted:
            self.query_one(Words).put(self._all())
            self.query_one(SteadyDown).scroll_home(animate=False)

    def _all(self) -> Content:
        return Content("\n").join([*self._numbers(), *self._keys()])

    def _numbers(self) -> Iterator[Content]:
        terms: tuple[str, ...] = getattr(self._page, "GLOSSARY", ())
        for term in map(GLOSSARY.__getitem__, terms):
            words = f"{term.meaning} {term.here}".rstrip()
            yield Content.assemble((term.name, "bold $primary"), "  ", words, "\n")

    def _keys(self) -> Iterator[Content]:
        lines: dict[str, tuple[list[str], str]] = {}
        for _, binding, _, _ in self._page.active_bindings.values():
            if binding.description and not binding.system:
                keys, _ = lines.setdefault(binding.action, ([], binding.description))
                keys.append(self.app.get_key_display(binding))
        yield Content.styled("Keys", "bold $primary")
        for keys, words in lines.values():
            yield Content.assemble((" ".join(dict.fromkeys(keys)).ljust(16), "bold"), words)
