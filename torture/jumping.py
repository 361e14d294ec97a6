"""The command line under a clock that jumps, at every look, by anything up to ten years."""

from __future__ import annotations

import datetime as dt
import random
import sys
import time

_REAL = time.time
_YEARS = 10 * 365 * 86_400


def _jump() -> float:
    return _REAL() + random.uniform(-_YEARS, _YEARS)


class _Moment(dt.datetime):
    @classmethod
    def now(cls, tz: dt.tzinfo | None = None) -> _Moment:
        return cls.fromtimestamp(_jump(), tz)


class _Day(dt.date):
    @classmethod
    def today(cls) -> _Day:
        return cls.fromtimestamp(_jump())


def main() -> None:
    """Replace what tells the time of day, before anything of the package is imported."""
    time.time = _jump
    time.time_ns = lambda: int(_jump() * 1e9)
    dt.datetime = _Moment  # type: ignore[misc]
    dt.date = _Day  # type: ignore[misc]
    from lwd_tui.cli.main import main as lwd

    sys.argv[0] = "lwd-tui"
    lwd()


if __name__ == "__main__":
    main()
