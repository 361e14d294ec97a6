"""Files that are no runs, presets among them: written whole or not at all."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path

import tomli_w

from lwd_tui.experiment.addresses import secret_in
from lwd_tui.experiment.llm import Experiment
from lwd_tui.store.errors import RunExists, StoreError

_POSTS_WITHIN = 10_000
_STALE_SECONDS = 86_400.0


def write_whole(path: Path, data: bytes, *, replace: bool = False) -> None:
    """Write a file; another process never sees half of it.

    Raises
    ------
    RunExists
        If there is one and it may not be replaced, or a folder.
    StoreError
        If the file can't be written.
    """
    with _told(path), put_in_place([path], replace=replace) as (part,):
        part.write_bytes(data)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Say in a sentence why a file can't be written."""
    try:
        yield
    except FileExistsError as error:
        raise StoreError(f"can't write to {path}: its folder is a file") from error
    except OSError as error:
        raise StoreError(f"can't write to {path}: {error.strerror or error}") from error
    except ValueError as error:  # Of a path that no system takes.
        raise StoreError(f"can't write to {path}: {error}") from error


@contextmanager
def put_in_place(paths: Sequence[Path], *, replace: bool) -> Iterator[list[Path]]:
    """Give a place beside each file to write it to, and move them all when they are whole.

    Folders that are missing are made. The place is the caller's alone: others may write the same
    file at the same time, and the last of them to end has it.

    Raises
    ------
    RunExists
        If one of the files is there and may not be replaced, or a folder.
    OSError
        If one of them can't be written.
    """
    for path in paths:
        if path.is_dir() or (path.exists() and not replace):
            raise RunExists(f"{path} exists already; choose another place, or remove it first")
    own = f"{os.getpid()}-{secrets.token_hex(4)}"
    parts = [path.with_name(f".{path.name}.{own}.part") for path in paths]
    try:
        for path in paths:
            path.parent.mkdir(parents=True, exist_ok=True)
            _clear(path)
        yield parts
        for part, path in zip(parts, paths, strict=True):
            part.replace(path)
    finally:
        for part in parts:
            with suppress(OSError, ValueError):
                part.unlink()


def _clear(path: Path) -> None:
    """Delete what writers of a file left behind that were killed; whoever is at work writes on."""
    for part in path.parent.glob(f".{escape(path.name)}.*.part"):
        with suppress(OSError):
            if time.time() - part.stat().st_mtime > _STALE_SECONDS:
                part.unlink()


class PresetExists(StoreError):
    """There is a file already where the preset was to be written."""


def save_preset(experiment: Experiment, path: Path, *, replace: bool = False) -> None:
    """Write an experiment with all its fields and posts; `load_preset` reads it.

    More than 10,000 posts go to a file beside it, which it names as its `posts_file`: Python's
    reader of TOML takes half a minute for ten times as many, and much memory.

    Raises
    ------
    PresetExists
        If there is a file, and it may not be replaced.
    StoreError
        If the file can't be written, or a host holds a secret.
    """
    for host in (*(who.host for who in experiment.cast), experiment.embedder.host):
        if complaint := secret_in(host):
            raise StoreError(complaint)
    with _told(path):
        if not path.parent.is_dir():
            raise StoreError(f"{path} can't be written: there is no folder {path.parent}")
    try:
        if len(experiment.posts) <= _POSTS_WITHIN:
            write_whole(path, experiment.to_toml().encode(), replace=replace)
            return
        posts = path.with_suffix(".posts.jsonl")
        fields = experiment.model_copy(update={"posts": ()}).to_dict()
        del fields["posts"]
        head = tomli_w.dumps(fields | {"posts_file": posts.name}, multiline_strings=False)
        with _told(path), put_in_place([posts, path], replace=replace) as (many, part):
            with many.open("wb") as out:
                out.writelines(post.model_dump_json().encode() + b"\n" for post in experiment.posts)
            part.write_bytes(head.encode())
    except RunExists:
        raise PresetExists(f"{path} is there already") from None
