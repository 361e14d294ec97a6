"""The report of a run, written as the kind of file that its name asks for."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from lwd_tui.errors import LwdError
from lwd_tui.store.files import write_whole
from lwd_tui.store.run import RunStore

ENDINGS = (".html", ".png", ".svg", ".pdf")


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
    missing = [name for name in ("jinja2", "matplotlib") if find_spec(name) is None]
    if missing:
        raise ReportError(
            f"a report needs {' and '.join(missing)}, which isn't installed: "
            "pip install 'lwd-tui[report]'"
        )
    content = (
        _page(store).encode() if kind == ".html" else _picture(store, kind, figure or "all", at)
    )
    write_whole(out, content, replace=replace)


def _page(store: RunStore) -> str:
    if store.kind == "gmm":
        from lwd_tui.report.gmm_page import gmm_page

        return gmm_page(store)
    from lwd_tui.report.llm_page import llm_page

    return llm_page(store)


def _picture(store: RunStore, kind: str, wanted: str, at: Sequence[int]) -> bytes:
    from lwd_tui.report.draw import picture

    if store.kind == "gmm":
        from lwd_tui.report.gmm_figures import gmm_figures
        from lwd_tui.run.recorded import stored_mixtures

        found = gmm_figures(stored_mixtures(store))
        known: tuple[str, ...] = ("norm", "weights", "densities")
    else:
        from lwd_tui.findings.clusters import answer_clusters
        from lwd_tui.report.figures import chosen_steps, figures
        from lwd_tui.report.posts_figure import posts_figure

        chosen = chosen_steps(store, at)
        found = figures(store.experiment, store.numbers(), chosen, answer_clusters(store))
        known = ("norm", "scatter", "dispersion", "clusters", "posts")
        posts = posts_figure(chosen, [who.name for who in store.experiment.cast])
        if wanted == "posts" and posts is not None:
            found[wanted] = posts
    name = store.summary().name
    if wanted != "all" and wanted not in known:
        raise ReportError(f"run {name} has no figure {wanted!r}; it has {', '.join(known)} and all")
    drawings = [found[each] for each in known if each in found and wanted in (each, "all")]
    if not drawings:
        lacking = "figure" if wanted == "all" else f"{wanted} to draw"
        reason = "no step is whole yet" if not store.finished() else "its numbers are not defined"
        raise ReportError(f"run {name} has no {lacking}: {reason}")
    heading = f"{store.specification['name']} · run {name}"
    return picture(drawings, heading, kind[1:])
