"""Keys of one's own, what is remembered, help, commands, crashes, sizes, and what is imported."""

import json
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from support.tui import handmade_run, holds, painted, scripted, shown, until

from lwd_tui.glossary import GLOSSARY
from lwd_tui.tui import pages, parts
from lwd_tui.tui.app import PAGES, Explorer
from lwd_tui.tui.help import Help
from lwd_tui.tui.pages.live.page import LivePage
from lwd_tui.tui.paging import PageEntry
from lwd_tui.tui.parts.plot import Plot
from lwd_tui.tui.state.keys import WIDGETS
from lwd_tui.tui.state.memory import State

SIZES = [(80, 24), (10, 3), (200, 60), (1, 1), (37, 11), (120, 40), (79, 29), (101, 31), (160, 50)]


@pytest.fixture
def kept(tmp_path):
    return handmade_run(tmp_path / "kept.sqlite")


def write_keys(home, text):
    home.mkdir(parents=True, exist_ok=True)
    (home / "keys.toml").write_text(text, encoding="utf-8")


async def test_a_key_of_ones_own_takes_the_place_of_ours(kept, still):
    write_keys(still, '[keys]\n"view.back" = "left,b"\n')
    app = Explorer(run=kept)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.view.t == 5)
        await pilot.press("left")
        await until(pilot, lambda: app.view.t == 4)
        await pilot.press("comma")
        await pilot.pause(0.1)
        assert app.view.t == 4
        assert not app.notice


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[keys]\n"view.bakc" = "b"\n', "did you mean view.back?"),
        ('[keys]\n"live.pots" = "b"\n', "did you mean live.post?"),
        ('[keys]\n"view.back" = 7\n', "must be a key"),
        ("[keys\n", "not valid TOML"),
        ("keys = 3\n", "must be a table"),
    ],
)
async def test_what_is_wrong_with_the_keys_is_said_in_place(still, text, said):
    write_keys(still, text)
    app = Explorer(page="live")
    async with app.run_test(size=(160, 40)) as pilot:
        await until(pilot, lambda: app.current_mode == "live")
        await until(pilot, lambda: said in app.notice)
        await until(pilot, lambda: "keys.toml" in shown(app))


@pytest.mark.parametrize("page", ["setup", "live", "inspect", "gmm", "runs"])
async def test_an_action_of_each_page_can_be_given_another_key(still, page):
    # `runs.open` belongs to a widget of its page, `gmm.back` to the base of its page.
    names = {"setup": "begin", "live": "post", "inspect": "search", "gmm": "back", "runs": "open"}
    write_keys(still, f'[keys]\n"{page}.{names[page]}" = "f9"\n')
    app = Explorer(page=page)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.current_mode == page and app.screen.is_mounted)
        await until(pilot, lambda: app.screen.query("#body > *"))
        assert "no action" not in app.notice


async def test_a_page_that_takes_a_while_to_load_is_named_at_once(kept, still, monkeypatch):
    loaded = threading.Event()
    load = PageEntry.load
    monkeypatch.setattr(PageEntry, "load", lambda entry: loaded.wait(30) and load(entry))
    app = Explorer(page="setup")
    loaded.set()
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.current_mode == "setup")
        loaded.clear()
        app.simulate_key("4")
        await holds(lambda: marked(app) == "4 Statistics")
        assert app.current_mode == "setup"
        loaded.set()
        await until(pilot, lambda: app.current_mode == "statistics")
        await pilot.press("1")
        await until(pilot, lambda: marked(app) == "1 Set up")


def marked(app):
    """Return the tab that is marked."""
    return "".join(
        part.text for part in painted(app)[1] if part.style and part.style.reverse
    ).strip()


async def test_how_the_app_was_left_is_remembered(kept, still):
    app = Explorer(run=kept)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.view.t == 5)
        await pilot.press("T", "tab", "f", "b", "minus")
    again = Explorer(run=kept)
    assert again.theme == "lwd-light"
    assert again.memory == State(
        "lwd-light",
        page="live",
        panel="scatter",
        run=str(kept.absolute()),
        basis="common",
        axes="fitted",
        delay=0.25,
    )


@pytest.mark.parametrize("text", ["", "[]", "{", '{"theme": 7, "page": "no such page"}', "\x00"])
async def test_a_broken_memory_is_forgotten(still, text):
    still.mkdir(parents=True)
    (still / "app.json").write_text(text)
    app = Explorer()
    assert app.theme == "lwd-dark"
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.current_mode in app.pages)
    assert json.loads((still / "app.json").read_text())["theme"] == "lwd-dark"


def test_the_keys_of_every_widget_can_be_changed():
    owners = {
        found[1]
        for folder in (parts, pages)
        for path in Path(folder.__file__).parent.rglob("*.py")
        for found in re.finditer(r'\bid="(\w+)\.\w+"', path.read_text(encoding="utf-8"))
    }
    assert "rows" in owners
    assert owners <= {*WIDGETS, *(page.name for page in PAGES)}


async def test_help_explains_the_numbers_and_the_keys(kept):
    app = Explorer(run=kept)
    async with app.run_test(size=(120, 60)) as pilot:
        await until(pilot, lambda: app.view.t == 5)
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, Help))
        for term in LivePage.GLOSSARY:
            assert GLOSSARY[term].name in "".join(str(w.content) for w in app.screen.query("Words"))
        await pilot.press("question_mark")
        await until(pilot, lambda: not isinstance(app.screen, Help))


def test_every_page_explains_only_what_there_is():
    for entry in PAGES:
        assert set(entry.load().GLOSSARY) <= set(GLOSSARY), entry.name


async def test_every_key_with_words_is_a_command(kept):
    app = Explorer(run=kept)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.view.t == 5)
        commands = {command.title: command for command in app.get_system_commands(app.screen)}
        for binding in app.screen.active_bindings.values():
            words = binding.binding.description
            if words and not binding.binding.system and words != "commands":
                assert words.capitalize() in commands
        await commands["First step"].callback()
        await until(pilot, lambda: app.view.t == 0)


async def test_the_palette_runs_an_action_of_the_page(kept):
    app = Explorer(run=kept)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.view.t == 5)
        await pilot.press("colon", *"first step")
        await pilot.pause(0.3)
        await pilot.press("down", "enter", "enter")
        await until(pilot, lambda: app.view.t == 0)


async def test_quitting_asks_while_a_run_is_under_way():
    app = Explorer(experiment=scripted(scripted__tokens_per_second=100, steps=40))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.progress.phase == "asking")
        await pilot.press("q")
        await until(pilot, lambda: len(app.screen_stack) == 2)
        assert "ends with lwd-tui" in shown(app)
        await pilot.press("n")
        await until(pilot, lambda: len(app.screen_stack) == 1)
        assert app.progress.busy
        await pilot.press("q")
        await until(pilot, lambda: len(app.screen_stack) == 2)
        await pilot.press("y")
        await holds(lambda: not app.is_running)
    assert app.return_code == 0


async def test_a_crash_leaves_a_report_and_the_run(kept, still, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError("a slip of ours")

    before = kept.read_bytes()
    app = Explorer(run=kept)

    async def look_back():
        async with app.run_test(size=(120, 40)) as pilot:
            await until(pilot, lambda: app.view.t == 5)
            monkeypatch.setattr("lwd_tui.tui.pages.live.scatter._ScatterPlot.draw", broken)
            await pilot.press("comma")
            await pilot.pause(0.5)

    with pytest.raises(ZeroDivisionError):
        await look_back()
    assert app.return_code == 1
    (report,) = (still / "reports").iterdir()
    assert "a slip of ours" in report.read_text()
    assert kept.read_bytes() == before


async def test_a_storm_of_sizes_is_weathered(kept):
    app = Explorer(run=kept)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.view.t == 5)
        for size in SIZES * 2:
            await pilot.resize_terminal(*size)
            await pilot.press("comma" if app.view.t else "end")
        await pilot.resize_terminal(120, 40)
        await pilot.press("end")
        await until(pilot, lambda: app.view.following)
        await pilot.pause(0.5)
        assert "answers at t = 5" in shown(app)


async def test_another_page_is_of_the_right_size_when_it_is_seen_again(kept):
    other = next(entry.name for entry in PAGES if entry.name != "live")
    app = Explorer(run=kept)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.view.t == 5)
        await app.action_show_page(other)
        await pilot.resize_terminal(80, 24)
        await app.action_show_page("live")
        await until(pilot, lambda: app.screen.has_class("-narrow"))
        assert app.screen.query_one("#panels").display


async def test_without_colours_the_markers_tell_the_participants(kept, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    app = Explorer(run=kept)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.view.t == 5)
        await pilot.pause(0.5)
        assert app.no_color
        screen = shown(app)
        for mark in "○□△":
            assert screen.count(mark) > 6


def test_the_first_frame_waits_for_nothing_heavy():
    code = "import sys, lwd_tui.tui.app; print(*{name.split('.')[0] for name in sys.modules})"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    heavy = {"numpy", "pydantic", "scipy", "sqlite3", "textual_plot", "ollama", "torch"}
    assert not heavy & set(result.stdout.split())


@pytest.mark.parametrize("help_key", [[], ["question_mark"]])
async def test_a_theme_changed_elsewhere_is_that_of_what_is_seen_again(kept, still, help_key):
    fresh, app = Explorer(run=kept), Explorer(run=kept)
    fresh.theme = "lwd-light"
    async with fresh.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: fresh.view.t == 5)
        await pilot.press(*help_key)
        await until(pilot, lambda: not any(plot.waits for plot in fresh.screen.query(Plot)))
        wanted = colours(fresh)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.view.t == 5)
        await pilot.press(*help_key)
        assert colours(app).isdisjoint(wanted)
        await pilot.press("escape", "6")
        await until(pilot, lambda: app.current_mode == "runs")
        await pilot.press("T", "2")
        await until(pilot, lambda: app.current_mode == "live")
        await pilot.press(*help_key)
        await until(pilot, lambda: colours(app) == wanted)


def colours(app):
    """Return the colours of all that is painted."""
    styles = {part.style for strip in painted(app) for part in strip if part.style}
    return {(style.color, style.bgcolor) for style in styles}
