"""An experiment that is being written: what is in it may be wrong for now."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ValidationError

from lwd_tui.experiment.addresses import secret_in
from lwd_tui.experiment.backend import UnfitRequest, load_backend
from lwd_tui.experiment.complaints import explain
from lwd_tui.experiment.llm import (
    EmbedderSpec,
    Experiment,
    InvalidExperiment,
    Participant,
    SeedPost,
)
from lwd_tui.experiment.participants import SERVER, Wishes, participants_of
from lwd_tui.experiment.registry import embedders, generators
from lwd_tui.types import ModelInfo

M = TypeVar("M", bound=BaseModel)

_LISTS = ("participants", "posts", "reserve")
# Each sentence of a validation begins with the field that it is about.
_FIELD = re.compile(r"(?:there is no field )?([a-z_]+(?:\.[a-z_]+|\[\d+\])*)")


@dataclass(frozen=True, slots=True)
class Checked(Generic[M]):
    """What a check has found.

    Attributes
    ----------
    value : BaseModel or None
        None if something is wrong.
    complaint : str
        What is wrong, in one sentence; "" if all is well.
    field : str
        Where, such as "beta" or "sampling.top_p".
    """

    value: M | None
    complaint: str = ""
    field: str = ""


def check(model: type[M], data: dict[str, Any]) -> Checked[M]:
    """Validate plain data, and say what is wrong and where."""
    try:
        return Checked(model.model_validate(data))
    except ValidationError as error:
        complaint = explain(error, model)
        found = _FIELD.match(complaint)
        return Checked(None, complaint, found[1] if found else "")


def number(text: str) -> int | float | str:
    """Read a number that was typed; what is none stays text, and is left to validation."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _embedding_model(backend: str) -> str:
    """Return the model to begin with; "" where there is none, or no such backend."""
    try:
        return load_backend(backend).embedding_model
    except UnfitRequest:
        return ""


def _open(host: Any) -> str:
    """Return a host; "" for one that may hold a secret, or is no text."""
    return host if isinstance(host, str) and not secret_in(host) else ""


def _put_into(fields: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """Return fields with other values, as far as those are of a form that can be shown."""
    put = dict(fields)
    for name, before in fields.items():
        value = values.get(name, before)
        if isinstance(before, dict):
            put[name] = _put_into(before, value)
        elif isinstance(value, (str, int, float, type(before))):
            put[name] = value
        elif name == "query" and isinstance(value, list):
            put[name] = list(map(str, value))
    return put


class Draft:
    """An experiment being written, and the hosts that it is to run on.

    Parameters
    ----------
    experiment : Experiment
        To begin with.

    Attributes
    ----------
    participants : tuple of Participant, or "auto"
    hosts : dict of str to tuple of str
        Servers, by the backend that they are for; none for the one that it takes by itself.
    """

    def __init__(self, experiment: Experiment) -> None:
        self.hosts: dict[str, tuple[str, ...]] = {}
        self.take(experiment)

    def take(self, experiment: Experiment) -> None:
        """Begin anew with an experiment; the hosts stay."""
        fields = experiment.to_dict()
        self._fields = {name: value for name, value in fields.items() if name not in _LISTS}
        self.participants: tuple[Participant, ...] | Literal["auto"] = experiment.participants
        self._posts = {"posts": experiment.posts, "reserve": experiment.reserve}
        self._before: list[tuple[str, tuple[SeedPost, ...]]] = []

    # Kept from one start of the app to the next

    def plain(self) -> dict[str, Any]:
        """Return all of it as JSON values, right or wrong.

        A host with a secret in it, which no backend takes, is left out.
        """
        fields = copy.deepcopy(self._fields)
        fields["embedder"]["host"] = _open(fields["embedder"]["host"])
        hosts = {
            kind: [host for host in given if _open(host)] for kind, given in self.hosts.items()
        }
        cast = [
            who.model_copy(update={"host": _open(who.host)}).model_dump(mode="json")
            for who in self.cast
        ]
        return {
            "fields": fields,
            "participants": "auto" if self.participants == "auto" else cast,
            "hosts": hosts,
            **{kind: [vars(post) for post in posts] for kind, posts in self._posts.items()},
        }

    def restore(self, data: Any) -> None:
        """Take what `plain` gave; fields that it lacks stay as they are.

        Raises
        ------
        InvalidExperiment
            If it isn't that; the draft stays as it is.
        """
        try:
            fields = _put_into(self._fields, data["fields"])
            cast = data["participants"]
            if cast != "auto":
                cast = tuple(Participant.model_validate(who) for who in cast)
            posts = {
                kind: tuple(SeedPost.model_validate(post) for post in data[kind])
                for kind in self._posts
            }
            hosts: dict[str, tuple[str, ...]] = {
                kind: tuple(map(str, given)) for kind, given in data["hosts"].items()
            }
        except (LookupError, TypeError, ValueError, AttributeError):
            raise InvalidExperiment("it isn't a draft of an experiment") from None
        self._fields, self.participants, self._posts, self.hosts = fields, cast, posts, hosts
        self._before.clear()

    # Fields

    def get(self, path: str) -> Any:
        """Return a field by its dotted path."""
        value: Any = self._fields
        for name in path.split("."):
            value = value[name]
        return value

    def set(self, path: str, value: Any) -> None:
        """Set a field to whatever was written.

        With the embedder's backend goes its model, where that was the one to begin with.
        """
        if path == "embedder.backend":
            before = self._fields["embedder"]
            if before["model"] == _embedding_model(before["backend"]):
                before["model"] = _embedding_model(value) or before["model"]
        target = self._fields
        *sections, last = path.split(".")
        for name in sections:
            target = target[name]
        target[last] = value

    def check(self) -> Checked[Experiment]:
        """Say whether it is an experiment, and if not, what is wrong."""
        return check(Experiment, {**self._fields, **self._posts, "participants": self.participants})

    # Posts

    def posts(self, kind: str) -> tuple[SeedPost, ...]:
        """Return "posts", which are A(0), or those in "reserve"."""
        return self._posts[kind]

    def put_posts(self, kind: str, posts: Iterable[SeedPost]) -> None:
        """Put other posts in place of those that are there; this can be undone."""
        self._before.append((kind, self._posts[kind]))
        self._posts[kind] = tuple(posts)

    def undo_posts(self) -> bool:
        """Undo the last change of posts; say whether there was one."""
        if not self._before:
            return False
        kind, posts = self._before.pop()
        self._posts[kind] = posts
        return True

    # Participants

    @property
    def cast(self) -> tuple[Participant, ...]:
        """The participants; empty while they are "auto"."""
        return () if self.participants == "auto" else self.participants

    def foreign_to(self, model: ModelInfo) -> bool:
        """Whether there are participants, and all of them of another backend than a model's."""
        return bool(self.cast) and all(who.backend != model.backend for who in self.cast)

    def copies(self, model: ModelInfo) -> int:
        """Return how many participants a model has."""
        return sum(self._has(who, model) for who in self.cast)

    def add_model(self, model: ModelInfo) -> None:
        """Let a model take part, once more if it does already."""
        who = participants_of(model.backend, (model.name,))[0]
        if "generate" in model.capabilities and "chat" not in model.capabilities:
            who = who.model_copy(update={"style": "completion"})
        self.participants = (*self.cast, self._renamed(who))

    def remove_model(self, model: ModelInfo, *, once: bool = False) -> None:
        """Take a model out, or only the last of its participants."""
        mine = [i for i, who in enumerate(self.cast) if self._has(who, model)]
        gone = set(mine[-1:] if once else mine)
        self.participants = tuple(who for i, who in enumerate(self.cast) if i not in gone)

    def copy(self, position: int) -> None:
        """Put a copy of a participant behind it, under another name."""
        twin = self._renamed(self.cast[position])
        self.participants = (*self.cast[: position + 1], twin, *self.cast[position + 1 :])

    def replace(self, position: int, who: Participant | None) -> None:
        """Put another participant in the place of one, or none."""
        others = () if who is None else (who,)
        self.participants = (*self.cast[:position], *others, *self.cast[position + 1 :])

    def add(self, who: Participant) -> None:
        """Add a participant."""
        self.participants = (*self.cast, self._renamed(who))

    def _has(self, who: Participant, model: ModelInfo) -> bool:
        return (who.backend, who.model) == (model.backend, model.name)

    def _renamed(self, who: Participant) -> Participant:
        """Return a participant under a name that nobody has yet."""
        taken = {other.name for other in self.cast}
        stem, _, _ = who.name.partition(" #")
        name, count = who.name, 2
        while name in taken:
            name, count = f"{stem[:50]} #{count}", count + 1
        return who.model_copy(update={"name": name})

    # Where it runs

    def placed(self, experiment: Experiment) -> tuple[Experiment, Wishes]:
        """Return the experiment and what is asked of its run: the hosts that were written.

        Hosts are given to a run as a whole. Where two kinds of servers take part, those with a
        single host have it written into their participants.

        Raises
        ------
        InvalidExperiment
            If one of two kinds has several hosts, and the other not exactly one.
        """
        places: dict[str, Participant | EmbedderSpec] = {
            f"participants.{i}": who for i, who in enumerate(experiment.cast)
        }
        places["embedder"] = experiment.embedder
        kinds = {each.backend for each in places.values() if not each.host}
        if experiment.participants == "auto":
            kinds.add(SERVER)
        hosts = {
            kind: self.hosts.get(kind, ())
            for kind in dict.fromkeys((*generators(), *embedders()))
            if kind in kinds and load_backend(kind).hosts
        }
        if len(hosts) < 2:
            return experiment, Wishes(hosts=next(iter(hosts.values()), ()))
        several = [kind for kind, given in hosts.items() if len(given) > 1]
        single = {kind: given[0] for kind, given in hosts.items() if len(given) == 1}
        if several and not single:
            raise InvalidExperiment(
                f"hosts: {several[0]} has several; give the other kind of server exactly one"
            )
        changes = {
            f"{place}.host": single[each.backend]
            for place, each in places.items()
            if each.backend in single and not each.host
        }
        run = hosts[several[0]] if several else ()
        return experiment.replaced(changes), Wishes(hosts=run)
