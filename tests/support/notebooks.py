"""Cells of a notebook or blocks of a page, executed in order, with what each of them shows."""

from __future__ import annotations

import ast
import asyncio
import base64
import inspect
import io
from contextlib import redirect_stderr, redirect_stdout
from typing import Any


class Notebook:
    """One namespace, in which `await` may stand at the top, as in Jupyter."""

    def __init__(self) -> None:
        self.names: dict[str, Any] = {"__name__": "__main__"}

    def run(self, source: str, where: str) -> str:
        """Execute a cell; return what it prints, then its last expression's value."""
        *body, last = ast.parse(source, where).body or [ast.Pass()]
        shown = isinstance(last, ast.Expr) and not source.rstrip().endswith(";")
        if not shown:
            body.append(last)
        printed = io.StringIO()
        with redirect_stdout(printed), redirect_stderr(io.StringIO()):
            self._do(ast.Module(body, []), where, "exec")
            if shown:
                value = self._do(ast.Expression(last.value), where, "eval")
                if value is not None:
                    printed.write(f"{value!r}\n")
        return printed.getvalue()

    def _do(self, tree: ast.AST, where: str, mode: str) -> Any:
        code = compile(tree, where, mode, flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        value = eval(code, self.names)  # noqa: S307 (our own cells)
        return asyncio.run(_result(value)) if inspect.iscoroutine(value) else value


async def _result(work: Any) -> Any:
    return await work


def figures() -> list[str]:
    """Return the figures that a cell has drawn, as PNG in base64, and close them."""
    from matplotlib import pyplot as plt

    found = []
    for number in plt.get_fignums():
        file = io.BytesIO()
        picture = plt.figure(number)
        picture.savefig(file, dpi=70, bbox_inches="tight", metadata={"Software": None})
        found.append(base64.b64encode(file.getvalue()).decode())
    plt.close("all")
    return found
