"""The process that holds a sentence-transformers model: texts come in, vectors go out.

A script of its own, started by `embedder` beside it: torch stays out of the app's process, where
it would stall the screen and stay in memory. A frame, in both directions, is two little-endian
32-bit lengths, a JSON header and a payload. The first request opens a model; each further one
embeds texts, and is answered in turn with float32 vectors. The process ends with its standard
input, so it can't outlive its parent.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import signal
import struct
import sys
import threading
from pathlib import Path
from queue import SimpleQueue
from typing import Any, BinaryIO

LENGTHS = struct.Struct("<II")


class Unavailable(Exception):
    """The model can't be opened; told in a sentence."""


class Model:
    """A model and how its vectors are wanted.

    Parameters
    ----------
    name : str
        A folder, or a name on the Hugging Face hub; one that is in the cache needs no network.
    normalise : bool
        False takes the normalising modules off the end of the model, so that vectors are raw.
    """

    def __init__(self, name: str, normalise: bool) -> None:
        self._folder, source = _locate(name)
        _lock_out_code(name)
        # The libraries fill weights that the files lack with random numbers, and only log it. Two
        # loads then give different vectors.
        probe = self._load(source).encode(["probe"], prompt="")
        self._model = self._load(source)
        if abs(probe - self._model.encode(["probe"], prompt="")).max() > 1e-3 * abs(probe).max():
            raise Unavailable(f"the files of {name} lack some of the weights that its vectors need")
        modules: Any = importlib.import_module("sentence_transformers.models")
        while isinstance(self._model[-1], modules.Normalize) and not normalise:
            del self._model[-1]
        self._normalise = normalise

    def _load(self, source: str) -> Any:
        # Imported by name: a type checker need not read all of torch, nor have it installed.
        library: Any = importlib.import_module("sentence_transformers")
        try:
            return library.SentenceTransformer(source, local_files_only=True)
        except OSError:
            if self._folder == Path(source):
                raise
            # Some files are in the cache, but not all.
            return library.SentenceTransformer(source)

    @property
    def _limit(self) -> float:
        """Tokens that the model reads of a text."""
        limit = self._model.max_seq_length
        return float("inf") if limit is None or limit > 10**9 else limit

    def describe(self) -> dict[str, Any]:
        """Return what is known about the model, as JSON values."""
        files = _weights(self._folder)
        transformer = getattr(self._model[0], "auto_model", None)
        return {
            "digest": _digest(files, self._folder),
            "size": sum(path.stat().st_size for path in files),
            "family": getattr(getattr(transformer, "config", None), "model_type", ""),
            "parameters": sum(values.numel() for values in self._model.parameters()),
            "precision": str(next(self._model.parameters()).dtype).removeprefix("torch."),
            "limit": None if self._limit == float("inf") else int(self._limit),
            "gpu": self._model.device.type != "cpu",
            "dimension": self._model.encode([""], prompt="").shape[1],
        }

    def embed(self, texts: list[str]) -> tuple[Any, list[bool]]:
        """Return the vectors of some texts, and which texts were cut."""
        # The empty prompt keeps a model's own default prompt away: the prefix is the caller's.
        vectors = self._model.encode(
            texts, prompt="", normalize_embeddings=self._normalise, show_progress_bar=False
        )
        if self._limit == float("inf"):
            return vectors, [False] * len(texts)
        whole = self._model.tokenizer(texts, truncation=False, padding=False)["input_ids"]
        return vectors, [len(tokens) > self._limit for tokens in whole]


def _locate(name: str) -> tuple[Path, str]:
    """Find the folder of a model, and what to load it by; look on the network last."""
    folder = Path(name).expanduser()
    if folder.is_dir():
        if not (folder / "modules.json").is_file():
            raise Unavailable(
                f"{name} holds no modules.json, so it isn't a sentence-transformers model; give "
                "the folder that SentenceTransformer.save wrote"
            )
        return folder, str(folder)
    if folder.exists() or folder.is_absolute() or name[0] in ".~" or name.count("/") > 1:
        raise Unavailable(f"{name} is not a folder; give the folder of a model, or its hub name")
    hub: Any = importlib.import_module("huggingface_hub")
    errors: Any = importlib.import_module("huggingface_hub.errors")
    repository = name if "/" in name else f"sentence-transformers/{name}"
    try:
        modules = hub.hf_hub_download(repository, "modules.json", local_files_only=True)
    except errors.LocalEntryNotFoundError:
        try:
            # Asked first, for the download itself would try for half a minute without a network.
            hub.HfApi().model_info(repository, timeout=10)
            modules = hub.hf_hub_download(repository, "modules.json")
        except (errors.RepositoryNotFoundError, errors.GatedRepoError):
            raise Unavailable(
                f"{repository} is not on the hub, or not open to you; mind the spelling, or log "
                "in with `hf auth login`"
            ) from None
        except errors.EntryNotFoundError:
            raise Unavailable(
                f"{repository} holds no modules.json, so it isn't a sentence-transformers model"
            ) from None
        except Exception as error:
            raise Unavailable(
                f"{repository} is not in the hub's cache on this machine, and the hub can't be "
                f"asked for it ({error}); connect once to fetch it, or give the model's folder"
            ) from None
    except errors.HFValidationError:
        raise Unavailable(f"{name} is neither a folder nor a name on the hub") from None
    return Path(modules).parent, repository


def _lock_out_code(name: str) -> None:
    """Refuse Python code that comes with a model; for folders the library itself would run it."""
    dynamic: Any = importlib.import_module("transformers.dynamic_module_utils")

    def refuse(*_args: object, **_kwargs: object) -> None:
        raise Unavailable(
            f"{name} comes with Python code of its own, which is never run here; use a model "
            "without it, or the same model through Ollama"
        )

    if not hasattr(dynamic, "get_class_from_dynamic_module"):
        raise Unavailable(
            "this version of transformers isn't known here, so code that comes with a model "
            "can't be kept from running; install transformers 5"
        )
    dynamic.get_class_from_dynamic_module = refuse


def _weights(folder: Path) -> list[Path]:
    """List the files that the library reads weights from."""
    return sorted(folder.rglob("*.safetensors")) or sorted(folder.rglob("pytorch_model*.bin"))


def _digest(files: list[Path], folder: Path) -> str:
    """Hash the weights: one file as sha256sum does, several by their names and hashes."""
    hashes = []
    for path in files:
        with path.open("rb") as file:
            hashes.append(hashlib.file_digest(file, "sha256").hexdigest())
    if len(hashes) < 2:
        return "".join(hashes)
    lines = [
        f"{value}  {path.relative_to(folder).as_posix()}\n"
        for value, path in zip(hashes, files, strict=True)
    ]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _listen(requests: SimpleQueue[dict[str, Any]]) -> None:
    """Queue the requests; at the end of the input leave at once, whatever is being computed."""
    source = sys.stdin.buffer
    while len(head := source.read(LENGTHS.size)) == LENGTHS.size:
        header, payload = LENGTHS.unpack(head)
        body = source.read(header + payload)
        if len(body) < header + payload:
            break
        requests.put(json.loads(body[:header]))
    os._exit(0)


def _send(output: BinaryIO, header: dict[str, Any], payload: bytes = b"") -> None:
    body = json.dumps(header).encode()
    output.write(LENGTHS.pack(len(body), len(payload)) + body + payload)
    output.flush()


def _reason(error: Exception) -> str:
    if "trust_remote_code" in str(error):
        return "it comes with Python code of its own, which is never run here"
    return f"{type(error).__name__}: {error}"


def main() -> None:
    """Open the model that the first request names, then embed what the others hold."""
    # Ctrl-C goes to the whole group of processes; the parent decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # What libraries print must not get between the frames.
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    requests: SimpleQueue[dict[str, Any]] = SimpleQueue()
    threading.Thread(target=_listen, args=(requests,), daemon=True).start()
    opening = requests.get()
    try:
        model = Model(opening["model"], opening["normalise"])
        _send(output, model.describe())
    except Unavailable as error:
        _send(output, {"error": str(error)})
        return
    except ImportError as error:
        extra = 'pip install "lwd-tui[sentence-transformers]"'
        _send(output, {"error": f"this optional extra isn't installed ({error}); run: {extra}"})
        return
    except Exception as error:
        _send(output, {"error": f"{opening['model']} can't be loaded: {_reason(error)}"})
        return
    while True:
        texts = requests.get()["texts"]
        try:
            vectors, truncated = model.embed(texts)
        except Exception as error:
            _send(output, {"error": _reason(error)})
        else:
            header = {"shape": list(vectors.shape), "truncated": truncated}
            _send(output, header, vectors.astype("<f4").tobytes())


if __name__ == "__main__":
    main()
