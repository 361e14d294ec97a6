"""Text that would drive a terminal, and the check that what is painted does not."""

import unicodedata

from support.tui import painted

HOSTILE = {
    "osc52": "\x1b]52;c;ZXZpbA==\x07steals the clipboard",
    "title": "\x1b]0;owned\x1b\\sets the title",
    "closing": "[/] [/bold] [nonsense",
    "link": "[@click=app.quit]leave[/] [link=file:///etc/passwd]read[/link]",
    "c1": "\x9b31mred\x9b0m \x90q\x9c done",
    "bidi": "safe \u202eevil\u202c \u2066over\u2069",
    "hidden": "a\u200bb\u200dc\ufeffd \U000e0041\U000e0042",
    "controls": "bell\x07 back\x08 null\x00 \x7f \r over",
    "tall": "z" + "\u0301" * 200,
    "wide": "漢字" * 50,
    "long": "word " * 20_000,
    "unbroken": "x" * 100_000,
    "osc8": "\x1b]8;;http://evil.example\x1b\\here\x1b]8;;\x07",
    "script": "<script>alert(1)</script><img src=x onerror=alert(2)> &lt; {{ 7 * 7 }}",
    "formula": '=HYPERLINK("http://evil.example")',
    "wildcards": "100 % _ * ' OR 1=1; DROP TABLE posts; -- \"NEAR(",
    "emoji code": ":bomb: [b]bold[/b] \\[red]",
}

BROKEN = "half \ud83d a pair \udfff"
"""As an answer that was cut may be; no specification takes it."""


def assert_tame(app):
    for line in painted(app):
        for segment in line:
            assert not segment.control
            assert not (segment.style and (segment.style.link or "@click" in segment.style.meta))
            for character in segment.text:
                category = unicodedata.category(character)
                assert category not in ("Cc", "Cf", "Cs"), f"{character!r} in {segment.text!r}"
