"""What is sent to an Ollama server for an answer."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from lwd_tui.backends.ollama.models import ModelFacts
from lwd_tui.experiment.backend import GenerateRequest

KEEP_ALIVE = "30m"
"""How long a model stays loaded after a request, should this process die."""

# Levels are sent by their names; models without any take each of them for "on".
_THINK = {"auto": False, "off": False, "on": True}


def loaded_with(context: int, **options: Any) -> dict[str, Any]:
    """Return what a server loads a model by, which every request says: it loads it anew else.

    Current servers fix when they load a model whether it may shift its context, as they do num_ctx.
    """
    return {"shift": False, "options": {"num_ctx": context, **options}}


def body_of(request: GenerateRequest, seed: int, facts: ModelFacts) -> dict[str, Any]:
    """Return the body for /api/chat, or for /api/generate where the prompt is a completion.

    Every option is named here: the server ignores those that it doesn't know.
    """
    sampling = request.sampling
    body: dict[str, Any] = {
        "model": request.model,
        "keep_alive": KEEP_ALIVE,
        "truncate": False,
        **loaded_with(
            request.context,
            num_predict=request.new_tokens,
            temperature=sampling.temperature,
            top_p=sampling.top_p,
            top_k=sampling.top_k,
            min_p=sampling.min_p,
            repeat_penalty=sampling.repeat_penalty,
            seed=seed,
        ),
    }
    if sampling.stop:
        # A list sent replaces the model's own, without which it may not know when to stop.
        body["options"]["stop"] = list(dict.fromkeys(facts.stop + sampling.stop))
    if request.prompt.style == "completion":
        return body | {"prompt": request.prompt.text, "raw": True}
    prompt = request.prompt
    if "no-system" in facts.info.capabilities:
        prompt = prompt.without_system()
    turns = list(map(asdict, prompt.messages))
    # A model that can't think answers 400 if it is told anything of it.
    thinks = "thinking" in facts.info.capabilities or request.think not in ("auto", "off")
    told = {"think": _THINK.get(request.think, request.think)} if thinks else {}
    return body | {"messages": turns} | told
