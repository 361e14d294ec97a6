"""The progress of a headless run, on stderr."""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID
from rich.text import Text

from lwd_tui.cli.shared import plain_column
from lwd_tui.experiment.llm import Experiment
from lwd_tui.llm.network import (
    AttemptRejected,
    Embedding,
    Event,
    ResponseArrived,
    StepCompleted,
    StepStarted,
)
from lwd_tui.palette import marker
from lwd_tui.run.pace import Pace
from lwd_tui.text import clean_line, duration, number_text, shorten


class Reporter:
    """What is told of a run while it goes on: here sentences, and nothing else."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._experiment: Experiment | None = None

    def notice(self, sentence: str) -> None:
        """Print a sentence; over the bars, if there are any."""
        self._console.print(Text(clean_line(sentence)), soft_wrap=True)

    def fetching(self, what: str, done: int, total: int) -> None:
        """Tell how far weights are, from any thread."""

    def start(self, experiment: Experiment, done: int) -> None:
        """Tell that the steps begin, with `done` of them there already."""

    def see(self, event: Event) -> None:
        """Tell an event."""

    def stop(self) -> None:
        """Tell no more."""


class LineReporter(Reporter):
    """One line a step, for logs. That weights are fetched was told, and then the run goes on."""

    def start(self, experiment: Experiment, done: int) -> None:
        """Say what is there already."""
        self._experiment = experiment
        if done:
            self.notice(f"{done} of {experiment.steps + 1} steps are stored already")

    def see(self, event: Event) -> None:
        """Print what a completed step came to, and each rejected answer."""
        if self._experiment is None:
            return
        if isinstance(event, StepCompleted) and event.step.geometry is not None:
            step = event.step.of_query(0)
            norm = step.geometry.norm if step.geometry else float("nan")
            more = f", {step.failed} failed" if step.failed else ""
            self.notice(
                f"t {step.t}/{self._experiment.steps}  k {step.k}  |A| {step.size}  "
                f"norm {number_text(norm)}  {step.seconds:.1f} s{more}"
            )
        elif isinstance(event, AttemptRejected):
            who = self._experiment.cast[event.participant].name
            # The reason may be a sentence of its own.
            why = f"asked again, an answer was unusable: {event.attempt.problem}"
            asked = f"  query {event.query}" if len(self._experiment.queries) > 1 else ""
            self.notice(f"t {event.t}{asked}  {who}: {why}")


class BarReporter(Reporter):
    """Bars that move: one for the run, one a participant."""

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self._progress = Progress(
            plain_column(),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            plain_column("fields[note]"),
            console=console,
            transient=True,
        )
        self._run = TaskID(0)
        self._participants: list[TaskID] = []
        self._pace = Pace()
        self._done = 0
        self._rejected = 0
        self._fetched: dict[int, TaskID] = {}

    def fetching(self, what: str, done: int, total: int) -> None:
        """Show how far weights are."""
        self._progress.start()
        if total not in self._fetched:
            self._fetched[total] = self._progress.add_task("", total=100, note="")
        self._progress.update(
            self._fetched[total],
            description=clean_line(what),
            completed=100 * done // total,
            visible=done < total,
        )

    def start(self, experiment: Experiment, done: int) -> None:
        """Show the bars."""
        self._experiment = experiment
        self._done = done
        self._run = self._progress.add_task(
            "steps", total=experiment.steps + 1, completed=done, note=""
        )
        asked = experiment.responses * len(experiment.queries)
        for position, who in enumerate(experiment.cast):
            label = f"{marker(position)} {clean_line(who.name)[:24]}"
            task = self._progress.add_task(label, total=asked, note="")
            self._participants.append(task)
        for task in self._fetched.values():
            self._progress.update(task, visible=False)
        self._progress.start()

    def see(self, event: Event) -> None:
        """Move the bars."""
        if self._experiment is None:
            return
        self._pace.see(event)
        match event:
            case StepStarted(t, k):
                for task in self._participants:
                    self._progress.reset(task, note="")
                self._note(t, f"reading {k} posts each", k)
            case ResponseArrived(response):
                self._progress.advance(self._participants[response.participant])
            case AttemptRejected():
                self._rejected += 1
                note = f"again: {shorten(event.attempt.problem, 200)}"
                self._progress.update(self._participants[event.participant], note=note)
            case Embedding(t):
                self._note(t, "embedding", None)
            case StepCompleted(whole):
                self._done += 1
                step = whole.of_query(0)
                norm = step.geometry.norm if step.geometry else float("nan")
                self._progress.update(self._run, completed=self._done)
                self._note(step.t, f"norm {number_text(norm)}", None)

    def stop(self) -> None:
        """Take the bars away."""
        self._progress.stop()

    def _note(self, t: int, phase: str, k: int | None) -> None:
        experiment = self._experiment
        if experiment is None:
            return
        parts = [f"t {t}", phase]
        if self._pace.tokens_per_second is not None:
            parts.append(f"{self._pace.tokens_per_second:.0f} tokens/s")
        size = experiment.size(t)
        left = self._pace.seconds_left(
            experiment.steps + 1 - self._done,
            experiment.draw_size(size) if k is None else k,
            experiment.draw_size(experiment.size(experiment.steps)),
        )
        if left is not None:
            parts.append(f"{duration(left)} left")
        if self._rejected:
            parts.append(f"{self._rejected} asked again")
        self._progress.update(self._run, note="  ".join(parts))
