"""Journeys through the explorer, and the check that it shows what a whole layout would."""

import difflib
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.app import App
from textual.command import CommandPalette
from textual.pilot import Pilot
from textual.widgets import Input, TextArea

from lwd_tui.experiment.backend import Offer
from lwd_tui.experiment.draft import Draft
from lwd_tui.experiment.llm import Experiment
from lwd_tui.store.folder import runs_folder
from lwd_tui.tui.app import Explorer
from lwd_tui.tui.pages.base import Page
from lwd_tui.tui.pages.gmm.page import GmmPage
from lwd_tui.tui.pages.sweeps.page import SweepsPage
from lwd_tui.tui.parts.plot import Plot
from lwd_tui.tui.state.kept_draft import keep_draft
from lwd_tui.types import ModelInfo
from support.tui import SENTENCES, painted, until

Picture = list[list[tuple[str, str]]]
"""The lines of a screen: in each, texts and their styles."""
_PATIENCE = 60.0
_GLANCE = 0.02
_STILL, _PALETTE = 3, 30
"""Glances in a row that must see the same; the palette says late that it found nothing."""


def experiment(n: int) -> Experiment:
    """Return an experiment of n scripted models, some with wide letters in their names."""
    names = [f"m{i}" if i % 3 else f"七海 number {i}" for i in range(1, n + 1)]
    return Experiment.from_dict(
        {
            "name": "rehearsal",
            "query": "What will become of Bitcoin?",
            "responses": 2,
            "steps": 5,
            "participants": [
                {"name": name, "backend": "scripted", "model": f"s{i}"}
                for i, name in enumerate(names)
            ],
            "embedder": {"backend": "scripted", "model": "words-64"},
            "posts": [{"text": text, "author": "press"} for text in SENTENCES],
        }
    )


@asynccontextmanager
async def begun(home: Path, runs: dict[int, Path], size: tuple[int, int], n: int, *, live: bool):
    """Open a stored run of n participants, or begin one and hold it at its first step.

    Parameters
    ----------
    home : Path
        A folder for all that the explorer writes; there may be sweeps in it.
    runs : dict of int to Path
        Stored runs by their numbers of participants.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LWD_HOME", str(home))
        patch.chdir(home)
        patch.setattr("lwd_tui.tui.pages.setup.models_panel.look", _offered)
        patch.setattr("lwd_tui.tui.pages.gmm.mixtures._BEFORE_COMPILING", 0)
        # Those that ship are of models; and a journey begins sweeps, in threads here.
        patch.setattr("lwd_tui.sweep.own.shipped_sweeps", list)
        patch.setattr(
            "lwd_tui.sweep.conduct.in_processes", lambda count, _: ThreadPoolExecutor(count)
        )
        runs_folder().mkdir(parents=True, exist_ok=True)
        for number, path in runs.items():
            shutil.copy(path, runs_folder() / f"run-of-{number}.sqlite")
        keep_draft(Draft(experiment(n)))
        if live:
            app = Explorer(experiment=experiment(n))
            app.memory.delay = 60.0
        else:
            app = Explorer(run=runs_folder() / f"run-of-{n}.sqlite")
        async with app.run_test(size=size) as pilot:
            await until(pilot, lambda: app.view.t is not None)
            if live:
                await pilot.press("space")
                await until(pilot, lambda: app.progress.phase == "paused")
                app._wait_between(0.0)
            await at_rest(app, pilot)
            yield app, pilot


async def _offered(backend: str, hosts: object) -> tuple[Offer, ...]:
    models = tuple(ModelInfo(f"model-{i}", "scripted", parameters="7B") for i in range(30))
    return (Offer("scripted", "", True, "models of rules", models),)


async def check(app: App, pilot: Pilot, steps: object) -> None:
    """Fail unless a whole layout shows what is shown now, and a resize there and back too."""
    shown = await at_rest(app, pilot)
    for how, look in (("laid out anew", laid_out_anew), ("resized", resized_and_back)):
        then = await look(app, pilot)
        if then != shown:
            pytest.fail(f"after {steps}, {how}:\n{difference(shown, then)}", pytrace=False)


async def at_rest(app: App, pilot: Pilot) -> Picture:
    """Wait until nothing changes on the screen any more, and return what is on it."""
    deadline = time.monotonic() + _PATIENCE
    seen: Picture = []
    still = 0
    while still < (_PALETTE if isinstance(app.screen, CommandPalette) else _STILL):
        assert time.monotonic() < deadline, f"no rest:\n{difference(seen, picture(app))}"
        for field in app.screen.query("Input, TextArea").results(Input | TextArea):
            field.cursor_blink = False
        await pilot.pause(_GLANCE)
        now = picture(app)
        still = still + 1 if now == seen and not _at_work(app) else 0
        seen = now
    return seen


def _at_work(app: App) -> bool:
    """Whether something is under way that will change the screen."""
    if any(plot.waits for screen in app.screen_stack for plot in screen.query(Plot)):
        return True
    if not isinstance(app, Explorer):
        return False
    progress, page = app.progress, app.screen_stack[0]
    if app.sweep is not None and (app.sweep.busy or not _told_end(app)):
        return True
    if (progress.busy and progress.phase != "paused") or app._playback or app._waiting_step:
        return True
    # A dialog is waited for in a worker.
    if isinstance(app.screen, Page) and any(worker.is_running for worker in app.workers):
        return True
    return isinstance(page, GmmPage) and _computes(page)


def _told_end(app: Explorer) -> bool:
    """Whether the page of sweeps has told how the one that was begun ended."""
    pages = [screen for screen in app.screen_stack if isinstance(screen, SweepsPage)]
    return all(page._told is app.sweep for page in pages)


def _computes(page: GmmPage) -> bool:
    mixtures = page._mixtures
    waits = bool(mixtures._changed._waiters) and mixtures._wish is None
    return page._playing or not waits or mixtures._begun != mixtures._compiled


def picture(app: App) -> Picture:
    """Return what is on the screen."""
    return [
        [(segment.text, str(segment.style)) for segment in strip.simplify()]
        for strip in painted(app)
    ]


async def laid_out_anew(app: App, pilot: Pilot) -> Picture:
    """Forget every size that is kept, lay the screens out and paint them whole."""
    for screen in app.screen_stack:
        for widget in screen.walk_children(with_self=True):
            widget._layout_updates += 1
            widget._clear_arrangement_cache()
            widget.clear_cached_dimensions()
            widget.refresh(layout=True)
    return await at_rest(app, pilot)


async def resized_and_back(app: App, pilot: Pilot) -> Picture:
    """Make the terminal larger, and then as it was."""
    width, height = app.size
    await pilot.resize_terminal(width + 23, height + 7)
    await at_rest(app, pilot)
    await pilot.resize_terminal(width, height)
    return await at_rest(app, pilot)


def difference(one: Picture, other: Picture) -> str:
    """Return the lines that differ: in their words, or else in their colours."""
    before, after = (["".join(text for text, _ in line) for line in each] for each in (one, other))
    if before == after:
        before, after = ([repr(line) for line in each] for each in (one, other))
    return "\n".join(difflib.unified_diff(before, after, "shown", "then", n=0, lineterm=""))


async def travel(app: App, pilot: Pilot, step: str) -> None:
    """Take one step: a key, "size W H", or "click X Y" in hundredths of the screen."""
    kind, *numbers = step.split()
    width, height = app.size
    if kind == "size":
        await pilot.resize_terminal(*map(int, numbers))
    elif kind == "click":
        x, y = map(int, numbers)
        await pilot.click(offset=(x * (width - 1) // 100, y * (height - 1) // 100))
    else:
        await pilot.press(step)
