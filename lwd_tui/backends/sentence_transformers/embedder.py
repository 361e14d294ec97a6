"""Embedding by sentence-transformers, in a process of its own: an optional extra.

Any folder of a sentence-transformers model, or any name on the Hugging Face hub. What is in the
cache on this machine is used as it is, without asking the network; Python code that comes with a
model is never run.
"""

from __future__ import annotations

import asyncio
import json
import os
import struct
import sys
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from lwd_tui.experiment.backend import BackendStopped, Embeddings, ModelMissing
from lwd_tui.text import shorten
from lwd_tui.types import ModelInfo

_WORKER = Path(__file__).with_name("worker.py")
_ENVIRONMENT = {
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TOKENIZERS_PARALLELISM": "false",
    # Threads that wait for work sleep instead of spinning: the models generate on the same cores.
    "OMP_WAIT_POLICY": "passive",
}
_LENGTHS = struct.Struct("<II")
_BATCH = 64
_GRACE = 3.0
_LAST_WORDS = 4000


class SentenceTransformersEmbedder:
    """An embedder of the sentence-transformers library.

    The first call starts the process and loads the model, which takes seconds.

    Parameters
    ----------
    model : str
        A folder, or a name on the hub ("all-MiniLM-L6-v2" means
        "sentence-transformers/all-MiniLM-L6-v2").
    prefix : str
        Put before every text; a default prompt of the model's own is not used.
    normalise : bool
        True: unit vectors. False: raw ones, from before any normalising module of the model.
    """

    def __init__(self, model: str, prefix: str, normalise: bool) -> None:
        self._model = model
        self._prefix = prefix
        self._normalise = normalise
        self._process: _Process | None = None
        self._opening: asyncio.Task[tuple[_Process, dict[str, Any]]] | None = None

    async def describe(self) -> ModelInfo:
        """Load the model and say what is known about it.

        Raises
        ------
        ModelMissing
            If the model can't be found or loaded, or the extra isn't installed.
        """
        _, known = await self._opened()
        return ModelInfo(
            self._model,
            "sentence-transformers",
            known["digest"],
            known["family"],
            _rounded(known["parameters"]),
            known["precision"],
            known["size"],
            known["limit"],
            ("embed",),
            loaded=True,
            gpu_share=float(known["gpu"]),
        )

    async def embed(self, texts: Sequence[str]) -> Embeddings:
        """Embed texts; those longer than the model's window are flagged as truncated.

        Raises
        ------
        BackendStopped
            If the process died, or could not embed the texts.
        """
        process, known = await self._opened()
        parts = [np.zeros((0, known["dimension"]), dtype=np.float32)]
        truncated: list[bool] = []
        for start in range(0, len(texts), _BATCH):
            batch = [self._prefix + text for text in texts[start : start + _BATCH]]
            answer, payload = await process.ask({"texts": batch})
            if "error" in answer:
                raise BackendStopped(_told(f"{self._model} could not embed: {answer['error']}"))
            parts.append(np.frombuffer(payload, dtype="<f4").reshape(answer["shape"]))
            truncated += answer["truncated"]
        vectors = np.concatenate(parts)
        if not np.isfinite(vectors).all() or not vectors.any(axis=1).all():
            raise BackendStopped(_told(f"{self._model} gave a vector that is zero or not finite"))
        return Embeddings(vectors, tuple(truncated))

    async def aclose(self) -> None:
        """End the process, whatever it is doing."""
        try:
            if self._opening is not None:
                self._opening.cancel()
                await asyncio.gather(self._opening, return_exceptions=True)
        finally:
            if self._process is not None:
                await self._process.aclose()

    async def _opened(self) -> tuple[_Process, dict[str, Any]]:
        """Return the process, and what it said of its model once that was loaded."""
        if self._opening is None:
            self._opening = asyncio.create_task(self._open())
        # A caller that is cancelled must not take the loading away from the others.
        return await asyncio.shield(self._opening)

    async def _open(self) -> tuple[_Process, dict[str, Any]]:
        self._process = await _Process.start()
        request = {"model": self._model, "normalise": self._normalise}
        known, _ = await self._process.ask(request)
        if "error" in known:
            raise ModelMissing(_told(known["error"]))
        return self._process, known


class _Process:
    """The worker, seen from here: it answers in the order in which it was asked."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        requests: asyncio.StreamWriter,
        answers: asyncio.StreamReader,
        noise: asyncio.StreamReader,
    ) -> None:
        self._process = process
        self._requests = requests
        self._waiting: deque[asyncio.Future[tuple[dict[str, Any], bytes]]] = deque()
        self._last_words = b""
        self._death: BackendStopped | None = None
        self._noise = asyncio.create_task(self._overhear(noise))
        self._answers = asyncio.create_task(self._listen(answers))

    @classmethod
    async def start(cls) -> _Process:
        # -P keeps this file's folder off the path, where our own module of the same name as the
        # library would be found instead of it.
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            str(_WORKER),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=os.environ | _ENVIRONMENT,
        )
        if process.stdin is None or process.stdout is None or process.stderr is None:
            raise RuntimeError("a pipe that was asked for is missing")
        return cls(process, process.stdin, process.stdout, process.stderr)

    async def ask(self, request: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        if self._death is not None:
            raise self._death
        answer: asyncio.Future[tuple[dict[str, Any], bytes]] = asyncio.Future()
        self._waiting.append(answer)
        body = json.dumps(request).encode()
        self._requests.write(_LENGTHS.pack(len(body), 0) + body)
        # If the pipe is broken the worker is dead, which the reader tells with its reason.
        with suppress(ConnectionError):
            await self._requests.drain()
        return await answer

    async def aclose(self) -> None:
        self._requests.close()
        try:
            await asyncio.wait_for(self._process.wait(), _GRACE)
        except (TimeoutError, asyncio.CancelledError) as error:
            self._process.kill()
            await self._process.wait()
            if isinstance(error, asyncio.CancelledError):
                raise
        await self._answers

    async def _listen(self, source: asyncio.StreamReader) -> None:
        """Hand each answer to who asked for it; one that was cancelled is passed over."""
        with suppress(asyncio.IncompleteReadError):
            while True:
                header, payload = _LENGTHS.unpack(await source.readexactly(_LENGTHS.size))
                body = await source.readexactly(header + payload)
                answer = self._waiting.popleft()
                if not answer.done():
                    answer.set_result((json.loads(body[:header]), body[header:]))
        await self._noise
        self._death = BackendStopped(_told(self._obituary(await self._process.wait())))
        for answer in self._waiting:
            if not answer.done():
                answer.set_exception(self._death)

    async def _overhear(self, source: asyncio.StreamReader) -> None:
        """Keep the end of what the libraries print: it tells why the process died."""
        while chunk := await source.read(_LAST_WORDS):
            self._last_words = (self._last_words + chunk)[-_LAST_WORDS:]

    def _obituary(self, code: int) -> str:
        lines = self._last_words.decode(errors="replace").strip().splitlines()
        reason = f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"
        if code == -9:
            reason += ", as happens when memory runs out"
        elif lines:
            reason += f" ({lines[-1]})"
        return f"its process {reason}; try again (a run that has begun can be resumed)"


def _told(sentence: str) -> str:
    """Make one sentence for the user of what a library said."""
    return f"embedder: {shorten(sentence, 400)}"


def _rounded(count: int) -> str:
    return f"{count / 1e9:.1f}B" if count >= 1e9 else f"{count / 1e6:.0f}M"
