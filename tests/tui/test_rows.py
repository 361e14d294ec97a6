"""Our lists: only what is seen is made, and the cursor stays in sight."""

from rich.segment import Segment
from support.tui import Host, focus, heard, holds, shown
from textual import events

from lwd_tui.tui.parts.rows import Rows


class Numbered(Rows):
    """Lines that bear their number; which are drawn is counted."""

    def __init__(self):
        super().__init__("nothing at all")
        self.drawn = set()

    def draw(self, row, width):
        self.drawn.add(row)
        return [Segment(f"line {row} {'-' * width}")]


async def test_of_many_lines_only_those_that_are_seen_are_made():
    rows = Numbered()
    async with Host(rows).run_test(size=(40, 10)) as pilot:
        rows.fill(1_000_000)
        await focus(pilot, rows)
        await pilot.press("j", "j", "pagedown")
        rows.action_move(999_990)
        await pilot.pause()
        assert f"line {rows.cursor} " in shown(pilot.app)
        assert len(rows.drawn) < 40


async def test_the_cursor_stays_on_the_lines_and_in_sight():
    rows, messages = Numbered(), []
    async with Host(rows).run_test(size=(40, 10), message_hook=messages.append) as pilot:
        rows.fill(25, 24)
        await pilot.pause()
        assert (rows.cursor, rows.top) == (24, 15)
        await focus(pilot, rows)
        await pilot.press("j")
        assert not heard(messages, Rows.Moved)
        await pilot.press("pageup", "k", "enter")
        assert rows.cursor == 14
        assert len(heard(messages, Rows.Moved)) == 2
        assert len(heard(messages, Rows.Chosen)) == 1
        await pilot.resize_terminal(40, 4)
        assert rows.top <= 14 < rows.top + 4
        rows.fill(3, 14)
        assert (rows.cursor, rows.top) == (2, 0)
        rows.fill(0)
        await pilot.press("enter", "j")
        assert len(heard(messages, Rows.Chosen)) == 1
        assert "nothing at all" in shown(pilot.app)


async def test_a_click_points_two_choose_and_the_wheel_scrolls():
    rows, messages = Numbered(), []
    async with Host(rows).run_test(size=(40, 10), message_hook=messages.append) as pilot:
        rows.fill(100)
        await pilot.click(rows, offset=(3, 4))
        assert rows.cursor == 4
        await pilot.click(rows, offset=(3, 6), times=2)
        assert rows.cursor == 6
        assert len(heard(messages, Rows.Chosen)) == 1
        rows.post_message(
            events.MouseScrollDown(rows, 3, 3, 0, 1, 0, False, False, False)
        )  # fmt: skip
        await holds(lambda: rows.top == 3)
        await pilot.click(rows, offset=(39, 5))
        assert rows.top == 50


async def test_a_larger_terminal_leaves_the_lines_where_they_were():
    rows = Numbered()
    async with Host(rows).run_test(size=(40, 10)) as pilot:
        rows.fill(25)
        rows.cursor = 20
        rows.top = 13
        for top in (13, 0):
            rows.top = top
            await pilot.resize_terminal(40, 24)
            assert rows.top == min(top, 1)
            await pilot.resize_terminal(40, 10)
            assert rows.top == top


class Coloured(Rows):
    """A line of several colours, with a bar in one of them."""

    def draw(self, row, width):
        names = ("foreground", "error", "success")
        words = [Segment(f"{name} ", self.ink(name)) for name in names]
        return [*words, Segment("███▌  ", self.ink("warning"))]


async def test_the_line_under_the_cursor_is_one_bar_but_for_what_is_a_bar_itself():
    rows = Coloured()
    async with Host(rows).run_test(size=(60, 4)) as pilot:
        rows.fill(2)
        await focus(pilot, rows)
        await pilot.pause()
        theme = pilot.app.theme_variables
        here, other = ([(piece.text, piece.style) for piece in rows.render_line(y)] for y in (0, 1))
        words = [style for text, style in here if text.strip() and "█" not in text]
        assert all(style.reverse for style in words)
        inks = {style.color.name for style in words[:3]}
        assert inks == {theme["foreground"].lower()}
        (bar,) = [style for text, style in here if "█" in text]
        assert bar.color.name == theme["warning"].lower()
        assert not bar.reverse
        assert len({style.color.name for text, style in other if text.strip()}) == 4
