"""Presets: experiments that ship with the package, or any TOML file by its path.

A file with ``kind = "gmm"`` specifies a network of mixtures, any other one of language models.
"""

from __future__ import annotations

import difflib
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

from lwd_tui.experiment import Experiment, InvalidExperiment
from lwd_tui.gmm_spec import GmmSpec
from lwd_tui.points import read_gmm
from lwd_tui.posts import read_posts, read_text


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
    if name.endswith(".toml") or "/" in name or "\\" in name:
        return Path(name).expanduser()
    path = preset_folder() / f"{name}.toml"
    if not path.is_file():
        names = preset_names(kind)
        near = difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(names)}"
        raise InvalidExperiment(f"no preset is called {name!r}; {hint}")
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
        source = path.parent / str(data.pop("posts_file"))
        data["posts"] = [post.model_dump() for post in read_posts(source)]
    return Experiment.from_dict(data, str(path))


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(read_text(path))
    except tomllib.TOMLDecodeError as error:
        raise InvalidExperiment(f"{path}: not valid TOML: {error}") from None


def changed(experiment: Experiment, changes: dict[str, Any]) -> Experiment:
    """Return an experiment with fields set as on a command line; `posts_file` is read.

    Raises
    ------
    InvalidExperiment
        If there is no such field, or a value isn't valid, or the file can't be read.
    """
    changes = dict(changes)
    if "posts_file" in changes:
        path = Path(str(changes.pop("posts_file"))).expanduser()
        changes["posts"] = [post.model_dump() for post in read_posts(path)]
    return experiment.replaced(changes, "command line")
