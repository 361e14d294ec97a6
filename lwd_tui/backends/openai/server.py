"""One OpenAI-compatible server: what kind it is, what it has, and what it has refused."""

from __future__ import annotations

import asyncio
import os
from collections import defaultdict
from typing import Any
from urllib.parse import urlsplit

import openai

from lwd_tui.backends.keys import KEY_VARIABLE
from lwd_tui.backends.openai.client import FAILURES, Client
from lwd_tui.backends.openai.dialects import OPENAI, SGLANG, UNKNOWN, VLLM, Dialect, llama_server
from lwd_tui.backends.openai.refusals import message_of
from lwd_tui.backends.openai.request import EXTRAS, Refusals, body_of, refused_fields
from lwd_tui.backends.scheduler import scheduler_of
from lwd_tui.backends.truncation import Limit
from lwd_tui.backends.wire import counted
from lwd_tui.experiment.backend import GenerateRequest, ModelMissing, UnfitRequest
from lwd_tui.text import clean_line, nearest
from lwd_tui.types import ModelInfo, Notice

# A gateway may hide what stands behind it; this says so.
KIND_VARIABLE = "LWD_OPENAI_KIND"
_KINDS = ("vllm", "sglang", "llamacpp")
_PROBE_SECONDS = 5.0
# Where servers tell how long a prompt and its answer may be: vLLM, LiteLLM, Ray Serve.
_CONTEXTS = ("max_model_len", "max_input_tokens", "max_request_context_length", "context_length")
_REQUIRED = ("model", "messages", "prompt")


class Alone(Exception):
    """The server gives one answer a request; `notes` says what was left out when it said so."""

    def __init__(self, notes: tuple[str, ...]) -> None:
        super().__init__()
        self.notes = notes


class OpenAIServer:
    """A server and what has been learnt of it.

    Make it inside a running event loop.

    Parameters
    ----------
    url : str
        Base URL, as `openai_urls` gives it.
    key_variable : str
        The environment variable that holds the key. The key itself stays in the client.
    notice : callable
        Told, a sentence at a time, what the user should know before a run.

    Attributes
    ----------
    client : Client
    dialect : Dialect
    scheduler : HostScheduler
        Shared with all that use the same URL.
    refusals : dict of (str, str) to Refusals
        By model and style.
    """

    def __init__(
        self,
        url: str,
        key_variable: str = KEY_VARIABLE,
        notice: Notice = lambda _: None,
    ) -> None:
        self.url = url
        self.client = Client(url, key_variable)
        self.scheduler = scheduler_of(url, UNKNOWN.parallel, swaps=False)
        self.dialect = UNKNOWN
        self.refusals: defaultdict[tuple[str, str], Refusals] = defaultdict(Refusals)
        self._notice = notice
        self._counts = True
        self._models: dict[str, dict[str, Any]] | None = None

    async def models(self) -> dict[str, dict[str, Any]]:
        """Return the models that the server lists, by name, having found out its kind.

        Raises
        ------
        ServerMissing
        BackendError
        """
        if self._models is None:
            try:
                listed = _rows(await self.client.get("/models"))
            except FAILURES as error:
                raise self.client.missing(error) from None
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
        meta = self._meta(name)
        parameters = counted(meta.get("n_params"))
        return ModelInfo(
            name=clean_line(name),
            backend="openai",
            parameters=f"{parameters / 1e6:.0f}M" if parameters else "",
            quantisation=clean_line(str(meta.get("ftype") or "")),
            size=counted(meta.get("size")),
            context_length=self.context(name),
            capabilities=("generate", "chat"),
            server=self.dialect.name,
            host=self.url,
        )

    def context(self, name: str) -> int | None:
        """Return how many tokens a prompt and its answer may have, as the server lists it."""
        fields = (self._models or {}).get(name, {})
        told = [fields.get(key) for key in _CONTEXTS] + [self._meta(name).get("n_ctx")]
        return next(filter(None, map(counted, told)), None)

    def limit(self, request: GenerateRequest, told: int | None = None) -> Limit:
        """Return the context that a request has, and how to get more of it.

        Parameters
        ----------
        request : GenerateRequest
        told : int or None
            What the server said of it in a refusal.
        """
        known = told or self.context(request.model) or request.context
        return Limit(known, self.dialect.remedy)

    def batch(self, request: GenerateRequest) -> int:
        """Return how many answers one request may ask for."""
        return 1 if self._refused(request).without("n") else self.dialect.batch

    def ask_alone(self, request: GenerateRequest) -> None:
        """Ask for one answer a request from now on."""
        self._refused(request).add("n", {"n": None})

    async def open(
        self, request: GenerateRequest, count: int, seed: int
    ) -> tuple[openai.AsyncAPIResponse[Any], tuple[str, ...]]:
        """Ask for answers, and again without what the server refuses.

        Returns
        -------
        response
            Who takes it reads its lines and closes it.
        notes : tuple of str
            What was left out, and what follows.

        Raises
        ------
        Alone
            If several were asked for, and the server refuses `n`.
        openai.OpenAIError
        UnfitRequest
        """
        refusals, notes = self._refused(request), list[str]()
        while True:
            body = body_of(self.dialect, refusals, request, count, seed, self.url)
            try:
                return await self._send(body), tuple(notes)
            except openai.APIStatusError as error:
                names = refused_fields(self.dialect, error, body)
                if not names:
                    raise
                told = self.client.told(message_of(error))
                for name in names:
                    refusals.add(name, body)
                    notes.append(f"asked again without {name} ({told}): {EXTRAS[name]}")
                if "n" in names:
                    raise Alone(tuple(notes)) from None

    async def count_tokens(self, model: str, text: str) -> int | None:
        """Count tokens where the server has a way to; None elsewhere."""
        body: dict[str, Any]
        if not self._counts:
            return None
        if self.dialect is VLLM:
            body = {"model": model, "prompt": text, "add_special_tokens": False}
        elif self.dialect.name == "llama-server":
            body = {"content": text, "add_special": False}
        else:
            return None
        try:
            tokens = (await self.client.post(f"{self.client.root}/tokenize", body))["tokens"]
            return len(tokens)
        except (KeyError, *FAILURES) as error:
            # A gateway need not pass this on.
            self._counts = False
            self._notice(
                f"{self.url} doesn't count tokens ({self.client.explained(error, model)}); they "
                "are estimated, rather too many"
            )
            return None

    async def aclose(self) -> None:
        """Close the connections."""
        await self.client.aclose()

    def _refused(self, request: GenerateRequest) -> Refusals:
        return self.refusals[request.model, request.prompt.style]

    def _meta(self, name: str) -> dict[str, Any]:
        told = (self._models or {}).get(name, {}).get("meta")
        return told if isinstance(told, dict) else {}

    async def _send(self, body: dict[str, Any]) -> openai.AsyncAPIResponse[Any]:
        rest = {name: value for name, value in body.items() if name not in _REQUIRED}
        model = body["model"]
        if "messages" in body:
            chats = self.client.api.chat.completions.with_streaming_response
            turns = chats.create(model=model, messages=body["messages"], extra_body=rest)
            return await turns.__aenter__()
        texts = self.client.api.completions.with_streaming_response
        text = texts.create(model=model, prompt=body["prompt"], extra_body=rest)
        return await text.__aenter__()

    async def _recognised(self, models: list[dict[str, Any]]) -> Dialect:
        if urlsplit(self.url).hostname == "api.openai.com":
            return OPENAI
        named = os.environ.get(KIND_VARIABLE, "").strip().lower()
        if named and named not in _KINDS:
            raise UnfitRequest(
                f"{KIND_VARIABLE} = {clean_line(named)!r} is no kind of server; it is one of "
                f"{', '.join(_KINDS)}, or unset"
            )
        owner = named or (models[0].get("owned_by") if models else "")
        if owner not in _KINDS:
            answer = await self._probed("/api/version")
            if isinstance(answer.get("version"), str):
                raise ollama_refused(self.url)
        if owner == "vllm":
            return VLLM
        if owner == "sglang":
            return SGLANG
        if owner != "llamacpp":
            return UNKNOWN
        slots = counted((await self._probed("/props")).get("total_slots"))
        # Started with a key for its properties, or behind a proxy: one answer a request.
        return llama_server(slots or 1)

    async def _probed(self, path: str) -> dict[str, Any]:
        """Return what a server of a certain kind has at a path; nothing at all from others."""
        try:
            async with asyncio.timeout(_PROBE_SECONDS):
                found = await self.client.get(f"{self.client.root}{path}")
        except (TimeoutError, *FAILURES):
            return {}
        return found if isinstance(found, dict) else {}


def ollama_refused(url: str) -> UnfitRequest:
    """Return the refusal of Ollama's imitation of this interface, which takes no num_ctx."""
    return UnfitRequest(
        f"{url} is an Ollama server, which by this interface cuts long prompts without a word; "
        "use the ollama backend for it"
    )


def _rows(listed: Any) -> dict[str, dict[str, Any]]:
    """Return the models of a list by name; lines that are none are passed over.

    Raises
    ------
    ValueError
        If it is no list.
    """
    rows = listed.get("data", listed) if isinstance(listed, dict) else listed
    if rows is None:  # Some have it for an empty list.
        rows = []
    if not isinstance(rows, list):
        raise ValueError("no list of models")
    named = [row for row in rows if isinstance(row, dict) and isinstance(row.get("id"), str)]
    return {row["id"]: row for row in named}
