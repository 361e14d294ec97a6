"""The client against real servers: `make servers` starts each that is installed.

They take minutes and gigabytes, so that CI has none of them but llama-server.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.real_servers import KEY, KNOWN, RealServer, real_server, run_of

from lwd_tui.store.folder import find_run
from lwd_tui.store.run import RunStore

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module", params=KNOWN)
def server(request: pytest.FixtureRequest, tmp_path_factory) -> Iterator[RealServer]:
    found = real_server(request.param, tmp_path_factory.mktemp(request.param))
    if found is None:
        pytest.skip(f"{request.param} is not installed; docs/scaling.md says how it can be")
    try:
        found.start()
        yield found
    finally:
        found.close()


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("LWD_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    return tmp_path / "home"


def ended(process: subprocess.Popen[str], seconds: float = 600) -> tuple[int, list[dict], str]:
    """Return the exit code, the objects that were written, and what was said."""
    out, err = process.communicate(timeout=seconds)
    return process.returncode, [json.loads(line) for line in out.splitlines()], err


def steps_of(name: str) -> list:
    with RunStore.open(find_run(name)) as store:
        return [store.step(t) for t in range(store.finished())]


def only_run(home: Path) -> str:
    (path,) = (home / "runs").glob("*.sqlite")
    return path.stem


def lwd(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "lwd_tui", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=600)


def test_a_run(server: RealServer, home: Path) -> None:
    code, lines, said = ended(run_of(server, home, "--steps", "1"))
    if server.greedy:
        # Equal answers to different seeds are not sampling: it must not pass for a run.
        assert code == 4, said
        assert "temperature" in said
        return
    assert code == 0, said
    assert len(lines) == 3
    for step in steps_of(only_run(home)):
        for who in (0, 1):
            texts = [answer.text for answer in step.responses if answer.participant == who]
            assert len(set(texts)) > 1
        assert all(r.failed or r.final.finish_reason == "stop" for r in step.responses)


def test_a_server_that_is_killed_and_started_again(server: RealServer, home: Path) -> None:
    if server.greedy:
        pytest.skip("it answers greedily, which ends a run")
    process = run_of(server, home, "--steps", "3")
    assert process.stdout is not None
    first = process.stdout.readline()
    assert first, process.communicate()[1]
    server.kill()
    server.start()
    code, lines, said = ended(process)
    assert code == 0, said
    assert len(lines) == 4
    answers = [answer for step in steps_of(only_run(home)) for answer in step.responses]
    assert any(attempt.retries for answer in answers for attempt in answer.attempts)


def test_a_prompt_that_is_too_long(server: RealServer, home: Path, tmp_path: Path) -> None:
    posts = tmp_path / "posts.jsonl"
    posts.write_text(
        "".join(
            json.dumps({"text": f"Post {i}: " + "many words here. " * 400}) + "\n" for i in range(8)
        )
    )
    wish = ["--steps", "1", "--set", f"posts_file={posts}"]
    code, _, said = ended(run_of(server, home, *wish))
    assert code in (2, 4), said
    assert "context" in said
    if server.greedy:
        return  # That ends a run before its context can.
    # Tried all the same, it is the server that must notice.
    forced = [f"participants.{i}.context=4096" for i in (0, 1)]
    wish += [part for field in forced for part in ("--set", field)]
    code, _, said = ended(run_of(server, home, *wish))
    assert code == 4, said
    assert "context" in said
    assert "Traceback" not in said


def test_interrupted_and_resumed(server: RealServer, home: Path) -> None:
    if server.greedy:
        pytest.skip("it answers greedily, which ends a run")
    process = run_of(server, home, "--steps", "3")
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    code, _, said = ended(process)
    assert code == 130, said
    resumed = lwd("resume", only_run(home), "--headless", "--host", server.url)
    assert resumed.returncode == 0, resumed.stderr
    assert len(steps_of(only_run(home))) == 4


def test_doctor(server: RealServer, home: Path) -> None:
    told = lwd("doctor", "--host", server.url)
    assert server.model.rpartition("/")[2] in told.stdout, told.stdout + told.stderr
    assert "Traceback" not in told.stderr
