"""Run every benchmark, one after the other: `python -m benchmarks`, or some: `... store cmds`."""

import importlib
import pkgutil
import subprocess
import sys

import benchmarks

SUPPORT = {"__main__", "calibration", "terminal", "timing"}


def main() -> None:
    names = [module.name for module in pkgutil.iter_modules(benchmarks.__path__)]
    names = sys.argv[1:] or [name for name in names if name not in SUPPORT]
    if len(names) == 1:
        importlib.import_module(f"benchmarks.{names[0]}").main()
        return
    for name in names:
        # Each in a process of its own: what one leaves in memory would count for the next.
        print(f"\n== {name}", flush=True)
        subprocess.run([sys.executable, "-m", "benchmarks", name], check=True)


main()
