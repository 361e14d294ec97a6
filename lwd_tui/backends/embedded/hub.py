"""GGUF files of the Hugging Face Hub, in the cache that all of its programs share.

What is in the cache is used as it is, without asking the network. The library throws away what a
process leaves of a file that it was fetching, so the weights are fetched here, by its session into
its cache: they go on where they stopped, and are compared with the SHA-256 that the Hub lists.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from lwd_tui.backends.embedded.hub_errors import told
from lwd_tui.backends.embedded.hub_names import HubName, pick
from lwd_tui.backends.embedded.packaged import digest_of
from lwd_tui.experiment.backend import ModelMissing, WeightsError
from lwd_tui.text import clean_line
from lwd_tui.types import Fetching

_SHA256 = re.compile("[0-9a-f]{64}")
_SECONDS = 10.0
_PIECE = 1 << 18
_PARTIAL_CONTENT = 206
_TICK = 0.2
_TRIES = 5
_PAUSE = 1.0


@dataclass(frozen=True, slots=True)
class HubFile:
    """A file that a name means.

    Attributes
    ----------
    name : HubName
    file : str
        Its path in the repository.
    licence : str
        As the repository's card names it; "" if it doesn't.
    path : Path or None
        In the cache; None for a file that has to be fetched, of which the Hub lists the rest.
    commit : str
    size : int
        Bytes.
    sha256 : str
    """

    name: HubName
    file: str
    licence: str
    path: Path | None = None
    commit: str = ""
    size: int = 0
    sha256: str = ""


def find(name: HubName, *, anew: bool = False) -> HubFile:
    """Find the file that a name means: in the cache, else on the Hub.

    Parameters
    ----------
    name : HubName
    anew : bool
        Ask the Hub even if the cache has one.

    Raises
    ------
    ModelMissing
        If there is no such repository or file, or it may not be had.
    ServerMissing
        If the Hub can't be reached, or what answers is none.
    """
    _be_quiet()
    snapshot = _snapshot(name.repo)
    if snapshot is not None and not anew:
        files = (path for path in snapshot.rglob("*.gguf") if path.is_file())
        here = [path.relative_to(snapshot).as_posix() for path in files]
        with suppress(ModelMissing):
            file = pick(name, here)
            return HubFile(name, file, _licence(snapshot), snapshot / file)
    with told(name):
        return _ask(name)


def _ask(name: HubName) -> HubFile:
    import huggingface_hub as hub

    known = hub.HfApi().model_info(name.repo, files_metadata=True, timeout=_SECONDS)
    stored = {sibling.rfilename: sibling.lfs for sibling in known.siblings or ()}
    file = pick(name, list(stored))
    large = stored[file]
    if large is None or not large.size or not _SHA256.fullmatch(large.sha256):
        raise ModelMissing(f"{name}: the Hub lists no checksum of {clean_line(file)}")
    licence = _fetched_licence(name.repo)
    return HubFile(name, file, licence, None, str(known.sha), large.size, large.sha256)


def fetch(found: HubFile, progress: Fetching) -> Path:
    """Fetch a file into the cache and return its path there.

    Parameters
    ----------
    found : HubFile
        From `find`, without a path.
    progress : callable
        Called in this thread, several times a second; what it raises ends the fetch.

    Raises
    ------
    ModelMissing
        If it may not be had.
    ServerMissing
        If the Hub can't be reached; what has arrived is kept.
    WeightsError
        If it can't be kept, or isn't what the Hub lists.
    """
    import huggingface_hub as hub

    blobs = _folder(found.name.repo) / "blobs"
    with told(found.name):
        blobs.mkdir(parents=True, exist_ok=True)
        with _alone(found, progress):
            if not (blobs / found.sha256).exists():
                _fill(found, blobs, progress)
        # The library finds what is there, and gives it its name in the cache.
        return Path(hub.hf_hub_download(found.name.repo, found.file))


def checked_digest(path: Path, name: HubName) -> str:
    """Return the digest of a file in the cache, whose blob is called by it.

    Raises
    ------
    WeightsError
        If the file is damaged.
    """
    blob, digest = path.resolve(), digest_of(path)
    if _SHA256.fullmatch(blob.name) and digest != blob.name:
        raise WeightsError(
            f"{name} is damaged in the cache: the checksum of {blob} is wrong; remove that file, "
            f"and fetch it again with `lwd-tui models pull {name}`"
        )
    return digest


def _fill(found: HubFile, blobs: Path, progress: Fetching) -> None:
    """Fetch a blob to its end, going on from what an earlier fetch left."""
    import httpx2

    # Earlier versions of the library called a part so, and went on with it.
    part, left = blobs / f"{found.sha256}.incomplete", _TRIES
    part.touch()
    have = part.stat().st_size
    missing, free = found.size - have, shutil.disk_usage(blobs).free
    if missing > free:
        raise WeightsError(
            f"{found.name} needs {missing / 1e6:.0f} MB in {blobs}, and {free / 1e6:.0f} MB are "
            "free; make room there, or set HF_HOME to a folder on another disk"
        )
    while True:
        try:
            _go_on(found, part, progress)
            break
        except httpx2.TransportError:
            before, have = have, part.stat().st_size
            left = _TRIES if have > before else left - 1
            if not left:
                raise
            progress("the connection broke; going on", have, found.size)
            time.sleep(_PAUSE)
    if digest_of(part) != found.sha256:
        part.unlink()
        raise WeightsError(
            f"what came of {found.name} isn't what the Hub lists: its checksum is wrong; try again"
        )
    part.replace(blobs / found.sha256)


def _go_on(found: HubFile, part: Path, progress: Fetching) -> None:
    """Ask once for what is missing of a part."""
    import huggingface_hub as hub

    label = f"fetching {clean_line(found.file)}"
    with part.open("r+b") as file:
        have = file.seek(0, os.SEEK_END)
        if have > found.size:
            have = _emptied(file)
        progress(label, have, found.size)
        if have == found.size:
            return
        url = hub.hf_hub_url(found.name.repo, found.file, revision=found.commit)
        headers = hub.utils.build_hf_headers()
        headers |= {"Range": f"bytes={have}-", "Accept-Encoding": "identity"}
        with hub.get_session().stream("GET", url, headers=headers, timeout=_SECONDS) as answer:
            hub.hf_raise_for_status(answer)
            if answer.status_code != _PARTIAL_CONTENT:
                have = _emptied(file)
            for piece in answer.iter_bytes(_PIECE):
                have += file.write(piece)
                progress(label, have, found.size)
                if have > found.size:
                    return


def _emptied(file: BinaryIO) -> int:
    file.seek(0)
    return file.truncate()


@contextmanager
def _alone(found: HubFile, progress: Fetching) -> Iterator[None]:
    """Wait until no other process fetches the same; the library's own lock is at that place."""
    from huggingface_hub.utils import WeakFileLock

    folder = _folder(found.name.repo)
    lock = folder.parent / ".locks" / folder.name / f"{found.sha256}.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    with ExitStack() as held:
        while True:
            try:
                held.enter_context(WeakFileLock(lock, timeout=_TICK))
                break
            except TimeoutError:
                progress("another process fetches it", 0, found.size)
        yield


def _folder(repo: str) -> Path:
    """Return the folder of a repository in the cache, laid out as the library documents it."""
    from huggingface_hub import constants
    from huggingface_hub.file_download import repo_folder_name

    return Path(constants.HF_HUB_CACHE) / repo_folder_name(repo_id=repo, repo_type="model")


def _snapshot(repo: str) -> Path | None:
    """Return the folder of a repository's files as they were when the Hub was last asked."""
    folder = _folder(repo)
    with suppress(OSError, ValueError):
        commit = (folder / "refs" / "main").read_text(encoding="ascii").strip()
        snapshot = folder / "snapshots" / commit
        return snapshot if snapshot.is_dir() else None
    return None


def _fetched_licence(repo: str) -> str:
    """Fetch the repository's card into the cache, where it tells the licence offline too."""
    import huggingface_hub as hub

    try:
        return _licence(Path(hub.hf_hub_download(repo, "README.md")).parent)
    except hub.errors.EntryNotFoundError:
        return ""


def _licence(snapshot: Path) -> str:
    import huggingface_hub as hub

    try:
        card = hub.metadata_load(snapshot / "README.md") or {}
    except Exception:  # Anybody's YAML, or no file: a licence that can't be read isn't known.
        return ""
    named = card.get("license")
    if named in (None, "other"):
        named = card.get("license_name") or named
    return clean_line(str(named or ""))


def _be_quiet() -> None:
    """Keep the library's words and bars off the terminal, on which the app is, and tell no more.

    It would tell the Hub what is installed and who calls it, and ask it for a list of callers.
    """
    from huggingface_hub import constants
    from huggingface_hub.utils import disable_progress_bars

    constants.HF_HUB_DISABLE_TELEMETRY = True
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    disable_progress_bars()
