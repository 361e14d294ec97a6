"""A form: one line a field, with its name, its value and a few words on it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from textual import events, on
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input

from lwd_tui.experiment.draft import number
from lwd_tui.experiment.llm import parse_setting
from lwd_tui.text import clean_line
from lwd_tui.tui.parts.choice import Choice
from lwd_tui.tui.parts.excerpt import excerpt
from lwd_tui.tui.parts.line import LONGEST, Line
from lwd_tui.tui.parts.words import Words

Get = Callable[[str], Any]
_YES, _NO = "yes", "no"


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a form.

    Attributes
    ----------
    path : str
        Dotted.
    label, remark : str
        Its name, and what it is in a few words.
    kind : {"text", "number", "choice", "yes/no", "list", "prose"}
        A list is written as in TOML; prose, which may have several lines, is edited elsewhere.
    choices : tuple of str
        Of a choice.
    """

    path: str
    label: str
    remark: str = ""
    kind: Literal["text", "number", "choice", "yes/no", "list", "prose"] = "number"
    choices: tuple[str, ...] = ()


class Prose(Words, can_focus=True):
    """The beginning of a text; Enter or a click edits it."""

    DEFAULT_CSS = "Prose { height: 1; &:focus { text-style: reverse; } }"
    ALLOW_SELECT = False

    @dataclass(eq=False)
    class Chosen(Message):
        """The text is to be edited."""

        prose: Prose

    def __init__(self) -> None:
        super().__init__()
        self._text = ""

    def show(self, text: str) -> None:
        """Show another text."""
        self._text = text
        self.on_resize()

    def on_resize(self) -> None:
        """Fit the beginning to the width."""
        width = self.content_size.width
        words = excerpt(self._text, width) if self._text and width else ""
        self.put(Content(words) if words else Content.styled("none", "$quiet"))

    @on(events.Click)
    def key_enter(self) -> None:
        """Ask to edit the text."""
        self.post_message(self.Chosen(self))


class FormRow(Horizontal):
    """One field: label, control, remark."""

    DEFAULT_CSS = """
    FormRow {
        height: 1;
        .label { width: 16; height: 1; }
        .remark { width: 1fr; height: 1; margin-left: 2; color: $quiet; text-wrap: nowrap;
                  text-overflow: ellipsis; }
        Line { width: 2fr; background: $panel; &:focus { background: $primary 25%; } }
        Choice, Prose { width: 2fr; }
        &.-number Line { width: 10; }
        &.-yesno Choice { width: 12; }
        &.-wrong .label { color: $error; text-style: bold; }
        &.-wrong Line { color: $error; text-style: bold; }
    }
    FormRow:focus-within .label { text-style: bold; }
    """

    def __init__(self, field: Field) -> None:
        self.field = field
        self._label = Words(Content(field.label), classes="label")
        self.control: Line | Choice | Prose
        match field.kind:
            case "choice":
                self.control = Choice(field.choices, "")
            case "yes/no":
                self.control = Choice((_YES, _NO), "")
            case "prose":
                self.control = Prose()
            case _:
                self.control = Line(compact=True, select_on_focus=False)
        parts = [Words(Content(field.remark), classes="remark")] if field.remark else []
        kind = f"-{field.kind.replace('/', '')}"
        super().__init__(self._label, self.control, *parts, classes=kind)

    def show(self, value: Any) -> None:
        """Show a value, without telling of a change."""
        match self.control:
            case Choice():
                yes = {True: _YES, False: _NO}
                self.control.show(yes[value] if isinstance(value, bool) else str(value))
            case Prose():
                self.control.show(str(value))
            case Line():
                text = _written(value)
                # A field that showed only a part would lose the rest with the first key.
                self.control.disabled = len(text) > LONGEST
                with self.control.prevent(Input.Changed):
                    self.control.value = clean_line(text[:LONGEST])

    def mark(self, wrong: bool) -> None:
        """Mark the field as wrong, or take the mark away."""
        self.set_class(wrong, "-wrong")
        self._label.put(Content(f"! {self.field.label}" if wrong else self.field.label))

    def read(self, text: str) -> Any:
        """Return the value that a text stands for; what makes no sense is left to validation."""
        match self.field.kind:
            case "yes/no":
                return text == _YES
            case "number":
                return number(text.strip())
            case "list":
                return parse_setting(f"x={text}")[1] if text.strip() else []
            case _:
                return text


class Form(Vertical):
    """Fields under each other; `get` gives the value of each by its path."""

    DEFAULT_CSS = "Form { height: auto; }"

    @dataclass(eq=False)
    class Changed(Message):
        """A field was given another value, which may be wrong."""

        path: str
        value: Any

    @dataclass(eq=False)
    class ProseChosen(Message):
        """A text is to be edited."""

        field: Field

    def __init__(self, fields: Sequence[Field], get: Get) -> None:
        self._rows = [FormRow(field) for field in fields]
        super().__init__(*self._rows)
        self._get = get

    def on_mount(self) -> None:
        """Show the values."""
        self.show()

    def show(self) -> None:
        """Show all values anew."""
        for row in self._rows:
            row.show(self._get(row.field.path))

    def mark(self, path: str) -> None:
        """Mark the one field that is wrong; none for ""."""
        for row in self._rows:
            row.mark(bool(path) and row is self._row(path))

    def reach(self, path: str) -> bool:
        """Give a field the focus; say whether it is here."""
        if (row := self._row(path)) is None:
            return False
        row.control.focus()
        return True

    def _row(self, path: str) -> FormRow | None:
        """Return the field of a path, which may lead on into it, as in ``reads[1]``."""
        bare = path.partition("[")[0]
        return next((row for row in self._rows if row.field.path == bare), None)

    @on(Input.Changed)
    @on(Choice.Changed)
    def _take(self, event: Input.Changed | Choice.Changed) -> None:
        event.stop()
        control = event.control
        row = next(row for row in self._rows if row.control is control)
        text = event.value if isinstance(event, Input.Changed) else event.chosen
        self.post_message(self.Changed(row.field.path, row.read(text)))

    @on(Prose.Chosen)
    def _edit(self, event: Prose.Chosen) -> None:
        event.stop()
        row = next(row for row in self._rows if row.control is event.prose)
        self.post_message(self.ProseChosen(row.field))


def _written(value: Any) -> str:
    """Write a value as it is typed."""
    if isinstance(value, str):
        return value
    if isinstance(value, (list, tuple)):
        return json.dumps(value, ensure_ascii=False) if value else ""
    return repr(value).removesuffix(".0")
