"""Small apps and small runs for the tests of the explorer."""

import asyncio
import sqlite3
from contextlib import aclosing
from pathlib import Path

from textual.app import App
from textual.pilot import Pilot
from textual.widget import Widget

from lwd_tui.cast import Wishes
from lwd_tui.experiment import Experiment
from lwd_tui.session import Session
from lwd_tui.tui.theme import THEMES

SENTENCES = (
    "Steady builders will shape open markets this year.",
    "Bold traders may slow scarce networks over a decade.",
    "Fragile savers can double cheap ledgers before long.",
    "Patient miners should test shared rules after the crash.",
    "Hidden teachers will calm strict prices in small towns.",
    "Quiet banks should free local machines at great cost.",
)


class Host(App[None]):
    """Widgets alone, in our themes; `run_test(message_hook=...)` hears what they post."""

    CSS_PATH = "../../lwd_tui/tui/app.tcss"

    def __init__(self, *widgets: Widget, theme: str = "lwd-dark") -> None:
        super().__init__()
        self._widgets = widgets
        for each in THEMES:
            self.register_theme(each)
        self.theme = theme

    def compose(self):
        yield from self._widgets


def scripted(**changes) -> Experiment:
    """An experiment of three scripted models; dotted names are written with two underscores."""
    experiment = Experiment.from_dict(
        {
            "name": "rehearsal",
            "query": "What will become of Bitcoin?",
            "responses": 4,
            "steps": 6,
            "participants": [
                {"name": name, "backend": "scripted", "model": name}
                for name in ("ada", "ben", "cleo")
            ],
            "embedder": {"backend": "scripted", "model": "words-64"},
            "posts": [{"text": text, "author": "press"} for text in SENTENCES],
        }
    )
    return experiment.replaced({name.replace("__", "."): value for name, value in changes.items()})


async def stored_run(path: Path, experiment: Experiment | None = None, *, stop_after=None) -> Path:
    """Make a run's file, whole or stopped after some steps, with times that never change."""
    experiment = experiment or scripted()
    async with (
        await Session.start(experiment, path, Wishes(), lambda _: None) as session,
        aclosing(session.run()) as events,
    ):
        async for _ in events:
            if stop_after is not None and session.store.finished() >= stop_after:
                break
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE steps SET seconds = 1.5")
    connection.close()
    return path


async def until(pilot: Pilot, condition, seconds: float = 10) -> None:
    """Wait until something holds; fail if it never does."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not condition():
        assert asyncio.get_running_loop().time() < deadline, "it never came to hold"
        await asyncio.sleep(0.01)
    await pilot.pause()


def shown(app: App) -> str:
    """Return what is on the screen, as text."""
    width, height = app.size
    lines = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in line)[:width] for line in lines[:height])
