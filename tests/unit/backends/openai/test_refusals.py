"""How long a server asks us to wait."""

from __future__ import annotations

import httpx
import openai
import pytest

from lwd_tui.backends.openai.refusals import seconds_asked

NOON = "Mon, 30 Nov 2026 12:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": "0.5"}, 0.5),
        ({"Retry-After": "86400"}, 300),
        ({"Retry-After": "soon", "Date": NOON}, None),
        ({"Retry-After": "-1", "Date": NOON}, None),
        ({"Retry-After": "Mon, 30 Nov 2026 12:00:09 GMT", "Date": NOON}, 9),
        # What counts is the server's clock: 13:00 an hour east of Greenwich is noon.
        ({"Retry-After": "Mon, 30 Nov 2026 13:00:09 +0100", "Date": NOON}, 9),
        ({"Retry-After": "Mon, 30 Nov 2026 11:59:00 GMT", "Date": NOON}, 0),
        ({"Retry-After": "Wed, 30 Dec 2026 12:00:00 GMT", "Date": NOON}, 300),
        ({"Retry-After": "Mon, 30 Nov 2026 12:00:09 GMT"}, None),
        ({"Retry-After": "Mon, 30 Nov 2026 12:00:09 -0000", "Date": NOON}, None),
        ({"Retry-After": "Mon, 99 Nov 99999999 12:00:09 GMT", "Date": NOON}, None),
    ],
)
def test_it_is_read_as_seconds_or_as_a_time_of_the_server(
    headers: dict[str, str], seconds: float | None
) -> None:
    request = httpx.Request("POST", "http://box/v1/completions")
    response = httpx.Response(429, headers=headers, request=request)
    assert seconds_asked(openai.RateLimitError("busy", response=response, body=None)) == seconds
