"""A run from its first request to its last number, for any front end.

The session joins the experiment, the network, the analysis and the store, and emits events. It
holds the only copy of the rules that a run lives by; the command line and the app render them.
"""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

from lwd_tui import __version__
from lwd_tui.analysis.arrays import Responses
from lwd_tui.analysis.distance import geometry
from lwd_tui.errors import LwdError, RunWorthless
from lwd_tui.experiment.llm import Experiment, InvalidExperiment
from lwd_tui.experiment.participants import Wishes
from lwd_tui.llm.clock import Clock
from lwd_tui.llm.internet import Internet
from lwd_tui.llm.network import (
    Event,
    Network,
    PostArrived,
    ResponseArrived,
    StepCompleted,
    StepStarted,
    TokenPreview,
)
from lwd_tui.replicates import together
from lwd_tui.run.choose import choose_cast
from lwd_tui.run.embedding import RecordedEmbedder
from lwd_tui.run.fork import by_hand, later_posts
from lwd_tui.run.notes import Notes
from lwd_tui.run.open_backends import Crew, assemble
from lwd_tui.run.recorded import refuse_other_draws
from lwd_tui.run.worthless import WORTHLESS, refuse_nothing, refuse_worthless
from lwd_tui.store.connection import refuse_place
from lwd_tui.store.errors import run_name
from lwd_tui.store.folder import reference
from lwd_tui.store.run import RunStore
from lwd_tui.types import Fetching, Geometry, Notice, Post, Step

_PACKAGES = ("numpy", "xllamacpp", "gguf", "ollama", "openai", "sentence-transformers", "torch")


class ModelChanged(LwdError):
    """A model isn't the one that the run was begun with."""

    exit_code = 3


class Session:
    """One run: begun or resumed, with its models loaded and its file open.

    Use `start` or `resume`, and close it, or use it as an async context manager.

    Attributes
    ----------
    store : RunStore
    experiment : Experiment
        With its participants chosen.
    clock : Clock
        Runs, pauses and steps the run.
    """

    def __init__(self, store: RunStore, crew: Crew, clock: Clock, previous: Step | None) -> None:
        self.store = store
        self.experiment = store.experiment
        self.clock = clock
        self._crew = crew
        self._internet = Internet(store.posts())
        self._frames: dict[int, Geometry | None] = {}
        if previous is not None:
            for query in range(store.queries + 1):
                with store.looking_at(query):
                    self._frames[store.query] = store.geometry(previous.t)
        self._in_step = bool(store.draws(store.finished()))
        self._later = later_posts(store)
        self._network = Network(
            self.experiment,
            self._internet,
            crew.generators,
            crew.contexts,
            RecordedEmbedder(crew.embedder, store),
            clock,
        )

    @classmethod
    async def start(
        cls,
        experiment: Experiment,
        path: Path,
        wishes: Wishes,
        notice: Notice,
        *,
        clock: Clock | None = None,
        fetching: Fetching | None = None,
    ) -> Session:
        """Choose the participants, load the models and create the run's file.

        The file is created last, at a place that is looked at first: a run that can't begin leaves
        nothing behind.

        Parameters
        ----------
        experiment : Experiment
            Its participants may still be "auto".
        path : Path
            Of the run's file.
        wishes : Wishes
            What the user asks for beyond the experiment.
        notice : callable
            Told, a sentence at a time, what the user should know; the run records it too, see
            `Notes`.
        clock : Clock, optional
        fetching : callable, optional
            Told how far weights are, should they have to be fetched.

        Raises
        ------
        LwdError
            In one sentence, with its exit code.
        """
        refuse_place(path)
        note = Notes(notice)
        experiment = await choose_cast(experiment, wishes, note)
        if experiment.draw_size(len(experiment.posts)) == 0:
            note(
                f"k_0 = 0: with {len(experiment.posts)} posts and beta = {experiment.beta} "
                "there is nothing to read at t = 0; the participants answer unread"
            )
        crew = await assemble(experiment, wishes.hosts, note, fetching)
        try:
            experiment = crew.experiment
            record = run_record(experiment, crew, wishes.hosts) | {"notes": note.told}
            store = RunStore.create(path, experiment, record)
            note.record_in(store)
        except BaseException:
            await crew.aclose()
            raise
        return cls(store, crew, clock or Clock(), None)

    @classmethod
    async def resume(
        cls,
        path: Path,
        notice: Notice,
        *,
        hosts: Sequence[str] = (),
        allow_changed: bool = False,
        clock: Clock | None = None,
        fetching: Fetching | None = None,
    ) -> Session:
        """Open a stored run where it stopped, or a fork where it begins.

        Parameters
        ----------
        path : Path
        notice : callable
        hosts : sequence of str
            Servers; those that the run was begun with if none are given.
        allow_changed : bool
            Whether to go on with models whose digest isn't the recorded one.
        clock : Clock, optional
        fetching : callable, optional
            Told how far weights are, should they have to be fetched.

        Raises
        ------
        ModelChanged
            If a model's digest isn't the recorded one.
        RunMismatch
            If its steps drew more or fewer posts than the rules say.
        DamagedRun
            If the file doesn't hold what was written to it.
        RunWorthless
            If it was stopped for good, or is whole and shows nothing.
        """
        store = RunStore.open(path, write=True)
        crew: Crew | None = None
        try:
            if store.kind == "gmm":
                raise InvalidExperiment(
                    f"{run_name(path)} is a run of mixtures and whole; show it with "
                    f"`lwd-tui runs show {reference(path)}`"
                )
            refuse_other_draws(store)
            store.refuse_beyond()
            refuse_worthless(store)
            note = Notes(notice)
            servers = tuple(hosts) or tuple(store.record.get("hosts", ()))
            # A file of another's may hold any numbers there.
            contexts = [size for size in store.record.get("contexts", ()) if size > 0]
            if len(contexts) != len(store.experiment.cast):
                contexts = []
            crew = await assemble(store.experiment, servers, note, fetching, contexts)
            changed = _changed(store.record, crew)
            if changed and not allow_changed:
                raise ModelChanged(
                    f"{run_name(path)}: {changed}; resume with --allow-changed to go on all the "
                    "same"
                )
            done = store.finished()
            fork = store.fork
            if fork is not None and fork.at == done and not store.draws(done):
                # Its participants are asked what their models can do as those of a new run are.
                made = run_record(crew.experiment, crew, servers) | {"notes": note.told}
                store.refit(crew.experiment, store.record | made)
                origin = f"from {fork.parent} at t = {fork.at}"
                store.add_event("forked", "; ".join(filter(None, (origin, changed))), done)
            else:
                store.add_event("resumed", changed or "", done)
            note.record_in(store)
            previous = store.step(done - 1) if done else None
            return cls(store, crew, clock or Clock(), previous)
        except BaseException:
            store.close()
            if crew is not None:
                await crew.aclose()
            raise

    async def __aenter__(self) -> Session:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def run(self, preview: TokenPreview | None = None) -> AsyncGenerator[Event, None]:
        """Take the steps that are left, storing each event before it is yielded.

        Closing the iterator cancels what is in flight; all that had arrived is stored.

        Raises
        ------
        LwdError
            What stopped the run; it is recorded with it.
        """
        start = self.store.finished()
        for post in self._put_in_again(start):
            yield PostArrived(post)
        pending = self.store.arrived(start)
        try:
            async with aclosing(self._network.run(start, pending, preview)) as events:
                async for event in events:
                    yield self._keep(event)
                    if isinstance(event, StepCompleted):
                        for post in self._put_in_again(event.step.t + 1):
                            yield PostArrived(post)
            refuse_nothing(self.store)
        except LwdError as error:
            kind = WORTHLESS if isinstance(error, RunWorthless) else "error"
            self.store.add_event(kind, str(error), self.store.finished())
            raise

    @property
    def between_steps(self) -> bool:
        """Whether a post can be put in by hand now."""
        return not (self._in_step or self._network.drawing)

    def inject(self, text: str, label: str = "") -> Post:
        """Put a post on the Internet by hand, between two steps; the next one can draw it.

        Raises
        ------
        InvalidExperiment
            If the post is blank or no text, or a step is in progress: what it draws from is settled
            when it begins, also for a resume.
        """
        post = by_hand(text, label)
        if not self.between_steps:
            raise InvalidExperiment("a post can only be put in between two steps")
        step = self.store.finished()
        added = self._internet.add(post.text, "", "injected", step, post.label)
        self.store.add_posts([added])
        return added

    def _put_in_again(self, t: int) -> list[Post]:
        """Put in what was put into a fork's parent by hand before step t."""
        return [self.inject(post.text, post.label) for post in self._later.pop(t, ())]

    async def aclose(self) -> None:
        """Let go of the file and the models.

        The file goes first: a server may take long to unload, fail, or be waited for by somebody
        who then leaves, and the run must not stay locked for it.
        """
        try:
            self.store.close()
        finally:
            await self._crew.aclose()

    def _keep(self, event: Event) -> Event:
        match event:
            case StepStarted(t, k, size, draws, prompts, asked):
                self._in_step = True
                self.store.begin_step(t, k, size, draws, prompts, asked)
            case ResponseArrived(response):
                self.store.add_response(response)
            case StepCompleted(step):
                step = self._measured(step)
                self.store.finish_step(step)
                self._in_step = False
                return StepCompleted(step)
        return event

    def _measured(self, step: Step) -> Step:
        """Return a step with its geometry: of each query, and of all together."""
        if not step.asked:
            return self._with_geometry(step, 1)
        parts = [self._with_geometry(part, i) for i, part in enumerate((step, *step.asked), 1)]
        whole = self._with_geometry(together(parts), 0)
        return replace(parts[0], asked=tuple(parts[1:]), together=whole)

    def _with_geometry(self, step: Step, query: int) -> Step:
        responses = Responses.of(step.embeddings, step.owners, len(self.experiment.cast))
        frame = geometry(responses, self._frames.get(query))
        self._frames[query] = frame
        return replace(step, geometry=frame)


def run_record(experiment: Experiment, crew: Crew, hosts: Sequence[str]) -> dict[str, Any]:
    """Return what a run records of where and with what it was made."""
    versions = {"lwd-tui": __version__, "python": platform.python_version()}
    for package in _PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return {
        "experiment_sha256": experiment.sha256,
        "versions": versions,
        "platform": platform.platform(),
        "hosts": list(hosts),
        "models": [model.to_dict() for model in crew.models],
        "contexts": list(crew.contexts),
        "embedder": crew.embedder_model.to_dict(),
    }


def _changed(record: dict[str, Any], crew: Crew) -> str:
    """Say which model has another digest than recorded; "" if none has."""
    now = [*crew.models, crew.embedder_model]
    then = [*record.get("models", []), record.get("embedder", {})]
    for model, old in zip(now, then, strict=False):
        known = str(old.get("digest", ""))
        if known and model.digest and known != model.digest:
            return f"{model.name} was {known[:12]} when the run began and is {model.digest[:12]}"
    return ""
