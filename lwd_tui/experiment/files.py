"""What a user has on disk: posts, points, presets, and the paths that lead to them.

A preset is an experiment that ships with the package, or any TOML file by its path; one with
``kind = "gmm"`` specifies a network of mixtures, any other one of language models.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

from lwd_tui.experiment.gmm import GmmSpec, Matrix
from lwd_tui.experiment.llm import Experiment, InvalidExperiment, SeedPost
from lwd_tui.experiment.posts import (
    FoundPosts,
    blank_rows,
    check_ending,
    parse_posts,
    posts_of_rows,
)
from lwd_tui.experiment.section import parse_toml
from lwd_tui.experiment.tables import columns_of, plain_name
from lwd_tui.text import clean_line, shorten, suggestion
from lwd_tui.types import Notice

_ROWS_AT_ONCE = 4096
_PIECE = 2**20


def user_path(text: str) -> Path:
    """Return a path that a user wrote, with a home folder's ``~`` filled in where there is one."""
    path = Path(text)
    with contextlib.suppress(RuntimeError):
        path = path.expanduser()
    return path


def path_in(folder: Path, source: Any, field: str) -> Path:
    """Return the path that a field of a specification names, relative to a folder.

    Raises
    ------
    InvalidExperiment
        If it isn't text; `field` tells where it was.
    """
    if not isinstance(source, str):
        raise InvalidExperiment(f"{field} = {source!r}: must be the path of a file")
    return folder / user_path(source)


def read_text(path: Path) -> str:
    """Read a UTF-8 file (a byte order mark is dropped), or say in a sentence why it can't be."""
    with _told(path):
        data = path.read_bytes()
        _refuse_utf_16(path, (data,))
        return data.decode("utf-8-sig")


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    """Say in a sentence why a file can't be read."""
    try:
        yield
    except FileNotFoundError:
        raise InvalidExperiment(f"{path}: there is no such file") from None
    except UnicodeDecodeError as error:
        raise InvalidExperiment(
            f"{path}: not UTF-8 at byte {error.start}; save it as UTF-8 and try again"
        ) from None
    except OSError as error:
        raise InvalidExperiment(f"{path}: can't be read: {error.strerror}") from None
    except ValueError as error:
        raise InvalidExperiment(f"{str(path)!r}: can't be the name of a file: {error}") from None


def _refuse_utf_16(path: Path, pieces: Iterable[bytes]) -> None:
    done = 0
    for data in pieces:
        if not done and (data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in data[:2]):
            raise InvalidExperiment(f"{path}: it is UTF-16; save it as UTF-8 and try again")
        if b"\x00" in data:
            raise InvalidExperiment(
                f"{path}: is UTF-16, or no text: it has a NUL at byte {done + data.index(0)}; save "
                "it as UTF-8 and try again"
            )
        done += len(data)


def read_posts(path: Path, column: str = "", notice: Notice | None = None) -> tuple[SeedPost, ...]:
    """Read posts from a file; its ending says how, see `lwd_tui.experiment.posts`.

    Parameters
    ----------
    path : Path
    column : str
        Name of the column that holds the posts; "" for `text`.
    notice : callable, optional
        Told how many rows were passed over because they are blank.

    Raises
    ------
    InvalidExperiment
        Naming the file, the line or post, and what is wrong there.
    """
    check_ending(path.suffix, str(path))
    if path.suffix.lower() == ".parquet":
        found = posts_of_rows(_parquet(path, column), str(path), column)
    else:
        found = _parsed(path, column)
    if found.blank and notice is not None:
        were = "was" if found.blank == 1 else "were"
        notice(f"{path}: {blank_rows(found.blank)} {were} passed over")
    return found.posts


def _parsed(path: Path, column: str) -> FoundPosts:
    with _told(path):
        whole = path.is_file()
    if not whole:  # A pipe can be read once.
        return parse_posts(read_text(path), str(path), path.suffix, column)
    with _told(path), path.open("rb") as file:
        _refuse_utf_16(path, iter(lambda: file.read(_PIECE), b""))
    try:
        return parse_posts(path, str(path), path.suffix, column)
    except UnicodeDecodeError:
        read_text(path)  # Of a piece it isn't known where in the file it is.
        raise


def _parquet(path: Path, column: str) -> Iterator[tuple[str, Any]]:
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import ParquetFile
    except ModuleNotFoundError:
        raise InvalidExperiment(
            f"{path}: reading Parquet needs pyarrow; install it with: pip install "
            "'lwd-tui[parquet]', or save the file as CSV"
        ) from None
    number = 0
    try:
        # Pages are read as they are needed, not a whole column ahead.
        with ParquetFile(path, buffer_size=_PIECE, pre_buffer=False) as file:
            names = file.schema_arrow.names
            columns_of(names, str(path), "the schema", column)
            taken = {plain_name(column) or "text", "author", "label"}
            read = [name for name in names if plain_name(name) in taken]
            for batch in file.iter_batches(_ROWS_AT_ONCE, columns=read):
                for row in batch.to_pylist():
                    number += 1
                    yield f"row {number}", row
    except FileNotFoundError:
        raise InvalidExperiment(f"{path}: there is no such file") from None
    # Besides its own errors: text that isn't UTF-8, and dates that Python has none of.
    except (OSError, ArrowException, UnicodeDecodeError, OverflowError) as error:
        reason = clean_line(str(error))
        raise InvalidExperiment(f"{path}: can't be read as Parquet: {reason}") from None


def preset_folder() -> Path:
    """Return the folder of the shipped presets."""
    return shipped_folder("presets")


def shipped_folder(name: str) -> Path:
    """Return a folder that ships: inside the wheel, or at the checkout's top."""
    inside = Path(str(files("lwd_tui") / name))
    return inside if inside.is_dir() else Path(__file__).resolve().parents[2] / name


def cache_home() -> Path:
    """Return the folder of what can be had again: LWD_HOME, or in the platform's cache."""
    chosen = os.environ.get("LWD_HOME")
    return user_path(chosen).absolute() if chosen else user_cache_path("lwd-tui", appauthor=False)


def preset_names(kind: str = "llm") -> list[str]:
    """Return the names of the shipped presets of one kind, "llm" or "gmm", sorted."""
    paths = sorted(preset_folder().glob("*.toml"))
    return [path.stem for path in paths if _kind(_read(path)) == kind]


def load_preset(name: str, notice: Notice | None = None) -> Experiment:
    """Load a shipped preset by its name, or a TOML file by its path.

    Raises
    ------
    InvalidExperiment
        If there is no such preset, with the nearest name, or if it isn't valid.
    """
    return read_experiment(_preset_path(name, "llm"), notice)


def load_gmm_preset(name: str) -> GmmSpec:
    """Load a shipped preset of mixtures by its name, or a TOML file by its path; see above."""
    return read_gmm(_preset_path(name, "gmm"))


def load_either(name: str) -> Experiment | GmmSpec:
    """Load a preset of either kind, as the two above do."""
    path = _preset_path(name, "llm")
    data = _read(path)
    return _gmm(data, path) if _kind(data) == "gmm" else _experiment(data, path)


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
        if Path(name).suffix and user_path(name).is_file():
            raise InvalidExperiment(f"{name}: is no {what}: that is a file that ends in .toml")
        raise InvalidExperiment(f"no {what} is called {name!r}; {suggestion(name, names())}")
    return path


def read_experiment(path: Path, notice: Notice | None = None) -> Experiment:
    """Read an experiment from a TOML file; its ``posts_file`` is relative to that file.

    Raises
    ------
    InvalidExperiment
        If the file can't be read, isn't UTF-8 or TOML, or holds an invalid experiment.
    """
    return _experiment(_read(path), path, notice)


def _experiment(data: dict[str, Any], path: Path, notice: Notice | None = None) -> Experiment:
    if _kind(data) == "gmm":
        raise InvalidExperiment(f"{path}: specifies mixtures; run it with `lwd-tui gmm --preset`")
    if "posts_file" in data:
        if "posts" in data:
            raise InvalidExperiment(f"{path}: give either posts or posts_file, not both")
        data["posts"] = _posts(data, str(path), path.parent, notice)
    _no_column_alone(data, str(path))
    return Experiment.from_dict(data, str(path))


def _read(path: Path) -> dict[str, Any]:
    return parse_toml(read_text(path), str(path))


def _kind(data: dict[str, Any]) -> Any:
    return data.get("kind", "llm")


def _posts(
    fields: dict[str, Any], where: str, folder: Path, notice: Notice | None
) -> tuple[SeedPost, ...]:
    """Take a ``posts_file``, relative to a folder, and its column out of fields, and read it."""
    path = path_in(folder, fields.pop("posts_file"), f"{where}: posts_file")
    column = fields.pop("posts_column", "")
    if not isinstance(column, str):
        raise InvalidExperiment(f"{where}: posts_column = {column!r}: must be the name of a column")
    return read_posts(path, column, notice)


def _no_column_alone(fields: dict[str, Any], where: str) -> None:
    if "posts_column" in fields:
        raise InvalidExperiment(
            f"{where}: posts_column says nothing without a posts_file beside it"
        )


def changed(
    experiment: Experiment, changes: dict[str, Any], notice: Notice | None = None
) -> Experiment:
    """Return an experiment with fields set as on a command line; `posts_file` is read.

    Parameters
    ----------
    experiment : Experiment
    changes : dict
        Values by dotted fields; besides those of an experiment `posts_file` and `posts_column`.
    notice : callable, optional
        Told what is worth knowing of the file.

    Raises
    ------
    InvalidExperiment
        If there is no such field, or a value isn't valid, or the file can't be read.
    """
    where, changes = "command line", dict(changes)
    if "posts_file" in changes:
        changes["posts"] = _posts(changes, where, Path(), notice)
    _no_column_alone(changes, where)
    return experiment.replaced(changes, where)


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
    return _gmm(_read(path), path)


def _gmm(data: dict[str, Any], path: Path) -> GmmSpec:
    if _kind(data) == "llm" and "query" in data:
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
    return read_points(path_in(folder, source, f"{where}: human.points_file"))
