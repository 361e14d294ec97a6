"""Templates filled in: everything that is put into a page is made safe to show, then escaped."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from lwd_tui import __version__
from lwd_tui.experiment.exchange import Exchange
from lwd_tui.glossary import GLOSSARY
from lwd_tui.palette import marker
from lwd_tui.report.draw import Drawing, inline
from lwd_tui.report.ink import INKS, SERIES
from lwd_tui.text import clean, duration, shorten

MOST_ROWS = 64
"""Rows of a table of steps, at most, but for the last step."""

_Row = TypeVar("_Row")


def filled(template: str, values: dict[str, Any], drawings: dict[str, Drawing]) -> str:
    """Return a template filled in.

    Parameters
    ----------
    template : str
        Its name.
    values : dict
        What it shows. Text is passed through `clean` wherever it is put, then escaped.
    drawings : dict of Drawing
        By name.
    """
    # Matplotlib escapes what it writes; a drawing's names were cleaned when it was made.
    figures = {name: Markup(inline(drawing, name)) for name, drawing in drawings.items()}  # noqa: S704
    page = _environment().get_template(template)
    shared = {"glossary": GLOSSARY, "inks": INKS, "version": __version__}
    return page.render(values, figures=figures, **shared) + "\n"


def stride(count: int, most: int = MOST_ROWS) -> int:
    """Return the least of 1, 2, 5, 10, 20 .. that passes over `count` rows in `most` strides."""
    every = 1
    for factor in itertools.cycle((2, 2.5, 2)):
        if count <= most * every:
            break
        every = int(every * factor)
    return every


def thinned(rows: Sequence[_Row]) -> list[_Row]:
    """Return the rows of a table in strides, and the last."""
    every = stride(len(rows))
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
        "number": _number,
        "count": _count,
        "percent": _percent,
        "excerpt": _excerpt,
        "moment": _moment,
        "duration": duration,
        "marker": marker,
        "colour": _colour,
    }
    return environment


def _safe(value: Any) -> Any:
    """Clean text before it is escaped; markup is a template's own, or a drawing."""
    return clean(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _number(value: float, digits: int = 3) -> str:
    return f"{value:.{digits}f}" if math.isfinite(value) else "–"


def _count(value: int | None) -> str:
    return "–" if value is None else f"{value:,}"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _excerpt(text: str, length: int) -> str:
    return shorten(text, length, lines=True)


def _moment(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M:%S} UTC"


def _colour(participant: int) -> str:
    return f"series-{participant % len(SERIES)}"
