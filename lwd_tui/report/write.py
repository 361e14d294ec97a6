"""The report of a run, written as the kind of file that its name asks for."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from lwd_tui.errors import LwdError
from lwd_tui.store.files import write_whole
from lwd_tui.store.run import RunStore

if TYPE_CHECKING:
    from lwd_tui.report.draw import Drawing

ENDINGS = (".html", ".png", ".svg", ".pdf")

_KNOWN = {
    "gmm": ("norm", "weights", "densities"),
    "llm": ("norm", "scatter", "dispersion", "clusters", "posts"),
}


class ReportError(LwdError):
    """There can be no such report."""


def write_report(
    store: RunStore,
    out: Path,
    figure: str | None = None,
    at: Sequence[int] = (),
    *,
    replace: bool = False,
) -> None:
    """Write a run as a page, or its figures as a picture.

    Parameters
    ----------
    store : RunStore
    out : Path
        Ending in ``.html``: one page that needs nothing else. ``.png``, ``.svg``, ``.pdf``:
        figures.
    figure : str, optional
        Of a picture: "norm", "scatter", "dispersion", "clusters", "posts" (of mixtures: "norm",
        "weights", "densities") or "all", which is what None means; posts aren't among "all". A
        page has all of them.
    at : sequence of int
        The steps t that scatter and posts show; the first, the middle and the last if empty.
    replace : bool
        Whether a file that is there may be written over.

    Raises
    ------
    ReportError
        If the ending is another, a package is missing, or the run has no such figure.
    StoreError
        If the run can't be read, or the file can't be written.
    """
    kind = out.suffix.lower()
    if kind not in ENDINGS:
        raise ReportError(
            f"{out}: a report is a page (.html) or a picture (.png, .svg, .pdf); the file's ending "
            "says which"
        )
    if kind == ".html" and figure is not None:
        raise ReportError(
            f"a page has all figures; leave --figure {figure} out, or write a .png, .svg or .pdf"
        )
    if at and (kind == ".html" or store.kind == "gmm"):
        raise ReportError("--at is for the figures scatter and posts of a run of language models")
    if beyond := [t for t in at if not 0 <= t < store.finished()]:
        raise ReportError(
            f"--at {beyond[0]}: the run has whole steps up to t = {store.finished() - 1}"
        )
    check_packages()
    content = (
        _page(store).encode() if kind == ".html" else _picture(store, kind, figure or "all", at)
    )
    write_whole(out, content, replace=replace)


def check_packages() -> None:
    """Raise ReportError if a package that a report needs isn't installed."""
    missing = [name for name in ("jinja2", "matplotlib") if find_spec(name) is None]
    if missing:
        raise ReportError(
            f"a report needs {' and '.join(missing)}, which isn't installed: "
            "pip install 'lwd-tui[report]'"
        )


def _page(store: RunStore) -> str:
    if store.kind == "gmm":
        from lwd_tui.report.gmm_page import gmm_page

        return gmm_page(store)
    from lwd_tui.report.llm_page import llm_page

    return llm_page(store)


def drawings(store: RunStore, wanted: Sequence[str], at: Sequence[int] = ()) -> dict[str, Drawing]:
    """Return those of some figures that a run has, by name, in their order."""
    found = _drawn(store, wanted, at)
    return {name: found[name] for name in wanted if name in found}


def _drawn(store: RunStore, wanted: Sequence[str], at: Sequence[int]) -> dict[str, Drawing]:
    """Return at least those figures; what takes long is left out where it isn't wanted."""
    if store.kind == "gmm":
        from lwd_tui.report.gmm_figures import gmm_figures
        from lwd_tui.run.recorded import stored_mixtures

        return gmm_figures(stored_mixtures(store))
    from lwd_tui.findings.clusters import answer_clusters
    from lwd_tui.report.figures import answered_steps, chosen_steps, figures
    from lwd_tui.report.posts_figure import posts_figure

    chosen = chosen_steps(store, at)
    clusters = answer_clusters(store) if "clusters" in wanted else None
    found = figures(store.experiment, store.numbers(), chosen, clusters, store.scale)
    if "posts" in wanted:
        posts = posts_figure(answered_steps(store, at), [who.name for who in store.experiment.cast])
        found |= {"posts": posts} if posts else {}
    return found


def _picture(store: RunStore, kind: str, wanted: str, at: Sequence[int]) -> bytes:
    from lwd_tui.report.draw import picture

    known = _KNOWN[store.kind]
    name = store.summary().name
    if wanted != "all" and wanted not in known:
        raise ReportError(f"run {name} has no figure {wanted!r}; it has {', '.join(known)} and all")
    # Posts are read beside the other figures, not among them.
    names = [name for name in known if name != "posts"] if wanted == "all" else [wanted]
    chosen = list(drawings(store, names, at).values())
    if not chosen:
        lacking = "figure" if wanted == "all" else f"{wanted} to draw"
        reason = "no step is whole yet" if not store.finished() else "its numbers are not defined"
        raise ReportError(f"run {name} has no {lacking}: {reason}")
    heading = f"{store.specification['name']} · run {name}"
    return picture(chosen, heading, kind[1:])
