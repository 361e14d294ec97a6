"""What a run tells its user, recorded with it."""

from __future__ import annotations

from lwd_tui.store.run import RunStore
from lwd_tui.types import Notice


class Notes:
    """Tells sentences, and has the run record them.

    Those that are told before the run's file is there go into its record, as its notes. Each later
    one is an event "notice" of the step under way: once a session, and not where the notes have it,
    so that a server that comes and goes doesn't fill the file. Each is told every time.

    Parameters
    ----------
    notice : callable
        To which sentences are told.

    Attributes
    ----------
    told : list of str
        Every sentence once, in order.
    """

    def __init__(self, notice: Notice) -> None:
        self.told: list[str] = []
        self._notice = notice
        self._store: RunStore | None = None

    def __call__(self, sentence: str) -> None:
        """Tell a sentence, and record it where there is a file."""
        if sentence not in self.told:
            self.told.append(sentence)
            self._record(sentence)
        self._notice(sentence)

    def record_in(self, store: RunStore) -> None:
        """Record in a file what its notes don't have of what was told, and all that is told."""
        self._store = store
        for sentence in self.told:
            self._record(sentence)

    def _record(self, sentence: str) -> None:
        if self._store is not None and sentence not in self._store.record.get("notes", ()):
            self._store.add_event("notice", sentence, self._store.finished())
