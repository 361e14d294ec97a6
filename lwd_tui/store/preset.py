"""An experiment kept as a TOML file, to be started from again."""

from __future__ import annotations

from pathlib import Path

from lwd_tui.experiment import Experiment
from lwd_tui.store.errors import RunExists, StoreError
from lwd_tui.store.files import write_whole


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
    if not path.parent.is_dir():
        raise StoreError(f"{path} can't be written: there is no folder {path.parent}")
    try:
        write_whole(path, experiment.to_toml().encode(), replace=replace)
    except RunExists:
        raise PresetExists(f"{path} is there already") from None
