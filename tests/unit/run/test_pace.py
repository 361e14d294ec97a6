"""How fast a run goes and how long it still takes, with times that are set by hand."""

import pytest
from support.store_samples import simple_step

from lwd_tui.llm.network import ResponseArrived, StepCompleted, StepStarted
from lwd_tui.run.pace import Pace
from lwd_tui.types import Attempt, Response


def test_pace_counts_tokens_of_the_step_in_progress():
    now = [100.0]
    answer = Response(0, 0, 0, (Attempt("It rises.", 1, "stop", 9, 50, 0.1),))
    pace = Pace(lambda: now[0])
    assert pace.tokens_per_second is None
    assert pace.seconds_left(5, 3, 3) is None
    pace.see(StepStarted(0, 3, 6, (), ()))
    now[0] += 2
    pace.see(ResponseArrived(answer))
    assert pace.tokens_per_second == pytest.approx(25)
    pace.see(StepCompleted(simple_step(0)))
    now[0] += 1000
    # What is waited between steps doesn't slow the models.
    assert pace.tokens_per_second == pytest.approx(25)
    # Steps that read as much as the one before take as long: 1.5 s each.
    assert pace.seconds_left(4, 2, 2) == pytest.approx(6)
    # Half of it grows with what is read, here twice as much on average.
    assert pace.seconds_left(4, 2, 6) == pytest.approx(9)
