"""Small apps and small runs for the tests of the explorer."""

import asyncio
from contextlib import aclosing
from pathlib import Path

import numpy as np
from textual._context import visible_screen_stack
from textual.app import App
from textual.pilot import Pilot
from textual.strip import Strip
from textual.widget import Widget

from lwd_tui.experiment.llm import Experiment
from lwd_tui.experiment.participants import Wishes
from lwd_tui.run.session import Session
from lwd_tui.store.run import RunStore
from lwd_tui.tui.app import Explorer
from lwd_tui.tui.theme import THEMES
from lwd_tui.types import Attempt, Draw, Geometry, Post, Prompt, Response, Step

NAMES = ("ada", "ben", "cleo")
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
                {"name": name, "backend": "scripted", "model": name} for name in NAMES
            ],
            "embedder": {"backend": "scripted", "model": "words-64"},
            "posts": [{"text": text, "author": "press"} for text in SENTENCES],
        }
    )
    return experiment.replaced({name.replace("__", "."): value for name, value in changes.items()})


async def stored_run(path: Path, experiment: Experiment | None = None, *, stop_after=None) -> Path:
    """Make a run's file by the scripted models, whole or stopped after some steps."""
    experiment = experiment or scripted()
    async with (
        await Session.start(experiment, path, Wishes(), lambda _: None) as session,
        aclosing(session.run()) as events,
    ):
        async for _ in events:
            if stop_after is not None and session.store.finished() >= stop_after:
                break
    return path


def handmade_step(t: int, texts=SENTENCES, responses: int = 4) -> Step:
    """Make a step of three participants from round numbers, the same on every machine.

    The first answers at t are the next three of `texts`.
    """
    share = 1 / (1 + t / 3)
    corners = np.array([[0.0, 0.8], [-0.7, -0.4], [0.7, -0.4]])
    around = np.array([[0.1, 0.0], [-0.1, 0.0], [0.0, 0.15], [0.0, -0.15]])
    answers = tuple(
        Response(
            t,
            i,
            index,
            (Attempt(texts[(3 * t + i + 4 * index) % len(texts)], 7, "stop", 90, 12, 0.5),),
        )
        for i in range(3)
        for index in range(responses)
    )
    coordinates = np.round(
        [corners[i] * share + around[index % 4] for i in range(3) for index in range(responses)], 3
    )
    far = round(1.3 * share, 3)
    near = round(0.9 * share, 3)
    geometry = Geometry(
        distances=np.array([[0, far, near], [far, 0, far], [near, far, 0]]),
        norm=round(2.4 * share, 3),
        norm_debiased=round(2.2 * share, 3),
        noise_floor=0.4,
        dispersion=np.array([0.5, 0.4, 0.6]) * round(share, 3),
        coordinates=coordinates,
        owners=np.repeat(np.arange(3), responses),
        explained=0.75,
    )
    size = len(SENTENCES) + 3 * t
    posted = tuple(
        Post(size + i, answers[i * responses].text, name, "synthetic", t + 1)
        for i, name in enumerate(NAMES)
    )
    embeddings = np.hstack([coordinates, np.ones((len(answers), 1))]).astype(np.float32)
    draws = tuple(Draw(t, i, tuple(range(size // 2))) for i in range(3))
    return Step(
        t, size // 2, size, 3 * t, draws, answers, embeddings, posted, 1.5, geometry=geometry
    )  # fmt: skip


def handmade_run(path: Path, *, stop_after: int = 6, texts=SENTENCES, **changes) -> Path:
    """Make a run's file from `handmade_step`."""
    with RunStore.create(path, scripted(**changes), {"notes": []}) as store:
        for t in range(stop_after):
            step = handmade_step(t, texts)
            prompt = Prompt.completion(f"Read, and answer, at t = {t}.")
            store.begin_step(t, step.k, step.size, step.draws, [prompt] * 3)
            for response in step.responses:
                store.add_response(response)
            store.finish_step(step)
    return path


async def holds(condition, seconds: float = 30) -> None:
    """Wait until something holds; fail if it never does."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not condition():
        assert asyncio.get_running_loop().time() < deadline, "it never came to hold"
        await asyncio.sleep(0.005)


async def until(pilot: Pilot, condition, seconds: float = 30) -> None:
    """Wait until something holds and the screen shows it."""
    await holds(condition, seconds)
    await pilot.pause()


async def focus(pilot: Pilot, widget: Widget) -> None:
    """Put the focus on a widget, and wait until it is there: Textual moves it by a message."""
    widget.focus()
    await until(pilot, lambda: widget.has_focus)


def shown(app: App) -> str:
    """Return what is on the screen, as text."""
    width, height = app.size
    lines = painted(app)
    return "\n".join("".join(segment.text for segment in line)[:width] for line in lines[:height])


def painted(app: App) -> list[Strip]:
    """Return what is on the screen, as Textual paints it: a dialog shows the page behind it."""
    visible_screen_stack.set(app._background_screens)
    return app.screen._compositor.render_strips()


def heard(messages, kind):
    """Return the messages of a kind, each once: it is heard at every widget that it passes."""
    return list(dict.fromkeys(m for m in messages if isinstance(m, kind)))


class Driven:
    """An explorer that is driven by a pilot, from when it is ready on."""

    def __init__(self, app: Explorer, size: tuple[int, int]):
        self.app, self._size = app, size

    async def ready(self):
        """Wait until the test can begin."""

    async def __aenter__(self):
        self._test = self.app.run_test(size=self._size)
        self.pilot = await self._test.__aenter__()
        await self.ready()
        return self

    async def __aexit__(self, *error):
        await self._test.__aexit__(*error)

    async def press(self, *keys):
        await self.pilot.press(*keys)
        await self.pilot.pause(0.02)

    async def until(self, condition):
        await until(self.pilot, condition)


class OpenPage(Driven):
    """An explorer on one of its pages, from when it says some words on."""

    def __init__(self, name: str, says: str, size: tuple[int, int] = (120, 40), **start):
        super().__init__(Explorer(page=name, **start), size)
        self._name, self._first = name, says

    async def ready(self):
        await self.until(lambda: self.app.current_mode == self._name)
        await self.says(self._first)

    async def says(self, words):
        await self.until(lambda: words in self.text)

    @property
    def text(self):
        return shown(self.app)
