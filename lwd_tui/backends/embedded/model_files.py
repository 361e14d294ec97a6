"""The weights file behind a model's name: packaged, of the Hugging Face Hub, or the user's own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, TypeVar

from lwd_tui.backends.embedded import hub
from lwd_tui.backends.embedded.catalogue import Purpose, Weights
from lwd_tui.backends.embedded.gguf import read_metadata
from lwd_tui.backends.embedded.gguf_convert import WINDOW_KEY
from lwd_tui.backends.embedded.hub_names import HubName, is_on_hub, read_hub_name
from lwd_tui.backends.embedded.packaged import (
    CATALOGUE,
    check,
    digest_of,
    find_weights,
    is_present,
    pull,
)
from lwd_tui.experiment.backend import BackendError, ModelMissing, UnfitRequest
from lwd_tui.text import clean_line
from lwd_tui.types import Fetching, ModelInfo, Notice

T = TypeVar("T")

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
        return ModelInfo(
            name=self.name,
            backend="embedded",
            digest=self.digest,
            family=self.family,
            parameters=str(self.metadata.get("general.size_label", "")),
            quantisation=_QUANTISATIONS.get(self.metadata.get("general.file_type", -1), ""),
            size=self.path.stat().st_size,
            context_length=self.trained_context,
            capabilities=(self.purpose, *(["chat"] if self.can_chat else [])),
            licence=self.licence,
            server=f"xllamacpp {library_version()}",
            loaded=loaded,
        )


def library_version() -> str:
    """Return the version of xllamacpp; raise BackendError if it isn't installed."""
    try:
        return version("xllamacpp")
    except PackageNotFoundError:
        raise BackendError(
            "the embedded backend needs xllamacpp; install it with "
            "`pip install 'lwd-tui[embedded]'`, or choose another backend"
        ) from None


async def provide(
    model: str, purpose: Purpose, notice: Notice | None, progress: Fetching | None
) -> ModelFile:
    """Return the file of a model; weights that are not there yet are fetched.

    Parameters
    ----------
    model : str
        A name of the catalogue, ``hf.co/USER/REPO:QUANT``, or a path to a GGUF file.
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
    tell: Notice = notice or (lambda _: None)
    if model in CATALOGUE:
        path, licence = await _packaged(model, tell, progress)
        digest = await asyncio.to_thread(digest_of, path)
    elif (name := _hub_name(model)) is not None:
        path, licence = await _of_the_hub(name, tell, progress)
        digest = await asyncio.to_thread(hub.checked_digest, path, name)
    else:
        path, licence = _own_file(model), ""
        digest = await asyncio.to_thread(digest_of, path)
    metadata = await asyncio.to_thread(read_metadata, path)
    licence = licence or str(metadata.get("general.license", ""))
    file = ModelFile(model, path, digest, metadata, licence)
    if file.purpose != purpose:
        fit = ", ".join(name for name, known in CATALOGUE.items() if known.purpose == purpose)
        does = "embeds texts and can't answer" if purpose == "generate" else "doesn't embed texts"
        raise UnfitRequest(f"{model} {does}; choose {fit} or another .gguf file")
    return file


async def _packaged(model: str, notice: Notice, progress: Fetching | None) -> tuple[Path, str]:
    weights = find_weights(model)
    if not is_present(model):
        notice(_fetching(weights))
        await _fetched(partial(pull, model), progress)
    return await asyncio.to_thread(check, model), weights.licence


async def _of_the_hub(name: HubName, notice: Notice, progress: Fetching | None) -> tuple[Path, str]:
    found = await asyncio.to_thread(hub.find, name)
    if found.path is not None:
        return found.path, found.licence
    notice(
        f"fetching {clean_line(found.file)} of hf.co/{name.repo}, {round(found.size / 1e6)} MB, "
        f"licence: {found.licence or 'not named'} (https://huggingface.co/{name.repo})"
    )
    return await _fetched(partial(hub.fetch, found), progress), found.licence


def _hub_name(model: str) -> HubName | None:
    """Return what a name means on the Hub, if it can't be a file."""
    if Path(model).is_file() or (model.lower().endswith(".gguf") and not is_on_hub(model)):
        return None
    return read_hub_name(model)


def _own_file(model: str) -> Path:
    if not model.lower().endswith(".gguf") and "/" not in model and "\\" not in model:
        find_weights(model)
    path = Path(model).expanduser().absolute()
    if not path.is_file():
        maybe = model.count("/") == 1 and model[0].isalnum() and path.suffix != ".gguf"
        on_hub = f"; on the Hub it would be hf.co/{model}" if maybe else ""
        raise ModelMissing(
            f"there is no weights file {path}; give the path of a .gguf file{on_hub}"
        )
    return path


def _fetching(weights: Weights) -> str:
    megabytes = round(sum(part.size for part in weights.parts) / 1e6)
    return (
        f"fetching the weights of {weights.name} ({weights.title}), {megabytes} MB, "
        f"licence: {weights.licence} ({weights.terms})"
    )


async def _fetched(fetch: Callable[[Fetching], T], progress: Fetching | None) -> T:
    """Fetch in a thread; being cancelled ends the fetch."""
    loop = asyncio.get_running_loop()
    cancelled = threading.Event()

    def tell(label: str, done: int, total: int) -> None:
        if cancelled.is_set():
            raise asyncio.CancelledError
        if progress is not None:
            loop.call_soon_threadsafe(progress, label, done, total)

    try:
        return await asyncio.to_thread(fetch, tell)
    finally:
        cancelled.set()
