"""What is sent to an OpenAI-compatible server for an answer, and what can be left out of it."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from typing import Any

import openai

from lwd_tui.backends.openai.dialects import NEUTRAL, UNKNOWN, Dialect, sampling_fields
from lwd_tui.backends.openai.refusals import has_no_chat, is_too_long, message_of
from lwd_tui.experiment.backend import GenerateRequest, UnfitRequest

LIMITS = ("max_tokens", "max_completion_tokens")
_OWN = "what the model or the server sets for itself may hold instead"
EXTRAS = {
    "stream_options": "tokens may not be counted",
    "chat_template_kwargs": "whether the model thinks is left to it",
    "reasoning_effort": "how much the model thinks is left to it",
    **dict.fromkeys(LIMITS, "the limit is sent by its other name"),
    **dict.fromkeys(NEUTRAL, _OWN),
    "seed": "its answers can't be made again",
    "n": "each answer is asked for by itself",
    "stream": "its answers come whole",
    "system": "its text stands at the head of the user's turn",
}
"""Fields that a run can do without, and what follows where one is left out."""

_UNKNOWN_FIELD = re.compile(
    r"unsupported|n[o']t (supported|permitted|allowed)|un(recogni[sz]ed|known|expected)|extra|"
    r"deprecated|instead|no longer|not implemented",
    re.IGNORECASE,
)
# How a model's template, or what stands before it, says that it has no turn for a system text.
_NO_SYSTEM = re.compile(
    r"\bsystem\b.{0,40}(?:n[o']t (?:be )?(?:supported|allowed|permitted|accepted|enabled)|"
    r"unsupported)|"
    r"(?:n[o']t support|unexpected|invalid|unsupported|unknown)\W.{0,20}\bsystem\b|"
    r"roles must alternate|only .{0,20}assistant\W{0,3}.{0,10}roles|"
    r"developer instruction is not enabled",
    re.IGNORECASE,
)


@dataclass(slots=True)
class Refusals:
    """What a server has refused for one model and style, by name and value."""

    taken: set[tuple[str, Any]] = field(default_factory=set)

    def without(self, name: str) -> bool:
        """Whether a field isn't sent any more."""
        values = NEUTRAL.get(name, (None,))
        return all((name, value) in self.taken for value in values)

    def fitted(self, body: dict[str, Any]) -> dict[str, Any]:
        """Return a body without what was refused, or with the next neutral value."""
        fitted = {}
        for name, value in body.items():
            neutral = NEUTRAL.get(name, ())
            choices = neutral if value in neutral else (value,)
            left = [choice for choice in choices if not self._refused(name, choice)]
            if left:
                fitted[name] = value if value in left else left[0]
        return fitted

    def add(self, name: str, body: dict[str, Any]) -> None:
        """Leave a field of a body out from now on."""
        self.taken.add((name, body[name] if name in NEUTRAL else None))

    def _refused(self, name: str, value: Any) -> bool:
        return (name, value if name in NEUTRAL else None) in self.taken


def body_of(
    dialect: Dialect,
    refusals: Refusals,
    request: GenerateRequest,
    count: int,
    seed: int,
    url: str,
) -> dict[str, Any]:
    """Return the body of a request, without what the server has refused.

    Raises
    ------
    UnfitRequest
        If the server isn't known to heed a setting, or takes no limit on an answer's length.
    """
    sampling = request.sampling
    body: dict[str, Any] = {
        "model": request.model,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "seed": seed,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if count > 1:
        body["n"] = count
    if sampling.stop:
        body["stop"] = list(sampling.stop)
    body |= sampling_fields(dialect, sampling, url)
    if request.prompt.style == "completion":
        body |= {"prompt": request.prompt.text}
        names: tuple[str, ...] = ("max_tokens",)
    else:
        fits = not refusals.without("system")
        prompt = request.prompt if fits else request.prompt.without_system()
        body["messages"] = list(map(asdict, prompt.messages))
        thinks = request.think not in ("auto", "off")
        if dialect.template_options:
            # Templates of models that can think have this switch; others ignore it.
            body["chat_template_kwargs"] = {"enable_thinking": thinks}
        if request.think in ("low", "medium", "high"):
            body["reasoning_effort"] = request.think
        names = (dialect.limit, *(name for name in LIMITS if name != dialect.limit))
    limit = next((name for name in names if not refusals.without(name)), None)
    if limit is None:
        raise UnfitRequest(
            f"{request.model} at {url} takes no limit on the length of an answer "
            f"({' or '.join(names)}); use another model or server"
        )
    return refusals.fitted(body) | {limit: request.new_tokens}


def refused_fields(
    dialect: Dialect, error: openai.APIStatusError, body: dict[str, Any]
) -> list[str]:
    """Return what can be left out of a request that a server refuses; none for other reasons.

    What a user set to other than its neutral value is never left out. Where a server of unknown
    kind names no field, all that are sent at their neutral values are meant.
    """
    told = message_of(error)
    turns = body.get("messages", [{}])
    # Templates raise it, which some servers take for an error of their own.
    if (
        turns[0].get("role") == "system"
        and error.status_code in (400, 422, 500)
        and _NO_SYSTEM.search(told)
    ):
        return ["system"]
    absent = error.status_code in (500, 501) and _UNKNOWN_FIELD.search(told)
    if not (absent or error.status_code in (400, 422)) or is_too_long(error) or has_no_chat(error):
        return []
    named = [name for name in EXTRAS if name in body and error.param == name]
    named += [name for name in EXTRAS if name in body and _names(told, name)]
    for name in named:
        if name in LIMITS and not _UNKNOWN_FIELD.search(told):
            return []  # It is the value that doesn't fit.
        if body[name] not in NEUTRAL.get(name, (body[name],)):
            return []
        others = [it for it in named if it in NEUTRAL and body[it] in NEUTRAL[it]]
        return list(dict.fromkeys(others if name in NEUTRAL else [name]))
    if (
        absent
        or dialect is not UNKNOWN
        or any(_names(told, name) for name in ("temperature", "top_p", "stop"))
    ):
        return []
    return [name for name, values in NEUTRAL.items() if body.get(name) in values]


def _names(told: str, field: str) -> bool:
    return re.search(rf"(?<![\w.\\]){field}(?!\w)", told) is not None
