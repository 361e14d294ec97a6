"""The sentence embedder MiniLM as a GGUF file, made from the safetensors file it is published as.

Reference: Wang et al., "MiniLM" (2020); sentence-transformers/all-MiniLM-L6-v2.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lwd_tui.backends.embedded.gguf import Value, write_gguf

# sentence-transformers cuts here, long before the 512 positions that the model has.
WINDOW_KEY = "sentence_transformers.max_seq_length"

_METADATA: dict[str, Value] = {
    "general.architecture": "bert",
    "general.name": "all-MiniLM-L6-v2",
    "general.size_label": "22M",
    "general.license": "apache-2.0",
    "general.file_type": 1,
    "bert.context_length": 512,
    "bert.embedding_length": 384,
    "bert.block_count": 6,
    "bert.feed_forward_length": 1536,
    "bert.attention.head_count": 12,
    "bert.attention.layer_norm_epsilon": 1e-12,
    "bert.attention.causal": False,
    "bert.pooling_type": 1,
    WINDOW_KEY: 256,
    "tokenizer.ggml.model": "bert",
    "tokenizer.ggml.token_type_count": 2,
    "tokenizer.ggml.padding_token_id": 0,
    "tokenizer.ggml.unknown_token_id": 100,
    "tokenizer.ggml.cls_token_id": 101,
    "tokenizer.ggml.bos_token_id": 101,
    "tokenizer.ggml.seperator_token_id": 102,
    "tokenizer.ggml.eos_token_id": 102,
    "tokenizer.ggml.mask_token_id": 103,
}
_EMBEDDINGS = {
    "word_embeddings": "token_embd",
    "position_embeddings": "position_embd",
    "token_type_embeddings": "token_types",
    "LayerNorm": "token_embd_norm",
}
_LAYER = {
    "attention.self.query": "attn_q",
    "attention.self.key": "attn_k",
    "attention.self.value": "attn_v",
    "attention.output.dense": "attn_output",
    "attention.output.LayerNorm": "attn_output_norm",
    "intermediate.dense": "ffn_up",
    "output.dense": "ffn_down",
    "output.LayerNorm": "layer_output_norm",
}
_WORD, _UNKNOWN, _SPECIAL = 1, 2, 3
_WORD_MARK = "\u2581"


def convert_minilm(safetensors: Path, vocabulary: Path, target: Path) -> None:
    """Write MiniLM as a GGUF file, its matrices as float16.

    Parameters
    ----------
    safetensors, vocabulary : Path
        ``model.safetensors`` and ``vocab.txt`` as published.
    target : Path
    """
    pieces = vocabulary.read_text(encoding="utf-8").splitlines()
    metadata = _METADATA | {
        "tokenizer.ggml.tokens": [_token(piece) for piece in pieces],
        "tokenizer.ggml.token_type": [_token_type(piece) for piece in pieces],
    }
    published = _read_safetensors(safetensors)
    tensors: dict[str, NDArray[np.floating]] = {}
    for name in sorted(published):
        renamed = _renamed(name)
        if renamed is None:
            continue
        matrix = name.startswith("encoder.") or "word_embeddings" in name
        whole = published[name]
        tensors[renamed] = whole.astype(np.float16) if matrix and whole.ndim == 2 else whole
    write_gguf(target, metadata, tensors)


def _read_safetensors(path: Path) -> dict[str, NDArray[np.float32]]:
    """Read the float32 tensors: a JSON header of their places, then their bytes."""
    data = np.memmap(path, np.uint8, "r")
    start = 8 + int(data[:8].view("<u8")[0])
    header = json.loads(data[8:start].tobytes())
    found: dict[str, NDArray[np.float32]] = {}
    for name, place in header.items():
        if place.get("dtype") == "F32":
            begin, end = place["data_offsets"]
            raw = data[start + begin : start + end].tobytes()
            found[name] = np.frombuffer(raw, "<f4").reshape(place["shape"])
    return found


def _renamed(name: str) -> str | None:
    """Return llama.cpp's name of a tensor; None for the pooler, which embedding leaves out."""
    stem, _, kind = name.rpartition(".")
    match stem.split(".", 3):
        case ["embeddings", part]:
            return f"{_EMBEDDINGS[part]}.{kind}"
        case ["encoder", "layer", number, part]:
            return f"blk.{number}.{_LAYER[part]}.{kind}"
    return None


def _token(piece: str) -> str:
    """Mark where words begin; BERT's own vocabulary marks where they go on."""
    if _is_bracketed(piece):
        return piece
    return piece[2:] if piece.startswith("##") else _WORD_MARK + piece


def _token_type(piece: str) -> int:
    if piece == "[UNK]":
        return _UNKNOWN
    return _SPECIAL if piece in ("[PAD]", "[CLS]", "[SEP]", "[MASK]") else _WORD


def pieces_of(tokens: list[str]) -> list[str]:
    """Undo what the conversion did to the vocabulary: the pieces as BERT writes them."""
    return [
        token[1:]
        if token.startswith(_WORD_MARK)
        else token
        if _is_bracketed(token)
        else "##" + token
        for token in tokens
    ]


def _is_bracketed(token: str) -> bool:
    return token.startswith("[") and token.endswith("]")
