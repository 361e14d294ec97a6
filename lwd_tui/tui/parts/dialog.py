"""What the small windows have that ask for something to be written."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar, Generic, TypeVar

from textual import on
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Input

from lwd_tui.errors import LwdError
from lwd_tui.text import clean_line, shorten
from lwd_tui.tui.parts.line import Line
from lwd_tui.tui.parts.window import Window
from lwd_tui.tui.parts.words import Words

T = TypeVar("T")
First = TypeVar("First")
_LONGEST = 600


class Dialog(Window[T | None], Generic[T]):
    """Gives back what was written; None if it is left.

    Its words say what it is about, what to do and, on the button, how it is done; a complaint,
    what was wrong with what it begins with.
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
    Dialog .field { height: 1; margin-top: 1; }
    Dialog .field Line { width: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "leave it"),
        Binding("up", "app.focus_previous", show=False),
        Binding("down", "app.focus_next", show=False),
    ]

    def __init__(self, title: str, how: str, done: str, complaint: str = "") -> None:
        super().__init__()
        self._title = title
        self._how = how
        self._done = done
        self._complaint = complaint

    def compose(self) -> ComposeResult:
        """Yield the fields between the words and the buttons."""
        with Vertical() as frame:
            frame.border_title = Content(shorten(self._title, 70))
            yield Words(self._words(self._complaint), id="how")
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
        self.query_one("#how", Words).put(self._words(sentence))

    def _words(self, complaint: str) -> Content:
        if not complaint:
            return Content(self._how)
        return Content.styled(f"! {shorten(complaint, _LONGEST)}", "bold $error")

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


async def ask_until_done(
    app: App[Any],
    dialog: Callable[[First | T, str], Dialog[T]],
    first: First,
    do: Callable[[T], Awaitable[None]],
) -> None:
    """Ask, from within a worker, and do what is asked for, until it is done or the dialog is left.

    What is refused with an LwdError is asked for again: the dialog is made of what was written, or
    of `first`, and of the complaint.
    """
    written: First | T = first
    complaint = ""
    while (answer := await app.push_screen_wait(dialog(written, complaint))) is not None:
        try:
            await do(answer)
        except LwdError as error:
            written, complaint = answer, str(error)
        else:
            return


def labelled(label: str, line: Line) -> Horizontal:
    """Return a field of a dialog behind a word, which its style sheet says the width of."""
    return Horizontal(Words(Content(label), classes="label"), line, classes="field")


class AskLine(Dialog[str]):
    """Gives back a line of text, without blanks around it.

    It begins with a text; where a blank one is wrong, `blank` says why.
    """

    AUTO_FOCUS = "Line"

    def __init__(
        self, title: str, how: str, done: str, text: str, complaint: str = "", *, blank: str = ""
    ) -> None:
        super().__init__(title, how, done, complaint)
        self._text = text
        self._blank = blank

    def compose_fields(self) -> ComposeResult:
        """Yield the field."""
        yield Line(clean_line(self._text), compact=True, select_on_focus=False)

    def answer(self) -> str:
        """Return what was written."""
        return self._unless_blank(self.query_one(Line).value.strip())

    def _unless_blank(self, written: str) -> str:
        if self._blank and not written.strip():
            raise LwdError(self._blank)
        return written
