"""`lwd-tui doctor`: what this machine and its servers will do with a run, and what to set."""

from __future__ import annotations

from typing import Annotated

import typer

from lwd_tui.cli.shared import tell, write
from lwd_tui.errors import LwdError

_SIGNS = {"good": "ok     ", "advice": "advice ", "problem": "problem"}
_ROOM_WANTED = 1_000_000_000


def doctor(
    host: Annotated[
        list[str] | None, typer.Option("--host", help="A server, of any kind; may be given again.")
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option("--model", help="A model to load and try there; may be given again."),
    ] = None,
    context: Annotated[int, typer.Option(help="Tokens of context to try models with.")] = 4096,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a server.")] = False,
) -> None:
    """Examine this machine and servers."""
    import asyncio

    from lwd_tui.backends.available import examine
    from lwd_tui.experiment.backend import counted

    contexts = dict.fromkeys(model, context) if model else None
    reports = asyncio.run(examine(tuple(host or ()), contexts))
    if as_json:
        for report in reports:
            write(report.to_dict())
    else:
        for level, sentence in local_findings():
            _tell(level, sentence)
        for report in reports:
            server = f", {report.server}" if report.server else ""
            typer.echo()
            tell(f"{report.host}{server}")
            if report.models:
                names = ", ".join(model.name for model in report.models)
                _tell("good", f"{counted(report.models)}: {names}")
            for finding in report.findings:
                _tell(finding.level, finding.sentence)
    if (host or model) and not all(report.well for report in reports):
        raise typer.Exit(3)


def local_findings() -> list[tuple[str, str]]:
    """Return (level, sentence) for what a run needs of this machine."""
    import platform
    import shutil

    from lwd_tui import __version__
    from lwd_tui.backends.available import is_installed
    from lwd_tui.backends.embedded.packaged import CATALOGUE, is_present
    from lwd_tui.experiment.backend import BackendError, load_backend
    from lwd_tui.experiment.registry import OURS, embedders, generators, rivals
    from lwd_tui.store.folder import made_folder, runs_folder

    found = [("good", f"lwd-tui {__version__} on Python {platform.python_version()}")]
    try:
        folder = made_folder(runs_folder())
    except LwdError as error:
        found.append(("problem", f"runs have no place: {error}"))
    else:
        free = shutil.disk_usage(folder).free
        level = "good" if free >= _ROOM_WANTED else "advice"
        found.append((level, f"runs are kept in {folder}, with {free / 1e9:.1f} GB free"))
    for name in dict.fromkeys((*generators(), *embedders())):
        try:
            backend = load_backend(name)
        except BackendError as error:
            found.append(("problem", str(error)))
            continue
        what = backend.title or f"the backend {name}"
        if backend.module and not is_installed(backend.module):
            need = f'{what}: pip install "lwd-tui[{backend.extra}]"'
            lacks = f"{what} can't be used: {backend.module} is missing; install it"
            found.append(("advice", need if backend.extra else lacks))
        elif backend.title or name not in OURS:
            found.append(("good", f"{what} can be used"))
        if name not in OURS and len(packages := rivals(name)) > 1:
            sentence = f"two packages bring a backend called {name}: {', '.join(packages)}"
            found.append(("advice", f"{sentence}; the first is used"))
    here = [name for name in CATALOGUE if is_present(name)]
    absent = [name for name, it in CATALOGUE.items() if name not in here and not it.optional]
    if here:
        found.append(("good", f"packaged weights here: {', '.join(here)}"))
    if absent:
        found.append(("advice", f"not here yet: lwd-tui models pull {' '.join(absent)}"))
    return found


def _tell(level: str, sentence: str) -> None:

    tell(f"{_SIGNS[level]}  {sentence}")
