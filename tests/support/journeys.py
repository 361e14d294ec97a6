"""Journeys through the explorer, and the check that it shows what a whole layout would."""

import asyncio
import difflib

from textual.app import App
from textual.pilot import Pilot

from lwd_tui.tui.parts.plot import Plot
from support.tui import painted

_PATIENCE = 100


async def at_rest(app: App, pilot: Pilot) -> list[str]:
    """Wait until nothing changes on the screen any more, and return its lines."""
    before: list[str] = []
    for _ in range(_PATIENCE):
        await pilot.pause(0.02)
        now = lines(app)
        waits = any(plot.waits for screen in app.screen_stack for plot in screen.query(Plot))
        if now == before and not waits and not any(w.is_running for w in app.workers):
            return now
        before = now
    return before


def lines(app: App) -> list[str]:
    """Return what is on the screen, line by line, without colours."""
    return ["".join(segment.text for segment in strip) for strip in painted(app)]


async def laid_out_anew(app: App, pilot: Pilot) -> list[str]:
    """Forget every size that is kept, lay the screens out and paint them whole."""
    for screen in app.screen_stack:
        for widget in screen.walk_children(with_self=True):
            widget._layout_updates += 1
            widget._clear_arrangement_cache()
            widget.clear_cached_dimensions()
            widget.refresh(layout=True)
    return await at_rest(app, pilot)


async def resized_and_back(app: App, pilot: Pilot) -> list[str]:
    """Make the terminal larger, and then as it was."""
    width, height = app.size
    await pilot.resize_terminal(width + 23, height + 7)
    await at_rest(app, pilot)
    await pilot.resize_terminal(width, height)
    return await at_rest(app, pilot)


def difference(one: list[str], other: list[str]) -> str:
    """Return the lines that differ, of what was shown and of what should have been."""
    return "\n".join(difflib.unified_diff(one, other, "shown", "laid out anew", n=0, lineterm=""))


async def travel(app: App, pilot: Pilot, step: str) -> None:
    """Take one step: a key, or "click X Y" with a place in hundredths of the screen."""
    if step.startswith("click "):
        _, x, y = step.split()
        width, height = app.size
        await pilot.click(offset=(int(x) * (width - 1) // 100, int(y) * (height - 1) // 100))
    else:
        await pilot.press(step)
    await asyncio.sleep(0)
