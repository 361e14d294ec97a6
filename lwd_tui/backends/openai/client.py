"""The official client of one server, made and called so that every error of it is a sentence."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable
from typing import Any
from urllib.parse import parse_qsl

import httpx2
import openai

from lwd_tui.backends.environment import causes, unopened, untrusted
from lwd_tui.backends.hosts import (
    CONNECT_SECONDS,
    KEEP_SECONDS,
    TELL_SECONDS,
    is_direct,
    proxy_hint,
    redirected,
)
from lwd_tui.backends.keys import Key
from lwd_tui.backends.openai.refusals import KEY_WANTED, message_of, seconds_asked
from lwd_tui.backends.retry import UNREACHED, Transient
from lwd_tui.backends.wire import bounded
from lwd_tui.experiment.backend import BackendError, ModelMissing, ServerMissing, UnfitRequest
from lwd_tui.text import shorten

# httpx2 is what the client speaks through; it lets errors inside a stream pass as they are.
FAILURES = (
    openai.OpenAIError,
    httpx2.HTTPError,
    httpx2.InvalidURL,
    ValueError,
    AttributeError,
    TypeError,
)

_BOUND = bounded(httpx2.AsyncByteStream, httpx2.ReadError)


class Client:
    """A client of one server.

    Parameters
    ----------
    url : str
        Base URL, as `openai_urls` gives it; a query in it goes with every request.
    key_variable : str
        The environment variable that holds the key.

    Attributes
    ----------
    key : Key
    api : openai.AsyncOpenAI
    root : str
        The URL without the path of the interface, where servers have what is theirs alone.

    Raises
    ------
    BackendError
        If the user's environment lets no client be made.
    """

    def __init__(self, url: str, key_variable: str) -> None:
        self.url = url
        self.key = Key(key_variable, url)
        base, _, query = url.partition("?")
        self.root = base.removesuffix("/v1")
        try:
            self.api = openai.AsyncOpenAI(
                base_url=base,
                default_query=dict(parse_qsl(query, keep_blank_values=True)),
                api_key=self.key.sent,
                max_retries=0,
                timeout=openai.Timeout(None, connect=CONNECT_SECONDS),
                http_client=openai.DefaultAsyncHttpxClient(
                    trust_env=not is_direct(url),
                    # Certificates are the environment's also where its proxies aren't used; a
                    # server that has none needs none to be read.
                    verify=httpx2.create_ssl_context() if url.startswith("https") else False,
                    # A redirect would turn a POST into a GET; it is told instead.
                    follow_redirects=False,
                    event_hooks={"response": [_BOUND]},
                    limits=httpx2.Limits(max_connections=None, keepalive_expiry=KEEP_SECONDS),
                ),
            )
        except (ImportError, OSError, *FAILURES) as error:
            raise unopened(error, url) from None

    async def get(self, path: str) -> Any:
        """Return what the server answers to GET, as far as it is JSON."""
        return await self._told(self.api.get(path, cast_to=object))

    async def post(self, path: str, body: dict[str, Any]) -> Any:
        """Return what the server answers to POST, as far as it is JSON."""
        return await self._told(self.api.post(path, cast_to=object, body=body))

    async def _told(self, asked: Awaitable[Any]) -> Any:
        """Wait for what the server knows without any work."""
        try:
            async with asyncio.timeout(TELL_SECONDS):
                return await asked
        except TimeoutError:
            raise httpx2.ReadTimeout(f"no answer within {TELL_SECONDS:g} s") from None

    async def aclose(self) -> None:
        """Close the connections."""
        await self.api.close()

    def told(self, text: str) -> str:
        """Return what a server says, short and without the key."""
        page = text.lstrip().startswith("<")
        return "a web page" if page else self.key.hidden(shorten(self.key.hidden(text), 300))

    def explained(self, error: Exception, model: str = "") -> Exception:
        """Turn what the client raised into Transient, or into an error that a user can read."""
        match error:
            case openai.APIStatusError():
                return self._refusal(error, model)
            case openai.APIConnectionError() | httpx2.HTTPError() | UnicodeEncodeError():
                return self._broken(error)
            case openai.APIError():
                return Transient(f"an error inside the stream: {self.told(error.message)}")
            case json.JSONDecodeError():
                return Transient("it sent malformed JSON")
        return Transient("it sent something of another form")

    def missing(self, error: Exception) -> BackendError:
        """Say why a server that was asked what it has can't be used, for any reason."""
        fault = self.explained(error)
        if not isinstance(fault, Transient):
            if isinstance(fault, ModelMissing):
                return ServerMissing(f"{self.url} lists no models; its path often ends in /v1")
            return fault if isinstance(fault, BackendError) else BackendError(self.told(str(fault)))
        if fault.fault == UNREACHED:
            return ServerMissing(
                f"no server answers at {self.url}; start one there, or name another with "
                f"--host or the participant's host{proxy_hint(self.url)}"
            )
        return ServerMissing(
            f"{self.url} doesn't answer like an OpenAI-compatible server: {fault}"
            f"{proxy_hint(self.url)}"
        )

    def _broken(self, error: Exception) -> Exception:
        """Say what became of a connection; the client's own words may hold a header."""
        if trouble := untrusted(error, self.url):
            return trouble
        for cause in causes(error):
            match cause:
                case UnicodeEncodeError():
                    return self._header()
                case httpx2.LocalProtocolError() if "header" in str(cause):
                    return self._header()
                case httpx2.ProxyError():
                    said = f"the proxy doesn't connect ({self.told(str(cause))})"
                    if re.match(r"40[37]", str(cause)):
                        return BackendError(f"{self.url}: {said}{proxy_hint(self.url)}")
                    return Transient(said)
                case httpx2.UnsupportedProtocol():
                    return UnfitRequest(f"host {self.url}: the scheme must be http or https")
                case httpx2.ConnectError() | httpx2.ConnectTimeout():
                    return Transient(UNREACHED)
        detail = self.told(str(error.__cause__ or error)) or type(error).__name__
        return Transient(f"the connection broke ({detail})")

    def _header(self) -> BackendError:
        return BackendError(
            f"a request to {self.url} can't be sent: a header holds what none can carry; look at "
            f"{self.key.variable} and other variables whose names begin with OPENAI_"
        )

    def _refusal(self, error: openai.APIStatusError, model: str) -> Exception:
        status, told = error.status_code, self.told(message_of(error))
        if 300 <= status < 400:
            place = self.key.hidden(error.response.headers.get("location", ""))
            return redirected(self.url, status, place)
        if status in (401, 403) or (status == 400 and KEY_WANTED.search(told)):
            # Some servers repeat a part of the key in what they say.
            held = "the key in it" if self.key else "a key there"
            return BackendError(
                f"{self.url} refuses access (HTTP {status}); it takes its key from the variable "
                f"{self.key.variable}: check {held}"
            )
        if status == 407:
            return BackendError(f"the proxy wants to be told who asks{proxy_hint(self.url)}")
        if status == 404 and not re.search(r"model|deployment", told, re.IGNORECASE):
            return ServerMissing(
                f"{self.url} has no such address (HTTP 404: {told}); its path often ends in /v1"
            )
        if status == 404:
            return ModelMissing(f"{self.url} has no model {model!r}: {told}")
        if status == 402 or error.code == "insufficient_quota":
            return BackendError(f"{self.url}: {told}")
        if status in (408, 409, 429) or status >= 500:
            lasts = "support" in told or "too large to process" in told
            if status == 501 or (status == 500 and lasts):
                return UnfitRequest(f"{model} at {self.url}: {told} (HTTP {status})")
            return Transient(f"HTTP {status}: {told}", seconds_asked(error))
        return UnfitRequest(f"{model or 'the request'} at {self.url}: {told} (HTTP {status})")
