"""An experiment kept as a TOML file, to be started from again."""

from __future__ import annotations

from pathlib import Path

from lwd_tui.experiment import Experiment
from lwd_tui.store.errors import StoreError


class PresetExists(StoreError):
    """There is a file already where the preset was to be written."""


def save_preset(experiment: Experiment, path: Path, *, replace: bool = False) -> None:
    """Write an experiment with all its fields and posts; `load_preset` reads it.

    Parameters
    ----------
    experiment : Experiment
    path : Path
    replace : bool
        Whether a file that is there may be written over.

    Raises
    ------
    PresetExists
        If there is one, and it may not.
    StoreError
        If the file can't be written.
    """
    beside = path.with_name(f"{path.name}.part")
    try:
        if not replace:
            path.open("x").close()
        # What was there stays whole until the new file is.
        beside.write_text(experiment.to_toml(), encoding="utf-8", newline="\n")
        beside.replace(path)
    except FileExistsError:
        raise PresetExists(f"{path} is there already") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise StoreError(f"{path} can't be written: {reason}") from None
