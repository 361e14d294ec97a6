"""The command line of `hurried`, its memory traced: at each SIGUSR1 it writes what it holds."""

from __future__ import annotations

import ctypes
import gc
import signal
import tracemalloc
from pathlib import Path
from typing import Any

from torture import hurried

WEIGHED = Path("weighed")
"""Where a line is written for each signal: the bytes that Python holds, and those of malloc."""


class _Malloc(ctypes.Structure):
    """What glibc's mallinfo2 gives; of use here are the bytes in its heaps and in its maps."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
            *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
        )
    ]


def _tell(*_: Any) -> None:
    gc.collect()
    ask = ctypes.CDLL(None).mallinfo2
    ask.restype = _Malloc
    heap = ask()
    with WEIGHED.open("a") as file:
        file.write(f"{tracemalloc.get_traced_memory()[0]} {heap.uordblks + heap.hblkhd}\n")


def main() -> None:
    """Begin to trace, then run the command line."""
    signal.signal(signal.SIGUSR1, _tell)
    tracemalloc.start()
    hurried.main()


if __name__ == "__main__":
    main()
