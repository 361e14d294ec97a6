"""What is shown at rest is what a whole layout would show, wherever a user goes.

`make journeys` goes for an hour; each journey that found something is a test of its own here.
"""

import asyncio
import os
import shutil

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from support.journeys import begun, check, experiment, travel
from support.sweeps import jobs_in, written
from support.tui import stored_run

from lwd_tui.sweep.jobs import see_through

SIZES = [(80, 24), (120, 40), (140, 45), (200, 60)]
PARTICIPANTS = (60, 8, 3, 1)
JOURNEYS = int(os.environ.get("JOURNEYS", "0"))
"""Journeys of each size and kind; 0 for a few, which are the same each time."""
KEYS = (
    "tab", "shift+tab", "up", "down", "left", "right", "pageup", "pagedown", "home", "end",
    "enter", "escape", "space", "s", "comma", "full_stop", "less_than_sign", "a", "g", "l", "x",
    "z", "Z", "0", "o", "b", "f", "m", "y", "e", "d", "n", "u", "v", "i", "w", "p", "c", "C",
    "slash", "question_mark", "colon", "left_square_bracket", "right_square_bracket", "T",
    "D", "right_parenthesis", "left_parenthesis", "X", "O",
)  # fmt: skip
STEPS = st.one_of(
    st.sampled_from(KEYS),
    st.sampled_from("6237451"),
    st.builds("click {} {}".format, st.integers(0, 100), st.integers(0, 100)),
    st.sampled_from([f"size {width} {height}" for width, height in SIZES]),
)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Stored runs, by their numbers of participants."""
    folder = tmp_path_factory.mktemp("runs")
    paths = {n: folder / f"{n}.sqlite" for n in PARTICIPANTS}
    for n, path in paths.items():
        asyncio.run(stored_run(path, experiment(n)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LWD_HOME", str(folder / "home"))
        jobs = list(jobs_in(written(seeds=(1, 2))).values())
        for job in jobs[:4]:
            see_through(job)
        asyncio.run(stored_run(jobs[4].path, jobs[4].experiment, stop_after=3))
    return paths


async def go(home, runs, size, n, live, steps, unchecked=()):
    """Take a journey, and check each of its steps but the first ones."""
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(next(iter(runs.values())).parent / "home", home)
    async with begun(home, runs, size, n, live=live) as (app, pilot):
        for step in unchecked:
            await travel(app, pilot, step)
        for number, step in enumerate(steps, start=1):
            await travel(app, pilot, step)
            if not app.is_running:
                break
            await check(app, pilot, (size, n, live, *steps[:number]))


@pytest.mark.parametrize("live", [False, True], ids=["stored", "live"])
@pytest.mark.parametrize("size", SIZES, ids=str)
@settings(
    max_examples=JOURNEYS or 3,
    derandomize=not JOURNEYS,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(n=st.sampled_from(PARTICIPANTS), steps=st.lists(STEPS, min_size=6, max_size=6))
def test_any_journey(runs, tmp_path, size, live, n, steps):
    asyncio.run(go(tmp_path / "journey", runs, size, n, live, steps))


@pytest.mark.parametrize(
    "journey",
    [
        ((120, 40), 3, False, "6"),
        ((120, 40), 8, False, "home"),
        ((80, 24), 8, True, "size 200 60", "size 80 24", "size 120 40"),
        ((120, 40), 60, False, "tab", "tab", *["pagedown"] * 14),
        ((120, 40), 60, False, "tab", "tab", "tab", *["pagedown"] * 9, *["right"] * 30),
        ((120, 40), 8, False, "4", *["pagedown"] * 5),
        ((120, 40), 60, False, "tab", "tab", "pagedown", "size 143 47", "size 120 40"),
        ((200, 60), 60, True, "slash", "2", "enter", "c", "C", "s"),
        ((80, 24), 60, False, "4", "tab", "pagedown"),
    ],
    ids=[
        "columns of runs",
        "answers of fewer lines",
        "markers that share a cell",
        "the last participants",
        "the end of a matrix",
        "the end of a table",
        "a table that was resized with its cursor at its end",
        "a table that is filtered and sorted while a step comes",
        "the statistics of many",
    ],
)
async def test_a_journey_that_found_something(runs, tmp_path, journey):
    size, n, live, *steps = journey
    await go(tmp_path / "journey", runs, size, n, live, steps[-1:], steps[:-1])


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=str)
async def test_a_journey_over_runs_that_are_compared(runs, tmp_path, size):
    steps = ["m", "down", "m", "p", "left", "left", "down", "m", "b", "y", "size 200 60"]
    steps += [
        "tab",
        "right",
        "tab",
        f"size {size[0]} {size[1]}",
        "tab",
        "tab",
        "p",
        "m",
        "home",
        "m",
    ]
    await go(tmp_path / "journey", runs, size, 3, False, steps, ["6"])


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=str)
async def test_a_journey_over_a_sweep(runs, tmp_path, size):
    back = f"size {size[0]} {size[1]}"
    steps = ["tab", "tab", "right", "size 200 60", "v", "t", back, "tab", "t", "e", "escape", "b"]
    await go(tmp_path / "journey", runs, size, 3, False, [*steps, "enter"], ["7"])
