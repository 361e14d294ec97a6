"""Sweeps: variants of an experiment, each with several seeds, as a TOML file tells them.

The file holds a preset, seeds, fields that all variants share, and those of each one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from lwd_tui.experiment.files import preset_folder, read_text, shipped_or_own
from lwd_tui.experiment.section import Name, Section, Specification
from lwd_tui.store.folder import home


def _fit_for_files(value: str) -> str:
    if not value.replace(" ", "").replace("-", "").isalnum() or not value.isascii():
        raise ValueError(f"{value!r}: use letters, digits, blanks and hyphens: it names files too")
    return value


FileName = Annotated[Name, AfterValidator(_fit_for_files)]


class Variant(Section):
    """One of the experiments that are compared.

    Attributes
    ----------
    name : str
        Letters, digits, blanks and hyphens: it names files too.
    changes : dict
        Fields with their values, as the table ``set``.
    protocol : str
        What should not matter and is all that it changes, such as "template"; "" if something else.
    """

    name: FileName
    changes: dict[str, Any] = Field({}, alias="set")
    protocol: Annotated[str, StringConstraints(strip_whitespace=True, max_length=60)] = ""


class Sweep(Specification):
    """What is run.

    Attributes
    ----------
    preset : str
        A preset's name, or a TOML file's path, which is relative to the sweep's file.
    seeds : tuple of int
        Each variant is run once with each; pairs of runs with one seed are compared.
    changes : dict
        Fields that all variants share, as the table ``set``.
    variants : tuple of Variant
        As ``[[variant]]``; the first is what the others are compared with.
    """

    name: FileName
    preset: str = Field(min_length=1)
    seeds: tuple[int, ...] = Field(min_length=1)
    changes: dict[str, Any] = Field({}, alias="set")
    variants: tuple[Variant, ...] = Field(min_length=1, alias="variant")

    @model_validator(mode="after")
    def _all_distinct(self) -> Self:
        if len(set(self.seeds)) < len(self.seeds):
            raise ValueError("seeds: one is there twice")
        names = [stem(variant.name) for variant in self.variants]
        if len(set(names)) < len(names):
            raise ValueError("variant: two have one name")
        if self.variants[0].protocol:
            raise ValueError(
                "variant: the first has a protocol, but it is what those are held against"
            )
        return self


def stem(name: str) -> str:
    """Return the name of a sweep or a variant as it stands in names of files."""
    return name.lower().replace(" ", "-")


def find_sweep(text: str) -> Path:
    """Return the file of a sweep: one of the user's own or one that ships, by its name, or a path.

    Anything that ends in ``.toml`` or holds a path separator is a path.

    Raises
    ------
    InvalidExperiment
        If there is none of that name, with the nearest.
    """
    files = [*own_folder().glob("*.toml"), *shipped_sweeps()]
    for own in files:
        if own.stem == text:
            return own
    return shipped_or_own(
        text, preset_folder() / "sweeps", "sweep", lambda: sorted(path.stem for path in files)
    )


def shipped_sweeps() -> list[Path]:
    """Return the files of the sweeps that ship, in the order of their names."""
    return sorted((preset_folder() / "sweeps").glob("*.toml"))


def own_folder() -> Path:
    """Return the folder of the user's own sweeps, each beside the folder of its runs."""
    return home() / "sweeps"


def read_sweep(path: Path) -> Sweep:
    """Read a sweep from its file; raise InvalidExperiment if it can't be, or isn't valid."""
    return Sweep.from_toml(read_text(path), str(path))


def sweep_folder(sweep: Sweep) -> Path:
    """Return where the runs of a sweep are kept, unless the user says where."""
    return own_folder() / stem(sweep.name)
