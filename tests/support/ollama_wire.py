"""How an Ollama server writes lines, errors, names and durations, as recorded."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import Any


def answer_line(body: dict[str, Any], chat: bool, text: str, **last: Any) -> dict[str, Any]:
    content = {"message": {"role": "assistant", "content": text}} if chat else {"response": text}
    stamp = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    return {
        "model": body["model"],
        "created_at": stamp,
        **content,
        "done": bool(last),
        **last,
    }


def refusal(tokens: int, context: int) -> str:
    """Return the error that is, as recorded, JSON inside a string."""
    message = (
        f"request ({tokens} tokens) exceeds the available context size ({context} tokens), try "
        "increasing it"
    )
    inner = {"code": 400, "message": message, "type": "exceed_context_size_error"}
    return json.dumps({"error": inner | {"n_prompt_tokens": tokens, "n_ctx": context}})


def filed(name: str) -> str:
    name = name.lower()
    return name if ":" in name else f"{name}:latest"


def unit_vector(vector: list[float]) -> list[float]:
    length = math.sqrt(sum(value * value for value in vector))
    return [value / length for value in vector]


def seconds_of(keep_alive: Any) -> float:
    if isinstance(keep_alive, str):
        return float(keep_alive[:-1]) * {"s": 1, "m": 60, "h": 3600}[keep_alive[-1]]
    return math.inf if keep_alive < 0 else float(keep_alive)
