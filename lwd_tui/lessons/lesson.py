"""A demonstration: a recorded run, and a few stops with something to see, to ask and to press."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from lwd_tui.errors import LwdError
from lwd_tui.experiment.files import read_text, shipped_folder
from lwd_tui.experiment.section import Section, parse_toml
from lwd_tui.text import suggestion

Page = Literal["live", "inspect", "statistics", "gmm"]


class NoSuchLesson(LwdError):
    """No demonstration has that name."""

    exit_code = 2


class Stop(Section):
    """One stop.

    Attributes
    ----------
    page : str
        The page of the explorer to look at.
    t : int or None
        The step to look at; None where it stays as it is.
    panel : str
        The panel of the page that has the cursor; "" for the one that has it.
    line : str
        How the line of the panel begins that is to be seen, on the page of statistics; "" for the
        first.
    say : str
        A sentence or two.
    ask : str
        A question to the class; "" for none.
    press : str
        What to press here; "" for nothing.
    """

    page: Page
    t: int | None = Field(None, ge=0)
    panel: str = ""
    line: str = ""
    say: str
    ask: str = ""
    press: str = ""


class Lesson(Section):
    """A demonstration.

    Attributes
    ----------
    order : int
        Its place among the others.
    title : str
    recorded : str
        Name of the recorded run that it plays.
    live : str
        The preset that begins the same live.
    stops : tuple of Stop
    """

    order: int
    title: str
    recorded: str
    live: str
    stops: tuple[Stop, ...] = Field(alias="stop", min_length=1)

    @property
    def description(self) -> str:
        """The title, by the name that lists of things to begin with know."""
        return self.title


def shipped() -> Path:
    """Return the folder of the demonstrations."""
    return shipped_folder("demonstrations")


def lessons() -> dict[str, Lesson]:
    """Return the demonstrations that ship by their names, in the order in which they are told."""
    found = {path.stem: _read(path) for path in shipped().glob("*.toml")}
    return dict(sorted(found.items(), key=lambda each: each[1].order))


def lesson_called(name: str) -> Lesson:
    """Return a demonstration.

    Raises
    ------
    NoSuchLesson
        With the nearest name.
    """
    known = lessons()
    if name not in known:
        raise NoSuchLesson(f"no demonstration is called {name!r}; {suggestion(name, known)}")
    return known[name]


def _read(path: Path) -> Lesson:
    return Lesson.model_validate(parse_toml(read_text(path), str(path)))
