"""The Hub's files, from a stand-in for the Hub and the host of its weights; see support/hub.py."""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from huggingface_hub import constants
from support.hub import Repository, StandInHub, point_at, sha256, stand_in_hub

from lwd_tui.backends.embedded import hub
from lwd_tui.backends.embedded.gguf import write_gguf
from lwd_tui.backends.embedded.hub_names import HubName
from lwd_tui.backends.embedded.model_files import provide
from lwd_tui.experiment.backend import BackendError, ModelMissing, ServerMissing, WeightsError

CARD = b"---\nlicense: other\nlicense_name: toy-terms\n---\n# Toy\n"
FILE = "toy-Q4_1.gguf"
NAME = HubName("u/toy", "Q4_1")
TOKEN = "hf_averysecrettoken"  # noqa: S105 (made up)


@pytest.fixture
def weights(tmp_path: Path) -> bytes:
    path = tmp_path / "toy.gguf"
    chat = {
        "general.architecture": "llama",
        "general.file_type": 3,
        "general.license": "of the file",
        "tokenizer.chat_template": "{{ messages }}",
        "filling": "x" * 2_000_000,
    }
    write_gguf(path, chat, {})
    return path.read_bytes()


@pytest.fixture
async def server(
    weights: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[StandInHub]:
    monkeypatch.setattr(hub, "_PAUSE", 0.0)
    toy = Repository({"README.md": CARD, FILE: weights, "toy-Q8_0.gguf": b"GGUF"})
    async with stand_in_hub({"u/toy": toy}, monkeypatch, tmp_path / "cache") as server:
        yield server


async def fetched(told: Callable[[str, int, int], None] = lambda *_: None) -> Path:
    found = await asyncio.to_thread(hub.find, NAME, anew=True)
    return await asyncio.to_thread(hub.fetch, found, told)


def parts(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "cache").rglob("*.incomplete"))


async def test_the_hub_is_told_of_no_program_and_asked_for_nothing_but_the_model(
    server: StandInHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_TELEMETRY", False)
    await fetched()
    asked = {request.path.partition("?")[0] for request in server.hub.requests}
    assert all("u/toy" in path for path in asked), asked
    said = {request.headers.get("user-agent", "") for request in server.hub.requests}
    assert not [words for words in said if "torch" in words or "agent/" in words]


async def test_a_model_of_the_hub_is_fetched_once_and_recorded(
    server: StandInHub, weights: bytes
) -> None:
    said: list[str] = []
    told: list[tuple[str, int, int]] = []
    for name in ("hf.co/u/toy:Q4_1", "u/toy:q4_1", "https://huggingface.co/u/toy"):
        file = await provide(name, "generate", said.append, lambda *done: told.append(done))
        info = file.info(loaded=False)
        assert (info.name, info.digest, info.size) == (name, sha256(weights), len(weights))
        assert (info.quantisation, info.licence) == ("Q4_1", "toy-terms")
    await asyncio.sleep(0)
    assert said == [
        "fetching toy-Q4_1.gguf of hf.co/u/toy, 2 MB, licence: toy-terms "
        "(https://huggingface.co/u/toy)"
    ]
    assert server.sent == ["bytes=0-"]
    done = [count for _, count, _ in told]
    assert done == sorted(done)
    assert (done[0], done[-1]) == (0, len(weights))
    assert {(label, total) for label, _, total in told} == {(f"fetching {FILE}", len(weights))}


@pytest.mark.parametrize(
    ("card", "licence"),
    [
        (b"---\nlicense: apache-2.0\n---\n", "apache-2.0"),
        (b"---\nlicense: other\n---\n", "other"),
        (b"---\nlicense: [mit, x\n---\n", "of the file"),
        (b"---\n- 1\n---\n", "of the file"),
        (b"no more than words", "of the file"),
        (None, "of the file"),
    ],
)
async def test_the_licence_is_the_card_s_or_else_the_file_s(
    server: StandInHub, card: bytes | None, licence: str
) -> None:
    files = server.repositories["u/toy"].files
    del files["README.md"]
    if card is not None:
        files["README.md"] = card
    for _ in ("fetched", "from the cache"):
        file = await provide("hf.co/u/toy:Q4_1", "generate", None, None)
        assert file.licence == licence


async def test_what_is_in_the_cache_needs_no_network(server: StandInHub, weights: bytes) -> None:
    await fetched()
    await server.hub.stop()
    file = await provide("hf.co/u/toy:Q4_1", "generate", None, None)
    assert file.path.read_bytes() == weights
    assert file.licence == "toy-terms"
    with pytest.raises(
        ServerMissing, match=r"127\.0\.0\.1:\d+ can't be reached for hf.co/u/toy:Q8_0"
    ):
        await provide("hf.co/u/toy:Q8_0", "generate", None, None)


async def test_offline_mode_is_kept_and_told(
    server: StandInHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(ModelMissing, match=r"isn't in the cache .* HF_HUB_OFFLINE forbids"):
        await asyncio.to_thread(hub.find, NAME)
    assert not server.hub.requests


@pytest.mark.parametrize("ranges", [True, False])
async def test_a_connection_that_breaks_goes_on_where_it_stopped(
    server: StandInHub, weights: bytes, ranges: bool
) -> None:
    server.ranges = ranges
    server.breaks = [1_000_000, 600_000]
    path = await fetched()
    assert path.read_bytes() == weights
    # Whole pieces of 256 KiB are kept of what arrives.
    second = "bytes=1310720-" if ranges else "bytes=524288-"
    assert server.sent == ["bytes=0-", "bytes=786432-", second]


async def test_a_fetch_that_was_ended_goes_on_where_it_stopped(
    server: StandInHub, weights: bytes, tmp_path: Path
) -> None:
    def end(_: str, done: int, total: int) -> None:
        if done > total / 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await fetched(end)
    (part,) = parts(tmp_path)
    have = part.stat().st_size
    assert have > len(weights) / 2
    assert part.read_bytes() == weights[:have]
    assert (await fetched()).read_bytes() == weights
    assert server.sent[1:] == [f"bytes={have}-"]
    assert not parts(tmp_path)


@pytest.mark.parametrize("kept", ["whole", "longer"])
async def test_a_part_that_is_whole_already_is_not_fetched_and_a_longer_one_anew(
    server: StandInHub, weights: bytes, tmp_path: Path, kept: str
) -> None:
    server.breaks = [600_000]

    def end(_: str, done: int, total: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await fetched(end)
    (part,) = parts(tmp_path)
    part.write_bytes(weights if kept == "whole" else b"x" * (len(weights) + 1))
    assert (await fetched()).read_bytes() == weights
    assert server.sent[1:] == ([] if kept == "whole" else ["bytes=0-"])


async def test_more_than_was_listed_is_not_listened_to(server: StandInHub, tmp_path: Path) -> None:
    found = await asyncio.to_thread(hub.find, NAME, anew=True)
    with pytest.raises(WeightsError, match="its checksum is wrong; try again"):
        await asyncio.to_thread(hub.fetch, replace(found, size=1000), lambda *_: None)
    assert not parts(tmp_path)


async def test_a_file_that_goes_before_it_is_fetched_is_told(server: StandInHub) -> None:
    found = await asyncio.to_thread(hub.find, NAME, anew=True)
    del server.repositories["u/toy"].files[FILE]
    with pytest.raises(ModelMissing, match=r"has just gone from the Hub at .*; try again"):
        await asyncio.to_thread(hub.fetch, found, lambda *_: None)


async def test_a_line_that_gives_nothing_is_given_up_and_what_has_arrived_is_kept(
    server: StandInHub, tmp_path: Path
) -> None:
    server.breaks = [600_000] + [0] * 20
    with pytest.raises(ServerMissing, match=r"can't be reached .* what has arrived is kept"):
        await fetched()
    assert [part.stat().st_size for part in parts(tmp_path)] == [524_288]
    assert len(server.sent) < 10


async def test_two_fetches_at_once_fetch_once(server: StandInHub, weights: bytes) -> None:
    paths = await asyncio.gather(fetched(), fetched(), fetched())
    assert {path.read_bytes() for path in paths} == {weights}
    assert len(server.sent) == 1


async def test_what_isnt_what_the_hub_lists_is_never_used(
    server: StandInHub, tmp_path: Path
) -> None:
    server.repositories["u/toy"].listed[FILE] = "0" * 64
    with pytest.raises(WeightsError, match="its checksum is wrong; try again"):
        await fetched()
    assert not parts(tmp_path)
    server.repositories["u/toy"].listed[FILE] = "../../../evil"
    with pytest.raises(ModelMissing, match="lists no checksum"):
        await fetched()


async def test_a_file_that_was_damaged_in_the_cache_is_told(server: StandInHub) -> None:
    blob = (await fetched()).resolve()
    blob.write_bytes(b"GGUF" + blob.read_bytes()[4:][::-1])
    with pytest.raises(WeightsError, match=f"damaged in the cache: .*{blob.name}") as raised:
        await provide("hf.co/u/toy:Q4_1", "generate", None, None)
    assert "models pull hf.co/u/toy:Q4_1" in str(raised.value)


async def test_too_little_room_is_told_before_anything_is_fetched(
    server: StandInHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage("/")._replace(free=300_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(WeightsError, match=r"needs 2 MB in .*, and 0 MB are free; make room"):
        await fetched()
    assert not server.sent


async def test_a_cache_that_cannot_be_written_is_told(
    server: StandInHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(WeightsError, match=r"can't be kept in .*: Not a directory; make room"):
        await fetched()


async def test_a_split_model_and_an_unknown_quantisation_are_told(server: StandInHub) -> None:
    with pytest.raises(ModelMissing, match=r"hf.co/u/toy has no Q2_K; .* one of Q4_1, Q8_0"):
        await provide("hf.co/u/toy:Q2_K", "generate", None, None)
    server.repositories["u/toy"].files["x-Q2_K-00001-of-00003.gguf"] = b""
    with pytest.raises(ModelMissing, match=r"x-Q2_K-00001-of-00003\.gguf, which can't be used"):
        await provide("hf.co/u/toy:Q2_K", "generate", None, None)


@pytest.mark.parametrize(
    ("repo", "gated", "token", "told"),
    [
        ("u/none", False, "", r"has no repository u/none, or it is private \(set HF_TOKEN"),
        ("u/none", False, "wrong", "no repository u/none, or the token's account may not see it$"),
        ("u/toy", False, "", r"has no repository u/toy, or it is private \(set HF_TOKEN"),
        ("u/toy", True, "", r"is gated, and no token is set: accept its terms at https://.*/u/toy"),
        ("u/toy", True, "wrong", "is gated, and the token's account hasn't been let in: accept"),
    ],
)
async def test_what_may_not_be_had_is_told(
    server: StandInHub,
    monkeypatch: pytest.MonkeyPatch,
    repo: str,
    gated: bool,
    token: str,
    told: str,
) -> None:
    toy = server.repositories["u/toy"]
    toy.token, toy.gated = TOKEN, gated
    if token:
        monkeypatch.setenv("HF_TOKEN", token)
    with pytest.raises(ModelMissing, match=told) as raised:
        await asyncio.to_thread(hub.find, HubName(repo, "Q4_1"))
    assert raised.value.exit_code == 3


async def test_the_token_goes_to_the_hub_only_and_into_no_message(
    server: StandInHub, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    server.repositories["u/toy"].token = TOKEN
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    await fetched()
    assert all("authorization" in request.headers for request in server.hub.requests)
    # The weights lie with another host, which has no business with it.
    assert server.store.requests
    assert not any("authorization" in request.headers for request in server.store.requests)
    for status in (400, 401, 403, 404, 429, 500):
        server.status = status
        with pytest.raises(BackendError) as raised:
            await fetched()
        assert TOKEN not in str(raised.value)
        assert raised.value.__suppress_context__
    monkeypatch.setenv("HF_TOKEN", f"{TOKEN}\x01")
    with pytest.raises(BackendError) as raised:
        await fetched()
    assert TOKEN not in str(raised.value)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("said", [b"<html>hello</html>", b"[1]", b'{"siblings": 3}', b"{}"])
async def test_what_is_no_hub_is_told(
    server: StandInHub, monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    async def answer(request: object, reply: object) -> None:
        await reply.send(200, said)  # type: ignore[attr-defined]

    monkeypatch.setattr(server.hub, "handler", answer)
    with pytest.raises(BackendError, match=r"isn't a Hub; check HF_ENDPOINT|has no GGUF file"):
        await asyncio.to_thread(hub.find, NAME)


@pytest.mark.parametrize("endpoint", ["http://user:pass@127.0.0.1:9", "nonsense", "http://["])
async def test_an_endpoint_that_is_none_is_told_without_its_password(
    server: StandInHub, monkeypatch: pytest.MonkeyPatch, endpoint: str
) -> None:
    point_at(endpoint, monkeypatch)
    with pytest.raises(ServerMissing, match="HF_ENDPOINT") as raised:
        await asyncio.to_thread(hub.find, NAME)
    assert "pass" not in str(raised.value)


async def test_a_path_comes_before_the_hub(
    server: StandInHub, weights: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "u"
    folder.mkdir()
    (folder / "toy:Q4_1").write_bytes(weights)
    file = await provide("u/toy:Q4_1", "generate", None, None)
    assert file.path == folder / "toy:Q4_1"
    with pytest.raises(
        ModelMissing, match=r"no weights file .*/u/toy; .* it would be hf.co/u/toy$"
    ):
        await provide("u/toy", "generate", None, None)
    with pytest.raises(ModelMissing, match=r"/u/gone\.gguf; give the path of a \.gguf file$"):
        await provide("u/gone.gguf", "generate", None, None)
    assert not server.hub.requests


async def test_the_command_line_follows_hf_endpoint_and_hf_home(
    server: StandInHub, weights: bytes, tmp_path: Path
) -> None:
    server.repositories["u/toy"].token = TOKEN
    command = [sys.executable, "-m", "lwd_tui", "models", "pull", "hf.co/u/toy:Q4_1"]
    mine = {"HF_ENDPOINT": server.hub.url, "HF_HOME": str(tmp_path / "home"), "HF_TOKEN": TOKEN}
    done = await asyncio.to_thread(
        subprocess.run, command, env=os.environ | mine, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert done.stdout.startswith("hf.co/u/toy:Q4_1 is here and whole: toy-Q4_1.gguf, 2.0 MB, ")
    assert f"SHA-256 {sha256(weights)}, licence toy-terms" in done.stdout
    assert str(tmp_path / "home" / "hub") in done.stdout
