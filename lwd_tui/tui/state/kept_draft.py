"""The draft of an experiment, kept from one start of the app to the next."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from lwd_tui.experiment.draft import Draft
from lwd_tui.experiment.llm import InvalidExperiment
from lwd_tui.tui.state.memory import folder, write_whole


def draft_path() -> Path:
    """Return where the draft is kept."""
    return folder("state") / "draft.json"


def keep_draft(draft: Draft) -> None:
    """Write the draft; a folder that can't be written costs the memory, nothing else."""
    write_whole(draft_path(), json.dumps(draft.plain()))


def restore_draft(draft: Draft) -> bool:
    """Put what was kept into a draft; say whether there was anything.

    Raises
    ------
    InvalidExperiment
        If what was kept can't be read; the draft stays as it is.
    """
    path = draft_path()
    try:
        draft.restore(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return False
    except (OSError, ValueError, RecursionError, InvalidExperiment):
        raise InvalidExperiment(f"the draft of last time can't be read: {path}") from None
    return True


def forget_draft() -> None:
    """Keep no draft."""
    with suppress(OSError):
        draft_path().unlink(missing_ok=True)
