"""What the GMM page looks like, at three sizes and in the themes."""

import pytest
from support.snapshots import compare
from support.tui import handmade_run, until

from lwd_tui.experiment.gmm import GmmSpec
from lwd_tui.tui.app import Explorer
from lwd_tui.tui.pages.gmm.parameters import Parameters
from lwd_tui.tui.paging import PageEntry

SIZES = [(80, 24), (120, 40), (200, 60)]
SPEC = GmmSpec(name="small", steps=12, replicates=4)


@pytest.fixture
def look(tmp_path, monkeypatch):
    # The tabs of other pages are not what these pictures are about.
    pages = (PageEntry("gmm", "GMM", "gmm.page:GmmPage"),)
    monkeypatch.setattr("lwd_tui.tui.app.PAGES", pages)

    async def look(name, size, theme, *keys, run=True, spec=SPEC, done=None):
        app = Explorer(run=handmade_run(tmp_path / "kept.sqlite") if run else None, page="gmm")
        app.theme = theme
        async with app.run_test(size=size) as pilot:
            await until(pilot, lambda: app.current_mode == "gmm")
            page = app.screen
            if run:
                await until(pilot, lambda: app.view.t == 5)
            page.query_one(Parameters).take(spec)
            page.begin(spec)
            page.action_go_to(9)
            await until(pilot, lambda: page.scene is not None and page.scene.spec is spec, 60)
            await until(pilot, lambda: page.scene.t == 9 and page.scene.expected is not None, 60)
            await until(pilot, lambda: not page._working)
            for key in keys:
                await pilot.press(key)
            if done is not None:
                await until(pilot, lambda: done(page))
            await compare(app, pilot, name, tmp_path)

    return look


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("theme", ["lwd-dark", "lwd-light"])
async def test_gmm(look, size, theme):
    await look(f"gmm-{size[0]}x{size[1]}-{theme}", size, theme)


async def test_gmm_in_high_contrast(look):
    await look("gmm-120x40-lwd-contrast", (120, 40), "lwd-contrast")


async def test_gmm_without_a_run(look):
    await look("gmm-alone", (120, 40), "lwd-dark", run=False)


async def test_gmm_locked_and_divided_by_its_start(look):
    keys = ("l", "u", "v")
    await look(
        "gmm-locked", (120, 40), "lwd-dark", *keys, done=lambda page: page.scene.t == 5
    )  # fmt: skip


async def test_gmm_of_many_components_whole(look):
    spec = GmmSpec(name="many", steps=12, replicates=7, means=tuple(range(-15, 18, 3)), responses=1)
    await look(
        "gmm-many",
        (200, 60),
        "lwd-dark",
        "end",
        "v",
        "v",
        spec=spec,
        done=lambda page: page.scene.summary is not None,
    )


@pytest.mark.parametrize(
    ("panel", "keys"),
    {
        "gmm": ["tab"] * 2,
        "densities": ["tab"] * 4,
        "weights": ["tab"] * 5,
        "trace": ["tab"] * 6,
        "parameters": ["e"],
        "numbers": ["shift+tab"],
    }.items(),
)
async def test_each_panel_alone_on_a_small_terminal(look, panel, keys):
    await look(f"gmm-80x24-{panel}", (80, 24), "lwd-dark", *keys)
