"""The line of keys: what is shown of it, and what a click on it presses."""

from typing import ClassVar

import pytest
from support.tui import shown
from textual.app import App
from textual.binding import Binding

from lwd_tui.tui.parts.key_bar import KeyBar

MOVE = Binding.Group("move", compact=True)


class Keys(App):
    BINDINGS: ClassVar = [
        Binding("a", "press('a')", "begin"),
        Binding("h,left", "press('h')", "back", group=MOVE),
        Binding("l", "press('l')", "on", group=MOVE),
        Binding("x", "never", "not now"),
        Binding("y", "press('y')", "hidden", show=False),
        Binding("question_mark", "help", "help", key_display="?"),
        Binding("colon", "command_palette", "commands", key_display=":"),
    ]

    def __init__(self):
        super().__init__(ansi_color=False)
        self.pressed = []

    def compose(self):
        yield KeyBar()

    def check_action(self, action, parameters):
        return None if action == "never" else True

    def action_help(self):
        self.pressed.append("?")

    def action_press(self, key):
        self.pressed.append(key)

    def get_theme_variable_defaults(self):
        return {"quiet": "#808080"}


@pytest.mark.parametrize(
    ("columns", "line"),
    [
        (60, "a begin  hl move  x not now  ? help  : commands"),
        (47, "a begin  hl move  x not now  ? help  : commands"),
        (46, "a begin  hl move  …  ? help  : commands"),
        (39, "a begin  hl move  …  ? help  : commands"),
        (38, "a begin  …  ? help  : commands"),
        (29, "…  ? help  : commands"),
    ],
)
async def test_what_there_is_no_room_for_is_left_out_before_help(columns, line):
    app = Keys()
    async with app.run_test(size=(columns, 5)) as pilot:
        await pilot.pause()
        last = shown(app).split("\n")[-1].rstrip()
        assert last == line


@pytest.mark.parametrize(
    ("column", "pressed"),
    [(0, ["a"]), (6, ["a"]), (7, []), (9, ["h"]), (10, ["l"]), (14, ["l"]), (19, []), (29, ["?"])],
)
async def test_a_click_presses_the_key_under_it(column, pressed):
    app = Keys()
    async with app.run_test(size=(60, 5)) as pilot:
        await pilot.pause()
        await pilot.click(offset=(column, 4))
        await pilot.pause()
        assert app.pressed == pressed


async def test_help_stays_wherever_a_user_put_it():
    app = Keys()
    async with app.run_test(size=(30, 5)) as pilot:
        await pilot.pause()
        for key in "uvw":
            app.bind(key, f"press('{key}')", description=f"a long word for {key}")
        app.screen.refresh_bindings()
        await pilot.pause(0.2)
        assert shown(app).split("\n")[-1].rstrip() == "a begin  …  ? help  : commands"


async def test_what_is_focused_brings_its_keys():
    app = Keys()
    async with app.run_test(size=(60, 5)) as pilot:
        await pilot.pause()
        app.bind("z", "press('z')", description="zoom")
        app.screen.refresh_bindings()
        await pilot.pause(0.2)
        assert "z zoom" in shown(app)
