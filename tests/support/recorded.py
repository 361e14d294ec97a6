"""The exchanges recorded from a real Ollama server, sent again as they came."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from support.http import Reply, Request, WireServer

FOLDER = Path(__file__).parent.parent / "data" / "ollama-wire"
_SHOWN = {
    "smollm2:135m": "008-show-smol",
    "gemma3:270m": "009-show-gemma",
    "smollm2-plain:latest": "010-show-plain",
    "smollm2-plain": "010-show-plain",
    "all-minilm:l6": "011-show-minilm",
    "gpt-oss:120b-cloud": "314-show-remote",
} | {
    f"r-{path.stem.partition('-show-renderer-')[2]}:135m": path.stem
    for path in FOLDER.glob("*-show-renderer-*.json")
}
LOADED = "037-generate-load"
REFUSED = "092-long-generate-truncate-false"


@cache
def exchange(name: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    return data


async def replay(name: str, reply: Reply) -> None:
    """Send a recorded response with its status, type and framing."""
    recorded = exchange(name)
    kind = dict(recorded["headers"]).get("Content-Type", "text/plain")
    if "ndjson_lines" not in recorded:
        await reply.send(recorded["status"], recorded["raw_body"], kind)
        return
    await reply.stream(kind)
    for line in recorded["ndjson_lines"]:
        await reply.chunk(line)
    await reply.end()


class ReplayServer(WireServer):
    """Answers as the recorded server did.

    Parameters
    ----------
    answers : mapping of str to str
        The exchange for a path; others have the one that fits. A path may hold a list, whose
        exchanges are sent in turn, the last one again and again.
    """

    def __init__(self, answers: Mapping[str, str | list[str]] | None = None) -> None:
        super().__init__(self._answer)
        self._answers = {
            path: [names] if isinstance(names, str) else list(names)
            for path, names in (answers or {}).items()
        }

    async def _answer(self, request: Request, reply: Reply) -> None:
        await replay(self._named(request), reply)

    def _named(self, request: Request) -> str:
        body = request.body or {}
        if request.path == "/api/generate" and "prompt" not in body:
            return "104-unload" if body.get("keep_alive") == 0 else LOADED
        if request.path == "/api/generate" and body["prompt"].startswith("a a a a"):
            return REFUSED
        if queue := self._answers.get(request.path):
            return queue.pop(0) if len(queue) > 1 else queue[0]
        match request.path:
            case "/api/version":
                return "002-version"
            case "/api/tags":
                return "003-tags"
            case "/api/ps":
                return "014-ps-after"
            case "/api/show":
                return _SHOWN.get(body["model"].lower(), "012-show-unknown")
            case _:
                return "006-404-path"
