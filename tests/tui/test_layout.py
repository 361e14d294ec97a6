"""What is shown at rest is what a whole layout would show."""

from rich.segment import Segment
from support.tui import Host, shown, until
from textual.content import Content

from lwd_tui.tui.parts.rows import Rows
from lwd_tui.tui.parts.steady import Steady
from lwd_tui.tui.parts.words import Words


async def test_content_that_comes_between_a_layout_and_its_telling_gets_its_own_size():
    both = Words(Content("first")), Words(Content("first"))
    async with Host(*both).run_test(size=(60, 10)) as pilot:
        for words in both:
            words.styles.width = words.styles.height = "auto"
        await pilot.pause()
        for words in both:
            words.put(Content("second one"))
        # As another widget's wish, or a terminal of another size, would.
        pilot.app.screen._clear_arrangement_cache()
        pilot.app.screen._refresh_layout()
        for words in both:
            words.put(Content("the third and longest one\nof all"))
        await pilot.pause()
        assert [words.size for words in both] == [(25, 2), (25, 2)]


class Wide(Rows):
    """One line, which says how wide the list was when it was last laid out."""

    laid = 0

    def on_resize(self, event):
        self.laid = event.size.width

    def draw(self, row, width):
        return [Segment(f"laid out for {self.laid}")]


async def test_a_list_that_lays_its_columns_out_anew_paints_them():
    rows = Wide()
    async with Host(rows).run_test(size=(60, 10)) as pilot:
        rows.fill(1)
        for width in (90, 60):
            await pilot.resize_terminal(width, 10)
            await pilot.pause()
            assert f"laid out for {width}" in shown(pilot.app)


async def test_what_is_scrolled_to_the_end_is_there_after_the_terminal_was_larger():
    text = Words(Content("\n".join(f"line {i}" for i in range(30))))
    async with Host(Steady(text)).run_test(size=(60, 10)) as pilot:
        text.styles.height = "auto"
        await pilot.pause()
        pilot.app.query_one(Steady).scroll_end(animate=False)
        await until(pilot, lambda: "line 29" in shown(pilot.app))
        before = shown(pilot.app)
        await pilot.resize_terminal(60, 17)
        await pilot.pause()
        await pilot.resize_terminal(60, 10)
        await pilot.pause()
        assert shown(pilot.app) == before
