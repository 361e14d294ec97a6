"""A small HTTP/1.1 server on loopback whose every byte a test can decide."""

from __future__ import annotations

import asyncio
import json
import re
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

JSON = "application/json; charset=utf-8"
_REASONS = {200: "OK", 301: "Moved Permanently", 400: "Bad Request", 404: "Not Found"}


@dataclass
class Request:
    method: str
    path: str
    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.raw) if self.raw else None


class Reply:
    """What goes back over one connection; `gone` is set when the client has hung up."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self.gone = asyncio.Event()
        self.started = False
        self.keep = True

    async def send(
        self, status: int, body: bytes | str | Any, kind: str = JSON, **headers: str
    ) -> None:
        """Send a whole response; what isn't bytes or text is sent as JSON."""
        if not isinstance(body, bytes):
            body = (body if isinstance(body, str) else json.dumps(body)).encode()
        self._head(status, {"Content-Type": kind, "Content-Length": str(len(body)), **headers})
        self._writer.write(body)
        await self._writer.drain()

    async def stream(self, kind: str = "application/x-ndjson") -> None:
        """Begin a chunked response."""
        self._head(200, {"Content-Type": kind, "Transfer-Encoding": "chunked"})
        await self._writer.drain()

    async def chunk(self, data: bytes | str | Any) -> None:
        """Send a piece of a chunked response; what isn't bytes or text is sent as a JSON line."""
        if not isinstance(data, bytes):
            data = (data if isinstance(data, str) else json.dumps(data) + "\n").encode()
        if self.gone.is_set():
            raise ConnectionResetError
        self._writer.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        await self._writer.drain()

    async def end(self) -> None:
        """End a chunked response."""
        self._writer.write(b"0\r\n\r\n")
        await self._writer.drain()

    async def reset(self) -> None:
        """Break the connection, without any more bytes."""
        self.keep = False
        self._writer.transport.abort()

    def _head(self, status: int, headers: Mapping[str, str]) -> None:
        self.started = True
        lines = [f"HTTP/1.1 {status} {_REASONS.get(status, 'Other')}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self._writer.write("\r\n".join([*lines, "", ""]).encode())


Handler = Callable[[Request, Reply], Awaitable[None]]


@dataclass
class WireServer:
    """Serves a handler; an async context manager, which can also be stopped and started again."""

    handler: Handler
    port: int = 0
    tls: ssl.SSLContext | None = None
    requests: list[Request] = field(default_factory=list)
    hangups: int = 0
    _server: asyncio.Server | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http{'s' if self.tls else ''}://127.0.0.1:{self.port}"

    def asked(self, path: str) -> list[Any]:
        """Return the bodies sent to a path."""
        return [request.body for request in self.requests if request.path == path]

    async def start(self) -> None:
        self._server = await asyncio.start_server(
            self._accept, "127.0.0.1", self.port, ssl=self.tls
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close the port and break every connection, as a server that is killed does."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def __aenter__(self) -> WireServer:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            ahead = b""
            while (request := await _read(reader, ahead)) is not None:
                self.requests.append(request)
                reply = Reply(writer)
                watch = asyncio.create_task(self._watch(reader, reply))
                try:
                    await self.handler(request, reply)
                finally:
                    watch.cancel()
                    await asyncio.gather(watch, return_exceptions=True)
                if not reply.keep or reply.gone.is_set():
                    break
                ahead = b"" if watch.cancelled() else watch.result()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.transport.abort()

    async def _watch(self, reader: asyncio.StreamReader, reply: Reply) -> bytes:
        """Notice a client that hangs up while it is being answered."""
        try:
            ahead = await reader.read(1)
        except ConnectionError:  # As a client leaves that is killed.
            ahead = b""
        if not ahead:
            self.hangups += 1
            reply.gone.set()
        return ahead


async def _read(reader: asyncio.StreamReader, ahead: bytes) -> Request | None:
    try:
        head = ahead + await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    method, path, _ = first.split(" ", 2)
    headers = {}
    for line in lines:
        if found := re.fullmatch(r"([^:]+):\s*(.*)", line):
            headers[found[1].lower()] = found[2]
    length = int(headers.get("content-length", 0))
    return Request(method, path, headers, await reader.readexactly(length) if length else b"")


@contextmanager
def in_thread(server: WireServer) -> Iterator[WireServer]:
    """Serve from a thread, for what runs an event loop of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(server.start(), loop).result(5)
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()
