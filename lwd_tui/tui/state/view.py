"""What the panels show: one whole step, and whether the view follows the run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lwd_tui.types import Step


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """The viewed t, which is not the run's t: looking back doesn't hold the run.

    Attributes
    ----------
    step : Step or None
        None until a step is whole.
    following : bool
        Whether each new step becomes the viewed one.
    playing : bool
        Whether the steps are being played back, one after another.
    """

    step: Step | None = None
    following: bool = True
    playing: bool = False

    @property
    def t(self) -> int | None:
        """The viewed t; None until a step is whole."""
        return None if self.step is None else self.step.t
