import json
import os
import pty
import subprocess
import sys

import pytest

TINY = """
name = "tiny"
query = "Où?"
responses = 2
steps = 40
participants = [
    { name = "zoé", backend = "scripted", model = "ada" },
    { name = "ben", backend = "scripted", model = "ben" },
]
posts = [{ text = "One." }, { text = "Two." }]
embedder = { backend = "scripted", model = "words-16" }
"""
RUN = "--preset tiny.toml --headless --json"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("LWD_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.toml").write_text(TINY, encoding="utf-8")
    return tmp_path


def shell(words, around="{}", **environment):
    """Run the command line in a shell, with what stands around it; code, stdout and stderr."""
    settings = " ".join(f"{name}={value}" for name, value in environment.items())
    line = around.format(f"{settings} {sys.executable} -m lwd_tui {words}")
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", line], capture_output=True, timeout=60, check=False
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


@pytest.mark.parametrize("words", ["runs show a.sqlite", "runs show a.sqlite --json", "presets"])
def test_a_reader_who_has_had_enough_is_no_error(words):
    shell(f"{RUN} --out a.sqlite")
    code, out, err = shell(words, "{} | head -1")
    assert (code, out.count("\n"), err) == (0, 1, "")


def test_a_run_that_nobody_reads_any_more_stops_and_can_be_resumed():
    code, out, err = shell(
        f"{RUN} --out a.sqlite --set scripted.tokens_per_second=900", "{} | head -1"
    )
    assert (code, out.count("\n")) == (4, 1)
    assert "lwd-tui resume a.sqlite" in err
    assert err.endswith("lwd-tui: nobody reads the output any more\n")
    code, out, _ = shell("resume a.sqlite --headless --json")
    assert (code, out.count("\n")) == (0, 42)


@pytest.mark.parametrize(
    ("words", "expected"), [(RUN, 4), ("presets", 2), ("gmm --steps 5 --json", 2)]
)
def test_output_that_cannot_be_written_is_one_sentence(words, expected):
    code, _, err = shell(words, "{} > /dev/full")
    assert code == expected
    assert err.endswith("lwd-tui: the output can't be written: No space left on device\n")
    assert "Traceback" not in err


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", ">&- 2>&- <&-"])
def test_a_closed_stream_leads_nowhere_and_never_into_the_run(closed):
    assert shell(f"{RUN} --out a.sqlite", f"{{}} {closed}")[0] == 0
    code, out, _ = shell("runs show a.sqlite --json")
    assert (code, json.loads(out.splitlines()[-1])["done"]) == (0, True)


def test_a_terminal_without_unicode_gets_what_it_can_show():
    shell(f"{RUN} --out a.sqlite")
    code, out, err = shell("runs show a.sqlite", PYTHONIOENCODING="ascii")
    assert (code, err) == (0, "")
    assert "zo?:" in out
    # JSON has a way to write everything in ASCII.
    _, out, _ = shell("runs show a.sqlite --json", PYTHONIOENCODING="ascii")
    assert json.loads(out.splitlines()[-1])["participants"] == ["zoé", "ben"]


@pytest.mark.parametrize("words", [f"--preset {'a' * 5000} --headless", "runs list"])
def test_a_name_that_the_system_refuses_is_one_sentence(words):
    code, out, err = shell(words, LWD_HOME="a" * 300)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.endswith("File name too long\n")


def test_an_interrupt_while_the_program_is_loaded_is_no_traceback():
    code = """
import os, signal, sys
from lwd_tui.__main__ import main

class Interrupt:
    def find_spec(self, name, *_):
        if name == "typer":
            os.kill(os.getpid(), signal.SIGINT)

# A job in the background of a shell begins with interrupts ignored, and so would the tests' child.
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.meta_path.insert(0, Interrupt())
sys.argv = ["lwd-tui", "presets"]
main()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"")


def test_the_explorer_refuses_a_terminal_that_cannot_draw():
    ours, its = pty.openpty()
    command = [sys.executable, "-m", "lwd_tui"]
    environment = os.environ | {"TERM": "dumb"}
    done = subprocess.run(command, stdin=its, stderr=its, env=environment, timeout=60, check=False)
    assert done.returncode == 2
    assert os.read(ours, 1000).startswith(b"lwd-tui: the explorer needs a terminal that can draw")
    os.close(ours)
    os.close(its)


def test_a_shell_that_completes_a_line_gets_words_and_no_explorer():
    asked = {"_LWD_TUI_COMPLETE": "complete_bash", "COMP_WORDS": "lwd-tui res", "COMP_CWORD": "1"}
    code = "import sys; from lwd_tui.__main__ import main; sys.argv = ['lwd-tui']; main()"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, env=os.environ | asked, check=False)
    assert (done.stdout.split(), done.stderr) == ([b"resume"], b"")
