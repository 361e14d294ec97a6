"""Addresses, against the table of Ollama's own tests of OLLAMA_HOST."""

from __future__ import annotations

import pytest

from lwd_tui.backends.hosts import is_loopback, ollama_hosts, openai_urls, parse_host, proxy_hint
from lwd_tui.experiment.backend import UnfitRequest

# Value, and what Ollama makes of it; where it listens on all addresses, we dial this machine.
TABLE = [
    ("", "http://127.0.0.1:11434"),
    ("1.2.3.4", "http://1.2.3.4:11434"),
    (":1234", "http://127.0.0.1:1234"),
    ("1.2.3.4:1234", "http://1.2.3.4:1234"),
    ("example.com", "http://example.com:11434"),
    ("example.com:1234", "http://example.com:1234"),
    ("gpu-box", "http://gpu-box:11434"),
    ("GPU-box", "http://gpu-box:11434"),
    (":0", "http://127.0.0.1:0"),
    ("[::1]", "http://[::1]:11434"),
    ("[::]", "http://[::1]:11434"),
    ("::1", "http://[::1]:11434"),
    ("[::1]:1337", "http://[::1]:1337"),
    ("0.0.0.0", "http://127.0.0.1:11434"),  # noqa: S104 (dialled, not bound)
    ("0.0.0.0:8080", "http://127.0.0.1:8080"),
    (" 1.2.3.4 ", "http://1.2.3.4:11434"),
    ('"1.2.3.4"', "http://1.2.3.4:11434"),
    (' " 1.2.3.4 " ', "http://1.2.3.4:11434"),
    ("'1.2.3.4'", "http://1.2.3.4:11434"),
    ("http://1.2.3.4", "http://1.2.3.4:80"),
    ("http://1.2.3.4:4321", "http://1.2.3.4:4321"),
    ("https://1.2.3.4", "https://1.2.3.4:443"),
    ("https://1.2.3.4:4321", "https://1.2.3.4:4321"),
    ("https://example.com/ollama", "https://example.com:443/ollama"),
    ("http://example.com:1/ollama/", "http://example.com:1/ollama"),
    ("example.com/ollama", "http://example.com:11434/ollama"),
    ("ollama.com", "https://ollama.com:443"),
]


@pytest.mark.parametrize(("value", "expected"), TABLE)
def test_an_address_is_read_as_ollama_reads_it(value: str, expected: str) -> None:
    assert parse_host(value, strict=True) == expected


@pytest.mark.parametrize("value", [":66000", ":-1", "box:port"])
def test_a_port_that_is_none_is_the_default_in_the_environment_and_refused_from_a_user(
    value: str,
) -> None:
    assert parse_host(value).endswith(":11434")
    with pytest.raises(UnfitRequest, match="is not a port"):
        parse_host(value, strict=True)


def test_the_official_client_dials_the_same_address() -> None:
    from ollama._client import _parse_host

    for value, expected in TABLE:
        if value.strip(" '\"") in ("", "ollama.com") or value.startswith((":", "::")):
            continue
        ours = parse_host(value)
        assert _parse_host(ours) == ours == expected


def test_a_secret_in_an_address_is_refused_without_showing_it() -> None:
    for refused in (parse_host, lambda text: openai_urls([text])):
        with pytest.raises(UnfitRequest) as caught:
            refused("http://me:s3cret@box:1234")
        assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "host", ["http://[::1", "[::g]:80", "box?x=1", "http://box/a?key=s3cret", "box#a"]
)
def test_an_address_that_is_none_is_refused(host: str) -> None:
    with pytest.raises(UnfitRequest, match=r"^host ") as caught:
        parse_host(host)
    assert "s3cret" not in str(caught.value)


def test_a_scheme_that_is_no_http_is_refused() -> None:
    with pytest.raises(UnfitRequest, match="http or https"):
        parse_host("ftp://box")


def test_hosts_come_from_the_option_then_the_environment_then_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OLLAMA_HOST", "0.0.0.0:9000")
    assert ollama_hosts(["box", "http://box:11434", "two:1"]) == (
        "http://box:11434",
        "http://two:1",
    )
    assert ollama_hosts([""]) == ("http://127.0.0.1:9000",)
    monkeypatch.delenv("OLLAMA_HOST")
    assert ollama_hosts([]) == ("http://127.0.0.1:11434",)


def test_base_urls_get_their_v1(monkeypatch: pytest.MonkeyPatch) -> None:
    assert openai_urls(["http://Box:8000", "http://box:8000/v1/"]) == ("http://box:8000/v1",)
    assert openai_urls(["https://openrouter.ai/api/v1"]) == ("https://openrouter.ai/api/v1",)
    assert openai_urls(["box:8000"]) == ("http://box:8000/v1",)
    monkeypatch.setenv("OPENAI_BASE_URL", "http://other:1/v1")
    assert openai_urls([]) == ("http://other:1/v1",)
    monkeypatch.delenv("OPENAI_BASE_URL")
    assert openai_urls([]) == ("https://api.openai.com/v1",)


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://127.0.0.1:1", True),
        ("http://127.8.8.8:1", True),
        ("http://localhost:1", True),
        ("http://[::1]:1", True),
        ("http://192.168.1.5:1", False),
        ("http://localhost.example.com:1", False),
    ],
)
def test_loopback(url: str, here: bool) -> None:
    assert is_loopback(url) is here


def test_a_proxy_is_named_where_it_could_stand_in_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy:3128")
    assert "HTTP_PROXY" in proxy_hint("http://gpu-box:11434")
    assert proxy_hint("http://127.0.0.1:11434") == ""
