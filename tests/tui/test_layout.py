"""What is shown at rest is what a whole layout would show."""

from textual.app import App
from textual.content import Content

from lwd_tui.tui.parts.kept import LaidOut
from lwd_tui.tui.parts.words import Words


class Alone(App):
    """One line of words as wide as what they say, on a screen of ours."""

    CSS = "Words { width: auto; height: auto; }"

    def __init__(self):
        super().__init__()
        self.words = Words(Content("first"))

    def get_default_screen(self):
        words = self.words

        class Only(LaidOut):
            def compose(self):
                yield words

        return Only()


async def test_content_that_comes_between_a_layout_and_its_telling_gets_its_own_size():
    app = Alone()
    async with app.run_test(size=(60, 10)) as pilot:
        app.words.put(Content("second one"))
        # As a page that is seen for the first time, or a terminal that changes its size, would.
        app.screen._refresh_layout()
        app.words.put(Content("the third and longest one\nof all"))
        await pilot.pause()
        assert app.words.size == (25, 2)
