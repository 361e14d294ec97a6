"""The explorer in a browser: textual-serve, closed to other sites.

Whoever can open the page can do all that the explorer can, and a page of any other site can make a
browser open a web socket to this machine. So only requests that were made to our own address, and
by our own page, are answered.
"""

from __future__ import annotations

import logging
import shlex
import sys
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from aiohttp import web
from textual_serve.server import Server

from lwd_tui.errors import LwdError

_LOOPBACK = {"127.0.0.1": "127.0.0.1", "localhost": "localhost", "::1": "[::1]"}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class ExplorerServer(Server):
    """Serves one explorer a browser tab, each in a process of its own.

    Browsers call it by its public URL; `announce` is called with it once the server listens.
    """

    def __init__(
        self, address: str, port: int, public_url: str, announce: Callable[[str], None]
    ) -> None:
        command = shlex.join([sys.executable, "-m", "lwd_tui.tui"])
        super().__init__(command, address, port, title="lwd-tui", public_url=public_url)
        self._announce = announce
        own = urlsplit(public_url)
        self._scheme = own.scheme
        self.trusted = {_place(own.netloc, own.scheme)}
        if own.hostname in _LOOPBACK:
            self.trusted |= {_place(f"{name}:{port}", "http") for name in _LOOPBACK.values()}
        # The template asks Google for a font, which would tell it who runs experiments.
        self._policy = (
            f"default-src 'self' {public_url} 'unsafe-inline' data:; "
            f"connect-src 'self' {public_url.replace('http', 'ws', 1)}; frame-ancestors 'none'"
        )

    def initialize_logging(self) -> None:
        """Leave out that each request was answered."""
        logging.basicConfig(level=logging.WARNING, format="%(message)s")

    async def on_startup(self, app: web.Application) -> None:  # noqa: ARG002 (textual-serve's)
        """Say that the server listens."""
        self._announce(self.public_url)

    async def _make_app(self) -> web.Application:
        app = await super()._make_app()
        app.middlewares.append(self._guard)
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuse what another site's page asks for, or what reached us by another name."""
        origins = request.headers.getall("Origin", [])
        # Not taken apart as a URL is: what a browser sends is a scheme and a place, and no more.
        split = [origin.partition("://") for origin in origins]
        asked = [_place(request.host, self._scheme)]
        asked += [_place(place, scheme) for scheme, _, place in split]
        if not self.trusted.issuperset(asked):
            return web.Response(status=403, text="this is not for other sites\n")
        response = await handler(request)
        if not response.prepared:
            response.headers["Content-Security-Policy"] = self._policy
        return response


def _place(place: str, scheme: str) -> str:
    """Write a name and a port as browsers do: in small letters, without the scheme's own port."""
    return place.lower().removesuffix({"http": ":80", "https": ":443"}.get(scheme, ""))


def serve_explorer(
    address: str, port: int, public_url: str, announce: Callable[[str], None]
) -> None:
    """Serve until Ctrl-C.

    Raises
    ------
    LwdError
        If nothing can listen there.
    """
    try:
        ExplorerServer(address, port, public_url, announce).serve()
    except OSError as error:
        raise LwdError(
            f"can't listen on {address}:{port}: {error.strerror or error}; choose another --port"
        ) from None
