"""Pydantic's errors, told as one sentence: the field, its value, and what is allowed."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails


def explain(error: ValidationError, model: type[BaseModel]) -> str:
    """Tell the first thing that is wrong, and how many more there are.

    Parameters
    ----------
    error : ValidationError
    model : type of BaseModel
        What was being validated; used to find the nearest name of an unknown field.

    Returns
    -------
    str
        Such as ``beta = 1.5: must be at most 1``.
    """
    # A misspelt field comes first: it is often the one that is said to be missing.
    details = sorted(
        error.errors(include_url=False), key=lambda detail: detail["type"] != "extra_forbidden"
    )
    first = details[0]
    # A union reports each of its branches; the one that got furthest is what the user meant.
    for other in details[1:]:
        if other["loc"][:1] == first["loc"][:1] and len(other["loc"]) > len(first["loc"]):
            first = other
    more = len({detail["loc"][:1] for detail in details}) - 1
    sentence = _sentence(first, model)
    return f"{sentence} (and {more} more)" if more else sentence


# Pydantic's kinds of error, in the words of a TOML file.
_WANTED = {
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "finite_number": "must be a finite number",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "int_from_float": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a smaller number",
    "int_type": "must be a whole number",
    "model_type": "must be a table",
    "string_pattern_mismatch": "must not be blank",
    "string_too_short": "must not be blank",
    "string_type": "must be text",
    "string_unicode": "must be whole Unicode characters",
    "tuple_type": "must be a list",
}
_LIMITS = {
    "greater_than": ("gt", "must be greater than {}"),
    "greater_than_equal": ("ge", "must be at least {}"),
    "less_than": ("lt", "must be less than {}"),
    "less_than_equal": ("le", "must be at most {}"),
    "literal_error": ("expected", "must be one of {}"),
    "string_too_long": ("max_length", "must have at most {} characters"),
}


def _sentence(detail: ErrorDetails, model: type[BaseModel]) -> str:
    location, kind = detail["loc"], detail["type"]
    field = _path(location)
    context: dict[str, Any] = detail.get("ctx", {})
    if kind == "missing":
        return f"{field} is missing"
    if kind == "extra_forbidden":
        near = _nearest(location, model)
        return f"there is no field {field}" + (f"; did you mean {near}?" if near else "")
    if kind == "value_error":
        wanted = str(context["error"])
        return f"{field}: {wanted}" if field else wanted
    if kind in _LIMITS:
        name, wording = _LIMITS[kind]
        limit = context[name]
        whole = isinstance(limit, float) and limit.is_integer()
        wanted = wording.format(int(limit) if whole else limit)
    else:
        wanted = _WANTED.get(kind) or detail["msg"][0].lower() + detail["msg"][1:]
    value = _short(detail["input"])
    return f"{field} = {value}: {wanted}" if field else f"{value}: {wanted}"


_BRANCHES = (".tuple[", ".literal[", ".constrained-str")


def _path(location: tuple[int | str, ...]) -> str:
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in location]
    # The branches of a union carry a tag of pydantic's own, which a user never wrote.
    named = [part for part in parts if not part.startswith(_BRANCHES)]
    return "".join(named).removeprefix(".")


def _short(value: Any, limit: int = 60) -> str:
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _nearest(location: tuple[int | str, ...], model: type[BaseModel]) -> str:
    """Return the field that an unknown one was perhaps meant to be, or ""."""
    unknown = str(location[-1])
    here = model
    for part in location[:-1]:
        if isinstance(part, str) and part in here.model_fields:
            here = next(iter(_sections(here.model_fields[part].annotation)), here)
    near = difflib.get_close_matches(unknown, here.model_fields, n=1)
    if near:
        return near[0]
    paths = dict(_paths(model)) | dict(_paths(here))
    near = difflib.get_close_matches(unknown, paths, n=1)
    return paths[near[0]] if near else ""


def _paths(model: type[BaseModel]) -> Iterator[tuple[str, str]]:
    """Yield the name of every field within a section, and its path from there."""
    for name, field in model.model_fields.items():
        yield name, name
        for section in _sections(field.annotation):
            place = name if section is field.annotation else f"{name}[..]"
            yield from ((inner, f"{place}.{path}") for inner, path in _paths(section))


def _sections(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yield the sections that an annotation names, such as those of a tuple or a union."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _sections(part)
