"""Pydantic's errors, told as one sentence: the field, its value, and what is allowed."""

from __future__ import annotations

import difflib
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
    details = error.errors(include_url=False)
    first = details[0]
    # A union reports each of its branches; the one that got furthest is what the user meant.
    for other in details[1:]:
        if other["loc"][:1] == first["loc"][:1] and len(other["loc"]) > len(first["loc"]):
            first = other
    more = len({detail["loc"][:1] for detail in details}) - 1
    sentence = _sentence(first, model)
    return f"{sentence} (and {more} more)" if more else sentence


def _sentence(detail: ErrorDetails, model: type[BaseModel]) -> str:
    field, kind = _path(detail["loc"]), detail["type"]
    context: dict[str, Any] = detail.get("ctx", {})
    if kind == "missing":
        return f"{field} is missing"
    if kind == "extra_forbidden":
        near = difflib.get_close_matches(str(detail["loc"][-1]), _fields(model), n=1)
        return f"there is no field {field}" + (f"; did you mean {near[0]}?" if near else "")
    if kind == "value_error":
        wanted = str(context["error"])
        return f"{field}: {wanted}" if field else wanted
    limits = {
        "greater_than": ("gt", "must be greater than {}"),
        "greater_than_equal": ("ge", "must be at least {}"),
        "less_than": ("lt", "must be less than {}"),
        "less_than_equal": ("le", "must be at most {}"),
        "literal_error": ("expected", "must be one of {}"),
        "string_too_long": ("max_length", "must have at most {} characters"),
    }
    if kind in limits:
        key, wording = limits[kind]
        wanted = wording.format(context[key])
    elif kind in ("string_too_short", "string_pattern_mismatch"):
        wanted = "must not be blank"
    else:
        wanted = detail["msg"][0].lower() + detail["msg"][1:]
    return f"{field} = {_short(detail['input'])}: {wanted}"


def _path(location: tuple[int | str, ...]) -> str:
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in location]
    # The branches of a union carry a tag of pydantic's own, which a user never wrote.
    named = [part for part in parts if not part.startswith((".tuple[", ".literal["))]
    return "".join(named).removeprefix(".")


def _short(value: Any, limit: int = 60) -> str:
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _fields(model: type[BaseModel]) -> list[str]:
    names: list[str] = []
    for name, field in model.model_fields.items():
        names.append(name)
        for kind in (field.annotation, *get_args(field.annotation)):
            for inner in (kind, *get_args(kind)):
                if isinstance(inner, type) and issubclass(inner, BaseModel):
                    names.extend(_fields(inner))
    return names
