"""What a run tells the app, in the past tense."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from lwd_tui.tui.state.progress import Progress
    from lwd_tui.types import Step


class RunMessage(Message):
    """Something happened in a run.

    Attributes
    ----------
    run : int
        Number of the run that tells; it may have been replaced meanwhile.
    """

    def __init__(self, run: int) -> None:
        super().__init__()
        self.run = run


class RunOpened(RunMessage):
    """The experiment, numbers and posts of a run are there."""


class StepCompleted(RunMessage):
    """A step is whole; every one is told, none is dropped."""

    def __init__(self, run: int, step: Step) -> None:
        super().__init__(run)
        self.step = step


class ProgressChanged(RunMessage):
    """The run is elsewhere now."""

    def __init__(self, run: int, progress: Progress) -> None:
        super().__init__(run)
        self.progress = progress

    def can_replace(self, message: Message) -> bool:
        """Take the place of an older one that nobody has seen yet."""
        return isinstance(message, ProgressChanged)


class PostsChanged(RunMessage):
    """There are posts that no step brought: put in by hand, or those of a stored run."""


class NoticeGiven(RunMessage):
    """The user must see a sentence."""

    def __init__(self, run: int, sentence: str) -> None:
        super().__init__(run)
        self.sentence = sentence


class RunFailed(RunMessage):
    """The run could not begin, or could not go on; what was computed is stored.

    Attributes
    ----------
    sentence : str
    model_changed : bool
        Whether it is only that a model isn't the recorded one.
    """

    def __init__(self, run: int, sentence: str, *, model_changed: bool = False) -> None:
        super().__init__(run)
        self.sentence = sentence
        self.model_changed = model_changed
