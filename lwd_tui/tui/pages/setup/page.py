"""An experiment is set up: who takes part, what is asked, what is read, and what it costs."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Grid
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Button, Input, TextArea
from textual.worker import WorkerError

from lwd_tui.analysis.planning import Scatter, scatter
from lwd_tui.errors import LwdError
from lwd_tui.experiment.draft import Draft
from lwd_tui.experiment.files import load_preset, user_path
from lwd_tui.experiment.llm import Experiment
from lwd_tui.experiment.participants import SERVER, Wishes
from lwd_tui.run.choose import choose_cast
from lwd_tui.run.cost import Cost, Runner, Speed, estimate, strain
from lwd_tui.run.outlook import clause
from lwd_tui.run.rehearsal import rehearse
from lwd_tui.store.files import PresetExists, save_preset
from lwd_tui.tui.pages.panelled import PanelledPage
from lwd_tui.tui.pages.setup.cast_panel import CastPanel
from lwd_tui.tui.pages.setup.cost_line import CostLine
from lwd_tui.tui.pages.setup.draft_panel import DraftPanel
from lwd_tui.tui.pages.setup.experiment_panel import ExperimentPanel
from lwd_tui.tui.pages.setup.internet_panel import InternetPanel
from lwd_tui.tui.pages.setup.models import Models
from lwd_tui.tui.pages.setup.models_panel import ModelsPanel
from lwd_tui.tui.parts.dialog import AskLine, ask_until_done
from lwd_tui.tui.parts.network_line import NetworkLine
from lwd_tui.tui.parts.preset import ChoosePreset
from lwd_tui.tui.parts.question import Question
from lwd_tui.tui.state.kept_draft import forget_draft, keep_draft, restore_draft

FIRST = "quickstart"
"""The preset to begin with."""
_KEYSTROKE = 0.08
_PAUSE = 1.0
"""Seconds without an edit, after which the draft is kept."""
_AGAIN = "your draft of last time is here again; o begins with a preset instead"


class SetupPage(PanelledPage):
    """Models, participants, posts and the experiment's fields, over one sentence of cost."""

    DEFAULT_CSS = """
    SetupPage {
        #parts { height: 1fr; grid-size: 2 12; }
        #models { row-span: 7; }
        #internet { row-span: 5; }
        #experiment { row-span: 7; }
        #participants { row-span: 5; }
        &.-wide #parts { grid-size: 3 12; }
        &.-wide #internet, &.-wide #experiment { row-span: 12; }
        &.-narrow, &.-short {
            #panels { display: block; }
            #parts { grid-size: 1 1; }
            .panel { display: none; row-span: 1; }
            .panel.-chosen { display: block; }
        }
    }
    """
    FOLLOWS = False
    AUTO_FOCUS = "#begin"
    PANELS = (
        ("models", "models"),
        ("internet", "query and posts"),
        ("experiment", "experiment"),
        ("participants", "participants"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("b", "begin", "begin", id="setup.begin"),
        Binding("o", "preset", "from a preset", id="setup.preset"),
        Binding("w", "save", "save as preset", id="setup.save"),
        Binding("m", "measure", "measure the time", id="setup.measure"),
        Binding("v", "paste", "paste posts", id="setup.paste", show=False),
        Binding("i", "import", "import posts", id="setup.import", show=False),
        Binding("u", "undo", "undo a change of posts", id="setup.undo", show=False),
        Binding("slash", "filter", "filter the models", id="setup.filter", show=False),
        Binding("r", "look_again", "ask the servers again", id="setup.again", show=False),
        Binding("exclamation_mark", "wrong", "go to what is wrong", id="setup.wrong", show=False),
        Binding("escape", "leave", "leave the field", id="setup.leave"),
    ]
    GLOSSARY = (
        "size", "beta", "k", "answers", "norm", "cost", "context", "unit", "draws", "ranking",
        "interaction", "posting", "fresh", "topology", "queries",
    )  # fmt: skip

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._draft = Draft(load_preset(FIRST))
        self._restored = ""
        try:
            self._restored = _AGAIN if restore_draft(self._draft) else ""
        except LwdError as error:
            self._restored = f"{error}; this is the preset {FIRST}"
        self._speeds: dict[Runner, Speed] = {}
        self._scatter: tuple[object, Scatter] | None = None
        self._experiment: Experiment | None = None
        self._wrong = ""
        self._typing: Timer | None = None
        self._keeping: Timer | None = None
        self._measuring = False

    def compose_panels(self) -> ComposeResult:
        """Yield the panels, and the sentence under them."""
        with Grid(id="parts"):
            yield ModelsPanel(self._draft, id="models")
            yield InternetPanel(self._draft, id="internet")
            yield ExperimentPanel(self._draft, id="experiment")
            yield CastPanel(self._draft, id="participants")
        yield CostLine()

    def on_mount(self) -> None:
        """Begin with what was left unfinished, or the run that is open, or else a preset."""
        if self._restored:
            before = self.explorer.notice
            self._say(f"{before}\n{self._restored}" if before else self._restored)
        elif self.run is not None:
            self._draft.take(self.run.experiment)
        else:
            self.query_one(ModelsPanel).find_server()
        self._show_draft()
        if self.app.size.width >= 160 and self.app.size.height >= 50:
            self.query_one(ExperimentPanel).unfold_all()

    def _show_draft(self) -> None:
        for panel in self.query(DraftPanel):
            panel.show_draft()
        self.query_one(ModelsPanel).follow_draft()
        self._check()
        if self._draft.participants == "auto":
            self._settle()

    # What it costs, or what is wrong

    @on(DraftPanel.Edited)
    def _take_edit(self, event: DraftPanel.Edited) -> None:
        """Check once the typing pauses for a moment."""
        event.stop()
        self.query_one(CastPanel).show_draft()
        self.query_one(ModelsPanel).show_draft()
        if self._typing is not None:
            self._typing.stop()
        self._typing = self.set_timer(_KEYSTROKE, self._check)
        if self._keeping is not None:
            self._keeping.stop()
        self._keeping = self.set_timer(_PAUSE, self._keep)

    def _keep(self) -> None:
        """Keep the draft for the next start."""
        if self._keeping is not None:
            self._keeping.stop()
            self._keeping = None
            keep_draft(self._draft)

    @on(ModelsPanel.Offered)
    def _check(self) -> None:
        found = self._draft.check()
        self._experiment, self._wrong = found.value, found.field
        for panel in self.query(DraftPanel):
            panel.mark(found.field)
        self.query_one(InternetPanel).show_draws(found.value)
        models = self.query_one(ModelsPanel)
        self.query_one(CastPanel).show_missing(models.missing())
        self.query_one(NetworkLine).show(found.value)
        if found.value is None:
            self.workers.cancel_group(self, "cost")
            self.query_one(CostLine).show_wrong(found.complaint)
        else:
            self._estimate(found.value)

    @work(exclusive=True, group="cost")
    async def _estimate(self, experiment: Experiment) -> None:
        """Say what it costs; a long run takes longer to add up than a frame."""
        line = self.query_one(CostLine)
        if not experiment.cast:
            line.show_cost("who takes part is chosen when the run starts")
            return
        cost = await asyncio.to_thread(estimate, experiment, self._speeds)
        shown = ""
        if self._scatter is not None and self._scatter[0] == _asked(experiment):
            shown = await asyncio.to_thread(clause, experiment, self._scatter[1])
        line.show_cost(
            self._sentence(cost, shown),
            strain(experiment, cost, self.query_one(ModelsPanel).limits),
        )

    def _sentence(self, cost: Cost, shown: str) -> str:
        if self._measuring:
            return f"{cost.sentence()}; measuring the time (esc stops) …"
        if cost.seconds is None:
            return f"{cost.sentence()}; m measures the time"
        return f"{cost.sentence()}; {shown}" if shown else cost.sentence()

    @work(exclusive=True, group="settle")
    async def _settle(self) -> None:
        """Find out who takes part where the preset leaves it open."""
        if (experiment := self._experiment) is None:
            return
        hosts = self._draft.hosts.get(SERVER, ())
        notes: list[str] = []
        settled = await self.asked(choose_cast(experiment, Wishes(hosts=hosts), notes.append))
        if settled is None:
            return
        self._say("; ".join(notes))
        if self._draft.participants == "auto":
            self._draft.participants = settled.cast
            # Servers take seconds to answer, in which the other fields were perhaps edited.
            before, now = (each.to_dict()["embedder"] for each in (experiment, settled))
            if self._draft.get("embedder") == before:
                self._draft.set("embedder", now)
            self._show_draft()

    def action_measure(self) -> None:
        """Load the models, and measure how fast each answers."""
        if self.explorer.progress.busy:
            self._say("a run is under way, and its models are at work; measure when it is done")
        elif self._experiment is None or not self._experiment.cast:
            self.action_wrong()
        else:
            self._measure(self._experiment)

    @work(exclusive=True, group="measure")
    async def _measure(self, experiment: Experiment) -> None:
        self._measuring = True
        self._check()
        try:
            with self.explorer.telling():
                placed, wishes = self._draft.placed(experiment)
                found = await rehearse(placed, wishes.hosts, self._say)
                self._speeds |= found.speeds
                if not found.unfit:
                    self._scatter = _asked(experiment), scatter([found.responses])
                # Hosts that were written in for the run alone are none in the draft.
                for now, then in zip(experiment.cast, placed.cast, strict=True):
                    key = then.backend, then.host, then.model
                    self._speeds[now.backend, now.host, now.model] = found.speeds[key]
                self.explorer.notice = ""
        finally:
            self._measuring = False
            self._check()

    @on(ModelsPanel.Found)
    def _offer(self, event: ModelsPanel.Found) -> None:
        event.stop()
        count = len(event.offer.models)
        # Where the user has begun already, the focus stays.
        if self.focused is None or self.focused.id == "begin":
            self.choose("models", focus=False)
            self.query_one(Models).focus()
        self._say(
            f"an Ollama server answers at {event.offer.host}: choose among its {count} models with "
            "space, or begin as it stands with b"
        )

    def _say(self, sentence: str) -> None:
        self.explorer.notice = sentence

    @on(InternetPanel.Told)
    def _show_told(self, event: InternetPanel.Told) -> None:
        event.stop()
        self._say(event.sentence)

    # Keys

    @on(Button.Pressed, "#begin")
    @work(exclusive=True, group="begin")
    async def action_begin(self) -> None:
        """Begin the run, and show it."""
        self._check()
        if self._experiment is None:
            self.action_wrong()
            return
        try:
            experiment, wishes = self._draft.placed(self._experiment)
        except LwdError as error:
            self._say(str(error))
            return
        await self._stop_measuring()
        self.explorer.notice = ""
        # It asks before it takes the place of another run, and it asks here.
        with suppress(WorkerError):
            await self.explorer.start(experiment, wishes).wait()
            await self.explorer.action_show_page("live")

    @work(exclusive=True, group="preset")
    async def action_preset(self) -> None:
        """Begin with a preset, a file, or the run that is open."""
        current = self.run.experiment if self.run is not None else None
        experiment = await self.app.push_screen_wait(ChoosePreset(current))
        if experiment is not None:
            self._forget()
            self._draft.take(experiment)
            self._show_draft()

    def _forget(self) -> None:
        """Keep nothing of the draft."""
        if self._keeping is not None:
            self._keeping.stop()
            self._keeping = None
        forget_draft()
        if self._restored and self._restored in self.explorer.notice:
            self._say("")

    @work(exclusive=True, group="save")
    async def action_save(self) -> None:
        """Save the experiment as a preset."""
        self._check()
        if (experiment := self._experiment) is None:
            self._say("something is wrong yet (see below); what can't be run can't be saved")
            return

        async def save(written: str) -> None:
            path = user_path(written)
            try:
                await asyncio.to_thread(save_preset, experiment, path)
            except PresetExists as error:
                again = Question(f"{error}.", yes="write over it", no="leave it")
                if not await self.app.push_screen_wait(again):
                    raise
                await asyncio.to_thread(save_preset, experiment, path, replace=True)
            self._say(f"saved as {path.absolute()}")

        how = "All fields and posts are written, as TOML; o begins with it again."
        dialog = partial(AskLine, "save as a preset", how, "save", blank="write the path of a file")
        await ask_until_done(self.app, dialog, f"{experiment.name}.toml", save)

    def action_paste(self) -> None:
        """Add many posts at once."""
        self.choose("internet", focus=False)
        self.query_one(InternetPanel).paste()

    def action_import(self) -> None:
        """Add the posts of a file."""
        self.choose("internet", focus=False)
        self.query_one(InternetPanel).import_file()

    def action_undo(self) -> None:
        """Undo the last change of posts."""
        self.query_one(InternetPanel).undo()

    def action_filter(self) -> None:
        """Go to the filter of the models."""
        self.choose("models", focus=False)
        self.query_one("#filter").focus()

    def action_look_again(self) -> None:
        """Ask the servers again what they have."""
        self.query_one(ModelsPanel).look_again()

    @on(CostLine.WrongChosen)
    def action_wrong(self) -> None:
        """Go to what is wrong."""
        if self._wrong:
            for panel in self.query(DraftPanel):
                if panel.reach(self._wrong):
                    self.choose(panel.id or "", focus=False)
                    break

    async def action_leave(self) -> None:
        """Leave the field, or stop measuring."""
        if isinstance(self.focused, (Input, TextArea)):
            self.set_focus(None)
        elif self._measuring:
            await self._stop_measuring()

    def check_action(self, action: str, _: tuple[object, ...]) -> bool | None:
        """Offer to leave only where there is something to leave."""
        return action != "leave" or self._measuring or isinstance(self.focused, (Input, TextArea))

    async def on_unmount(self) -> None:
        """Keep the draft, and let go of the models."""
        self._keep()
        await self._stop_measuring()

    async def _stop_measuring(self) -> None:
        """Wait until the models are let go of: they must not be left answering."""
        for worker in self.workers.cancel_group(self, "measure"):
            with suppress(WorkerError):
                await worker.wait()

    def takes_cursor(self, widget: Widget) -> bool:
        """Whether tab goes there: here fields are among them."""
        return widget.can_focus and not widget.disabled


def _asked(experiment: Experiment) -> object:
    """Return what answers depend on most: who is asked what, and how answers are embedded."""
    return experiment.cast, experiment.query, experiment.embedder
