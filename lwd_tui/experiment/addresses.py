"""Addresses of servers, which runs, presets and drafts record: no secret may be in one."""

from __future__ import annotations

import re
from urllib.parse import unquote

from lwd_tui.text import clean_line

_SECRET = re.compile(r"key|token|secret|passw|auth|signature|^sig$", re.IGNORECASE)


def secret_in(host: str) -> str:
    """Say in a sentence that an address holds a user, a password or a key; "" if it doesn't.

    The sentence shows nothing of what may be secret.
    """
    address, *rest = re.split("[?#]", host)
    given = (part.partition("=") for part in re.split("[?#&;]", host)[1:])
    names = (unquote(name) for name, _, value in given if value)
    named = next((name for name in names if _SECRET.search(name)), "")
    if "@" not in host and not named:
        return ""
    # An @ behind a question mark ends a password with one in it, or stands in a key.
    place = "" if "@" in "".join(rest) else address.rpartition("@")[2]
    what = "the user and password" if "@" in host else repr(clean_line(named)[:200])
    return (
        f"host {repr(clean_line(place)[:200]) if place else 'of a run'}: leave {what} out of the "
        "URL, since it would be written down; put the key into the environment"
    )
