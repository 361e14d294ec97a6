"""How a network departs from the paper's, in a line; who reads whom as a drawing."""

from __future__ import annotations

from textual.content import Content

from lwd_tui.experiment.llm import Experiment
from lwd_tui.palette import marker
from lwd_tui.tui.parts.few_rows import FewRows
from lwd_tui.tui.theme import series

_DRAWN = 8
"""Participants that a drawing has room for."""
_RETRIEVAL = {"shared": "all read one draw", "response": "each answer has its own draw"}
_RANKING = {"similar": "posts nearest the query are read", "recent": "newest posts are read"}
_TOPOLOGY = {"ring": "ring", "star": "star", "none": "nobody reads another"}


class NetworkLine(FewRows):
    """Not there for the paper's network."""

    DEFAULT_CSS = """
    NetworkLine { display: none; color: $quiet; }
    NetworkLine.-some { display: block; }
    """

    def __init__(self) -> None:
        super().__init__(3)

    def show(self, experiment: Experiment | None) -> None:
        """Show the network of an experiment; nothing for one that isn't valid."""
        words = departures(experiment) if experiment is not None else []
        self.set_class(bool(words), "-some")
        self.put(Content(" · ").join(words))


def departures(experiment: Experiment) -> list[Content]:
    """Return what differs from the paper's network; nothing if nothing does."""
    parts = [
        "" if experiment.interaction else "no answer is posted",
        f"{experiment.posts_each} posts each" if experiment.posts_each > 1 else "",
        _stay(experiment),
        f"{experiment.fresh} fresh a step" if experiment.fresh else "",
        f"{experiment.noise} {experiment.noise_kind} noise a step" if experiment.noise else "",
        _RETRIEVAL.get(experiment.retrieval, ""),
        _RANKING.get(experiment.ranking, ""),
    ]
    return [*_who_reads_whom(experiment), *(Content(part) for part in parts if part)]


def _stay(experiment: Experiment) -> str:
    if experiment.posting == "accumulate":
        return ""
    steps = experiment.window if experiment.posting == "window" else 1
    return f"posts stay {steps} step{'s' if steps > 1 else ''}"


def _who_reads_whom(experiment: Experiment) -> list[Content]:
    """Return the name of the graph, and each reader with the authors that it reads."""
    n = len(experiment.cast)
    name = _TOPOLOGY.get(experiment.topology, "")
    if experiment.topology == "islands":
        name = f"{experiment.islands} islands"
    if experiment.reads:
        name = "own graph"
    if not name:
        return []
    if not 0 < n <= _DRAWN:
        return [Content(name)]
    rows = [
        Content.assemble(
            (marker(reader), series(reader)),
            "←",
            *((marker(author), series(author)) for author in range(n) if reads[author]),
        )
        for reader, reads in enumerate(experiment.readers(n))
    ]
    return [Content("  ").join([Content(name), *rows])]
