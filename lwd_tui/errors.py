"""The root of every error that a user is meant to read."""

from __future__ import annotations


class LwdError(Exception):
    """An error told in one sentence: what is wrong, where, and what to do.

    Front ends print ``str(error)`` and leave with ``exit_code``; they never show a traceback
    for it.

    Attributes
    ----------
    exit_code : int
        2 wrong use or an invalid experiment; 3 a server or model is missing; 4 stopped,
        resumable; 5 stopped for good.
    """

    exit_code: int = 2


class RunStopped(LwdError):
    """The run could not go on; what was computed is stored and can be resumed."""

    exit_code = 4


class RunWorthless(LwdError):
    """What the run holds shows nothing, so that there is no going on with it."""

    exit_code = 5
