"""Who posts what, and who reads it: one vocabulary for the networks of models and of mixtures.

The paper's network is the default: every answer stays on the Internet, everyone reads everyone,
and each participant draws for itself. All other values go beyond the paper.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from lwd_tui.experiment.section import Section

Posting = Literal["accumulate", "replace", "window"]
Retrieval = Literal["participant", "shared", "response"]
Topology = Literal["complete", "ring", "star", "islands", "none"]


def share_of(share: float, count: int) -> int:
    """Return floor(share * count), with the decimal number that was written for the share.

    In binary 0.29 is a little less than it says, and 0.29 * 100 would come to 28.
    """
    numerator, denominator = _ratio(share)
    return count * numerator // denominator


@lru_cache
def _ratio(share: float) -> tuple[int, int]:
    # The shortest number that is read as this one.
    return Fraction(repr(float(share))).as_integer_ratio()


class Exchange(Section):
    """How posts come, go and are read; mixed into every specification of a run.

    Attributes
    ----------
    interaction : bool
        False is the control: what the participants answer is not posted.
    posting : {"accumulate", "replace", "window"}
        What is on the Internet at t: all posts so far (the paper); only what was posted at
        t - 1, which at t = 0 is A(0); what was posted in the last `window` steps.
    window : int
        W, in steps; heeded where `posting` is "window". A window of 1 is "replace".
    fresh : int
        Human posts that are added at each step.
    noise : int
        Posts that have nothing to do with the query, added at each step.
    retrieval : {"participant", "shared", "response"}
        Whose draw is whose: one a participant (the paper), one for all, one a response.
    topology : {"complete", "ring", "star", "islands", "none"}
        Who reads whom. Everyone; the two neighbours; the first participant, who reads everyone;
        the others of the same island; nobody. One's own posts are read in every case, and so are
        human posts and noise.
    islands : int
        Number of islands, of equal size as far as may be; heeded by that topology.
    reads : tuple of tuple of int
        A graph of one's own, which takes the place of `topology`: for each participant, the
        positions (from 0) of those whose posts it reads, itself among them only if named.
    """

    interaction: bool = True
    posting: Posting = "accumulate"
    window: int = Field(1, ge=1)
    fresh: int = Field(0, ge=0)
    noise: int = Field(0, ge=0)
    retrieval: Retrieval = "participant"
    topology: Topology = "complete"
    islands: int = Field(2, ge=1)
    reads: tuple[tuple[int, ...], ...] = ()

    def readers(self, n: int) -> NDArray[np.bool_]:
        """Return who reads whom among n participants.

        Returns
        -------
        ndarray of shape (n, n), bool
            Entry [i, j] says whether i reads what j posts.

        Raises
        ------
        ValueError
            In one sentence, if `reads` isn't a graph on n participants, or if there are more
            islands than participants. A specification calls this while it is validated.
        """
        if self.reads:
            return _own_graph(self.reads, n)
        place = np.arange(n)
        reader, author = place[:, None], place[None, :]
        match self.topology:
            case "complete":
                return np.ones((n, n), dtype=bool)
            case "ring":
                return np.isin((reader - author) % n, (0, 1, n - 1))
            case "star":
                return np.eye(n, dtype=bool) | np.equal(reader, 0) | np.equal(author, 0)
            case "islands":
                if self.islands > n:
                    raise ValueError(f"islands = {self.islands}: there are {n} participants")
                island = place * self.islands // n
                return np.equal.outer(island, island)
            case "none":
                return np.eye(n, dtype=bool)

    def oldest(self, t: int) -> int:
        """Return the first step whose posts can still be read at t; see `lwd_tui.types.Post`."""
        if self.posting == "accumulate":
            return 0
        width = 1 if self.posting == "replace" else self.window
        return max(0, t - width + 1)


def _own_graph(reads: tuple[tuple[int, ...], ...], n: int) -> NDArray[np.bool_]:
    if len(reads) != n:
        raise ValueError(f"reads: has {len(reads)} rows; there are {n} participants")
    graph = np.zeros((n, n), dtype=bool)
    for reader, authors in enumerate(reads):
        for author in authors:
            if not 0 <= author < n:
                raise ValueError(f"reads[{reader}]: there is no participant {author}")
            graph[reader, author] = True
    return graph
