"""What others wrote is shown clean and taken for text by every command; JSON keeps it whole."""

import csv
import io
import json
import unicodedata

import pytest
from rich.console import Console
from support.hostile import BROKEN, HOSTILE
from support.tui import handmade_run, scripted

from lwd_tui.cli.models import _bar
from lwd_tui.cli.progress import BarReporter
from lwd_tui.llm.network import AttemptRejected
from lwd_tui.types import Attempt

NAMES = ("[/] [b]x :bomb: \\[red]", "=1+1 \x1b]52;c;ZQ==\x07\x9b31m", "<b>\u202e 100 % _ \x07")
TEXTS = [*HOSTILE.values()]
TEXTS[3:3] = ["x" * 1_000_000]
TEXTS[8:8] = [BROKEN]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    names = {f"participants__{i}__name": name for i, name in enumerate(NAMES)}
    posts = {f"posts__{i}__text": text for i, text in enumerate(TEXTS[:6])}
    path = tmp_path_factory.mktemp("hostile") / "a[b]\x1b]0;x\x07.sqlite"
    return handmade_run(path, stop_after=2, texts=TEXTS, name=NAMES[1], **names, **posts)


def assert_plain(text):
    for character in set(text) - {"\n"}:
        assert unicodedata.category(character) not in ("Cc", "Cf", "Cs"), repr(character)


@pytest.mark.parametrize(
    "words",
    [
        ("runs", "show"),
        ("stats", "--permutations", "9"),
        ("replay", "--pace", "0"),
        ("compare",),
    ],
    ids=lambda words: words[0],
)
def test_nothing_that_is_printed_drives_a_terminal(lwd, run, words):
    paths = [run, run] if words == ("compare",) else [run]
    code, out, err = lwd(*words, *paths)
    assert code == 0, err[-500:]
    assert_plain(out + err)
    if words[0] in ("runs", "stats"):
        assert "[/] [b]x :bomb: \\[red]" in " ".join(out.split())
    code, out, err = lwd(*words, *paths, "--json")
    assert code == 0, err[-500:]
    assert out.isascii()
    assert_plain(out + err)
    last = json.loads(out.splitlines()[-1])
    if "participants" in last:
        assert last["participants"] == list(NAMES)


def test_what_is_wrong_with_a_stranger_s_names_is_told_clean(lwd, tmp_path):
    path = tmp_path / "p.toml"
    path.write_text('name = "\\u001b]0;owned\\u0007[/]"\n"\\u009b31m[/x]" = 1\n')
    for words in (("--preset", path, "--headless"), ("runs", "show", "\x1b]0;x\x07[/]"),
                  ("sweep", path), ("gmm", "--preset", path)):  # fmt: skip
        code, out, err = lwd(*words)
        assert code == 2
        assert err.startswith("lwd-tui: ")
        assert_plain(out + err)


def test_bars_take_what_others_wrote_for_text(monkeypatch):
    written = io.StringIO()
    console = Console(file=written, force_terminal=True, width=150, markup=False)
    reporter = BarReporter(console)
    names = {f"participants__{i}__name": name for i, name in enumerate(NAMES)}
    reporter.fetching(NAMES[1], 1, 2)
    reporter.start(scripted(**names), 0)
    for text in HOSTILE.values():
        rejected = Attempt("", 7, "stop", None, None, 0.5, problem=text)
        reporter.see(AttemptRejected(0, 0, 0, rejected))
        reporter.notice(text)
    reporter.stop()
    monkeypatch.setattr("lwd_tui.cli.shared.plain_console", lambda **_: console)
    monkeypatch.setattr("lwd_tui.cli.models.plain_console", lambda **_: console)
    with _bar(NAMES[0]) as show:
        for text in HOSTILE.values():
            show(text, 1, 2)
    assert "\x1b]" not in written.getvalue()
    assert "\x9b" not in written.getvalue()
    assert "[/] [b]x" in written.getvalue()


def test_a_table_keeps_formulas_as_the_data_that_they_are(lwd, run, tmp_path):
    code, _, err = lwd("runs", "export", run, "--format", "csv", "--out", tmp_path / "out")
    assert code == 0, err
    csv.field_size_limit(2**24)
    with (tmp_path / "out" / "responses.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    answers = {row["text"] for row in rows}
    assert HOSTILE["formula"] in answers
    assert {row["name"] for row in rows} == {name.strip() for name in NAMES}
    lwd("runs", "export", run, "--format", "jsonl", "--out", tmp_path / "run.jsonl")
    told = [json.loads(line) for line in (tmp_path / "run.jsonl").read_text().splitlines()]
    found = {row["text"] for row in told if row["kind"] == "responses"}
    assert BROKEN in found
