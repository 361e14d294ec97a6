r"""Untrusted text made safe to show, in a terminal or, after ordinary escaping, in HTML.

What a model, a server, a file or a user wrote may drive a terminal (set its title, write the
clipboard, move the cursor), hide words or reverse them. `clean` leaves only what is seen:

- escape sequences (CSI, OSC, DCS, APC and the like, 7-bit and 8-bit) are taken out whole; one
  that never ends loses its introducer only, so that nothing after it is hidden;
- every other control character goes; ``\r``, ``\v``, ``\f``, U+0085, U+2028 and U+2029 are line
  breaks, and tabs become spaces;
- characters that Unicode calls default-ignorable go (zero-width spaces, direction controls, byte
  order marks, tags, fillers), except where a script or an emoji needs them, see below;
- lone surrogates and the noncharacters below U+10000 become U+FFFD, so that the result can always
  be encoded;
- of a run of combining marks the first eight stay, which is the tallest stack that is written in
  earnest (Tibetan).

Kept: zero-width joiners and non-joiners beside letters of scripts that shape them (Arabic, the
Indic and related scripts, Mongolian) and joiners between emoji; one variation selector after a
symbol, digit or letter that has variants; the tag sequences of three flags (England, Scotland,
Wales). Unassigned and private characters stay: a newer Unicode may have given them a meaning.
"""

from __future__ import annotations

import difflib
import math
import re
import unicodedata
from collections.abc import Iterable, Sequence

from rich.cells import get_character_cell_size

_MARKS_IN_A_ROW = 8
_TAB = 4

_BREAKS = "\r\v\f\x85\u2028\u2029"
_CONTROLS = "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f"
_IGNORABLE = (
    "\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
)
_TAGS = "\U000e0000-\U000e00ff\U000e01f0-\U000e0fff"
_UNENCODABLE = "\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"
_JOINERS = "\u200c\u200d"
_SELECTORS = "\u180b-\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef"
_JOINING_SCRIPTS = (
    "\u0590-\u109f\u1700-\u180a\u1810-\u1cff\ua800-\uabff\ufb1d-\ufdff\ufe70-\ufefc"
    "\U00010a00-\U00011fff\U0001e900-\U0001e95f"
)
_EMOJI = "\u2194-\u21aa\u231a-\u23ff\u25aa-\u25fe\u2600-\u27bf\u2b05-\u2b55\U0001f000-\U0001faff"
_WITH_VARIANTS = (
    "#*0-9\xa9\xae\u1000-\u180a\u1810-\u1fff\u2030-\u205e\u2070-\u2fff\u3001-\ufdff"
    "\uff01-\uffef\U00010000-\U0003ffff"
)
_FLAGS = "|".join(
    "\U0001f3f4" + "".join(chr(0xE0000 + ord(letter)) for letter in name) + "\U000e007f"
    for name in ("gbeng", "gbsct", "gbwls")
)

# The last range is coarse on purpose: `re` is fast on classes with few parts beyond U+FFFF.
_SUSPECT = re.compile(
    f"[\t{_BREAKS}{_CONTROLS}{_IGNORABLE}{_UNENCODABLE}{_JOINERS}{_SELECTORS}\U000e0000-\U0010ffff]"
)
# Strings such as OSC end with BEL or ST; a control inside breaks them off, which also keeps the
# time linear in the length of the text.
_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x00-\x1f\x7f-\x9f]*(?:\x07|\x1b\\|\x9c)"
    r"|\x1b[ -/]*[0-~]"
)
_BREAK = re.compile(f"\r\n|[{_BREAKS}]")
_STRIPPED = re.compile(f"[{_CONTROLS}{_IGNORABLE}]+")
_BROKEN = re.compile(f"[{_UNENCODABLE}]")
_TAG = re.compile(f"({_FLAGS})|[{_TAGS}]+")
_STRAY_SELECTOR = re.compile(f"[{_SELECTORS}](?<![{_WITH_VARIANTS}][{_SELECTORS}])[{_SELECTORS}]*")
_REPEATED_JOINER = re.compile(f"[{_JOINERS}](?<=[{_JOINERS}][{_JOINERS}])")
_STRAY_JOINER = re.compile(
    f"[{_JOINERS}](?<![{_JOINING_SCRIPTS}][{_JOINERS}])(?![{_JOINING_SCRIPTS}])"
    f"(?!(?<=[{_EMOJI}\ufe0f]\u200d)[{_EMOJI}])"
)
# Runs that may hold too many marks: no letters, digits or blanks, nor the blocks of symbols that
# have no marks in them.
_MAYBE_STACKED = re.compile(
    "[^\\w\\s\x00-\u02ff\u2100-\u2cee\u2e00-\u3029\u3030-\u3098\ufe30-\uffff"
    f"\U0001f000-\U0001faff]{{{_MARKS_IN_A_ROW + 1},}}"
)
_AFTER_BREAK = re.compile(r"\n[ \n]*")


def clean(text: str, *, lines: bool = True) -> str:
    r"""Return the text as it may be shown; see the module for what goes and what stays.

    Cleaning twice changes nothing more, and ordinary text of any script is not changed. The
    result is still data: it holds no markup of its own, but ``[`` and ``<`` are ordinary
    characters in it, so hand it to ``Content`` or ``Text``, or escape it for HTML.

    Parameters
    ----------
    text : str
    lines : bool
        False: line breaks, with the blanks after them, become one space.

    Returns
    -------
    str
        Without control characters but ``\n``.
    """
    suspect = _SUSPECT.search(text) is not None
    if suspect:
        text = _SEQUENCE.sub("", text)
        text = _BREAK.sub("\n", text)
        text = _STRIPPED.sub("", text)
        text = _BROKEN.sub("\ufffd", text)
        text = _TAG.sub(r"\1", text)
    if not text.isascii():
        text = _MAYBE_STACKED.sub(_lowered, text)
    if suspect:
        text = _STRAY_SELECTOR.sub("", text)
        text = _REPEATED_JOINER.sub("", text)
        text = _STRAY_JOINER.sub("", text)
        text = text.expandtabs(_TAB) if lines else text.replace("\t", " ")
    return text if lines else _AFTER_BREAK.sub(" ", text)


def clean_line(text: str) -> str:
    """Return the text as one line that may be shown."""
    return clean(text, lines=False)


def shorten(text: str, width: int, *, lines: bool = False) -> str:
    r"""Return clean text of at most `width` cells, ending in an ellipsis where it was cut.

    For display only: very long lines freeze widgets, and the store keeps the whole text.

    Parameters
    ----------
    text : str
    width : int
        Terminal cells in all, at least 1; a line break counts as one.
    lines : bool
        True keeps line breaks.
    """
    text = clean(text, lines=lines)
    used, fitting, last = 0, 0, 0
    for position, character in enumerate(text):
        if character == "\n":
            cells = 1
        elif character == "\ufe0f":
            # Shown as an emoji, a narrow symbol takes a second cell.
            cells = 2 - last if last else 0
        else:
            cells = get_character_cell_size(character)
        used += cells
        if used > width:
            return text[:fitting].rstrip(f"{_JOINERS} \n") + "…"
        if cells:
            last = cells
        if used < width:
            fitting = position + 1
    return text


def _lowered(run: re.Match[str]) -> str:
    """Keep the first marks of each stack in a run of characters."""
    kept, height = [], 0
    for character in run[0]:
        mark = character in _JOINERS or unicodedata.category(character)[0] == "M"
        height = height + 1 if mark else 0
        if height <= _MARKS_IN_A_ROW:
            kept.append(character)
    return "".join(kept)


def nearest(name: str, names: Sequence[str]) -> str:
    """Return a clause with the names most like one, or ""."""
    by_name = {other.lower(): clean_line(other) for other in names}
    near = difflib.get_close_matches(name.lower(), by_name, n=3, cutoff=0.4)
    return f" (nearest: {', '.join(by_name[key] for key in near)})" if near else ""


def suggestion(name: str, known: Iterable[str]) -> str:
    """Say which of the known names was perhaps meant, or else what they are."""
    names = list(known)
    near = difflib.get_close_matches(name, names, n=1)
    return f"did you mean {near[0]}?" if near else f"there are {', '.join(names)}"


def duration(seconds: float) -> str:
    """Write a time as people say it."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} m {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} m"


def quantity(number: float) -> str:
    """Write a large number of things in two digits or three, such as 2.1 M."""
    for least, factor, unit in ((999.5e6, 1e9, "G"), (999.5e3, 1e6, "M"), (1e4, 1e3, "k")):
        if number >= least:
            scaled = number / factor
            return f"{scaled:.{1 if scaled < 10 else 0}f} {unit}"
    return f"{number:,.0f}"


def number_text(value: float, digits: int = 3) -> str:
    """Write a number; a dash where it isn't defined."""
    return f"{value:.{digits}f}" if math.isfinite(value) else "–"


def json_number(value: float) -> float | None:
    """Return a number that JSON, and every other format, has; None where it isn't defined."""
    return float(value) if math.isfinite(value) else None


def size_text(size: int | None) -> str:
    """Write a number of bytes as people say it; "" where it isn't known."""
    if size is None:
        return ""
    for factor, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if size >= factor:
            return f"{size / factor:.{1 if size < 100 * factor else 0}f} {unit}"
    return f"{size} B"
