"""What models, users, files and servers wrote can't drive the terminal, wherever it is shown."""

from support.hostile import HOSTILE, assert_tame
from support.reach import heard
from support.tui import handmade_run, scripted, until
from textual import events

from lwd_tui.tui.app import Explorer
from lwd_tui.tui.pages.live.page import LivePage
from lwd_tui.tui.parts.ask_text import AskText
from lwd_tui.tui.parts.editor import LONGEST, Editor


async def test_answers_posts_and_names(tmp_path):
    texts = list(HOSTILE.values())
    changes = {"name": texts[0][:60]}
    for i in range(3):
        changes[f"participants__{i}__name"] = texts[i + 1][:60].strip()
    for i in range(6):
        changes[f"posts__{i}__text"] = texts[2 * i]
        changes[f"posts__{i}__author"] = changes[f"posts__{i}__label"] = texts[2 * i + 1]
    run = handmade_run(tmp_path / "a.sqlite", stop_after=4, texts=texts, **changes)
    app = Explorer(run=run)
    async with app.run_test(size=(200, 60)) as pilot:
        await until(pilot, lambda: app.view.t == 3)
        for t in range(4):
            app.action_scrub_to(t)
            await until(pilot, lambda t=t: app.view.t == t)
            assert_tame(app)
        await pilot.resize_terminal(80, 24)
        for _ in LivePage.PANELS:
            await pilot.press("tab")
            assert_tame(app)


async def test_whoever_looks_at_a_run_asks_this_machine_alone(tmp_path):
    app = Explorer(run=handmade_run(tmp_path / "a.sqlite", stop_after=2))
    with heard() as told:
        async with app.run_test(size=(120, 40)) as pilot:
            await until(pilot, lambda: app.view.t == 1)
            for page in ("setup", "live", "inspect", "statistics", "runs", "gmm"):
                await app.action_show_page(page)
                await until(pilot, lambda page=page: app.current_mode == page)
    asked = {address[0] for _, address in told}
    assert asked <= {"127.0.0.1", "::1", "localhost"}


async def test_errors_and_notices():
    app = Explorer(page="live")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.current_mode == "live")
        for text in HOSTILE.values():
            app.notice = text
            await pilot.pause()
            assert_tame(app)
            asking = app.run_worker(app.ask(text, yes="try again", no="leave it"))
            await until(pilot, lambda: len(app.screen_stack) == 2)
            assert_tame(app)
            await pilot.press("n")
            assert not await asking.wait()


async def test_what_is_pasted_into_a_post():
    app = Explorer(experiment=scripted(scripted__tokens_per_second=200))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.controller is not None)
        await pilot.press("p")
        await until(pilot, lambda: isinstance(app.screen, AskText))
        editor = app.screen.query_one(Editor)
        for text in HOSTILE.values():
            editor.post_message(events.Paste(text))
            await until(pilot, lambda: editor.text)
            assert_tame(app)
            assert len(editor.text) <= LONGEST
            editor.text = ""


async def test_streamed_text(monkeypatch):
    slots = tuple((f"\x1b]52;c;{number}",) for number in range(6))
    monkeypatch.setattr("lwd_tui.backends.scripted.SLOTS", slots)
    app = Explorer(experiment=scripted(scripted__tokens_per_second=200))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: any(each.text for each in app.progress.participants))
        assert_tame(app)
        await until(pilot, lambda: app.view.t is not None)
        assert_tame(app)
