"""`lwd-tui serve`: loopback unless asked otherwise, and closed to other sites."""

import pytest
import typer
from aiohttp.test_utils import TestClient, TestServer
from multidict import CIMultiDict
from typer.testing import CliRunner

from lwd_tui.cli import web
from lwd_tui.cli.serve import is_this_machine, own_url, serve
from lwd_tui.errors import LwdError

PORT = 8000
EVERYWHERE = "0.0.0.0"  # noqa: S104 (never bound)


@pytest.fixture
async def client():
    told = []
    server = web.ExplorerServer("127.0.0.1", PORT, f"http://127.0.0.1:{PORT}", told.append)
    async with TestClient(TestServer(await server._make_app())) as client:
        assert told == [f"http://127.0.0.1:{PORT}"]
        yield client


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
async def test_the_page_is_served_to_this_machine(client, host):
    answer = await client.get("/", headers={"Host": f"{host}:{PORT}"})
    assert answer.status == 200
    assert f"ws://127.0.0.1:{PORT}/ws" in await answer.text()
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert "googleapis" not in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["/", "/ws", "/static/js/textual.js"])
async def test_a_name_that_was_rebound_to_us_is_refused(client, path):
    answer = await client.get(path, headers={"Host": "evil.example"})
    assert answer.status == 403


@pytest.mark.parametrize(
    "origin",
    [
        *("http://evil.example", "null", "", "http://127.0.0.1:9999", "http://[x"),
        *(f"http://127.0.0.1:{PORT}@evil.example", f"http://127.0.0.1:{PORT}.evil.example"),
    ],
)
async def test_another_sites_socket_is_refused(client, origin):
    headers = {"Host": f"127.0.0.1:{PORT}", "Origin": origin}
    answer = await client.get("/ws", headers=headers)
    assert answer.status == 403


async def test_of_two_origins_both_must_be_ours(client):
    headers = CIMultiDict(Host=f"127.0.0.1:{PORT}", Origin=f"http://127.0.0.1:{PORT}")
    headers.add("Origin", "http://evil.example")
    answer = await client.get("/ws", headers=headers)
    assert answer.status == 403


async def test_beyond_this_machine_only_the_public_name_is_ours():
    server = web.ExplorerServer(EVERYWHERE, PORT, "https://lab.example", print)
    assert server.trusted == {"lab.example"}


@pytest.mark.parametrize(
    ("public", "sent", "served"),
    [
        ("http://Box:8000", "http://box:8000", True),
        ("http://box:80", "http://box", True),
        ("http://box", "http://box:80", True),
        ("https://Lab.example:443", "https://lab.example", True),
        ("http://[FE80::1]:80", "http://[fe80::1]", True),
        ("http://box:443", "http://box", False),
        ("https://box:80", "https://box", False),
        ("http://box:8080", "http://box:80", False),
        ("http://box", "http://box:80.evil.example", False),
    ],
)
async def test_a_public_url_is_known_as_browsers_write_it(public, sent, served):
    server = web.ExplorerServer(EVERYWHERE, PORT, public, print)
    headers = {"Host": sent.partition("://")[2], "Origin": sent}
    async with TestClient(TestServer(await server._make_app())) as client:
        assert ((await client.get("/", headers=headers)).status == 200) == served


def test_what_browsers_call_an_address():
    assert own_url("127.0.0.1", 8000) == "http://127.0.0.1:8000"
    assert own_url("::1", 8000) == "http://[::1]:8000"
    assert own_url("box", 80) == "http://box"
    with pytest.raises(LwdError, match="--public-url"):
        own_url(EVERYWHERE, 8000)


@pytest.mark.parametrize(
    ("bind", "alone"),
    [("127.0.0.1", True), ("127.1.2.3", True), ("::1", True), ("localhost", True),
     ("192.168.1.2", False), (EVERYWHERE, False), ("box", False)],
)  # fmt: skip
def test_which_addresses_are_this_machine_alone(bind, alone):
    assert is_this_machine(bind) == alone


@pytest.fixture
def command(monkeypatch):
    served = []
    monkeypatch.setattr(web, "serve_explorer", lambda *given: served.append(given[:3]))
    app = typer.Typer()
    app.command()(serve)

    def run(*arguments):
        return served, CliRunner().invoke(app, arguments)

    return run


def test_loopback_by_default_and_without_a_warning(command):
    served, result = command()
    assert served == [("127.0.0.1", 8000, "http://127.0.0.1:8000")]
    assert "warning" not in result.stderr


def test_a_clear_warning_beyond_loopback(command):
    served, result = command("--bind", "192.168.7.7", "--port", "9000")
    assert served == [("192.168.7.7", 9000, "http://192.168.7.7:9000")]
    assert "no password" in result.stderr
    assert "ssh -L 9000:127.0.0.1:9000" in result.stderr


@pytest.mark.parametrize("url", ["box:8000", "ftp://box", "http://", "http:///box", "http://[::1"])
def test_a_public_url_that_is_none_is_refused(command, url):
    served, result = command("--public-url", url)
    assert not served
    assert "write it as a URL" in str(result.exception)


def test_a_port_that_is_taken_is_said():
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(LwdError, match=f"can't listen on 127.0.0.1:{port}"):
            web.serve_explorer("127.0.0.1", port, f"http://127.0.0.1:{port}", print)
