"""What is found out about a server before a run: findings, each in a sentence."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from lwd_tui.types import ModelInfo

Level = Literal["good", "advice", "problem"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing worth knowing, in a sentence."""

    level: Level
    sentence: str


@dataclass(slots=True)
class HostReport:
    """What was found out about one host.

    Attributes
    ----------
    host : str
    server, version : str
        What it is, in words, and its version; "" for both if no such server answers.
    models : tuple of ModelInfo
    slots : dict of str to int
        Answers that the server makes at the same time, for each model that was tried.
    together : bool or None
        Whether all models that were asked about are in its memory at once; None: not tried.
    findings : list of Finding
    """

    host: str
    server: str = ""
    version: str = ""
    models: tuple[ModelInfo, ...] = ()
    slots: dict[str, int] = field(default_factory=dict)
    together: bool | None = None
    findings: list[Finding] = field(default_factory=list)

    @property
    def well(self) -> bool:
        """Whether a run can be made there."""
        return all(finding.level != "problem" for finding in self.findings)

    def note(self, level: Level, sentence: str) -> None:
        """Add a finding."""
        self.findings.append(Finding(level, sentence))

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain JSON values."""
        return asdict(self) | {"models": [model.to_dict() for model in self.models]}
