"""Templates filled in: everything that is put into a page is made safe to show, then escaped."""

from __future__ import annotations

import math
import shlex
from collections.abc import Sequence
from functools import partial
from typing import Any, TypeVar

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from lwd_tui import __version__
from lwd_tui.analysis.frames import stride
from lwd_tui.experiment.exchange import Exchange
from lwd_tui.experiment.section import Specification
from lwd_tui.glossary import GLOSSARY
from lwd_tui.palette import marker
from lwd_tui.report.draw import Drawing, inline
from lwd_tui.report.ink import INKS, series
from lwd_tui.text import clean, duration, shorten

MOST_ROWS = 64
"""Rows of a table of steps, at most, but for the last step."""
LONGEST = 250_000
"""Characters of TOML that a page holds, at most."""

_Row = TypeVar("_Row")


def filled(template: str, values: dict[str, Any], drawings: dict[str, Drawing]) -> str:
    """Return a template of that name filled in, with drawings by their names.

    Text among the values is passed through `clean` wherever it is put, then escaped.
    """
    # Matplotlib escapes what it writes; a drawing's names were cleaned when it was made.
    figures = {name: Markup(inline(drawing, name)) for name, drawing in drawings.items()}  # noqa: S704
    page = _environment().get_template(template)
    shared = {"glossary": GLOSSARY, "inks": INKS, "version": __version__}
    return page.render(values, figures=figures, **shared) + "\n"


def thinned(rows: Sequence[_Row]) -> list[_Row]:
    """Return the rows of a table in strides, and the last."""
    every = stride(len(rows), MOST_ROWS)
    return [*rows[::every], *(rows[-1:] if (len(rows) - 1) % every else ())]


def beyond_the_paper(specification: Exchange, more: Sequence[str] = ()) -> dict[str, Any]:
    """Return the fields of the exchange, and some more, that are not as in the paper."""
    fields = type(specification).model_fields
    found = {name: getattr(specification, name) for name in (*Exchange.model_fields, *more)}
    return {name: value for name, value in found.items() if value != fields[name].default}


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("lwd_tui.report"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_safe,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": lambda x, digits=3: f"{x:.{digits}f}" if math.isfinite(x) else "–",
        "count": lambda count: "–" if count is None else f"{count:,}",
        "percent": lambda share: f"{100 * share:.0f} %",
        "excerpt": partial(shorten, lines=True),
        "moment": "{:%Y-%m-%d %H:%M:%S} UTC".format,
        "duration": duration,
        "marker": marker,
        "colour": lambda participant: series(participant).name,
    }
    return environment


def _safe(value: Any) -> Any:
    """Clean text before it is escaped; markup is a template's own, or a drawing."""
    return clean(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def shown_toml(specification: Specification) -> str:
    """Return the TOML of a specification; "" if it is too long for a page.

    What must not be shown as it is, such as direction controls in a post, is escaped as TOML
    escapes it, so that what is copied from a page still is the same specification.
    """
    text = specification.to_toml()
    if clean(text) != text:
        text = "".join(map(_escaped, text))
    return text if len(text) <= LONGEST else ""


def _escaped(character: str) -> str:
    # Tabs and characters beyond ASCII occur in no other place than TOML's quoted strings.
    if character == "\t":
        return "\\t"
    return character if character.isascii() else f"\\U{ord(character):08X}"


def command(words: Sequence[str], hosts: Sequence[str]) -> str:
    """Return a command line, with the servers that the run had."""
    options = [part for host in hosts for part in ("--host", host)]
    return shlex.join(["lwd-tui", *words, *options])
