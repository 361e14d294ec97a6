"""GGUF, the file format of llama.cpp: reading what a file says of itself, and writing small ones.

Reference: "GGUF", docs/gguf.md of the ggml project, version 3.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from lwd_tui.experiment.backend import WeightsError

Value = str | bool | int | float | Sequence[str] | Sequence[int]

_MAGIC = b"GGUF"
_ALIGNMENT = 32
_STRING, _ARRAY = 8, 9
_NUMBERS = {
    0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q",
    12: "<d",
}  # fmt: skip
_KINDS = {kind: number for number, kind in _NUMBERS.items()}
_TENSOR_TYPES = {np.dtype(np.float32): 0, np.dtype(np.float16): 1}


def read_metadata(path: Path) -> dict[str, Any]:
    """Read the key-value pairs at the head of a file; its tensors are not touched.

    Raises
    ------
    WeightsError
        If it is no GGUF file, or damaged there.
    """
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _Reader(data).metadata()
    except OSError as error:
        raise WeightsError(f"{path} can't be read: {error.strerror}") from None
    except (ValueError, KeyError, struct.error, OverflowError, MemoryError, RecursionError):
        raise WeightsError(f"{path} is no GGUF file, or it is damaged; fetch it again") from None


class _Reader:
    def __init__(self, data: mmap.mmap) -> None:
        self._data = data
        self._at = 0

    def metadata(self) -> dict[str, Any]:
        if self._bytes(4) != _MAGIC or self._number("<I") not in (2, 3):
            raise ValueError("not GGUF")
        self._number("<Q")
        pairs = self._number("<Q")
        found: dict[str, Any] = {}
        for _ in range(pairs):
            key = self._string()
            found[key] = self._value(self._number("<I"))
        return found

    def _value(self, kind: int) -> Any:
        if kind == _STRING:
            return self._string()
        if kind != _ARRAY:
            return self._number(_NUMBERS[kind])
        inner, count = self._number("<I"), self._number("<Q")
        if inner in (_STRING, _ARRAY):
            return [self._value(inner) for _ in range(count)]
        numbers = np.dtype(_NUMBERS[inner])
        return np.frombuffer(self._bytes(count * numbers.itemsize), numbers)

    def _string(self) -> str:
        return self._bytes(self._number("<Q")).decode("utf-8", "replace")

    def _number(self, form: str) -> Any:
        (number,) = struct.unpack_from(form, self._data, self._at)
        self._at += struct.calcsize(form)
        return number

    def _bytes(self, count: int) -> bytes:
        taken = self._data[self._at : self._at + count]
        if len(taken) != count:
            raise ValueError("cut short")
        self._at += count
        return taken


def write_gguf(
    path: Path, metadata: Mapping[str, Value], tensors: Mapping[str, NDArray[np.floating]]
) -> None:
    """Write a file; equal arguments make equal bytes.

    Parameters
    ----------
    path : Path
    metadata : mapping of str to value
        In the order in which they are written; an int is stored as 32 bits.
    tensors : mapping of str to ndarray
        float32 or float16, in row-major order.
    """
    with path.open("wb") as file:
        file.write(_MAGIC + struct.pack("<IQQ", 3, len(tensors), len(metadata)))
        for key, value in metadata.items():
            file.write(_packed(key) + _typed(value))
        offset = 0
        for name, tensor in tensors.items():
            shape = tensor.shape[::-1]
            file.write(_packed(name) + struct.pack(f"<I{len(shape)}Q", len(shape), *shape))
            file.write(struct.pack("<IQ", _TENSOR_TYPES[tensor.dtype], offset))
            offset += -(-tensor.nbytes // _ALIGNMENT) * _ALIGNMENT
        for tensor in tensors.values():
            _align(file)
            file.write(np.ascontiguousarray(tensor).tobytes())
        _align(file)


def _align(file: BinaryIO) -> None:
    file.write(bytes(-file.tell() % _ALIGNMENT))


def _packed(text: str) -> bytes:
    raw = text.encode()
    return struct.pack("<Q", len(raw)) + raw


def _typed(value: Value) -> bytes:
    """Encode a value with its type before it."""
    match value:
        case str():
            return struct.pack("<I", _STRING) + _packed(value)
        case bool():
            return struct.pack("<I?", _KINDS["<?"], value)
        case int():
            return struct.pack("<II", _KINDS["<I"], value)
        case float():
            return struct.pack("<If", _KINDS["<f"], value)
    texts = [item for item in value if isinstance(item, str)]
    if texts:
        packed = b"".join(map(_packed, texts))
        return struct.pack("<IIQ", _ARRAY, _STRING, len(texts)) + packed
    return struct.pack(f"<IIQ{len(value)}i", _ARRAY, _KINDS["<i"], len(value), *value)
