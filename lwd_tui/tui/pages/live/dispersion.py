"""How much the answers of each participant differ among themselves, over t."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lwd_tui.store.records import StepNumbers
from lwd_tui.tui.parts.curves import Curve, Curves, of_participant, top_of
from lwd_tui.tui.state.grouping import CHOSEN, NO_CROWD, Grouping
from lwd_tui.types import Floats

_EACH = "dispersion S of each participant"


class DispersionCurve(Curves):
    """S_i over t, one curve a participant, with its marker at the viewed t.

    Of a crowd, the mean of each group, and the one that is chosen over them.
    """

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._numbers: Sequence[StepNumbers] = ()
        self._steps = 1
        self._grouping = NO_CROWD
        self._means: list[Floats] = []
        self._chosen = 0
        self._t: int | None = None

    def show_run(
        self, numbers: Sequence[StepNumbers], steps: int, grouping: Grouping = NO_CROWD
    ) -> None:
        """Show another run's numbers, which may grow, up to T."""
        self._numbers, self._steps, self._chosen = numbers, steps, 0
        self.fit()
        self.show_grouping(grouping)

    def show_grouping(self, grouping: Grouping) -> None:
        """Show the means of other groups."""
        self._grouping, self._means = grouping, []
        self.head(f"dispersion S, mean of each {grouping.by}" if grouping.crowd else _EACH)
        self.show_step(None)

    def select(self, participant: int) -> None:
        """Show another one of a crowd over the groups."""
        self._chosen = participant
        self.show_step(self._t)

    def show_step(self, t: int | None) -> None:
        """Show the viewed step, and curves as long as they are now."""
        self._t = t
        if self._grouping.crowd:
            curves = self._curves_of_groups()
        else:
            values = np.array([each.dispersion for each in self._numbers], dtype=float)
            curves = [of_participant(i, column) for i, column in enumerate(values.T)]
        self.show(curves, t=t, last=self._steps, top=top_of(curves))

    def _curves_of_groups(self) -> list[Curve]:
        new = self._numbers[len(self._means) :]
        self._means += [self._grouping.means(each.dispersion) for each in new]
        means = np.array(self._means).reshape(-1, len(self._grouping.names))
        mine = np.array([each.dispersion[self._chosen] for each in self._numbers], dtype=float)
        groups = [of_participant(i, column) for i, column in enumerate(means.T)]
        return [Curve("", mine, "foreground", "strong", mark=CHOSEN), *groups]
