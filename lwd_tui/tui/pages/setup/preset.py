"""Presets to begin with: those that ship, a file, or the run that is open."""

from __future__ import annotations

from collections.abc import Iterable

from rich.cells import cell_len
from rich.segment import Segment
from textual import on
from textual.app import ComposeResult
from textual.content import Content

from lwd_tui.errors import LwdError
from lwd_tui.experiment.files import load_preset, preset_names, read_experiment, user_path
from lwd_tui.experiment.llm import Experiment
from lwd_tui.tui.parts.dialog import Dialog
from lwd_tui.tui.parts.excerpt import excerpt
from lwd_tui.tui.parts.line import Line
from lwd_tui.tui.parts.rows import Rows
from lwd_tui.tui.parts.words import Words


class Presets(Rows):
    """One line a preset."""

    DEFAULT_CSS = "Presets { height: auto; }"

    def __init__(self, presets: list[tuple[str, Experiment]]) -> None:
        super().__init__()
        self.presets = presets

    def get_content_height(self, *_: object) -> int:
        """Ask for a line each."""
        return len(self.presets)

    def on_mount(self) -> None:
        """Show them."""
        self.fill(len(self.presets))

    def draw(self, row: int, width: int) -> Iterable[Segment]:
        """Return the pieces of a line."""
        name, experiment = self.presets[row]
        column = max(cell_len(excerpt(name, 24)) for name, _ in self.presets) + 2
        shown = excerpt(name, 24)
        yield Segment(shown + " " * (column - cell_len(shown)), self.ink(bold=True))
        n = len(experiment.cast) or "auto"
        size = f"n {n}, L {experiment.responses}, T {experiment.steps}  "
        yield Segment(f"{size:<22}", self.ink("quiet"))
        yield Segment(excerpt(experiment.description, max(width - column - 22, 1)), self.ink())


class ChoosePreset(Dialog[Experiment]):
    """Gives back an experiment.

    Parameters
    ----------
    current : Experiment or None
        That of the run that is open.
    """

    DEFAULT_CSS = """
    ChoosePreset > Vertical { width: 100; }
    ChoosePreset #file { height: 1; margin-top: 1; color: $quiet; }
    """
    AUTO_FOCUS = "Presets"

    def __init__(self, current: Experiment | None) -> None:
        how = "Enter begins with the one that is marked, or with a file of your own."
        super().__init__("begin with", how, "begin with it")
        presets = [(name, load_preset(name)) for name in preset_names()]
        presets.sort(key=lambda preset: preset[1].responses * preset[1].steps)
        if current is not None:
            presets.append(("the run that is open", current))
        self._list = Presets(presets)

    def compose_fields(self) -> ComposeResult:
        """Yield the presets, and a field for a file."""
        yield self._list
        yield Words(Content("or a TOML file:"), id="file")
        yield Line(compact=True, placeholder="path/to/experiment.toml")

    def answer(self) -> Experiment:
        """Return the experiment of the file, or else the one that is marked."""
        if written := self.query_one(Line).value.strip():
            return read_experiment(user_path(written))
        if not self._list.presets:
            raise LwdError("there are no presets here; write the path of a file")
        return self._list.presets[self._list.cursor][1]

    @on(Rows.Chosen)
    def _take_marked(self, event: Rows.Chosen) -> None:
        event.stop()
        self.dismiss(self._list.presets[self._list.cursor][1])
