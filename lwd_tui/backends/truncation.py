"""Whether a prompt was read whole: a server may cut one that is too long and say nothing.

What is known of Ollama servers, and what follows:

- Current ones refuse such a prompt with HTTP 400 if the request says ``truncate: false``.
- Those before 0.12 ignore the field. They cut to exactly num_ctx tokens, and the oldest (before
  0.4) to between a half and the whole of it, as current ones do where nothing is said. What is
  left always counts at least num_ctx / 2 tokens.

So a host is asked once per model, with a prompt that is too long for certain. If it refuses, its
word holds. If it cuts to num_ctx, a count below num_ctx proves a prompt whole; if it cuts to less,
only a count below num_ctx / 2 does. Beside that, a count below the number of words is always a cut,
and prompt and answer must fit the context together, since a server that runs past it forgets the
beginning of the prompt.
"""

from __future__ import annotations

from dataclasses import dataclass

from lwd_tui.experiment.backend import GenerateRequest, PromptTooLong, UnfitRequest, rounded_context


@dataclass(frozen=True, slots=True)
class Limit:
    """The context that a prompt and its answer share, where it isn't the request's to set.

    Attributes
    ----------
    tokens : int
    remedy : str
        How there is more of it: what to set to `{needed}` tokens.
    """

    tokens: int
    remedy: str = "set context = {needed} or more for this participant"


def overlong_prompt(context: int) -> str:
    """Return a text of more tokens than the context has: each word is one at least."""
    return "a " * (context + 64)


def largest_whole(context: int, counted: int | None) -> int:
    """Return the largest prompt token count that proves a prompt whole.

    Parameters
    ----------
    context : int
        num_ctx.
    counted : int or None
        What the host counted when it was sent `overlong_prompt` and did not refuse it; None if
        it didn't say.
    """
    if counted is None:
        return 0
    if counted > context:
        return context
    return context - 1 if counted == context else context // 2 - 1


def check_whole(
    request: GenerateRequest,
    prompt_tokens: int | None,
    completion_tokens: int | None,
    finish_reason: str,
    proven: int,
) -> None:
    """Raise unless an answer was given to the whole prompt.

    Parameters
    ----------
    request : GenerateRequest
    prompt_tokens, completion_tokens : int or None
        As the server counted them; 0 stands for not counted.
    finish_reason : str
    proven : int
        From `largest_whole`, or the context itself where the host refuses to cut.

    Raises
    ------
    PromptTooLong
        With the context that is needed.
    UnfitRequest
        If the server doesn't count, so that it can't be known.
    """
    if not prompt_tokens:
        if proven < request.context:
            raise UnfitRequest(
                f"{request.model}: the server neither refuses prompts that are too long nor says "
                "how many tokens it read, so a cut would go unseen; use a newer server"
            )
        return
    # The word of a host that refuses long prompts holds; a count may leave out what it had read.
    if proven < request.context or _words(request) > request.context:
        check_words(request, prompt_tokens)
    if prompt_tokens > proven:
        raise too_long(
            request,
            f"the server read {prompt_tokens} tokens and would not say whether it cut the prompt",
            None if proven >= request.context - 1 else 2 * prompt_tokens + 2,
        )
    if prompt_tokens + (completion_tokens or 0) > request.context:
        raise _no_room(request, prompt_tokens, request.context - prompt_tokens)
    check_room(request, prompt_tokens, completion_tokens, finish_reason)


def check_words(
    request: GenerateRequest, prompt_tokens: int | None, limit: Limit | None = None
) -> None:
    """Raise PromptTooLong if a server read fewer tokens than the prompt has words.

    Parameters
    ----------
    request : GenerateRequest
    prompt_tokens : int or None
    limit : Limit, optional
        Where the context isn't the request's to set.
    """
    words = _words(request)
    if not prompt_tokens or prompt_tokens >= words:
        return
    what = f"the prompt has at least {words} tokens and the server read {prompt_tokens}"
    context = limit.tokens if limit else request.context
    if _estimate(request) > context:
        raise too_long(request, f"{what}: it was cut", limit=limit)
    raise PromptTooLong(
        f"{request.model}: {what}, although its context of {context} has room for it: the "
        'server or its chat format leaves a part out; try style = "completion", another model or '
        "another server"
    )


def _words(request: GenerateRequest) -> int:
    return len(request.prompt.text.split())


def check_room(
    request: GenerateRequest,
    prompt_tokens: int | None,
    completion_tokens: int | None,
    finish_reason: str,
    limit: Limit | None = None,
) -> None:
    """Raise PromptTooLong if an answer ended because the context was full.

    Parameters
    ----------
    request : GenerateRequest
    prompt_tokens, completion_tokens : int or None
        As the server counted them.
    finish_reason : str
    limit : Limit, optional
        Where the context isn't the request's to set.
    """
    if finish_reason != "length" or prompt_tokens is None or completion_tokens is None:
        return
    if completion_tokens < request.new_tokens:
        raise _no_room(request, prompt_tokens, completion_tokens, limit)


def _no_room(
    request: GenerateRequest, prompt_tokens: int, left: int, limit: Limit | None = None
) -> PromptTooLong:
    needed = prompt_tokens + request.new_tokens
    what = f"the prompt of {prompt_tokens} tokens leaves the answer {left}"
    return too_long(request, what, needed, limit)


def too_long(
    request: GenerateRequest, what: str, needed: int | None = None, limit: Limit | None = None
) -> PromptTooLong:
    """Return the error that names the context needed: more than there is, estimated if unknown.

    Parameters
    ----------
    request : GenerateRequest
    what : str
        What shows that there is too little.
    needed : int or None
    limit : Limit, optional
        Where the context isn't the request's to set.
    """
    limit = limit or Limit(request.context)
    needed = max(needed or _estimate(request), limit.tokens + 1, request.context)
    return PromptTooLong(
        f"{request.model}: its context of {limit.tokens} tokens is too small: {what}; "
        f"{limit.remedy.format(needed=rounded_context(needed))}"
    )


def _estimate(request: GenerateRequest) -> int:
    # Three bytes a token is few enough for any script.
    return len(request.prompt.text.encode()) // 3 + request.new_tokens
