"""What can be begun with: presets that ship, a file, the run that is open, a demonstration."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

from rich.cells import cell_len
from rich.segment import Segment
from textual import on
from textual.app import ComposeResult
from textual.content import Content

from lwd_tui.errors import LwdError
from lwd_tui.experiment.files import (
    load_gmm_preset,
    load_preset,
    preset_names,
    read_experiment,
    read_gmm,
    user_path,
)
from lwd_tui.experiment.gmm import GmmSpec
from lwd_tui.experiment.gmm_draft import like
from lwd_tui.experiment.llm import Experiment
from lwd_tui.lessons.lesson import Lesson, lessons
from lwd_tui.tui.parts.dialog import Dialog
from lwd_tui.tui.parts.excerpt import excerpt, padded
from lwd_tui.tui.parts.line import Line
from lwd_tui.tui.parts.rows import Items, Rows
from lwd_tui.tui.parts.words import Words

T = TypeVar("T", bound=Experiment | GmmSpec | Lesson)
_NAME, _SIZE = 24, 22


class Preset(NamedTuple, Generic[T]):
    """One line: what it is called, how large it is, and what it begins."""

    name: str
    size: str
    begins: T


class Presets(Items[Preset[T]]):
    """One line a preset."""

    DEFAULT_CSS = "Presets { height: auto; }"

    def __init__(self, presets: Sequence[Preset[T]], current: str) -> None:
        super().__init__()
        self.items = presets
        self._current = current

    def get_content_height(self, *_: object) -> int:
        """Ask for a line each."""
        return len(self.items)

    def on_mount(self) -> None:
        """Show them, with the cursor on the current one."""
        names = [preset.name for preset in self.items]
        self.fill(len(names), names.index(self._current) if self._current in names else 0)

    def draw(self, row: int, width: int) -> Iterable[Segment]:
        """Return the pieces of a line."""
        name, size, begins = self.items[row]
        column = max(cell_len(excerpt(preset.name, _NAME)) for preset in self.items)
        yield Segment(f"{padded(name, column)}  ", self.ink(bold=True))
        yield Segment(f"{size:<{_SIZE}}", self.ink("quiet"))
        yield Segment(excerpt(begins.description, max(width - column - 2 - _SIZE, 1)), self.ink())


class Marked(Dialog[T]):
    """Gives back what is marked in a list; `nothing` says what is wrong where that is empty."""

    DEFAULT_CSS = "Marked > Vertical { width: 104; }"
    AUTO_FOCUS = "Presets"

    def __init__(self, title: str, how: str, done: str, presets: Presets[T], nothing: str) -> None:
        super().__init__(title, how, done)
        self._list = presets
        self._nothing = nothing

    def compose_fields(self) -> ComposeResult:
        """Yield the list."""
        yield self._list

    def answer(self) -> T:
        """Return the one that is marked."""
        if self._list.chosen is None:
            raise LwdError(self._nothing)
        return self._list.chosen.begins

    @on(Rows.Chosen)
    def _take_marked(self, event: Rows.Chosen) -> None:
        event.stop()
        self.dismiss(self._list.chosen.begins if self._list.chosen else None)


class Choose(Marked[T]):
    """Gives back what to begin with: a preset, or what is read from a file of the user's own."""

    DEFAULT_CSS = "Choose #file { height: 1; margin-top: 1; color: $quiet; }"

    def __init__(
        self,
        title: str,
        how: str,
        presets: Sequence[Preset[T]],
        read: Callable[[Path], T],
        current: str = "",
    ) -> None:
        nothing = "there are no presets here; write the path of a file"
        super().__init__(title, how, "begin with it", Presets(presets, current), nothing)
        self._read = read

    def compose_fields(self) -> ComposeResult:
        """Yield the presets, and a field for a file."""
        yield from super().compose_fields()
        yield Words(Content("or a TOML file:"), id="file")
        yield Line(compact=True, placeholder="path/to/file.toml")

    def answer(self) -> T:
        """Return what is in the file, or else the one that is marked."""
        if written := self.query_one(Line).value.strip():
            return self._read(user_path(written))
        return super().answer()


class ChoosePreset(Choose[Experiment]):
    """Gives back an experiment; `current` is that of the run that is open, if one is."""

    def __init__(self, current: Experiment | None) -> None:
        found = [(name, load_preset(name)) for name in preset_names()]
        found.sort(key=lambda preset: preset[1].responses * preset[1].steps)
        found += [("the run that is open", current)] if current is not None else []
        super().__init__(
            "begin with",
            "Enter begins with the one that is marked, or with a file of your own.",
            [Preset(name, _size(experiment), experiment) for name, experiment in found],
            read_experiment,
        )


class ChooseMixtures(Choose[GmmSpec]):
    """Gives back mixtures; `experiment` is the LLM run's, `current` the name of those shown."""

    def __init__(self, experiment: Experiment | None, current: str) -> None:
        found = [load_gmm_preset(name) for name in preset_names("gmm")]
        found += [like(experiment)] if experiment is not None else []
        super().__init__(
            "mixtures to begin with",
            "Enter takes the one that is marked, or a file of your own.",
            [
                Preset(it.name, f"n {it.participants}, B {it.components}, T {it.steps}", it)
                for it in found
            ],
            read_gmm,
            current,
        )


class ChooseLesson(Marked[Lesson]):
    """Gives back a demonstration."""

    def __init__(self) -> None:
        how = "Recorded runs, shown stop by stop. Enter plays the one that is marked."
        found = [Preset(name, f"{len(it.stops)} stops", it) for name, it in lessons().items()]
        nothing = "there are no demonstrations here; install lwd-tui anew"
        super().__init__("demonstrations", how, "play it", Presets(found, ""), nothing)


def _size(experiment: Experiment) -> str:
    n = len(experiment.cast) or "auto"
    return f"n {n}, L {experiment.responses}, T {experiment.steps}"
