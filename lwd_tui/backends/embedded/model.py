"""One model in memory: an xllamacpp server and the calls that are made to it.

All of this blocks, and is called from the model's own thread (see `worker`). The server
listens on a socket file in a folder that only this user can enter (on a loopback port only where
the system has no such sockets, or the path would be too long), and asks for a random key; we use
it for what the library doesn't offer otherwise: counting tokens and filling in chat templates.
"""

from __future__ import annotations

import ctypes
import os
import secrets
import socket
import tempfile
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lwd_tui.experiment.backend import BackendError, BackendStopped, UnfitRequest, WeightsError
from lwd_tui.types import Message

Chunk = dict[str, Any]
Hear = Callable[[Chunk], bool]
"""Given each piece of an answer as it comes; True ends the generation."""

# Generation is cancelled between batches: 128 tokens of a prompt take well under a second, and
# are only a little slower each than in larger batches.
_BATCH = 128

# Flash attention reads the cells of a shared prompt for each answer by itself; of more answers than
# this at a time, plain products of matrices are quicker. Of fewer, stored runs stay what they are.
_FEW = 32

# Of a socket file, on macOS; Linux takes a few more.
_LONGEST_ADDRESS = 103

# Each call of the library's initialisation sets the same globals.
_LOADING = threading.Lock()


@dataclass(frozen=True, slots=True)
class Shape:
    """What a loaded model has room for.

    Attributes
    ----------
    context : int
        Tokens of one prompt with its answer.
    answers : int
        Answers generated at a time.
    cells : int
        Tokens of all of them together, a shared prompt counted once.
    embedding : bool
    window : int
        Tokens back that some layers of the model see; 0 if all see everything.
    """

    context: int
    answers: int
    cells: int
    embedding: bool = False
    window: int = 0

    def holds(self, other: Shape) -> bool:
        """Whether there is room for what the other has room for."""
        return self.joined(other) == self

    def joined(self, other: Shape) -> Shape:
        """Return the smallest shape that holds both."""
        return Shape(
            max(self.context, other.context),
            max(self.answers, other.answers),
            max(self.cells, other.cells),
            self.embedding or other.embedding,
            max(self.window, other.window),
        )


class LlamaCppModel:
    """A weights file, loaded in a shape; raises WeightsError if llama.cpp can't load it."""

    def __init__(self, path: Path, shape: Shape) -> None:
        self.path = path
        self.shape = shape
        self._last: list[int] = []
        self._interrupted = False
        self._folder = tempfile.TemporaryDirectory(prefix="lwd-")
        key = secrets.token_hex()
        with _LOADING:
            library = _library()
            params = _params(library, path, shape)
            params.api_keys = [key]
            address = str(Path(self._folder.name) / "llama.sock")
            if hasattr(socket, "AF_UNIX") and len(address) <= _LONGEST_ADDRESS:
                params.hostnames = [address]
            try:
                self._server = library.Server(params)
            except RuntimeError:
                self._folder.cleanup()
                raise WeightsError(
                    f"llama.cpp can't load {path} for {shape.cells} tokens: the file is damaged "
                    "or of a kind it doesn't know, or there is too little memory"
                ) from None
        self._client = _client(self._server.listening_address, key)

    def tokens(self, text: str, *, whole: bool = False, marks: bool = False) -> list[int]:
        """Return the ids of a text.

        Parameters
        ----------
        text : str
        whole : bool
            A whole prompt, which some models begin with a special token.
        marks : bool
            Read ``<|im_start|>`` and the like as the special tokens they name.
        """
        body = {"content": text, "add_special": whole, "parse_special": marks}
        return list(self._post("/tokenize", body)["tokens"])

    def templated(self, messages: Sequence[Message]) -> str:
        """Return chat messages as the model's own template writes them.

        Raises
        ------
        UnfitRequest
            If the template refuses them, as some do a system prompt.
        """
        body = {"messages": list(map(asdict, messages))}
        return str(self._post("/apply-template", body)["prompt"])

    def generate(
        self, prompt: Sequence[int], messages: Sequence[Message] | None, body: Chunk, hear: Hear
    ) -> None:
        """Answer, passing on each piece as it comes.

        Parameters
        ----------
        prompt : sequence of int
            The tokens of the whole prompt.
        messages : sequence of Message or None
            For a chat: what the prompt was made of.
        body : dict
            The options of the request, as llama.cpp's server names them.
        hear : callable
        """
        # Rounding depends on which cells are used and how many tokens are computed together, and
        # a small model's answers on the rounding. So every prompt starts in the first slot, on
        # empty cells, and nothing depends on what came before; except that a prompt which comes
        # again, to ask for answers anew, isn't computed anew.
        again = list(prompt) == self._last
        self._last = list(prompt)
        body = body | {
            "stream": True,
            "stream_options": {"include_usage": True},
            "return_progress": True,
            "cache_prompt": again,
            "id_slot": 0,
        }

        def listen(chunk: Chunk) -> bool:
            self._interrupted = hear(chunk)
            return self._interrupted

        if messages is None:
            self._server.handle_completions(body | {"prompt": self._last}, listen)
        else:
            body["messages"] = list(map(asdict, messages))
            self._server.handle_chat_completions(body, listen)

    def embed(self, texts: Sequence[Sequence[int]], normalise: bool) -> list[list[float]]:
        """Return the pooled vector of each text, given as ids with the special ones around it."""
        body = {"input": [list(ids) for ids in texts], "embd_normalize": 2 if normalise else -1}
        answer = self._server.handle_embeddings(body)
        raise_error(answer)
        rows = sorted(answer["data"], key=lambda row: int(row["index"]))
        return [row["embedding"] for row in rows]

    def close(self) -> None:
        """Let go of the memory."""
        if self._interrupted:
            # Deleting the server waits for the batch that is being computed, and holds the
            # interpreter's lock while it does; a short request waits for it without.
            self._server.handle_completions({"prompt": [0], "max_tokens": 1})
        self._client.close()
        del self._server
        self._folder.cleanup()
        _give_back()

    def _post(self, path: str, body: Chunk) -> Chunk:
        import httpx

        try:
            answer: Chunk = self._client.post(path, json=body).json()
        except (httpx.HTTPError, ValueError) as error:
            raise BackendStopped(
                f"llama.cpp didn't answer ({error}); resume the run to try again"
            ) from None
        raise_error(answer)
        return answer


def _give_back() -> None:
    """Hand freed memory back to the system, where the C library can be asked to (glibc).

    Each of a server's threads frees into a pool of its own, which glibc keeps: over many runs in
    one process that would grow to hundreds of megabytes.
    """
    # Windows has no library without a name.
    with suppress(AttributeError, TypeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)


def raise_error(answer: Chunk) -> None:
    """Raise what the library returns as a value."""
    error = answer.get("error")
    if error is None:
        return
    said = str(error.get("message", error)) if isinstance(error, dict) else str(error)
    kind = error.get("type") if isinstance(error, dict) else ""
    if kind == "invalid_request_error":
        raise UnfitRequest(f"llama.cpp refused the request: {said}")
    raise BackendStopped(f"llama.cpp failed: {said.rstrip('.')}; resume the run to try again")


def _library() -> Any:
    """Import xllamacpp; its threads are told not to spin while they wait."""
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    try:
        import xllamacpp
    except ImportError as error:
        raise BackendError(
            f"xllamacpp can't be loaded ({error}); install it anew with "
            "`pip install --force-reinstall 'lwd-tui[embedded]'`"
        ) from None
    return xllamacpp


def _params(library: Any, path: Path, shape: Shape) -> Any:
    params = library.CommonParams()
    params.model.path = str(path)
    params.n_ctx = shape.cells
    params.n_parallel = shape.answers
    # One pool of cells for all answers, in which a shared prompt lies once; each answer has no
    # more than the context.
    params.kv_unified = True
    params.kv_unified_per_slot = shape.context
    # Layers with a sliding window keep so many cells for each answer, and never take again those
    # that answers share: a longer prompt would find no room.
    params.swa_full = shape.cells > shape.window * shape.answers
    batch = max(shape.context if shape.embedding else _BATCH, shape.answers)
    params.n_batch = batch
    params.n_ubatch = batch
    params.embedding = shape.embedding
    if shape.answers > _FEW:
        params.flash_attn_type = library.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
    # One thread a model: several models run at once, and more threads than cores slow all down.
    params.cpuparams.n_threads = 1
    params.cpuparams_batch.n_threads = 1
    params.n_threads_http = 1
    # What doesn't fit is an error that we raise ourselves, never a prompt that is cut or shifted.
    params.ctx_shift = False
    params.fit_params = False
    params.cache_ram_mib = 0
    params.warmup = False
    params.endpoint_metrics = True
    params.endpoint_slots = False
    params.ui = False
    # Not a word on the terminal: the app is on it.
    params.verbosity = -1
    return params


def _client(address: str, key: str) -> Any:
    import httpx

    file = address.removeprefix("unix://")
    local = file != address
    return httpx.Client(
        base_url="http://llama" if local else address,
        headers={"Authorization": f"Bearer {key}"},
        transport=httpx.HTTPTransport(
            uds=file if local else None, limits=httpx.Limits(max_keepalive_connections=0)
        ),
        trust_env=False,
        timeout=60,
    )
