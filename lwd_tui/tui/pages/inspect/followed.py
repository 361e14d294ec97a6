"""What became of a post: who wrote and read it, and which later answers are nearest to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.segment import Segment
from textual import on
from textual.content import Content
from textual.message import Message

from lwd_tui.findings.lineage import Descendant, Following
from lwd_tui.palette import marker
from lwd_tui.store.records import Reading
from lwd_tui.text import shorten
from lwd_tui.tui.parts.excerpt import excerpt
from lwd_tui.tui.parts.panel import Panel
from lwd_tui.tui.parts.posts import post_to_read
from lwd_tui.tui.parts.rows import Items, Rows
from lwd_tui.tui.parts.words import Words
from lwd_tui.types import Post, Response


class Followed(Panel):
    """The post, its writer and readers, and its likeliest descendants."""

    DEFAULT_CSS = """
    Followed {
        & > .post { height: auto; max-height: 14; }
        & > .head { height: 2; border-top: solid $line; color: $quiet; }
        & > #descendants { height: 1fr; }
    }
    """

    @dataclass(eq=False)
    class Left(Message):
        """An answer is to be gone to."""

        t: int
        participant: int
        index: int

    def __init__(self, *, id: str | None = None) -> None:
        self._post = Words(classes="post")
        self._read = Words(classes="head")
        self._near = Words(classes="head")
        self._readers = _Readers("nobody has read it", id="readers")
        self._descendants = _Descendants("no later answer", id="descendants")
        lists = (self._read, self._readers, self._near, self._descendants)
        super().__init__(self._post, *lists, id=id)

    def show_post(self, post: Post, authors: Mapping[str, int], t: int) -> None:
        """Show a post whose readers are still being looked for."""
        self.head(f"post {post.id}, followed", "r: its writer read it · b goes back")
        self._post.put(post_to_read(post, authors, t))
        self._read.put(Content("looking for who read it …"))
        self._near.put(Content("looking for the nearest later answers …"))
        self._readers.show_readings(None, (), (), ())
        self._descendants.show_descendants((), "", ())

    def show_following(self, following: Following, authors: Mapping[str, int]) -> None:
        """Show what became of the post; the names of the participants are not cleaned."""
        names, signs = tuple(authors), tuple(authors.values())
        times = len(following.readings)
        words = f"read {times} time{'' if times == 1 else 's'}" if times else "not read"
        self._read.put(Content.assemble((words, "bold $foreground"), " · enter goes there"))
        if following.measure == "embedding":
            head, how = "nearest later answers", ", by distance"
        else:
            head, how = "later answers", ", by words in common"
        self._near.put(Content.assemble((head, "bold $foreground"), how))
        self._readers.show_readings(following.source, following.readings, names, signs)
        self._descendants.show_descendants(following.descendants, following.measure, signs)

    @on(Rows.Chosen, "#readers")
    def _go_to_reader(self, event: Rows.Chosen) -> None:
        event.stop()
        if found := self._readers.chosen:
            self.post_message(self.Left(found.t, found.participant, found.response or 0))

    @on(Rows.Chosen, "#descendants")
    def _go_to_descendant(self, event: Rows.Chosen) -> None:
        event.stop()
        if found := self._descendants.chosen:
            answer = found.response
            self.post_message(self.Left(answer.t, answer.participant, answer.index))


class _Readers(Items[Reading]):
    def __init__(self, nothing: str, *, id: str) -> None:
        super().__init__(nothing, id=id)
        self._source: Response | None = None
        self._names: Sequence[str] = ()
        self._signs: Sequence[int] = ()

    def show_readings(
        self,
        source: Response | None,
        readings: Sequence[Reading],
        names: Sequence[str],
        signs: Sequence[int],
    ) -> None:
        """Show the answer that the post was, if it was one, and its readers; stand on the first."""
        self._source, self._names, self._signs = source, names, signs
        first = [Reading(source.t, source.participant, source.index)] if source else []
        # No more room than it needs.
        self.styles.max_height = max(len(first) + len(readings), 1)
        self.show_items([*first, *readings], len(first))
        # Whatever height it had until now: the window follows the cursor by that.
        self.top = len(first)

    def draw(self, row: int, width: int) -> list[Segment]:
        t, participant, response = self.items[row]
        alone = "" if response is None else f", for answer {response}"
        if self._source is not None and row == 0:
            alone = f" wrote it, answer {response}"
        name = shorten(self._names[participant], max(width - 12 - cell_len(alone), 4))
        sign = self._signs[participant]
        return [
            Segment(f"t {t:<6}", self.ink("quiet")),
            Segment(f"{marker(sign)} ", self.series_ink(sign)),
            Segment(f"{name}{alone}", self.ink()),
        ]


class _Descendants(Items[Descendant]):
    def __init__(self, nothing: str, *, id: str) -> None:
        super().__init__(nothing, id=id)
        self._measure = ""
        self._signs: Sequence[int] = ()

    def show_descendants(
        self, descendants: Sequence[Descendant], measure: str, signs: Sequence[int]
    ) -> None:
        self._measure, self._signs = measure, signs
        self.show_items(descendants)

    def draw(self, row: int, width: int) -> list[Segment]:
        found = self.items[row]
        answer = found.response
        sign = self._signs[answer.participant]
        value = f"{found.value:.3f}" if self._measure == "embedding" else f"{found.value:.0%}"
        head = [
            Segment(f"{value:>6} ", self.ink("foreground", bold=True)),
            Segment("r " if found.read else "  ", self.ink("accent", bold=True)),
            Segment(f"t {answer.t:<5}", self.ink("quiet")),
            Segment(f"{marker(sign)} ", self.series_ink(sign)),
        ]
        room = max(width - sum(piece.cell_length for piece in head), 1)
        return [*head, Segment(excerpt(answer.text, room), self.ink())]
