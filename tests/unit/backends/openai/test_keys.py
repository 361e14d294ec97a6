"""The key to a server: what may be one, and that none is ever shown."""

from __future__ import annotations

import pytest
from support.compatible import Compatible
from support.engine import StandInModel
from support.ollama_server import OllamaStandIn
from support.requests import answers, ollama, openai, wish

from lwd_tui.backends.keys import Key
from lwd_tui.experiment.backend import BackendError

URL = "http://box:8000/v1"


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("sk-one\ntwo", "a line break"),
        ("sk-one\r\ntwo", "a line break"),
        ("sk-one two", "a blank"),
        ("sk-schlüssel", "isn't ASCII"),
        ("ключ-доступа", "isn't ASCII"),
        ("sk-one\u200btwo", "isn't ASCII"),
        ("sk-one\x1b[31mtwo", "isn't printable"),
    ],
)
async def test_a_key_that_no_header_can_carry_is_told_at_once(
    monkeypatch: pytest.MonkeyPatch, key: str, told: str
) -> None:
    monkeypatch.setenv("BOX_KEY", key)
    generator = openai(URL, key_variable="BOX_KEY")
    with pytest.raises(BackendError, match="BOX_KEY") as caught:
        await generator.describe("m")
    said = str(caught.value)
    assert told in said
    assert not [part for part in key.split() if part in said]
    assert "header can carry" in said


async def test_line_breaks_around_a_key_are_none_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "\tsk-from-a-file\r\n")
    async with Compatible("vllm") as server:
        generator = openai(server.url)
        assert await answers(generator, wish("m"))
        await generator.aclose()
    assert {request.headers["authorization"] for request in server.requests} == {
        "Bearer sk-from-a-file"
    }


@pytest.mark.parametrize("name", ["OPENAI_ORG_ID", "OPENAI_PROJECT_ID"])
@pytest.mark.parametrize("value", ["org-s3cret\nx", "org-s3crét"])
async def test_other_headers_of_the_environment_are_told_without_them(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    async with Compatible("vllm") as server:
        generator = openai(server.url)
        with pytest.raises(BackendError, match="a header holds what none can carry") as caught:
            await generator.describe("m")
        await generator.aclose()
    assert "s3cr" not in str(caught.value)


async def test_basic_authentication_comes_from_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "Authorization: Basic bWU6czNjcmV0")
    async with Compatible("vllm") as server:
        generator = openai(server.url)
        assert await answers(generator, wish("m"))
        await generator.aclose()
    assert server.requests[0].headers["authorization"] == "Basic bWU6czNjcmV0"
    assert "bWU6" not in Key("OPENAI_API_KEY", URL).hidden("got Basic bWU6czNjcmV0, sorry")


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("bad: sk-abcdef123456", "bad: …"),
        ("sk-abcdef123456sk-abcdef123456", "…"),
        ("Incorrect key sk-abc***3456, or def123 in it", "Incorrect key …***3456, or … in it"),
        ("a task, 123456", "a task, …"),
        ("nothing of it: abcd 45", "nothing of it: abcd 45"),
        ("", ""),
    ],
)
def test_a_key_is_hidden_and_so_is_any_longer_part(
    monkeypatch: pytest.MonkeyPatch, text: str, hidden: str
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-abcdef123456")
    key = Key("OPENAI_API_KEY", URL)
    assert key.hidden(text) == hidden
    assert "abc" not in repr(key)


def test_a_short_key_is_hidden_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "abc")
    assert Key("OPENAI_API_KEY", URL).hidden("abc, ab") == "…, ab"


@pytest.mark.parametrize("key", ["s3cret-one\ntwo", "ключ-доступа"])
async def test_ollamas_key_is_read_as_carefully(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv("OLLAMA_API_KEY", key)
    generator = ollama("http://box:11434")
    with pytest.raises(BackendError, match="OLLAMA_API_KEY") as caught:
        await generator.describe("m:latest")
    assert not [part for part in key.split() if part in str(caught.value)]


@pytest.mark.parametrize(
    ("key", "sent"), [("\ts3cret-key\r\n", "Bearer s3cret-key"), (" \n", None)]
)
async def test_what_surrounds_ollamas_key_is_none_of_it(
    monkeypatch: pytest.MonkeyPatch, key: str, sent: str | None
) -> None:
    monkeypatch.setenv("OLLAMA_API_KEY", key)
    async with OllamaStandIn(models=[StandInModel("m:latest")]) as server:
        generator = ollama(server.url)
        assert await answers(generator, wish("m:latest"))
        await generator.aclose()
    assert {request.headers.get("authorization") for request in server.requests} == {sent}
