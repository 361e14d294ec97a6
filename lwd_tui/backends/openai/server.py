"""One OpenAI-compatible server: what kind it is, what it can do, and its errors in words.

The interface has one name and many dialects. A field that a server doesn't know may be ignored
without a word, so only what a kind of server is known to heed is sent to it.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx2
import openai

from lwd_tui.backends.hosts import is_loopback, proxy_hint
from lwd_tui.backends.openai.refusals import KEY_WANTED, message_of, seconds_asked
from lwd_tui.backends.retry import UNREACHED, Transient
from lwd_tui.backends.scheduler import scheduler_of
from lwd_tui.experiment.backend import BackendError, ModelMissing, ServerMissing, UnfitRequest
from lwd_tui.experiment.llm import Sampling
from lwd_tui.text import clean_line, nearest, shorten
from lwd_tui.types import ModelInfo

KEY_VARIABLE = "OPENAI_API_KEY"
# A gateway may hide what stands behind it; this says so: vllm, sglang, llamacpp.
KIND_VARIABLE = "LWD_OPENAI_KIND"
CONNECT_SECONDS = 10.0
# Many servers close idle connections after 5 s; a request on one of those is lost.
KEEP_SECONDS = 2.0
# httpx2 is what the client speaks through; it lets errors inside a stream pass as they are.
FAILURES = (
    openai.OpenAIError,
    httpx2.HTTPError,
    ValueError,
    AttributeError,
    TypeError,
)


# Where servers tell how long a prompt and its answer may be: vLLM, LiteLLM, Ray Serve.
_CONTEXTS = ("max_model_len", "max_input_tokens", "max_request_context_length", "context_length")
# Fields that a run can do without, or has another name for.
_EXTRAS = (
    "stream_options",
    "chat_template_kwargs",
    "reasoning_effort",
    "max_completion_tokens",
    "max_tokens",
    "repetition_penalty",
    "top_k",
    "min_p",
    "seed",
    "n",
)
_REQUIRED = ("model", "messages", "prompt")
_NEUTRAL: dict[str, tuple[float, ...]] = {
    "top_k": (0, -1),
    "min_p": (0.0,),
    "repetition_penalty": (1.0,),
}


@dataclass(frozen=True, slots=True)
class Dialect:
    """What a kind of server understands.

    Attributes
    ----------
    name : str
    batch : int
        Answers that one request may ask for (`n`); 1 where it can't.
    parallel : int
        Requests in flight that help.
    extra : tuple of str
        The fields of `Sampling` beyond OpenAI's own that it heeds as llama.cpp defines them.
    template_options : bool
        Whether it passes options on to the chat template, among them the one for thinking.
    """

    name: str
    batch: int = 1
    parallel: int = 8
    extra: tuple[str, ...] = ()
    template_options: bool = False


# With `n`, vLLM and llama-server give answer i the seed of the request plus i.
VLLM = Dialect("vLLM", 64, 32, ("top_k", "min_p"), True)
SGLANG = Dialect("SGLang", 64, 32, ("top_k", "min_p"), True)
OPENAI = Dialect("OpenAI", 8, 8)
UNKNOWN = Dialect("an unknown kind")


def llama_server(slots: int) -> Dialect:
    """Return the dialect of a llama-server with so many slots."""
    extra = ("top_k", "min_p", "repeat_penalty")
    return Dialect("llama-server", max(1, slots), 2, extra, True)


class OpenAIServer:
    """A server and what has been learnt of it.

    Make it inside a running event loop.

    Parameters
    ----------
    url : str
        Base URL, as `openai_urls` gives it.
    key_variable : str
        The environment variable that holds the key. The key itself stays in the client.
    """

    def __init__(self, url: str, key_variable: str = KEY_VARIABLE) -> None:
        self.url = url
        self.scheduler = scheduler_of(url, UNKNOWN.parallel, swaps=False)
        self.dialect = UNKNOWN
        self._key_variable = key_variable
        self._key = os.environ.get(key_variable, "")
        self.without: set[str] = set()
        self._models: dict[str, dict[str, Any]] | None = None
        if not self._key and urlsplit(url).hostname == "api.openai.com":
            raise BackendError(f"{url} needs a key: put it into the variable {key_variable}")
        self.client = openai.AsyncOpenAI(
            base_url=url,
            # Servers without a key want some word all the same.
            api_key=self._key or "none",
            max_retries=0,
            timeout=openai.Timeout(None, connect=CONNECT_SECONDS),
            http_client=openai.DefaultAsyncHttpxClient(
                trust_env=not is_loopback(url),
                limits=httpx2.Limits(max_connections=None, keepalive_expiry=KEEP_SECONDS),
            ),
        )

    async def models(self) -> dict[str, dict[str, Any]]:
        """Return the models that the server lists, by name, having found out its kind.

        Raises
        ------
        ServerMissing
        BackendError
        """
        if self._models is None:
            try:
                listed = _rows(await self.client.get("/models", cast_to=object))
            except FAILURES as error:
                raise self._missing(self.explained(error)) from None
            self.dialect = await self._recognised(list(listed.values()))
            self.scheduler.allow(self.dialect.parallel)
            self._models = listed
        return self._models

    async def describe(self, name: str) -> ModelInfo:
        """Return what is known about a model.

        Raises
        ------
        ModelMissing
            With the nearest names that the server lists.
        ServerMissing
        """
        listed = await self.models()
        if name not in listed:
            near = nearest(name, list(listed))
            raise ModelMissing(f"{self.url} has no model {name!r}{near}")
        fields = listed[name]
        told = fields.get("meta")
        meta = told if isinstance(told, dict) else {}
        context = next((fields[key] for key in _CONTEXTS if _is_count(fields.get(key))), None)
        context = context or meta.get("n_ctx")
        parameters, size = meta.get("n_params"), meta.get("size")
        return ModelInfo(
            name=clean_line(name),
            backend="openai",
            parameters=f"{parameters / 1e6:.0f}M" if isinstance(parameters, int) else "",
            quantisation=clean_line(str(meta.get("ftype") or "")),
            size=size if isinstance(size, int) else None,
            context_length=context if isinstance(context, int) else None,
            capabilities=("generate", "chat"),
            server=self.dialect.name,
            host=self.url,
        )

    def beyond_openai(self, sampling: Sampling) -> dict[str, Any]:
        """Return the fields beyond OpenAI's own for a request.

        Raises
        ------
        UnfitRequest
            If the server isn't known to heed one that is set.
        """
        neutral = {"top_k": 0, "min_p": 0.0, "repeat_penalty": 1.0}
        wanted = {name: getattr(sampling, name) for name in neutral}
        refused = [
            name
            for name, value in wanted.items()
            if value != neutral[name] and name not in self.dialect.extra
        ]
        if refused:
            settings = ", ".join(f"sampling.{name} = {neutral[name]:g}" for name in refused)
            raise UnfitRequest(
                f"{self.url} ({self.dialect.name}) may ignore {', '.join(refused)} or mean "
                f"something else by it; set {settings} for this participant"
            )
        sent = {name: wanted[name] for name in self.dialect.extra}
        if self.dialect is VLLM or self.dialect is SGLANG:
            # They would take the penalty from the model's own settings if none were sent.
            sent |= {"top_k": wanted["top_k"] or -1, "repetition_penalty": 1.0}
        return sent

    async def open(self, body: dict[str, Any]) -> openai.AsyncAPIResponse[Any]:
        """Ask for a chat, or for a completion; who takes the answer reads its lines and closes it.

        Raises
        ------
        openai.OpenAIError
        """
        rest = {name: value for name, value in body.items() if name not in _REQUIRED}
        model = body["model"]
        if "messages" in body:
            chats = self.client.chat.completions.with_streaming_response
            turns = chats.create(model=model, messages=body["messages"], extra_body=rest)
            return await turns.__aenter__()
        texts = self.client.completions.with_streaming_response
        text = texts.create(model=model, prompt=body["prompt"], extra_body=rest)
        return await text.__aenter__()

    def refused(self, error: openai.APIStatusError, body: dict[str, Any]) -> str | None:
        """Return the extra of a request that the server refuses it for; None for other reasons.

        What a user set to other than its neutral value is never left out.
        """
        if error.status_code not in (400, 422):
            return None
        told = f"{message_of(error)} {error.param or ''}"
        for name in _EXTRAS:
            if name in body and re.search(rf"(?<![\w.]){name}(?!\w)", told):
                set_by_user = name in _NEUTRAL and body[name] not in _NEUTRAL[name]
                return None if set_by_user else name
        return None

    def told(self, error: openai.APIStatusError) -> str:
        """Return what the server says, short and without the key."""
        return self._told(message_of(error))

    async def count_tokens(self, model: str, text: str) -> int | None:
        """Count tokens where the server has a way to; None elsewhere."""
        root = self.url.removesuffix("/v1")
        body: dict[str, Any]
        if self.dialect is VLLM:
            body = {"model": model, "prompt": text, "add_special_tokens": False}
        elif self.dialect.name == "llama-server":
            body = {"content": text, "add_special": False}
        else:
            return None
        try:
            answer = await self.client.post(f"{root}/tokenize", cast_to=object, body=body)
        except FAILURES as error:
            raise self._missing(self.explained(error, model)) from None
        return len(answer["tokens"]) if isinstance(answer, dict) and "tokens" in answer else None

    async def aclose(self) -> None:
        """Close the connections."""
        await self.client.close()

    def explained(self, error: Exception, model: str = "") -> Exception:
        """Turn what the client raised into Transient, or into an error that a user can read."""
        match error:
            case openai.APIStatusError():
                return self._refusal(error, model)
            case openai.APIConnectionError():
                unreached = isinstance(error, openai.APITimeoutError) or isinstance(
                    error.__cause__, httpx2.ConnectError
                )
                return Transient(UNREACHED if unreached else "the connection broke")
            case openai.APIError():
                return Transient(f"an error inside the stream: {self._told(error.message)}")
            case httpx2.HTTPError():
                detail = self._told(str(error)) or type(error).__name__
                return Transient(f"the connection broke ({detail})")
            case json.JSONDecodeError():
                return Transient("it sent malformed JSON")
        return Transient("it sent something of another form")

    def _refusal(self, error: openai.APIStatusError, model: str) -> Exception:
        status, told = error.status_code, self._told(message_of(error))
        if status in (401, 403) or (status == 400 and KEY_WANTED.search(told)):
            # Some servers repeat a part of the key in what they say.
            held = "the key in it" if self._key else "a key there"
            return BackendError(
                f"{self.url} refuses access (HTTP {status}); it takes its key from the variable "
                f"{self._key_variable}: check {held}"
            )
        if status == 404 and not re.search(r"model|deployment", told, re.IGNORECASE):
            return ServerMissing(
                f"{self.url} has no such address (HTTP 404: {told}); its path often ends in /v1"
            )
        if status == 404:
            return ModelMissing(f"{self.url} has no model {model!r}: {told}")
        if error.code == "insufficient_quota":
            return BackendError(f"{self.url}: {told}")
        if status in (408, 409, 429) or status >= 500:
            if status in (500, 501) and ("support" in told or "too large to process" in told):
                return UnfitRequest(f"{model} at {self.url}: {told} (HTTP {status})")
            return Transient(f"HTTP {status}: {told}", seconds_asked(error))
        return UnfitRequest(f"{model or 'the request'} at {self.url}: {told} (HTTP {status})")

    def _missing(self, error: Exception) -> BackendError:
        if isinstance(error, Transient):
            if error.fault == UNREACHED:
                return ServerMissing(
                    f"no server answers at {self.url}; start one there, or name another with "
                    f"--host or the participant's host{proxy_hint(self.url)}"
                )
            return ServerMissing(
                f"{self.url} doesn't answer like an OpenAI-compatible server: {error}"
                f"{proxy_hint(self.url)}"
            )
        if isinstance(error, ModelMissing):
            return ServerMissing(f"{self.url} lists no models; its path often ends in /v1")
        return error if isinstance(error, BackendError) else BackendError(self._told(str(error)))

    async def _recognised(self, models: list[dict[str, Any]]) -> Dialect:
        owner = os.environ.get(KIND_VARIABLE) or (models[0].get("owned_by") if models else "")
        if owner == "vllm":
            return VLLM
        if owner == "sglang":
            return SGLANG
        if urlsplit(self.url).hostname == "api.openai.com":
            return OPENAI
        if owner != "llamacpp":
            return UNKNOWN
        try:
            root = self.url.removesuffix("/v1")
            props = await self.client.get(f"{root}/props", cast_to=object)
        except FAILURES:
            # Started with a key for its properties, or behind a proxy: one answer a request.
            return llama_server(1)
        slots = props.get("total_slots") if isinstance(props, dict) else None
        return llama_server(slots if isinstance(slots, int) else 1)

    def _told(self, text: str) -> str:
        if self._key:
            text = text.replace(self._key, "…")
        page = text.lstrip().startswith("<")
        return "a web page" if page else shorten(text, 300)


def _rows(listed: Any) -> dict[str, dict[str, Any]]:
    """Return the models of a list by name; lines that are none are passed over.

    Raises
    ------
    ValueError
        If it is no list.
    """
    rows = listed.get("data") if isinstance(listed, dict) else listed
    if not isinstance(rows, list):
        raise ValueError("no list of models")
    named = [row for row in rows if isinstance(row, dict) and isinstance(row.get("id"), str)]
    return {row["id"]: row for row in named}


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
