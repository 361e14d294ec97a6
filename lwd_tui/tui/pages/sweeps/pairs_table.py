"""Differences in pairs as they become sure, and what it costs to look early."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from textual.content import Content

from lwd_tui.palette import marker
from lwd_tui.sweep.pairs import Difference
from lwd_tui.text import number_text, shorten
from lwd_tui.tui.parts.excerpt import padded
from lwd_tui.tui.parts.text_panel import TextPanel
from lwd_tui.tui.theme import series

_NAME = 16
_COLUMNS = (("pairs", 6), ("mean", 8), ("once", 8), ("always", 8), ("p", 7))
WARNING = (
    "once: Student's interval, right for a single look, at a number of pairs that was fixed "
    "beforehand; who looks early with it, and again, finds differences where there are none. "
    "always: holds at every look together, and is wider for it; p too, with Holm over the variants."
    " Only these are for a sweep under way. Both take the differences for about normal, which few "
    "seeds can't show. Each other number (v) is a look more."
)


class PairsTable(TextPanel):
    """A line a variant, the warning below."""

    def show_pairs(
        self,
        first: str,
        number: str,
        found: Sequence[Difference],
        remark: str,
        incomparable: Mapping[str, str],
    ) -> None:
        """Show differences from the first variant in one number, which is told in words.

        Of the variants that are told as incomparable, with the reason, there is none.
        """
        self.head(f"{number}: less {shorten(first, _NAME)}, seed by seed", remark)
        if not found:
            self.text.put(Content.styled("One variant differs from none.", "$quiet"))
            return
        heads = "".join(f"{name:>{width}}" for name, width in _COLUMNS)
        lines = [Content.styled(f"  {'variant':<{_NAME}}{heads}", "$quiet")]
        lines += [_line(place, each) for place, each in enumerate(found, start=1)]
        reasons = (f"{shorten(name, _NAME)}: {why}" for name, why in incomparable.items())
        below = Content.styled("\n".join(["", *reasons, WARNING]), "$quiet")
        self.text.put(Content("\n").join([*lines, below]))


def _line(place: int, found: Difference) -> Content:
    p = "" if not math.isfinite(found.always) else f"{found.p:.3f}"
    cells = (
        str(found.pairs),
        f"{found.mean:+.3f}" if math.isfinite(found.mean) else "–",
        _half(found.once),
        _half(found.always),
        p or "–",
    )
    told = "".join(f"{cell:>{width}}" for cell, (_, width) in zip(cells, _COLUMNS, strict=True))
    sure = Content.styled("  sure", "bold $success") if found.sure else Content("")
    head = Content.assemble((f"{marker(place)} ", series(place)), padded(found.variant, _NAME))
    return head + Content(told) + sure


def _half(value: float) -> str:
    return f"±{number_text(value)}" if math.isfinite(value) else "–"
