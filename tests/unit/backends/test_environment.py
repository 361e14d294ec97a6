"""Proxies, certificates and addresses as users have them, and what is said where they spoil it."""

from __future__ import annotations

import asyncio
import json
import re
import ssl
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import openai as openai_errors
import pytest
from support.compatible import Compatible
from support.http import Reply, Request, WireServer
from support.requests import answers, ollama, openai, wish

from lwd_tui.backends.environment import unopened
from lwd_tui.backends.hosts import is_direct, openai_urls, parse_host, proxy_hint
from lwd_tui.backends.keys import Key
from lwd_tui.backends.openai.client import Client
from lwd_tui.backends.openai.embedder import OpenAIEmbedder
from lwd_tui.backends.retry import Transient
from lwd_tui.backends.vectors import NoVector, checked
from lwd_tui.experiment.backend import BackendError, ModelMissing, ServerMissing, UnfitRequest

PEM = Path(__file__).parents[2] / "data" / "self-signed.pem"
Trouble = Callable[[str], Awaitable[str]]
REQUEST = httpx2.Request("POST", "https://box/v1/chat/completions")
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


def refused(status: int, told: str) -> openai_errors.APIStatusError:
    answer = httpx2.Response(status, request=REQUEST)
    return openai_errors.APIStatusError(told, response=answer, body={"message": told})


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*PROXIES, *map(str.upper, PROXIES), "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(params=["openai", "ollama"])
def trouble(request: pytest.FixtureRequest) -> Callable[[str], Awaitable[str]]:
    """What is said of a server that can't be used, by either client."""
    return partial(_trouble, {"openai": openai, "ollama": ollama}[request.param])


async def _trouble(client: Callable[[str], Any], url: str) -> str:
    generator = client(url)
    with pytest.raises(BackendError) as caught:
        await generator.describe("m")
    await generator.aclose()
    return str(caught.value)


@pytest.mark.parametrize(
    ("url", "listed", "direct"),
    [
        ("http://10.1.2.3:8000", "10.0.0.0/8", True),
        ("http://10.1.2.3:8000", "box, 10.0.0.0/8 ,other", True),
        ("http://11.1.2.3:8000", "10.0.0.0/8", False),
        ("http://10.1.2.3:8000", "10.1.2.3", True),
        ("http://[fd00::7]:8000", "fd00::/8", True),
        ("http://[fe00::7]:8000", "fd00::/8", False),
        ("http://10.1.2.3:8000", "10.0.0.0/99,nonsense/8", False),
        ("http://127.0.0.1:8000", "", True),
    ],
)
def test_networks_in_no_proxy_are_reached_without_one(
    monkeypatch: pytest.MonkeyPatch, url: str, listed: str, direct: bool
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy:3128")
    monkeypatch.setenv("NO_PROXY", listed)
    assert is_direct(url) is direct
    assert ("HTTP_PROXY" in proxy_hint(url)) is not direct


@pytest.mark.parametrize("variable", ["ALL_PROXY", "http_proxy"])
async def test_a_socks_proxy_names_the_extra_that_it_needs(
    trouble: Trouble, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setitem(sys.modules, "socksio", None)
    monkeypatch.setenv(variable, "socks5://me:s3cret@proxy:1080")
    said = await trouble("http://box.example:8000/v1")
    assert variable in said
    assert 'pip install "lwd-tui[socks]"' in said
    assert "s3cret" not in said


async def test_a_socks_proxy_is_no_matter_where_it_is_not_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "socksio", None)
    monkeypatch.setenv("ALL_PROXY", "socks5://proxy:1080")
    async with Compatible("vllm") as server:
        generator = openai(server.url)
        assert await answers(generator, wish("m"))
        await generator.aclose()


@pytest.mark.parametrize(
    "proxy", ["ftp://me:s3cret@proxy", "http://me:s3cret@proxy:x", "http://me:s3cret@[::1"]
)
async def test_a_proxy_that_is_no_address_is_told_without_it(
    trouble: Trouble, monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.setenv("HTTP_PROXY", proxy)
    said = await trouble("http://box.example:8000/v1")
    assert "HTTP_PROXY is no address of a proxy" in said
    assert "s3cret" not in said


async def test_a_proxy_that_refuses_is_named(
    trouble: Trouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(request: Request, reply: Reply) -> None:
        await reply.send(407, "who are you?", "text/plain")

    async with WireServer(refuse) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        plain = await trouble("http://box.example:8000/v1")
        tunnel = await trouble("https://box.example:8000/v1")
    assert "HTTP_PROXY" in plain
    assert "HTTPS_PROXY" in tunnel


@pytest.mark.parametrize(
    ("said", "kind"),
    [("502 Bad Gateway", Transient), ("504 Gateway Timeout", Transient), ("403", BackendError)],
)
async def test_a_proxy_that_can_not_connect_now_may_do_so_later(
    said: str, kind: type[Exception]
) -> None:
    client = Client("https://box.example/v1", "OPENAI_API_KEY")
    error = client.explained(httpx2.ProxyError(said))
    await client.aclose()
    assert isinstance(error, kind)
    assert f"the proxy doesn't connect ({said})" in str(error)


async def test_certificates_that_are_gone_are_told_where_they_matter(
    trouble: Trouble, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "gone.pem"))
    said = await trouble("https://127.0.0.1:1/v1")
    assert "SSL_CERT_FILE" in said
    assert "gone.pem" in said
    (tmp_path / "gone.pem").write_text("no certificate")
    assert "SSL_CERT_FILE" in await trouble("https://127.0.0.1:1/v1")
    async with Compatible("vllm") as server:
        generator = openai(server.url)
        assert await answers(generator, wish("m"))
        await generator.aclose()


def safe() -> Compatible:
    server = Compatible("vllm")
    server.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.tls.load_cert_chain(PEM)
    return server


async def test_a_certificate_of_ones_own_is_told_and_can_be_trusted(
    trouble: Trouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with safe() as server:
        said = await trouble(server.url)
        assert "can't be trusted (self-signed certificate)" in said
        assert "SSL_CERT_FILE" in said
        monkeypatch.setenv("SSL_CERT_FILE", str(PEM))
        generator = openai(server.url)
        assert await answers(generator, wish("m"))
        await generator.aclose()


async def test_tls_to_a_server_without_it_names_the_other_scheme(trouble: Trouble) -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(plain, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        said = await trouble(f"https://127.0.0.1:{port}")
    assert "begins with http://" in said


async def test_a_handshake_that_breaks_off_may_go_well_later(trouble: Trouble) -> None:
    async def dying(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.close()

    async with await asyncio.start_server(dying, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        said = await trouble(f"https://127.0.0.1:{port}")
    assert "server answers at" in said


@pytest.mark.parametrize(
    "url",
    ["http://[::1", "http://box:port/v1", "http://box:99999", "http://", "ftp://box", "https:///v1",
     "http://box:0"],
)  # fmt: skip
def test_what_is_no_url_is_told(url: str) -> None:
    with pytest.raises(UnfitRequest, match="write it as a URL"):
        openai_urls([url])


@pytest.mark.parametrize(
    "url",
    ["http://me:s3cret@box:8000/v1", "http://me:s3cr/s3cret@box/v1", "http://me:s3c?s3cret@box",
     "http://me:s3c#s3cret@box", "https://box/v1?api_key=s3cret", "https://box/v1?a=1&sig=s3cret",
     "https://box/v1?access-token=s3cret", "https://box/v1?api%5Fkey=s3cret",
     "https://box/v1?a=1;key=s3cret", "https://box/v1#token=s3cret",
     "https://box/v1?api_key=s3c@s3cret", "ftp://me:s3cret@box"],
)  # fmt: skip
@pytest.mark.parametrize("read", [parse_host, lambda url: openai_urls([url])])
def test_a_secret_in_a_url_is_refused_without_it(url: str, read: Callable[[str], object]) -> None:
    with pytest.raises(UnfitRequest, match="out of the URL") as caught:
        read(url)
    assert "s3c" not in str(caught.value)


async def test_a_query_in_the_address_goes_with_every_request() -> None:
    class Versioned(Compatible):
        async def _answer(self, request: Request, reply: Reply) -> None:
            path, _, query = request.path.partition("?")
            assert query == "api-version=2026-10-01&x="
            request.path = path
            await super()._answer(request, reply)

    async with Versioned("someone") as server:
        generator = openai(f"{server.url}/v1?api-version=2026-10-01&x=")
        assert await answers(generator, wish("m", top_k=0, min_p=0.0))
        await generator.aclose()


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize(
    ("place", "shown"),
    [
        ("new.example/v1/models?t=", "new.example/v1/models"),
        ("new.example/v1/models#t=", "new.example/v1/models"),
        ("ann:s3cret@s3cret@new.example/v1?", "new.example/v1"),
    ],
)
async def test_a_redirect_is_named(status: int, place: str, shown: str) -> None:
    async def elsewhere(request: Request, reply: Reply) -> None:
        await reply.send(status, "", Location=f"https://{place}s3cret")

    async with WireServer(elsewhere) as server:
        said = await _trouble(openai, server.url)
    assert f"redirects to https://{shown} (HTTP" in said
    assert "s3cret" not in said


async def test_a_redirect_of_a_request_is_never_followed_as_another_one() -> None:
    async with Compatible("vllm") as server:

        async def elsewhere(request: Request, reply: Reply) -> None:
            await reply.send(301, "", Location=f"{server.url}/v1/models")

        generator = openai(server.url)
        await generator.describe("m")
        server.faults.append(elsewhere)
        with pytest.raises(ServerMissing, match="redirects to"):
            await answers(generator, wish("m"))
        await generator.aclose()


@pytest.mark.parametrize(
    ("error", "kind", "told"),
    [
        (httpx2.UnsupportedProtocol("x"), UnfitRequest, "the scheme must be http or https"),
        (httpx2.ConnectError("x"), Transient, "can.t be reached"),
        (openai_errors.APIError("odd", REQUEST, body=None), Transient, "inside the stream: odd"),
        (json.JSONDecodeError("x", "<", 0), Transient, "malformed JSON"),
        (KeyError("x"), Transient, "something of another form"),
        (refused(404, "no such page"), ServerMissing, "no such address .* ends in /v1"),
        (refused(404, "no such model"), ModelMissing, "box/v1 has no model 'm': no such model"),
        (refused(402, "pay first"), BackendError, "box/v1: pay first"),
        (refused(407, "who?"), BackendError, "the proxy wants to be told who asks"),
        (refused(501, "no"), UnfitRequest, "HTTP 501"),
    ],
)
async def test_what_an_openai_client_raises_is_told(
    error: Exception, kind: type[Exception], told: str
) -> None:
    client = Client("https://box/v1", "LWD_NO_KEY")
    found = client.explained(error, "m")
    assert type(found) is kind
    assert re.search(told, str(found))
    missing = client.missing(error)
    assert isinstance(missing, BackendError)
    assert "box/v1" in str(missing) or kind is BackendError
    await client.aclose()


def test_vectors_that_are_no_list_are_a_fault() -> None:
    with pytest.raises(Transient, match="no list of vectors"):
        checked({"0": [1.0]}, 1)


@pytest.mark.parametrize("huge", [10**400, 1e300, -(10**400)], ids=["int", "float", "negative"])
def test_numbers_too_large_for_a_vector_are_none(huge: float) -> None:
    with pytest.raises(NoVector):
        checked([[huge, 1.0]], 1)


@pytest.mark.parametrize("odd", ["text", [["a", "b"]], [[1.0], [[2.0]]], 3.5, [{"x": 1}]], ids=str)
async def test_vectors_of_another_form_are_a_fault(odd: Any) -> None:
    async def send(request: Request, reply: Reply) -> None:
        rows = odd if isinstance(odd, list) else [odd]
        data = [{"object": "embedding", "index": i, "embedding": row} for i, row in enumerate(rows)]
        await reply.send(200, {"object": "list", "data": data, "model": "m"})

    async with Compatible() as server:
        embedder = OpenAIEmbedder("m", "", True, [server.url], attempts=2, first_delay=0.01)
        server.faults.extend([send] * 4)
        with pytest.raises(BackendError):
            await embedder.describe()
        await embedder.aclose()


def test_a_client_that_cannot_be_made_for_a_reason_of_its_own_names_it() -> None:
    said = "no client can be made for https://box: PermissionError"
    assert str(unopened(PermissionError(), "https://box")) == said


def test_only_headers_that_may_hold_a_key_are_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setenv(
        "OPENAI_CUSTOM_HEADERS", "X-Team: botanists\nX-Api-Key: s3cret-word\nX-Other-Key:"
    )
    key = Key("OPENAI_API_KEY", "http://box")
    assert key.hidden("botanists say s3cret-word") == "botanists say …"
