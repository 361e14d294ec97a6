"""What every specification of a run shares: strict sections, TOML, a hash, dotted changes."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date, time
from typing import Annotated, Any, Self

import tomli_w
from pydantic import (
    BaseModel,
    ConfigDict,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic.config import JsonDict

from lwd_tui.errors import LwdError
from lwd_tui.experiment.complaints import explain

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]


class InvalidExperiment(LwdError):
    """The experiment can't be run as written."""


def parse_toml(text: str, where: str) -> dict[str, Any]:
    """Read TOML, or say in a sentence why it can't be."""
    try:
        return tomllib.loads(text)
    # Besides its own error: a number too long to convert, and lists too deep to follow.
    except (ValueError, RecursionError) as error:
        raise InvalidExperiment(f"{where}: not valid TOML: {error}") from None


class Section(BaseModel):
    """Frozen, and strict about names: a misspelt field is an error, never ignored."""

    # Defaults are validated too: an int given for a float would hash otherwise than after a reload.
    model_config = ConfigDict(
        extra="forbid", frozen=True, allow_inf_nan=False, validate_default=True
    )

    @field_validator("*", mode="before")
    @classmethod
    def _as_written(cls, value: Any, info: ValidationInfo) -> Any:
        """Refuse what would be taken for something else, or could not be written down again."""
        if isinstance(value, bool):
            if cls.model_fields[str(info.field_name)].annotation is not bool:
                raise ValueError("must not be true or false")
        elif isinstance(value, str) and not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError:
                raise ValueError("must be whole Unicode characters") from None
        return value


class Specification(Section):
    """What is run, whole.

    Attributes
    ----------
    name, description : str
        For the reader alone: they don't bear on the result.
    """

    name: Name
    description: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return every field, defaults included, as plain JSON values; unset ones are left out."""
        return self.model_dump(mode="json", exclude_none=True)

    def to_toml(self) -> str:
        """Write every field, defaults included; `from_toml` gives an equal specification."""
        return tomli_w.dumps(self.to_dict(), multiline_strings=False)

    @property
    def sha256(self) -> str:
        """Hash of all that bears on the result: everything but the name and description.

        A field that is newer than the first stored runs counts only where it isn't at its default,
        so that what was run before keeps its hash.
        """
        data = _without_newer(self, self.to_dict())
        del data["name"], data["description"]
        return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()

    @classmethod
    def from_dict(
        cls, data: dict[str, Any], where: str = "experiment", *, stored: bool = False
    ) -> Self:
        """Validate plain data.

        Parameters
        ----------
        data : dict
        where : str
            Said where it is wrong.
        stored : bool
            Whether it is the record of a run, which can be read where its backends aren't.

        Raises
        ------
        InvalidExperiment
            In one sentence: the field, its value, and what is allowed.
        """
        try:
            return cls.model_validate(data, context={"stored": stored})
        except ValidationError as error:
            raise InvalidExperiment(f"{where}: {explain(error, cls)}") from None

    @classmethod
    def from_toml(cls, text: str, where: str = "experiment") -> Self:
        """Read what `to_toml` wrote, or a preset."""
        return cls.from_dict(parse_toml(text, where), where)

    def replaced(self, changes: dict[str, Any], where: str = "experiment") -> Self:
        """Return a copy with dotted fields set, such as ``participants.0.sampling.top_k``.

        A table at the place after the last of a list is added to it.
        """
        # What isn't touched stays as it is, which is valid: there may be a hundred thousand posts.
        touched = {path.partition(".")[0] for path in changes}
        data = {name: value for name, value in self if name not in touched and value is not None}
        data |= self.model_dump(mode="json", exclude_none=True, include=touched)
        for path, value in changes.items():
            _set(data, path, value, where)
        return type(self).from_dict(data, where)


NEWER: JsonDict = {"newer": True}
"""Given as `json_schema_extra`: the field came after the first stored runs."""


def _without_newer(section: Section, data: dict[str, Any]) -> dict[str, Any]:
    """Leave the newer fields out that are at their defaults, in all sections."""
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        if field.json_schema_extra == NEWER and value == field.default:
            data.pop(name, None)
        elif isinstance(value, Section):
            _without_newer(value, data[name])
        elif isinstance(value, tuple):
            for part, row in zip(value, data.get(name, ()), strict=False):
                if not isinstance(part, Section):
                    break
                _without_newer(part, row)
    return data


def _set(data: dict[str, Any], path: str, value: Any, where: str) -> None:
    """Set a dotted path; the last name is left to validation, which knows the nearest."""
    target: Any = data
    *parents, last = path.split(".")
    for name in parents:
        try:
            if isinstance(target, list) and not name.isdecimal():
                raise KeyError(name)
            target = target[int(name)] if isinstance(target, list) else target[name]
        except (LookupError, ValueError, TypeError):
            raise InvalidExperiment(f"{where}: there is no field {path!r} ({name!r})") from None
    if isinstance(target, dict):
        target[last] = value
    elif isinstance(target, list) and last.isdecimal() and int(last) < len(target):
        target[int(last)] = value
    elif isinstance(target, list) and last == str(len(target)) and isinstance(value, dict):
        target.append(value)
    else:
        many = len(target) if isinstance(target, list) and last.isdecimal() else 0
        how = f": there are {many}, counted from 0; a table put at {many} is one more"
        raise InvalidExperiment(f"{where}: there is no field {path!r}{how if many else ''}")


def parse_setting(setting: str) -> tuple[str, Any]:
    """Split ``key=value``; the value is read as TOML where it is TOML, else as plain text.

    Raises
    ------
    InvalidExperiment
        If there is no ``=``, or no key before it.
    """
    key, sign, value = setting.partition("=")
    if not sign or not key.strip():
        raise InvalidExperiment(f"--set {setting!r}: write it as field=value, as in beta=0.3")
    try:
        read = tomllib.loads(f"value = {value}")
    except (ValueError, RecursionError):
        return key.strip(), value
    # A text that goes on over lines may hold more keys, and a date is no value of any field.
    plain = read.keys() == {"value"} and not isinstance(read["value"], (date, time))
    return key.strip(), read["value"] if plain else value


def dotted(fields: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the fields of tables within tables by their dotted names."""
    for name, value in fields.items():
        if isinstance(value, dict):
            yield from dotted(value, f"{path}{name}.")
        else:
            yield f"{path}{name}", value
