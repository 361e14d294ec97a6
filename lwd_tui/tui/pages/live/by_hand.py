"""A post that is written by hand while a run goes on."""

from __future__ import annotations

from lwd_tui.errors import LwdError
from lwd_tui.tui.pages.base import Page
from lwd_tui.tui.parts.ask_text import AskText

_HOW = (
    "It can be read from the next step on, and is recorded as posted by hand. "
    "Tab, then Enter, posts it."
)
_BLANK = "nothing is written yet: a post can't be blank"
_UNREAD = (
    "nothing runs that could read a post; go on with the run first, or fork it with a post (F)"
)


async def post_by_hand(page: Page) -> None:
    """Ask for a post and post it; what is refused is asked for again, with the reason."""
    explorer, run, text, complaint = page.explorer, page.run, "", ""
    if run is None:
        explorer.notice = "no run is open that could read a post"
        return
    if not explorer.progress.busy:
        explorer.notice = _UNREAD
        return
    while True:
        dialog = AskText("post by hand", _HOW, "post it", text, complaint, blank=_BLANK)
        written = await page.app.push_screen_wait(dialog)
        if written is None:
            return
        try:
            run.inject(written)
            return
        except LwdError as error:
            text, complaint = written, str(error)
