"""What is told of a run that failed."""

from __future__ import annotations

from lwd_tui.errors import LwdError, RunWorthless
from lwd_tui.run.session import ModelChanged
from lwd_tui.tui.state.memory import write_report
from lwd_tui.tui.state.messages import RunFailed


def failure(run: int, error: Exception, *, stored: bool) -> RunFailed:
    """Return what is told of an error that ended a run, of which something is stored or not.

    A mistake of our own is told too: the user keeps the app and the run.
    """
    if isinstance(error, LwdError):
        # One that isn't stored begins anew when it is tried again.
        for_good = stored and isinstance(error, RunWorthless)
        return RunFailed(run, str(error), isinstance(error, ModelChanged), for_good)
    return RunFailed(
        run,
        f"lwd-tui made a mistake ({type(error).__name__}); what was computed is stored, "
        f"and a report of it is in {write_report(error)}",
    )
