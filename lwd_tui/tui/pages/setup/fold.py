"""A heading that unfolds what is under it."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from lwd_tui.tui.parts.words import Words

_OPEN, _SHUT = "▾", "▸"


class Heading(Words, can_focus=True):
    """The line that is always there."""

    DEFAULT_CSS = "Heading { height: 1; color: $primary; &:focus { text-style: reverse; } }"
    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "turn", "unfold / fold", id="fold.turn", show=False)
    ]

    class Turned(Message):
        """The heading was chosen."""

    def action_turn(self) -> None:
        """Unfold or fold."""
        self.post_message(self.Turned())

    def on_click(self) -> None:
        """Unfold or fold."""
        self.post_message(self.Turned())


class Fold(Vertical):
    """Makes what is under it when it is first unfolded.

    Parameters
    ----------
    title : str
    make : callable
        Makes the widget under the heading.
    """

    DEFAULT_CSS = "Fold { height: auto; margin-top: 1; }"

    def __init__(
        self,
        title: str,
        make: Callable[[], Widget],
        *,
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self._title = title
        self._make = make
        self._heading = Heading()
        self._inside: Widget | None = None
        self.unfolded = False

    def compose(self) -> ComposeResult:
        """Yield the heading."""
        yield self._heading

    def on_mount(self) -> None:
        """Write the heading."""
        self._draw()

    async def on_heading_turned(self, event: Heading.Turned) -> None:
        """Unfold or fold."""
        event.stop()
        await self.turn(not self.unfolded)

    async def turn(self, unfolded: bool) -> None:
        """Unfold or fold."""
        self.unfolded = unfolded
        if unfolded and self._inside is None:
            self._inside = self._make()
            await self.mount(self._inside)
        if self._inside is not None:
            self._inside.display = unfolded
        self._draw()

    def _draw(self) -> None:
        self._heading.put(Content(f"{_OPEN if self.unfolded else _SHUT} {self._title}"))
