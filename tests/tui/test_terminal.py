"""The explorer in a real terminal, which shows what the explorer means to show."""

import re

import pytest
from support.terminal import Terminal
from support.tui import handmade_run, scripted, shown, until

from lwd_tui.experiment.draft import Draft
from lwd_tui.store.files import save_preset
from lwd_tui.store.folder import runs_folder
from lwd_tui.tui.app import Explorer
from lwd_tui.tui.state.kept_draft import keep_draft

SIZES = [(80, 24), (120, 40), (140, 45), (200, 60)]
LAST = "viewing t 5 (the last)"
END = "\x1b[F"


@pytest.fixture
def kept(still, monkeypatch):
    """A stored run named "kept", and a draft of scripted models."""
    monkeypatch.delenv("COLORTERM", raising=False)
    # As in the terminal, so that the explorer without one draws the same.
    monkeypatch.setenv("TERM", "xterm-256color")
    runs_folder().mkdir(parents=True)
    keep_draft(Draft(scripted()))
    return handmade_run(runs_folder() / "kept.sqlite")


def resize_changes_nothing(terminal, size=(120, 40)):
    """Fail if the screen isn't the same after the terminal was larger for a while."""
    before = terminal.at_rest()
    terminal.resize(size[0] + 23, size[1] + 7)
    terminal.at_rest()
    terminal.resize(*size)
    terminal.until(lambda: terminal.lines == before)
    assert terminal.at_rest() == before


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_a_run_opened_from_runs_is_shown_as_it_is_without_a_terminal(kept, size):
    with Terminal(size=size) as terminal:
        terminal.shows("begin (b)")
        terminal.press("6")
        terminal.shows("kept", "2.400 → 0.900")
        resize_changes_nothing(terminal, size)
        terminal.press("\r")
        terminal.shows(LAST)
        there = terminal.at_rest()
        resize_changes_nothing(terminal, size)
    app = Explorer(run=kept)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.view.t == 5)
        await pilot.pause(0.5)
        assert there == shown(app).split("\n")


def test_a_run_is_opened_from_the_command_line_and_again_when_it_was_left_open(kept):
    for arguments in (["resume", "kept"], []):
        with Terminal(*arguments) as terminal:
            terminal.shows(LAST)
            resize_changes_nothing(terminal)
            terminal.press("q")
            assert terminal.ended() == 0


def test_a_run_is_opened_while_another_runs(kept, tmp_path):
    slow = scripted(name="slow", scripted__tokens_per_second=400, steps=400)
    save_preset(slow, tmp_path / "slow.toml")
    with Terminal("--preset", str(tmp_path / "slow.toml")) as terminal:
        terminal.shows("(live)", "answers at t")
        terminal.press("6")
        terminal.shows("kept", "running")
        terminal.press(END)
        terminal.press("\r")
        terminal.shows("A run is under way")
        terminal.press("y")
        terminal.shows(LAST, "distances at t = 5")
        resize_changes_nothing(terminal)


def test_the_mouse_goes_wherever_keys_go(kept):
    with Terminal() as terminal:
        terminal.shows("begin (b)")
        terminal.click(*terminal.find("6 Runs"))
        terminal.shows("2.400 → 0.900")
        for _ in range(2):
            terminal.click(*terminal.find("kept"))
        terminal.shows(LAST, "6 △ Quiet")
        terminal.click(*terminal.find("6 △ Quiet"), button=65)
        terminal.until(lambda: "6 △ Quiet" not in terminal.text)
        terminal.click(*terminal.find("◂ ━"))
        terminal.shows("viewing t 0, the last is t 5", "distances at t = 0")
        resize_changes_nothing(terminal)


@pytest.mark.parametrize(
    ("environment", "pattern"),
    [
        ({"COLORTERM": "truecolor"}, r"[34]8;2;\d+;\d+;\d+"),
        ({"TERM": "xterm-256color"}, r"[34]8;5;\d+"),
        ({"TERM": "tmux-256color"}, r"[34]8;5;\d+"),
        ({"TERM": "linux"}, r"[349]\d|10\d"),
    ],
    ids=str,
)
def test_only_colours_that_the_terminal_has_are_asked_for(kept, environment, pattern):
    with Terminal("resume", "kept", **environment) as terminal:
        terminal.shows(LAST, "distances at t = 5", "○ ada")
        resize_changes_nothing(terminal)
        styles = re.findall(r"\x1b\[([\d;]*)m", terminal.said.decode())
    style = re.compile(rf"(0|([1-9];)*({pattern})?(;({pattern}))?)")
    assert len(set(styles)) > 5
    assert [each for each in set(styles) if not style.fullmatch(each)] == []


def test_without_colours_there_are_only_greys(kept):
    with Terminal("resume", "kept", NO_COLOR="1") as terminal:
        terminal.shows(LAST, "distances at t = 5", "○ ada", "□ ben", "△ cleo")
        resize_changes_nothing(terminal)
        assert all(re.fullmatch(r"default|(..)\1\1", colour) for colour in terminal.colours())


def test_what_is_pasted_into_a_field_is_text_and_no_keys(kept):
    with Terminal() as terminal:
        terminal.shows("begin (b)", "What will become of Bitcoin?")
        at_the_end_of(terminal, "What will become of Bitcoin?")
        terminal.press(paste(" And of q,\rof b and of 6?"), " !")
        terminal.shows("Bitcoin? And of q,", "of b and of 6? !")
        at_the_end_of(terminal, "name            rehearsal")
        terminal.press(paste(" again\rq\tb"), "!")
        terminal.shows("rehearsal again q b!", "begin (b)")
        resize_changes_nothing(terminal)


def at_the_end_of(terminal, words):
    """Put the cursor behind what a field says."""
    x, y = terminal.find(words)
    terminal.click(x + len(words), y)
    terminal.shows("esc leave the field")
    terminal.at_rest()


def paste(text):
    """Return what a terminal sends for a paste, in brackets."""
    return f"\x1b[200~{text}\x1b[201~"
