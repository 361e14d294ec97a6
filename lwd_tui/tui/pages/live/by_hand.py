"""A post that is written by hand while a run goes on."""

from __future__ import annotations

from functools import partial

from lwd_tui.tui.pages.base import Page
from lwd_tui.tui.parts.ask_text import AskText
from lwd_tui.tui.parts.dialog import ask_until_done

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
    explorer, run = page.explorer, page.run
    if run is None:
        explorer.notice = "no run is open that could read a post"
        return
    if not explorer.progress.busy:
        explorer.notice = _UNREAD
        return

    async def post(written: str) -> None:
        run.inject(written)

    dialog = partial(AskText, "post by hand", _HOW, "post it", blank=_BLANK)
    await ask_until_done(page.app, dialog, "", post)
