"""Run every benchmark, one after the other: `python -m benchmarks`, or some: `... store cmds`."""

import importlib
import pkgutil
import sys

import benchmarks

SUPPORT = {"__main__", "calibration", "terminal", "timing"}


def main() -> None:
    names = [module.name for module in pkgutil.iter_modules(benchmarks.__path__)]
    for name in sys.argv[1:] or [name for name in names if name not in SUPPORT]:
        print(f"\n== {name}", flush=True)
        importlib.import_module(f"benchmarks.{name}").main()


main()
