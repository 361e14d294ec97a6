"""Embedding in this process, by llama.cpp (xllamacpp) and a BERT model in a GGUF file."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lwd_tui.backends.embedded.gguf_convert import pieces_of
from lwd_tui.backends.embedded.model import Shape
from lwd_tui.backends.embedded.model_files import ModelFile, provide
from lwd_tui.backends.embedded.worker import LlamaCppWorker
from lwd_tui.experiment.backend import Embeddings, UnfitRequest
from lwd_tui.types import Fetching, ModelInfo, Notice

if TYPE_CHECKING:
    from tokenizers import Tokenizer

# A call can't be broken off; between calls, cancelling takes effect.
_AT_ONCE = 16
_UNKNOWN = "[UNK]"
_SPECIAL = ("[PAD]", _UNKNOWN, "[CLS]", "[SEP]", "[MASK]")


class LlamaCppEmbedder:
    """Embeds texts one at a time, so that a vector never depends on the other texts.

    Texts are cut to the model's window, which for the packaged MiniLM is the 256 tokens of
    sentence-transformers, and those that were are said.

    Parameters
    ----------
    model : str
        A name of the catalogue, or a path to a GGUF file of an uncased BERT model.
    prefix : str
        Put before every text.
    normalise : bool
        True: unit vectors. False: the pooled vectors as the network gives them, before any
        normalisation of the model's own.
    notice : callable, optional
        Told before weights are fetched.
    progress : callable, optional
        Called while weights are fetched.
    """

    def __init__(
        self,
        model: str,
        prefix: str,
        normalise: bool,
        notice: Notice | None = None,
        progress: Fetching | None = None,
    ) -> None:
        self._model = model
        self._prefix = prefix
        self._normalise = normalise
        self._notice = notice
        self._progress = progress
        self._opened: _Opened | None = None
        self._opening = asyncio.Lock()

    async def describe(self) -> ModelInfo:
        """Say what is known about the model, fetching its weights if they are packaged ones."""
        opened = await self._open()
        return opened.file.info(loaded=opened.worker.loaded)

    async def embed(self, texts: Sequence[str]) -> Embeddings:
        """Embed texts.

        Raises
        ------
        UnfitRequest
            If a text is empty: its vector would say nothing.
        BackendStopped
            If llama.cpp fails.
        """
        opened = await self._open()
        inputs = [ids_of(opened.words, self._prefix + text) for text in texts]
        for number, text in enumerate(texts, 1):
            if not text.strip():
                raise UnfitRequest(f"text {number} of {len(texts)} to embed is empty")
        room = opened.window - 2
        first, last = (ids_of(opened.words, name) for name in ("[CLS]", "[SEP]"))
        framed = [[*first, *ids[:room], *last] for ids in inputs]
        rows: list[list[float]] = []
        for start in range(0, len(framed), _AT_ONCE):
            rows += await self._vectors(opened, framed[start : start + _AT_ONCE])
        vectors = np.array(rows, dtype=np.float32).reshape(len(texts), opened.dimension)
        return Embeddings(vectors, tuple(len(ids) > room for ids in inputs))

    async def _vectors(self, opened: _Opened, texts: list[list[int]]) -> list[list[float]]:
        shape = Shape(opened.window, 1, opened.window, embedding=True)
        return await opened.worker.run(shape, lambda model: model.embed(texts, self._normalise))

    async def aclose(self) -> None:
        """Let go of the model."""
        opened, self._opened = self._opened, None
        if opened is not None:
            await asyncio.to_thread(opened.worker.close)

    async def _open(self) -> _Opened:
        async with self._opening:
            if self._opened is None:
                file = await provide(self._model, "embed", self._notice, self._progress)
                self._opened = _Opened(file, _words(file), LlamaCppWorker(file.path))
        return self._opened


@dataclass(frozen=True, slots=True)
class _Opened:
    file: ModelFile
    words: Tokenizer
    worker: LlamaCppWorker

    @property
    def window(self) -> int:
        return self.file.trained_context or 512

    @property
    def dimension(self) -> int:
        return int(self.file.metadata[f"{self.file.family}.embedding_length"])


def _words(file: ModelFile) -> Tokenizer:
    """Make the tokenizer of a BERT model from the vocabulary in its file."""
    kind = file.metadata.get("tokenizer.ggml.model")
    if kind != "bert":
        raise UnfitRequest(
            f"the tokenizer of {file.name} ({kind}) isn't one that the embedded embedder knows; "
            'choose all-minilm-l6-v2, or backend = "sentence-transformers" or "ollama"'
        )
    return word_piece(pieces_of(file.metadata["tokenizer.ggml.tokens"]))


def word_piece(vocabulary: Sequence[str]) -> Tokenizer:
    """Make the tokenizer of uncased BERT models, as sentence-transformers applies it.

    llama.cpp has one of its own, but it takes Hangul, Devanagari and words of more than a hundred
    letters apart differently, and their vectors then have little in common.

    Parameters
    ----------
    vocabulary : sequence of str
        The pieces in the order of their ids; those inside a word begin with ``##``.
    """
    from tokenizers import AddedToken, Tokenizer
    from tokenizers.models import WordPiece
    from tokenizers.normalizers import BertNormalizer
    from tokenizers.pre_tokenizers import BertPreTokenizer

    ids = {piece: position for position, piece in enumerate(vocabulary)}
    words = Tokenizer(WordPiece(ids, unk_token=_UNKNOWN, max_input_chars_per_word=100))
    words.normalizer = BertNormalizer()
    words.pre_tokenizer = BertPreTokenizer()
    special = [name for name in _SPECIAL if name in ids]
    words.add_special_tokens([AddedToken(name, normalized=False) for name in special])
    return words


def ids_of(words: Tokenizer, text: str) -> list[int]:
    """Return the ids of a text, without the special ones around it; halves of letters are left out.

    The library takes text that is valid Unicode only, and passes U+FFFD over.
    """
    valid = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    ids: list[int] = words.encode(valid, add_special_tokens=False).ids
    return ids
