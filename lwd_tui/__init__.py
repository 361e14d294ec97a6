"""LLM Web Dynamics: a network of language models that read what language models wrote.

In a notebook or a program: ``import lwd_tui as lwd``. docs/notebook.md tells what there is; each
name is loaded when it is first used, so that the import itself costs nothing. `__init__.pyi` has
their types.
"""

from importlib import import_module

__version__ = "0.2.0"

_HOMES = {
    "Run": "lwd_tui.store.frames",
    "load_run": "lwd_tui.lessons.recorded",
    "Mixtures": "lwd_tui.run.notebook",
    "fork": "lwd_tui.run.notebook",
    "load_experiment": "lwd_tui.run.notebook",
    "mixtures": "lwd_tui.run.notebook",
    "stream": "lwd_tui.run.notebook",
    "run": "",
    "statistics": "",
}
"""Where each name is defined; "" for a module of this package."""

__all__ = ["__version__", *_HOMES]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = _HOMES[name]
    found = getattr(import_module(home), name) if home else import_module(f"{__name__}.{name}")
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
