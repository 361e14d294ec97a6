"""What a run recorded of where and with what it was made, in the types that a page relies on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lwd_tui.store.errors import reading
from lwd_tui.store.run import RunStore


@dataclass(frozen=True, slots=True)
class Recorded:
    """What `lwd_tui.run.session.run_record` wrote; empty where a run has nothing of the kind.

    Attributes
    ----------
    versions : dict of str
        Of packages, by name.
    platform : str
    hosts, notes : list of str
        Servers given, and sentences said, when the run began.
    models : list of dict of str
        One a participant: what `lwd_tui.types.ModelInfo` knows, as text.
    contexts : list of int
        Tokens of context, one a participant.
    embedder : dict of str
        Like a model.
    """

    versions: dict[str, str]
    platform: str
    hosts: list[str]
    notes: list[str]
    models: list[dict[str, str]]
    contexts: list[int]
    embedder: dict[str, str]

    def model(self, participant: int) -> dict[str, str]:
        """Return what is known of a participant's model."""
        return self.models[participant] if participant < len(self.models) else {}

    def context(self, participant: int) -> int | None:
        """Return a participant's tokens of context."""
        return self.contexts[participant] if participant < len(self.contexts) else None

    @property
    def servers(self) -> list[str]:
        """The programs that ran the models, and where, each once."""
        found = (
            " at ".join(model[name] for name in ("server", "host") if model.get(name))
            for model in self.models
        )
        return [server for server in dict.fromkeys(found) if server]


def recorded(store: RunStore) -> Recorded:
    """Read the record of a run.

    Raises
    ------
    DamagedRun
        If it isn't one.
    """
    record = store.record
    with reading(store.path):
        return Recorded(
            {str(name): str(version) for name, version in record.get("versions", {}).items()},
            str(record.get("platform", "")),
            [str(host) for host in record.get("hosts", [])],
            [str(note) for note in record.get("notes", [])],
            [_text(model) for model in record.get("models", [])],
            [int(context) for context in record.get("contexts", [])],
            _text(record.get("embedder", {})),
        )


def _text(model: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in model.items() if value is not None}
