"""No socket is opened but those that the user named: there is no telemetry, and nothing phones."""

import random
import socket

import pytest
from support.compatible import Compatible
from support.http import in_thread
from support.reach import heard


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setenv("LWD_HOME", str(tmp_path))
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)


def test_the_hook_hears():
    with heard() as told, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as plug:
        plug.connect(("127.0.0.1", 9))
    assert told == [("socket.connect", ("127.0.0.1", 9))]


def test_a_run_without_servers_and_all_that_is_made_of_it_open_no_socket(lwd, tmp_path):
    run = tmp_path / "run.lwd"
    scripted = ("--preset", "quickstart", "--backend", "scripted", "--set", "steps=1")
    phi = ("--set", "embedder.backend=scripted", "--set", "embedder.model=words-16")
    with heard() as told:
        for words in (
            (*scripted, *phi, "--headless", "--out", run),
            ("runs", "show", run),
            ("report", run, "--out", tmp_path / "run.html"),
            ("runs", "export", run, "--format", "jsonl", "--out", tmp_path / "out"),
        ):
            code, _, err = lwd(*words)
            assert code == 0, (words, err)
    assert told == []


def test_a_run_on_a_server_speaks_to_that_server_alone(lwd, tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-none-of-anybody")
    server = Compatible("vllm")
    words = ("Prices ", "will ", "rise ", "and ", "fall ", "again ", "slowly ", "perhaps ")
    server.word = lambda _, seed, n: random.Random(f"{seed} {n}").choice(words)  # noqa: S311
    with in_thread(server):
        who = f'backend = "openai"\nmodel = "m"\nhost = "{server.url}"\n'
        (tmp_path / "p.toml").write_text(
            'name = "one"\nquery = "What next?"\nresponses = 3\nsteps = 1\n'
            '[embedder]\nbackend = "scripted"\nmodel = "words-16"\n'
            f'[[participants]]\nname = "ada"\n{who}[[participants]]\nname = "ben"\n{who}'
            '[[posts]]\ntext = "One."\n[[posts]]\ntext = "Two."\n'
        )
        with heard() as told:
            code, _, err = lwd("--preset", tmp_path / "p.toml", "--headless")
    port = int(server.url.rpartition(":")[2].partition("/")[0])
    assert ("socket.connect", ("127.0.0.1", port)) in told, err
    named = {"127.0.0.1", port}
    assert not [address for _, address in told if not named.issuperset(address[:2])]
    assert code == 0, err
