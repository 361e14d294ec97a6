"""Presets: experiments that ship with the package, or any TOML file by its path.

A file with ``kind = "gmm"`` specifies a network of mixtures, any other one of language models.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

from lwd_tui.experiment import Experiment, InvalidExperiment
from lwd_tui.gmm_spec import GmmSpec
from lwd_tui.nearest import suggestion
from lwd_tui.points import read_gmm
from lwd_tui.posts import path_in, read_posts, read_text, user_path
from lwd_tui.specification import parse_toml


def preset_folder() -> Path:
    """Return the folder of the shipped presets: inside the wheel, or at the checkout's top."""
    shipped = Path(str(files("lwd_tui") / "presets"))
    return shipped if shipped.is_dir() else Path(__file__).resolve().parent.parent / "presets"


def preset_names(kind: str = "llm") -> list[str]:
    """Return the names of the shipped presets of one kind, "llm" or "gmm", sorted."""
    paths = sorted(preset_folder().glob("*.toml"))
    return [path.stem for path in paths if _read(path).get("kind", "llm") == kind]


def load_preset(name: str) -> Experiment:
    """Load a shipped preset by its name, or a TOML file by its path.

    Anything that ends in ``.toml`` or holds a path separator is a path.

    Raises
    ------
    InvalidExperiment
        If there is no such preset, with the nearest name, or if it isn't valid.
    """
    return read_experiment(_preset_path(name, "llm"))


def load_gmm_preset(name: str) -> GmmSpec:
    """Load a shipped preset of mixtures by its name, or a TOML file by its path; see above."""
    return read_gmm(_preset_path(name, "gmm"))


def _preset_path(name: str, kind: str) -> Path:
    return shipped_or_own(name, preset_folder(), "preset", lambda: preset_names(kind))


def shipped_or_own(name: str, folder: Path, what: str, names: Callable[[], list[str]]) -> Path:
    """Return the TOML file that a name or a path stands for.

    Parameters
    ----------
    name : str
        A path if it ends in ``.toml`` or holds a path separator, else a name.
    folder : Path
        Of the shipped files.
    what : str
        What they are, for the message.
    names : callable
        Returns the names to tell where there is none of this one.

    Raises
    ------
    InvalidExperiment
        If no shipped file has the name.
    """
    if name.endswith(".toml") or "/" in name or "\\" in name:
        return user_path(name)
    path = folder / f"{name}.toml"
    if not path.is_file():
        raise InvalidExperiment(f"no {what} is called {name!r}; {suggestion(name, names())}")
    return path


def read_experiment(path: Path) -> Experiment:
    """Read an experiment from a TOML file; its ``posts_file`` is relative to that file.

    Raises
    ------
    InvalidExperiment
        If the file can't be read, isn't UTF-8 or TOML, or holds an invalid experiment.
    """
    data = _read(path)
    if data.get("kind", "llm") == "gmm":
        raise InvalidExperiment(f"{path}: specifies mixtures; run it with `lwd-tui gmm --preset`")
    if "posts_file" in data:
        if "posts" in data:
            raise InvalidExperiment(f"{path}: give either posts or posts_file, not both")
        data["posts"] = _posts(data.pop("posts_file"), str(path), path.parent)
    return Experiment.from_dict(data, str(path))


def _read(path: Path) -> dict[str, Any]:
    return parse_toml(read_text(path), str(path))


def _posts(source: Any, where: str, folder: Path) -> list[dict[str, Any]]:
    """Read the posts of a ``posts_file``, which is relative to a folder."""
    path = path_in(folder, source, f"{where}: posts_file")
    return [post.model_dump() for post in read_posts(path)]


def changed(experiment: Experiment, changes: dict[str, Any]) -> Experiment:
    """Return an experiment with fields set as on a command line; `posts_file` is read.

    Raises
    ------
    InvalidExperiment
        If there is no such field, or a value isn't valid, or the file can't be read.
    """
    where, changes = "command line", dict(changes)
    if "posts_file" in changes:
        changes["posts"] = _posts(changes.pop("posts_file"), where, Path())
    return experiment.replaced(changes, where)
