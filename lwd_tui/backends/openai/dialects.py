"""The kinds of OpenAI-compatible servers, and what each is known to understand.

The interface has one name and many dialects. A field that a server doesn't know may be ignored
without a word, so only what a kind of server is known to heed is sent to it as the run's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lwd_tui.experiment.backend import Unheeded
from lwd_tui.experiment.llm import Sampling

# The values of sampling fields by which nothing is changed; of several, the first that is taken.
NEUTRAL: dict[str, tuple[float, ...]] = {
    "top_k": (0, -1),
    "min_p": (0.0,),
    "repeat_penalty": (1.0,),
    "repetition_penalty": (1.0,),
    "presence_penalty": (0.0,),
    "frequency_penalty": (0.0,),
}


@dataclass(frozen=True, slots=True)
class Dialect:
    """What a kind of server understands.

    Attributes
    ----------
    name : str
    batch : int
        Answers that one request may ask for (`n`), each with a seed that is known.
    parallel : int
        Requests in flight that help.
    extra : tuple of str
        The fields of `Sampling` beyond OpenAI's own that it heeds as llama.cpp defines them.
    neutral : tuple of str
        Further fields, sent at their neutral values, since the model's own would hold otherwise.
    template_options : bool
        Whether it passes options on to the chat template, among them the one for thinking.
    limit : str
        Its name for the most tokens of an answer.
    remedy : str
        How it is given a context of `{needed}` tokens.
    """

    name: str
    batch: int = 1
    parallel: int = 8
    extra: tuple[str, ...] = ()
    neutral: tuple[str, ...] = ()
    template_options: bool = False
    limit: str = "max_tokens"
    remedy: str = "use a model or a server with room for {needed}"


# With `n`, vLLM and llama-server give answer i the seed of the request plus i.
VLLM = Dialect(
    "vLLM", 64, 32, ("top_k", "min_p"), ("repetition_penalty",), True,
    remedy="start vLLM with --max-model-len {needed} or more",
)  # fmt: skip
# SGLang gives all answers of a request the same seed, and reads a prompt that it knows only once.
SGLANG = Dialect(
    "SGLang", 1, 32, ("top_k", "min_p"), ("repetition_penalty",), True,
    remedy="start SGLang with --context-length {needed} or more",
)  # fmt: skip
OPENAI = Dialect("OpenAI", 8, 8, limit="max_completion_tokens")
UNKNOWN = Dialect("OpenAI-compatible, of unknown kind", neutral=tuple(NEUTRAL))


def llama_server(slots: int) -> Dialect:
    """Return the dialect of a llama-server with so many slots."""
    return Dialect(
        "llama-server",
        max(1, slots),
        2,
        ("top_k", "min_p", "repeat_penalty"),
        ("presence_penalty", "frequency_penalty"),
        True,
        remedy="start llama-server with {needed} tokens or more for each slot (-c divided by -np)",
    )


def sampling_fields(dialect: Dialect, sampling: Sampling, url: str) -> dict[str, Any]:
    """Return the sampling fields beyond OpenAI's own for a request.

    Raises
    ------
    Unheeded
        If the server isn't known to heed one that is set.
    """
    wanted = {name: getattr(sampling, name) for name in ("top_k", "min_p", "repeat_penalty")}
    refused = [
        name
        for name, value in wanted.items()
        if value != NEUTRAL[name][0] and name not in dialect.extra
    ]
    if refused:
        raise Unheeded(
            f"{url} ({dialect.name}) may ignore {' and '.join(refused)}, or mean something else",
            {name: NEUTRAL[name][0] for name in refused},
        )
    sent = {name: NEUTRAL[name][0] for name in dialect.neutral}
    sent |= {name: wanted[name] for name in dialect.extra}
    if dialect in (VLLM, SGLANG):
        # Older versions of both take no 0 for "all".
        sent["top_k"] = wanted["top_k"] or -1
    return sent
