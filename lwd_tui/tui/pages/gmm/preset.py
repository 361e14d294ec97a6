"""Networks of mixtures to begin with: those that ship, a file, or one like the LLM run."""

from __future__ import annotations

from collections.abc import Iterable

from rich.segment import Segment
from textual import on
from textual.app import ComposeResult
from textual.content import Content

from lwd_tui.experiment.files import load_gmm_preset, preset_names, read_gmm, user_path
from lwd_tui.experiment.gmm import GmmSpec
from lwd_tui.experiment.gmm_draft import like
from lwd_tui.experiment.llm import Experiment
from lwd_tui.tui.parts.dialog import Dialog
from lwd_tui.tui.parts.excerpt import excerpt
from lwd_tui.tui.parts.line import Line
from lwd_tui.tui.parts.rows import Rows
from lwd_tui.tui.parts.words import Words


class Specs(Rows):
    """One line a network."""

    DEFAULT_CSS = "Specs { height: auto; }"

    def __init__(self, specs: list[GmmSpec], current: str) -> None:
        super().__init__()
        self.specs = specs
        self._current = current

    def get_content_height(self, *_: object) -> int:
        """Ask for a line each."""
        return len(self.specs)

    def on_mount(self) -> None:
        """Show them, with the cursor on the current one."""
        names = [spec.name for spec in self.specs]
        self.fill(len(names), names.index(self._current) if self._current in names else 0)

    def draw(self, row: int, width: int) -> Iterable[Segment]:
        """Return the pieces of a line."""
        spec = self.specs[row]
        yield Segment(f"{excerpt(spec.name, 20):<21}", self.ink(bold=True))
        size = f"n {spec.participants}, B {spec.components}, T {spec.steps}"
        yield Segment(f"{size:<18}", self.ink("quiet"))
        yield Segment(excerpt(spec.description, max(width - 39, 1)), self.ink())


class ChooseMixtures(Dialog[GmmSpec]):
    """Gives back a specification.

    Parameters
    ----------
    experiment : Experiment or None
        Of the LLM run that is open.
    current : str
        Name of what is shown now.
    """

    DEFAULT_CSS = """
    ChooseMixtures > Vertical { width: 104; }
    ChooseMixtures #file { height: 1; margin-top: 1; color: $quiet; }
    """
    AUTO_FOCUS = "Specs"

    def __init__(self, experiment: Experiment | None, current: str) -> None:
        how = "Enter takes the one that is marked, or a file of your own."
        super().__init__("mixtures to begin with", how, "begin with it")
        specs = [load_gmm_preset(name) for name in preset_names("gmm")]
        if experiment is not None:
            specs.append(like(experiment))
        self._list = Specs(specs, current)

    def compose_fields(self) -> ComposeResult:
        """Yield the networks, and a field for a file."""
        yield self._list
        yield Words(Content("or a TOML file:"), id="file")
        yield Line(compact=True, placeholder="path/to/mixtures.toml")

    def answer(self) -> GmmSpec:
        """Return the one of the file, or else the one that is marked."""
        if written := self.query_one(Line).value.strip():
            return read_gmm(user_path(written))
        return self._list.specs[self._list.cursor]

    @on(Rows.Chosen)
    def _take_marked(self, event: Rows.Chosen) -> None:
        event.stop()
        self.dismiss(self._list.specs[self._list.cursor])
