"""The progress of a headless run, on stderr."""

from __future__ import annotations

import time
from collections import deque
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.text import Text

from lwd_tui.dynamics.network import (
    AttemptRejected,
    Embedding,
    Event,
    ResponseArrived,
    StepCompleted,
    StepStarted,
)
from lwd_tui.experiment import Experiment
from lwd_tui.palette import marker
from lwd_tui.text import clean_line

_STEPS_REMEMBERED = 5


class Reporter(Protocol):
    """What is told of a run while it goes on."""

    def notice(self, sentence: str) -> None:
        """Tell a sentence."""
        ...

    def start(self, experiment: Experiment, done: int) -> None:
        """Tell that the steps begin, with `done` of them there already."""
        ...

    def see(self, event: Event) -> None:
        """Tell an event."""
        ...

    def stop(self) -> None:
        """Tell no more."""
        ...


class Pace:
    """Tokens a second, and the time that is left."""

    def __init__(self, steps: int) -> None:
        self._steps = steps
        self._began = time.perf_counter()
        self._tokens = 0
        self._recent: deque[tuple[int, float]] = deque(maxlen=_STEPS_REMEMBERED)

    def see(self, event: Event) -> None:
        """Count the tokens and steps of an event."""
        if isinstance(event, ResponseArrived):
            counts = (attempt.completion_tokens or 0 for attempt in event.response.attempts)
            self._tokens += sum(counts)
        elif isinstance(event, StepCompleted):
            self._recent.append((event.step.k, event.step.seconds))

    @property
    def tokens_per_second(self) -> float:
        """New tokens over the wall time since the start."""
        return self._tokens / max(time.perf_counter() - self._began, 1e-9)

    def seconds_left(self, done: int, next_k: int, last_k: int) -> float | None:
        """Estimate the time that is left; None before the first step is done.

        A step's time grows with what is read: recent steps are taken to cost a constant and a
        share for each post, in equal parts.
        """
        if not self._recent:
            return None
        k = sum(size for size, _ in self._recent) / len(self._recent)
        seconds = sum(cost for _, cost in self._recent) / len(self._recent)
        mean_k = (next_k + last_k) / 2
        growth = 0.5 + 0.5 * (mean_k / k if k else 1)
        return (self._steps - done) * seconds * growth


class LineReporter:
    """One line a step, for logs."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._experiment: Experiment | None = None

    def notice(self, sentence: str) -> None:
        """Print the sentence."""
        self._console.print(Text(clean_line(sentence)), soft_wrap=True)

    def start(self, experiment: Experiment, done: int) -> None:
        """Remember what is run."""
        self._experiment = experiment
        if done:
            self.notice(f"{done} of {experiment.steps + 1} steps are stored already")

    def see(self, event: Event) -> None:
        """Print what a completed step came to, and each rejected answer."""
        if self._experiment is None:
            return
        if isinstance(event, StepCompleted) and event.step.geometry is not None:
            step, norm = event.step, event.step.geometry.norm
            failed = sum(response.failed for response in step.responses)
            more = f", {failed} failed" if failed else ""
            self.notice(
                f"t {step.t}/{self._experiment.steps}  k {step.k}  |A| {step.size}  "
                f"norm {norm:.3f}  {step.seconds:.1f} s{more}"
            )
        elif isinstance(event, AttemptRejected):
            self.notice(rejection(self._experiment, event))

    def stop(self) -> None:
        """Print nothing more."""


def rejection(experiment: Experiment, event: AttemptRejected) -> str:
    """Say that an answer is asked for again, and why."""
    who = experiment.cast[event.participant].name
    return f"t {event.t}  {who}: an answer was {event.attempt.problem}; asked again"


class BarReporter:
    """Bars that move: one for the run, one a participant."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}"),
            console=console,
            transient=True,
        )
        self._experiment: Experiment | None = None
        self._run = TaskID(0)
        self._participants: list[TaskID] = []
        self._pace = Pace(1)
        self._done = 0
        self._rejected = 0

    def notice(self, sentence: str) -> None:
        """Print the sentence above the bars."""
        self._progress.console.print(Text(clean_line(sentence)), soft_wrap=True)

    def start(self, experiment: Experiment, done: int) -> None:
        """Show the bars."""
        self._experiment = experiment
        self._pace = Pace(experiment.steps + 1)
        self._done = done
        self._run = self._progress.add_task(
            "steps", total=experiment.steps + 1, completed=done, note=""
        )
        for position, who in enumerate(experiment.cast):
            label = f"{marker(position)} {clean_line(who.name)[:24]}".replace("[", r"\[")
            task = self._progress.add_task(label, total=experiment.responses, note="")
            self._participants.append(task)
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
                note = f"again: {event.attempt.problem}"
                self._progress.update(self._participants[event.participant], note=note)
            case Embedding(t):
                self._note(t, "embedding", None)
            case StepCompleted(step):
                self._done += 1
                norm = step.geometry.norm if step.geometry else float("nan")
                self._progress.update(self._run, completed=self._done)
                self._note(step.t, f"norm {norm:.3f}", None)

    def stop(self) -> None:
        """Take the bars away."""
        self._progress.stop()

    def _note(self, t: int, phase: str, k: int | None) -> None:
        experiment = self._experiment
        if experiment is None:
            return
        parts = [f"t {t}", phase, f"{self._pace.tokens_per_second:.0f} tokens/s"]
        size = experiment.size(t)
        left = self._pace.seconds_left(
            self._done,
            experiment.draw_size(size) if k is None else k,
            experiment.draw_size(experiment.size(experiment.steps)),
        )
        if left is not None:
            parts.append(f"{duration(left)} left")
        if self._rejected:
            parts.append(f"{self._rejected} asked again")
        self._progress.update(self._run, note="  ".join(parts))


def duration(seconds: float) -> str:
    """Write a time as people say it."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
