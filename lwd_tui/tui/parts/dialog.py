"""What the small windows have that ask for something to be written."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar, Generic, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Input

from lwd_tui.errors import LwdError
from lwd_tui.text import shorten
from lwd_tui.tui.parts.window import Window
from lwd_tui.tui.parts.words import Words

T = TypeVar("T")
_LONGEST = 600


class Dialog(Window[T | None], Generic[T]):
    """Gives back what was written; None if it is left.

    Parameters
    ----------
    title, how : str
        What it is about, and what to do.
    done : str
        The button that takes what was written.
    """

    DEFAULT_CSS = """
    Dialog > Vertical {
        width: 84; max-width: 96%; height: auto; max-height: 96%; padding: 1 2;
        border: round $primary; background: $panel;
    }
    Dialog #how { height: auto; margin-bottom: 1; color: $quiet; }
    Dialog #buttons { height: auto; align-horizontal: right; margin-top: 1; }
    Dialog Button { margin-left: 2; }
    Dialog Line, Dialog FormRow Line { background: $background; }
    Dialog Line:focus, Dialog FormRow Line:focus { background: $primary 25%; }
    Dialog Editor { height: 7; background: $background; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "leave it"),
        Binding("up", "app.focus_previous", show=False),
        Binding("down", "app.focus_next", show=False),
    ]

    def __init__(self, title: str, how: str, done: str) -> None:
        super().__init__()
        self._title = title
        self._how = how
        self._done = done

    def compose(self) -> ComposeResult:
        """Yield the fields between the words and the buttons."""
        with Vertical() as frame:
            frame.border_title = Content(shorten(self._title, 70))
            yield Words(Content(self._how), id="how")
            yield from self.compose_fields()
            with Horizontal(id="buttons"):
                yield Button(Content(self._done), id="done", compact=True, variant="primary")
                yield Button("leave it (esc)", id="leave", compact=True)

    @abstractmethod
    def compose_fields(self) -> ComposeResult:
        """Yield what is written in."""

    @abstractmethod
    def answer(self) -> T:
        """Return what was written.

        Raises
        ------
        LwdError
            What is wrong with it.
        """

    def complain(self, sentence: str) -> None:
        """Say what is wrong, in the place of what to do; "" says again what to do."""
        words = Content.styled(f"! {shorten(sentence, _LONGEST)}", "bold $error")
        self.query_one("#how", Words).put(words if sentence else Content(self._how))

    def take(self) -> None:
        """Give back what was written, unless something is wrong with it."""
        try:
            answer = self.answer()
        except LwdError as error:
            self.complain(str(error))
        else:
            self.dismiss(answer)

    @on(Button.Pressed, "#done")
    @on(Input.Submitted)
    def _take(self, event: Button.Pressed | Input.Submitted) -> None:
        event.stop()
        self.take()

    @on(Button.Pressed, "#leave")
    def action_leave(self) -> None:
        """Leave it."""
        self.dismiss(None)
