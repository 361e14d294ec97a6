"""Functions compiled by Numba, with the machine code kept for the next process.

Numba takes half a second to import and the functions some seconds to compile, so a module that
uses `compiled` is itself imported only where a mixture runs. What is kept is renewed where the
function's own file has changed, not where one that it calls has: after such a change, empty the
folder.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar, cast

import platformdirs

from lwd_tui import __version__

F = TypeVar("F", bound=Callable[..., object])


def compiled(function: F) -> F:
    """Compile a function on its first call; it lets go of the interpreter lock while it runs.

    Division by zero gives inf or NaN, as in NumPy. Floating point is kept strict (no reordering,
    no fused operations), so that results don't depend on the machine's vector width.
    """
    import numba

    return cast(F, numba.njit(cache=True, nogil=True, error_model="numpy")(function))


def _code_folder() -> Path | None:
    """Return a folder of the user's own, because the package's may be read-only; None if none is.

    It is never a shared one, because Numba loads what it finds there as code.
    """
    folder = Path(platformdirs.user_cache_dir("lwd-tui", appauthor=False)) / "numba" / __version__
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return None
    return folder if os.access(folder, os.W_OK) else None


# Numba reads this once, when it is imported. Without a folder of the user's, what is compiled is
# kept until the process ends.
if not os.environ.get("NUMBA_CACHE_DIR"):
    _own = _code_folder()
    _passing = None if _own else TemporaryDirectory(prefix="lwd-tui-numba-")
    os.environ["NUMBA_CACHE_DIR"] = _passing.name if _passing else str(_own)
