"""A run from its first request to its last number: opened, costed, stepped and stored.

What happens within a step is the business of the dynamics, and what is shown of the front ends.
"""

import sys
from types import ModuleType
from typing import Any


class _Room(ModuleType):
    """A package to be called: ``lwd.run`` is both it and `lwd_tui.run.notebook.run`."""

    def __call__(self, *values: Any, **options: Any) -> Any:
        from lwd_tui.run.notebook import run

        return run(*values, **options)


sys.modules[__name__].__class__ = _Room
