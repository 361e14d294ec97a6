"""Points of R^d read from a file, and the proxy's specification that names one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lwd_tui.gmm_spec import GmmSpec, Matrix
from lwd_tui.posts import path_in, read_text
from lwd_tui.specification import InvalidExperiment, parse_toml
from lwd_tui.text import shorten


def read_points(path: Path) -> Matrix:
    """Read points from a text file: one a line, its numbers parted by commas or white space.

    Blank lines, and lines that begin with ``#``, are passed over.

    Raises
    ------
    InvalidExperiment
        Naming the file, the line, and what is wrong there.
    """
    points: list[tuple[float, ...]] = []
    for number, line in enumerate(read_text(path).splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            point = tuple(float(part) for part in line.replace(",", " ").split())
        except ValueError:
            raise InvalidExperiment(
                f"{path}, line {number}: {shorten(line.strip(), 40)!r}: "
                "must be numbers with commas or blanks between them"
            ) from None
        if points and len(point) != len(points[0]):
            raise InvalidExperiment(
                f"{path}, line {number}: has {len(point)} numbers; "
                f"the first point has {len(points[0])}"
            )
        points.append(point)
    if not points:
        raise InvalidExperiment(f"{path}: holds no points")
    return tuple(points)


def read_gmm(path: Path) -> GmmSpec:
    """Read a specification from a TOML file; its ``human.points_file`` is relative to it.

    Raises
    ------
    InvalidExperiment
        If a file can't be read, isn't UTF-8 or TOML, or holds what isn't valid.
    """
    data = parse_toml(read_text(path), str(path))
    if data.get("kind", "llm") == "llm" and "query" in data:
        raise InvalidExperiment(
            f"{path}: specifies language models; run it with `lwd-tui --preset {path.stem}`"
        )
    human = data.get("human")
    if isinstance(human, dict) and "points_file" in human:
        human["points"] = _points(human.pop("points_file"), str(path), path.parent)
    return GmmSpec.from_dict(data, str(path))


def changed_gmm(spec: GmmSpec, changes: dict[str, Any]) -> GmmSpec:
    """Return a specification with fields set as on a command line; `human.points_file` is read.

    Raises
    ------
    InvalidExperiment
        If there is no such field, or a value isn't valid, or the file can't be read.
    """
    where, changes = "command line", dict(changes)
    if "human.points_file" in changes:
        changes["human.points"] = _points(changes.pop("human.points_file"), where, Path())
    return spec.replaced(changes, where)


def _points(source: Any, where: str, folder: Path) -> Matrix:
    """Read the points of a ``points_file``, which is relative to a folder."""
    return read_points(path_in(folder, source, f"{where}: human.points_file"))
