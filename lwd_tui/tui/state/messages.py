"""What a run tells the app, in the past tense."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from lwd_tui.tui.state.progress import Progress
    from lwd_tui.types import Step


@dataclass(eq=False)
class RunMessage(Message):
    """Something happened in the run of that number; it may have been replaced meanwhile."""

    run: int


class RunOpened(RunMessage):
    """The experiment, numbers and posts of a run are there."""


@dataclass(eq=False)
class StepCompleted(RunMessage):
    """A step is whole; every one is told, none is dropped."""

    step: Step


@dataclass(eq=False)
class ProgressChanged(RunMessage):
    """The run is elsewhere now."""

    progress: Progress

    def can_replace(self, message: Message) -> bool:
        """Take the place of an older one that nobody has seen yet."""
        return isinstance(message, ProgressChanged)


class PostsChanged(RunMessage):
    """There are posts that no step brought: put in by hand, or those of a stored run."""


@dataclass(eq=False)
class NoticeGiven(RunMessage):
    """The user must see a sentence."""

    sentence: str


@dataclass(eq=False)
class RunFailed(RunMessage):
    """The run could not begin, or could not go on; what was computed is stored.

    The model has changed if all that is wrong is that it isn't the recorded one; it is for good if
    what is stored can't be gone on with.
    """

    sentence: str
    model_changed: bool = False
    for_good: bool = False
