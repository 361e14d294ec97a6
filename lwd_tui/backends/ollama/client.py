"""The official client, with the request fields it lacks, and its errors put into words.

`AsyncClient.chat` and `.generate` can't send ``truncate`` and ``shift``, by which a server refuses
a prompt that is too long instead of cutting it. `OllamaClient` sends such bodies through the
client's own request method, so that its parsing and its exceptions stay in use.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any, TypeVar

import httpx
import ollama
from ollama import ResponseError
from pydantic import BaseModel, ValidationError, field_validator

from lwd_tui.backends.environment import unopened, untrusted
from lwd_tui.backends.hosts import (
    CONNECT_SECONDS,
    KEEP_SECONDS,
    TELL_SECONDS,
    is_direct,
    proxy_hint,
    redirected,
)
from lwd_tui.backends.keys import Key
from lwd_tui.backends.retry import UNREACHED, Transient
from lwd_tui.backends.wire import bounded, lines_of, written
from lwd_tui.experiment.backend import BackendError, PromptTooLong, ServerMissing, UnfitRequest
from lwd_tui.text import shorten

# What the client and httpx raise; the last two where a line is JSON but not an object.
FAILURES = (
    ConnectionError,
    httpx.HTTPError,
    httpx.InvalidURL,
    ResponseError,
    ValidationError,
    ValueError,
    AttributeError,
    TypeError,
)


KEY_VARIABLE = "OLLAMA_API_KEY"
_Told = TypeVar("_Told")
_BOUND = bounded(httpx.AsyncByteStream, httpx.ReadError)


class OllamaClient(ollama.AsyncClient):
    """A client of one server, without a timeout on the whole of an answer.

    Parameters
    ----------
    url : str
        As `parse_host` gives it.

    Raises
    ------
    BackendError
        If a proxy or a certificate that the environment names can't be used.
    """

    def __init__(self, url: str) -> None:
        key = Key(KEY_VARIABLE, url)
        try:
            super().__init__(
                url,
                headers={"authorization": f"Bearer {key.sent}"} if key else None,
                timeout=httpx.Timeout(None, connect=CONNECT_SECONDS),
                limits=httpx.Limits(max_connections=None, keepalive_expiry=KEEP_SECONDS),
                # A redirect would turn a POST into a GET; it is reported instead.
                follow_redirects=False,
                event_hooks={"response": [self._refuse_redirect, _BOUND]},
                # Certificates are the environment's also where its proxies are not used.
                verify=httpx.create_ssl_context() if url.startswith("https") else False,
                trust_env=not is_direct(url),
            )
        except Exception as error:
            raise unopened(error, url) from None
        if not key:
            # The client takes what is blank for one.
            self._client.headers.pop("authorization", None)
        self.url = url

    async def _refuse_redirect(self, response: httpx.Response) -> None:
        if response.is_redirect:
            raise redirected(self.url, response.status_code, response.headers["location"])

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def version(self) -> str:
        """Return the server's version."""
        return (await self._told(_Version, "GET", "/api/version")).version

    async def show(self, model: str) -> ShownModel:
        """Return what the server shows of a model."""
        return await self._told(ShownModel, "POST", "/api/show", json={"model": model})

    async def ps(self) -> ollama.ProcessResponse:
        """Return what is in the server's memory."""
        return await self._told(Running, "GET", "/api/ps")

    async def listing(self) -> Listing:
        """Return the models that the server has."""
        return await self._told(Listing, "GET", "/api/tags")

    async def stream(self, body: Mapping[str, Any], tokens: int) -> AsyncGenerator[str, None]:
        """Yield the lines of a chat, or of a completion where the body has no messages.

        Of at most so many tokens; see `lines_of`.
        """
        path = "/api/chat" if "messages" in body else "/api/generate"
        asked = self._client.stream("POST", path, json={**body, "stream": True})
        async with asked as answer:
            if not answer.is_success:
                await answer.aread()
                raise ResponseError(answer.text, answer.status_code)
            async with aclosing(lines_of(answer.aiter_bytes(), tokens)) as lines:
                async for line in lines:
                    yield line

    async def generate_whole(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return a completion in one piece; without a prompt it only loads the model."""
        answer = await self._whole("/api/generate", {**body, "stream": False})
        if "done" not in answer:
            raise ValueError("no answer")
        return answer

    async def vectors(self, body: Mapping[str, Any]) -> Any:
        """Return what is sent as the vectors of some texts, of length 1."""
        return (await self._whole("/api/embed", body)).get("embeddings")

    async def raw_vector(self, body: Mapping[str, Any]) -> Any:
        """Return what is sent as the vector of one text."""
        return (await self._whole("/api/embeddings", body)).get("embedding")

    async def _told(self, kind: type[_Told], method: str, path: str, **more: Any) -> _Told:
        """Return what the server knows without any work."""
        try:
            async with asyncio.timeout(TELL_SECONDS):
                found: _Told = await self._request(kind, method, path, **more)
                return found
        except TimeoutError:
            raise httpx.ReadTimeout(f"{path} took longer than {TELL_SECONDS:g} s") from None

    async def _whole(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        # Not by the client's own classes, which refuse an answer whole for one odd field.
        answer: dict[str, Any] = await self._request(dict, "POST", path, json=body)
        if answer.get("error"):
            raise ResponseError(str(answer["error"]), 200)
        return answer


class _Version(BaseModel):
    version: str


class ListedModel(ollama.ListResponse.Model):
    """A line of the server's list, with what the official client leaves out of it."""

    capabilities: list[str] | None = None
    remote_model: str | None = None
    remote_host: str | None = None


class ShownModel(ollama.ShowResponse):
    """What the server shows of a model, with what the official client leaves out of it."""

    remote_model: str | None = None
    remote_host: str | None = None


class Listing(BaseModel):
    """The models that a server lists, each as far as it can be read."""

    models: list[ListedModel]

    @field_validator("models", mode="before")
    @classmethod
    def _as_far_as_read(cls, value: Any) -> Any:
        return _lines(value, ListedModel)


class Running(ollama.ProcessResponse):
    """The models in a server's memory, each as far as it can be read."""

    @field_validator("models", mode="before")
    @classmethod
    def _as_far_as_read(cls, value: Any) -> Any:
        return _lines(value, ollama.ProcessResponse.Model)


_REMOTE = ("remote_host", "remote_model")


def _lines(value: Any, kind: type[BaseModel]) -> list[dict[str, Any]]:
    """Return the lines of a list that name a model, without the fields that can't be read."""
    lines = value if isinstance(value, list) else []
    return [read for line in lines if (read := _readable(line, kind))]


def _readable(line: Any, kind: type[BaseModel]) -> dict[str, Any] | None:
    if not isinstance(line, dict):
        return None
    name = next((line[key] for key in ("model", "name") if isinstance(line.get(key), str)), "")
    if not name:
        return None
    # That text would leave the machine must not be lost because it is told in an odd way.
    away = {key: str(line[key]) for key in _REMOTE if line.get(key)}
    read = {**line, "model": name, **away}
    try:
        kind.model_validate(read)
    except ValidationError as error:
        odd = {fault["loc"][0] for fault in error.errors() if fault["loc"]}
        read = {key: value for key, value in read.items() if key not in odd}
    return read


def explained(error: BaseException, url: str, model: str = "") -> Exception:
    """Turn what the client raised into Transient, or into an error that a user can read.

    Parameters
    ----------
    error : exception
        One of FAILURES.
    url, model : str
        What was asked.

    Returns
    -------
    exception
        To be raised.
    """
    if trouble := untrusted(error, url):
        return trouble
    match error:
        case ResponseError():
            return _refusal(error, url, model)
        case ValidationError():
            return _unexpected(error)
        case ConnectionError() | httpx.ConnectError() | httpx.ConnectTimeout():
            return Transient(UNREACHED)
        case httpx.InvalidURL() | httpx.UnsupportedProtocol():
            return UnfitRequest(f"host {url}: {told(str(error))}")
        case httpx.HTTPError():
            detail = told(str(error)) or type(error).__name__
            return Transient(f"the connection broke ({detail})")
        case json.JSONDecodeError():
            page = error.doc.lstrip()[:1] == "<"
            return Transient("it sent a web page" if page else "it sent malformed JSON")
    return Transient("it sent JSON of another form")


def missing(error: Exception, url: str) -> BackendError:
    """Say that a server that was asked for can't be used, for any reason."""
    if isinstance(error, BackendError):
        return error
    if isinstance(error, Transient) and error.fault == UNREACHED:
        return ServerMissing(
            f"no Ollama server answers at {url}; start one with `ollama serve`, or name another "
            f"with --host{proxy_hint(url)}"
        )
    return ServerMissing(f"{url} doesn't answer like an Ollama server: {error}{proxy_hint(url)}")


def _refusal(error: ResponseError, url: str, model: str) -> Exception:
    status = error.status_code
    said = told(_inner(str(error.error)))
    if status == 200:
        return Transient(f"HTTP 200 with an error: {said}")
    if said.startswith("<"):
        return Transient(f"HTTP {status} with a web page")
    if 300 <= status < 400:
        return redirected(url, status, "")
    if status == 407:
        return BackendError(f"the proxy wants to be told who asks{proxy_hint(url)}")
    if status in (401, 403):
        return BackendError(f"{url} refuses access (HTTP {status}): {said or 'no reason given'}")
    if status in (408, 429, 502, 503, 504):
        return Transient(f"HTTP {status}: {said}")
    if status == 400 and is_too_long(error):
        return PromptTooLong(f"{model} at {url}: {said}")
    if status < 500 or status == 501 or "must be of type" in said or "invalid format" in said:
        return UnfitRequest(f"{model or 'the request'} at {url}: {said} (HTTP {status})")
    if "memory" in said:
        return BackendError(f"{model} at {url}: {said}")
    return Transient(f"HTTP {status}: {said}")


def is_too_long(error: ResponseError) -> bool:
    """Whether a server refuses a prompt because it is longer than the context."""
    return error.status_code == 400 and bool(
        re.search(r"context (size|length)", str(error.error), re.IGNORECASE)
    )


def tokens_named(error: ResponseError) -> int | None:
    """Return how many tokens the server says a refused prompt has."""
    found = re.search(r"n_prompt_tokens\D{1,4}(\d+)|\((\d+) tokens\)", str(error.error))
    return written(found[1] or found[2]) if found else None


def _inner(text: str) -> str:
    """Unwrap an error that is JSON inside a string."""
    try:
        inner = json.loads(text)["error"]
        return str(inner["message"] if isinstance(inner, dict) else inner)
    except (ValueError, KeyError, TypeError):
        return text


def _unexpected(error: ValidationError) -> Transient:
    sent = error.errors(include_url=False)[0]["input"]
    if isinstance(sent, dict) and sent.get("error"):
        return Transient(f"HTTP 200 with an error: {told(str(sent['error']))}")
    return Transient("it sent JSON without the fields of an answer")


def told(text: str) -> str:
    """Return what a server says, short and without the key."""
    key = Key(KEY_VARIABLE, "")
    return key.hidden(shorten(key.hidden(text), 300))
