"""A stand-in for the Hugging Face Hub, found by HF_ENDPOINT: what huggingface_hub 2.4 asks of it.

Files are listed and resolved as the Hub's documentation and its client say; weights come from a
second server, as they come from another host on the real Hub, which this is no proof of.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from huggingface_hub import constants

from support.http import Reply, Request, WireServer

COMMIT = "c0ffee" + "0" * 34
_RESOLVE = re.compile(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)")


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@dataclass
class Repository:
    """A repository of the stand-in.

    Attributes
    ----------
    files : dict of str to bytes
    token : str
        That it may be seen with; "" for a public one.
    gated : bool
        Whether its files may be had with the right token only, while everybody sees them listed.
    listed : dict of str to str
        Checksums that are listed in the place of the right ones, by file.
    """

    files: dict[str, bytes]
    token: str = ""
    gated: bool = False
    listed: dict[str, str] = field(default_factory=dict)

    def refusal(self, request: Request, listing: bool) -> dict[str, str] | None:
        if not self.token or request.headers.get("authorization") == f"Bearer {self.token}":
            return None
        if self.gated:
            return None if listing else {"X-Error-Code": "GatedRepo"}
        return {"X-Error-Code": "RepoNotFound"}


@dataclass
class StandInHub:
    """The Hub and the host of its weights.

    Attributes
    ----------
    repositories : dict of str to Repository
    breaks : list of int
        Bytes after which the next answers of the weights' host break off.
    ranges : bool
        Whether that host answers with a part of a file.
    status : int
        Other than 200: all that the Hub answers, with the request in its words.
    """

    repositories: dict[str, Repository] = field(default_factory=dict)
    breaks: list[int] = field(default_factory=list)
    ranges: bool = True
    status: int = 200

    def __post_init__(self) -> None:
        self.hub = WireServer(self._answer)
        self.store = WireServer(self._send)

    @property
    def sent(self) -> list[str]:
        """The ranges of weights that were asked for."""
        return [request.headers.get("range", "") for request in self.store.requests]

    async def _answer(self, request: Request, reply: Reply) -> None:
        path = unquote(urlsplit(request.path).path)
        found = _RESOLVE.fullmatch(path)
        name = found[1] if found else path.removeprefix("/api/models/")
        repository = self.repositories.get(name)
        if self.status != 200:
            await reply.send(self.status, {"error": f"told {request.headers}"})
        elif repository is None:
            await reply.send(401, {"error": "?"}, **{"X-Error-Code": "RepoNotFound"})
        elif refusal := repository.refusal(request, listing=found is None):
            status = 403 if "authorization" in request.headers else 401
            await reply.send(status, {"error": f"told {request.headers}"}, **refusal)
        elif found is None:
            files = [_listed(file, repository) for file in repository.files]
            listing = {"id": name, "sha": COMMIT, "siblings": files, "gated": repository.gated}
            await reply.send(200, listing)
        elif found[3] not in repository.files:
            headers = {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": COMMIT}
            await reply.send(404, b"", **headers)
        else:
            await self._resolve(request, reply, repository, found[3])

    async def _resolve(
        self, request: Request, reply: Reply, repository: Repository, file: str
    ) -> None:
        data, digest = repository.files[file], _digest(file, repository)
        headers = {"X-Repo-Commit": COMMIT, "ETag": f'"{digest}"'}
        if file.endswith(".gguf"):
            headers |= {
                "X-Linked-Etag": f'"{digest}"',
                "X-Linked-Size": str(len(data)),
                # Another host, as the Hub's own store is one.
                "Location": f"{self.store.url}/{sha256(data)}".replace("127.0.0.1", "localhost"),
            }
            await reply.send(302, b"", **headers)
        else:
            headers |= {"Content-Length": str(len(data))}
            await reply.send(200, b"" if request.method == "HEAD" else data, **headers)

    async def _send(self, request: Request, reply: Reply) -> None:
        files = [data for known in self.repositories.values() for data in known.files.values()]
        data = next(data for data in files if sha256(data) == request.path[1:])
        asked = re.fullmatch(r"bytes=(\d+)-", request.headers.get("range", ""))
        first = int(asked[1]) if asked and self.ranges else 0
        headers = {"Content-Length": str(len(data) - first)}
        status = 206 if asked and self.ranges else 200
        end = self.breaks.pop(0) if self.breaks else len(data)
        await reply.send(status, data[first : first + end], **headers)
        if first + end < len(data):
            await reply.reset()


def _digest(file: str, repository: Repository) -> str:
    return repository.listed.get(file, sha256(repository.files[file]))


def _listed(file: str, repository: Repository) -> dict[str, object]:
    size = len(repository.files[file])
    large = {"sha256": _digest(file, repository), "size": size, "pointerSize": 134}
    lfs = {"lfs": large} if file.endswith(".gguf") else {}
    return {"rfilename": file, "size": size, "blobId": "b" * 40} | lfs


@asynccontextmanager
async def stand_in_hub(
    repositories: dict[str, Repository], monkeypatch: pytest.MonkeyPatch, cache: Path
) -> AsyncIterator[StandInHub]:
    """Serve repositories to this process, which keeps what it fetches in a cache of its own."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(cache / "token"))
    monkeypatch.delenv("HF_TOKEN", raising=False)
    server = StandInHub(repositories)
    async with server.hub, server.store:
        point_at(server.hub.url, monkeypatch)
        yield server


def point_at(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Do what HF_ENDPOINT does when the library is first imported."""
    monkeypatch.setattr(constants, "ENDPOINT", url)
    path = "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", url + path)
