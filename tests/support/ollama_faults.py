"""What a request for an answer may meet instead of one; see `OllamaStandIn.faults`."""

from __future__ import annotations

import json

from support.http import Reply, Request
from support.ollama_server import OllamaStandIn
from support.ollama_wire import answer_line


async def refuse_busy(server: OllamaStandIn, request: Request, reply: Reply) -> None:
    text = "server busy, please try again.  maximum pending requests exceeded"
    await reply.send(503, {"error": text})


async def reset(server: OllamaStandIn, request: Request, reply: Reply) -> None:
    await reply.reset()


async def web_page(server: OllamaStandIn, request: Request, reply: Reply) -> None:
    await reply.send(200, "<!doctype html><title>Welcome</title>", "text/html")


async def malformed(server: OllamaStandIn, request: Request, reply: Reply) -> None:
    await reply.stream()
    await reply.chunk('{"model": "m", "message": {"role"\n')
    await reply.end()


async def not_an_object(server: OllamaStandIn, request: Request, reply: Reply) -> None:
    await reply.stream()
    await reply.chunk("[1, 2]\n")
    await reply.end()


async def error_body(server: OllamaStandIn, request: Request, reply: Reply) -> None:
    await reply.send(200, {"error": "something went wrong"})


async def error_in_stream(server: OllamaStandIn, request: Request, reply: Reply) -> None:
    chat = request.path == "/api/chat"
    await reply.stream()
    await reply.chunk(answer_line(request.body, chat, "Half"))
    await reply.chunk({"error": "an error was encountered while running the model: unexpected EOF"})
    await reply.end()


async def cut_stream(server: OllamaStandIn, request: Request, reply: Reply) -> None:
    """End properly, but without a last line."""
    await reply.stream()
    await reply.chunk(answer_line(request.body, request.path == "/api/chat", "Half"))
    await reply.end()


async def reset_in_stream(server: OllamaStandIn, request: Request, reply: Reply) -> None:
    await reply.stream()
    await reply.chunk(answer_line(request.body, request.path == "/api/chat", "Half"))
    await reply.reset()


async def hang(server: OllamaStandIn, request: Request, reply: Reply) -> None:
    """Say nothing until the client hangs up."""
    await reply.gone.wait()


async def hang_in_stream(server: OllamaStandIn, request: Request, reply: Reply) -> None:
    await reply.stream()
    await reply.chunk(answer_line(request.body, request.path == "/api/chat", "Half"))
    await reply.gone.wait()


async def endless(server: OllamaStandIn, request: Request, reply: Reply) -> None:
    """Send tokens for ever."""
    await reply.stream()
    token = json.dumps(answer_line(request.body, request.path == "/api/chat", "and ")) + "\n"
    while True:
        await reply.chunk(64 * token)


async def endless_line(server: OllamaStandIn, request: Request, reply: Reply) -> None:
    """Send a line that never ends."""
    await reply.stream()
    while True:
        await reply.chunk("and " * 4096)


async def runner_died(server: OllamaStandIn, request: Request, reply: Reply) -> None:
    text = "an error was encountered while running the model: unexpected EOF"
    await reply.send(500, {"error": text})
