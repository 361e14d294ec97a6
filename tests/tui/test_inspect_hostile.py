"""What models, people and servers wrote can't drive the terminal, on the page that shows all."""

from dataclasses import replace

import pytest
from support.hostile import HOSTILE, assert_tame
from support.tui import handmade_step, scripted, shown, until

from lwd_tui.store.run import RunStore
from lwd_tui.tui.app import Explorer
from lwd_tui.tui.pages.inspect.finder import Hits
from lwd_tui.types import Attempt, Message, Prompt

TEXTS = list(HOSTILE.values())


def hostile_attempt(position):
    """Return an attempt whose every text is hostile, each in its turn."""
    a, b, c, d = (TEXTS[(position + k) % len(TEXTS)] for k in range(4))
    return Attempt(a, 7, b, None, None, 0.5, "", c, d, (a, b))


def hostile_answer(answer):
    position = 4 * answer.participant + answer.index
    rejected = replace(hostile_attempt(position + 5), problem=TEXTS[position])
    return replace(answer, attempts=(rejected, hostile_attempt(position)))


@pytest.fixture
def run(tmp_path):
    changes = {f"participants__{i}__name": TEXTS[i][:60].strip() for i in range(3)}
    for i in range(6):
        changes |= {f"posts__{i}__text": TEXTS[2 * i], f"posts__{i}__author": TEXTS[2 * i + 1]}
        changes |= {f"posts__{i}__label": TEXTS[i]}
    path = tmp_path / "hostile.sqlite"
    with RunStore.create(path, scripted(**changes), {}) as store:
        for t in range(2):
            step = handmade_step(t, TEXTS)
            step = replace(step, responses=tuple(map(hostile_answer, step.responses)))
            messages = (Message("system", TEXTS[0]), Message("user", "\n".join(TEXTS)))
            prompts = [Prompt("chat", messages)] * 3
            store.begin_step(t, step.k, step.size, step.draws, prompts)
            for answer in step.responses:
                store.add_response(answer)
            store.finish_step(step)
    return path


@pytest.mark.parametrize("size", [(80, 24), (200, 60)], ids=["small", "large"])
async def test_every_answer_post_and_prompt(run, size):
    app = Explorer(run=run)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.view.t == 1)
        await app.action_show_page("inspect")
        await pilot.press("m")
        for _ in range(12):
            await pilot.press("n")
            await pilot.pause(0.05)
            assert_tame(app)
        for _ in range(3):
            await pilot.press("tab")
            assert_tame(app)
        await pilot.press("e")
        await pilot.pause(0.2)
        assert_tame(app)


async def test_every_followed_post(run):
    app = Explorer(run=run)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.view.t == 1)
        for post in app.controller.posts:
            await app.inspect(post)
            await until(pilot, lambda title=f"post {post.id}, followed": title in shown(app))
            await until(pilot, lambda: "looking for" not in shown(app))
            assert_tame(app)


async def test_what_is_searched_for_and_found(run):
    app = Explorer(run=run)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.view.t == 1)
        await app.action_show_page("inspect")
        hits = app.screen.query_one(Hits)
        for words in ("word", "clipboard", "quit", "[/] [", '"(*', "漢字", "x" * 500):
            await pilot.press("slash")
            app.focused.value = words
            await until(pilot, lambda: hits.nothing != "looking …")
            await pilot.pause(0.3)
            assert_tame(app)
            await pilot.press("enter", "enter")
            await pilot.pause(0.1)
            assert_tame(app)
            await pilot.press("escape")
            await pilot.pause()
