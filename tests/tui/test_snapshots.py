"""What the Live page looks like, at three sizes and in the themes."""

from dataclasses import replace

import pytest
from support.snapshots import compare
from support.tui import handmade_run, until

from lwd_tui.tui.app import Explorer
from lwd_tui.tui.paging import PageEntry

SIZES = [(80, 24), (120, 40), (200, 60)]


@pytest.fixture
def look(tmp_path, monkeypatch):
    # Another page adds a tab, which is no business of these pictures.
    monkeypatch.setattr("lwd_tui.tui.app.PAGES", (PageEntry("live", "Live", "live.page:LivePage"),))

    async def look(name, size, theme, *keys, done=None, phase=""):
        app = Explorer(run=handmade_run(tmp_path / "kept.sqlite"))
        app.theme = theme
        async with app.run_test(size=size) as pilot:
            await until(pilot, lambda: app.view.t == 5)
            await until(pilot, lambda: app.screen.query_one("#grid").size.height > 1)
            if phase:
                app.progress = replace(app.progress, phase=phase)
            for key in keys:
                await pilot.press(key)
            if done is not None:
                await until(pilot, lambda: done(app))
            await compare(app, pilot, name, tmp_path)

    return look


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("theme", ["lwd-dark", "lwd-light"])
async def test_live(look, size, theme):
    await look(f"live-{size[0]}x{size[1]}-{theme}", size, theme)


async def test_live_in_high_contrast(look):
    await look("live-120x40-lwd-contrast", (120, 40), "lwd-contrast")


async def test_live_looking_back(look):
    await look(
        "live-back", (120, 40), "lwd-dark", "comma", "comma", done=lambda app: app.view.t == 3
    )


@pytest.mark.parametrize("panels", range(1, 7))
async def test_each_panel_alone_on_a_small_terminal(look, panels):
    await look(f"live-80x24-panel-{panels}", (80, 24), "lwd-dark", *["tab"] * panels)


async def test_help(look):
    await look("help", (120, 40), "lwd-dark", "question_mark")


async def test_posting_by_hand(look):
    await look("post", (80, 24), "lwd-dark", "p", phase="paused")
