"""Each widget of the Live page alone: what it shows of what it is given, and what it says."""

from dataclasses import replace

import numpy as np
import pytest
from support.tui import NAMES, Host, handmade_step, holds, painted, scripted, shown, until
from textual.content import Content

from lwd_tui.palette import marker
from lwd_tui.store.records import StepNumbers
from lwd_tui.tui.pages.live.dispersion import DispersionCurve
from lwd_tui.tui.pages.live.distances import Distances
from lwd_tui.tui.pages.live.numbers import Numbers, numbers_in_words
from lwd_tui.tui.pages.live.participants import Participants
from lwd_tui.tui.pages.live.scatter import Scatter
from lwd_tui.tui.parts.curves import Curve, Curves
from lwd_tui.tui.parts.network_line import NetworkLine
from lwd_tui.tui.parts.norm_curve import NormCurve
from lwd_tui.tui.parts.notice import Notice
from lwd_tui.tui.parts.plot import Plot
from lwd_tui.tui.parts.scrubber import Scrubber
from lwd_tui.tui.parts.status import StatusLine
from lwd_tui.tui.parts.tabs import TabLine
from lwd_tui.tui.parts.words import Words
from lwd_tui.tui.state.grouping import Grouping
from lwd_tui.tui.state.progress import ParticipantProgress, Progress
from lwd_tui.tui.state.view import View

ALL = [StepNumbers.of(handmade_step(t)) for t in range(10)]


async def drawn(pilot):
    await holds(lambda: not any(plot.waits for plot in pilot.app.query(Plot)))
    await pilot.pause(0.05)


async def test_the_norm_curve_tells_its_numbers_at_the_viewed_step():
    curve = NormCurve()
    async with Host(curve).run_test(size=(70, 20)) as pilot:
        curve.show_run(ALL, 20, "raw vectors")
        curve.show_step(3)
        await drawn(pilot)
        assert "norm ‖D(t)‖F · raw vectors" in shown(pilot.app)
        assert "━━ norm 1.200  ── debiased 1.100  ▄▄ noise floor 0.400" in shown(pilot.app)
        assert "●" in shown(pilot.app)
        curve.show_step(0)
        await drawn(pilot)
        assert "norm 2.400" in shown(pilot.app)


def test_numbers_that_are_not_defined_are_dashes():
    step = handmade_step(3)
    none = dict.fromkeys(("norm", "norm_debiased", "noise_floor"), np.nan)
    told = numbers_in_words(replace(step, geometry=replace(step.geometry, **none)))
    assert [told[term] for term in ("norm", "debiased", "floor")] == ["–"] * 3


async def test_the_norm_is_marked_at_the_last_step_too():
    curve = NormCurve()
    async with Host(curve).run_test(size=(70, 20)) as pilot:
        curve.show_run(ALL, 9, "unit vectors")
        curve.show_step(9)
        await drawn(pilot)
        assert "●" in shown(pilot.app)


async def test_dispersions_are_marked_at_the_last_step_too():
    curve = DispersionCurve()
    async with Host(curve).run_test(size=(70, 40)) as pilot:
        curve.show_run(ALL[:3], 2)
        curve.show_step(2)
        await drawn(pilot)
        assert all(marker(i) in shown(pilot.app) for i in range(3))


async def test_a_missing_norm_leaves_a_gap_and_no_crash():
    broken = [replace(n, norm=np.nan, norm_debiased=np.nan) if n.t in (0, 4) else n for n in ALL]
    curve = NormCurve()
    async with Host(curve).run_test(size=(70, 20)) as pilot:
        curve.show_run(broken, 9, "unit vectors")
        curve.show_step(4)
        await drawn(pilot)
        assert "norm –" in shown(pilot.app)
        assert "●" not in shown(pilot.app)


@pytest.mark.parametrize("count", [0, 1, 2])
async def test_the_first_steps_of_a_run_are_drawn(count):
    curve, spread = NormCurve(), DispersionCurve()
    async with Host(curve, spread).run_test(size=(70, 30)) as pilot:
        curve.show_run(ALL[:count], 20, "unit vectors")
        spread.show_run(ALL[:count], 20)
        curve.show_step(count - 1 if count else None)
        spread.show_step(count - 1 if count else None)
        await drawn(pilot)
        assert ("●" in shown(pilot.app)) == bool(count)


async def test_a_thousand_steps_are_drawn():
    many = [StepNumbers.of(handmade_step(t)) for t in range(1000)]
    curve = NormCurve()
    async with Host(curve).run_test(size=(120, 30)) as pilot:
        curve.show_run(many, 999, "unit vectors")
        curve.show_step(500)
        await drawn(pilot)
        assert "●" in shown(pilot.app)


async def test_no_more_than_four_redraws_a_second(monkeypatch):
    drawings = []
    monkeypatch.setattr(Plot, "clear", lambda _: drawings.append(1))
    curve = NormCurve()
    async with Host(curve).run_test(size=(70, 20)) as pilot:
        await drawn(pilot)
        curve.show_run(ALL, 20, "unit vectors")
        drawings.clear()
        for turn in range(40):
            curve.show_step(turn % 10)
            await pilot.pause(0.025)
        assert 2 <= len(drawings) <= 9


async def test_what_did_not_change_is_not_drawn(monkeypatch):
    drawings = []
    monkeypatch.setattr(Plot, "clear", lambda _: drawings.append(1))
    curve = NormCurve()
    async with Host(curve).run_test(size=(70, 20)) as pilot:
        curve.show_run(ALL, 20, "unit vectors")
        curve.show_step(4)
        await drawn(pilot)
        drawings.clear()
        curve.show_step(4)
        await pilot.pause(0.4)
        assert not drawings


async def test_participants_at_work():
    panel = Participants()
    async with Host(panel).run_test(size=(60, 14)) as pilot:
        panel.show_names(NAMES, 8)
        work = Progress(
            "asking",
            t=3,
            participants=(
                ParticipantProgress(4, 1, 50, "It will rise", streaming=True),
                ParticipantProgress(8, 0, 90, "It fell."),
                ParticipantProgress(),
            ),
        )
        panel.show(handmade_step(2), work)
        await pilot.pause()
        screen = shown(pilot.app)
        assert "at work on t = 3" in screen
        assert "████████░░░░░░░░ 4/8  writing, 1 asked again" in screen
        assert "████████████████ 8/8  done" in screen
        assert "░░░░░░░░░░░░░░░░ 0/8  waiting" in screen
        assert "It will rise" in screen
        assert "dispersion ○ 0.300" in screen


async def test_in_a_narrow_panel_each_participant_keeps_to_its_lines():
    panel = Participants()
    async with Host(panel).run_test(size=(50, 8)) as pilot:
        panel.show_names(["optimist"], 4)
        one = ParticipantProgress(2, 1, 50, "A robot", streaming=True)
        panel.show(None, Progress("asking", t=1, participants=(one,)))
        await pilot.pause()
        lines = shown(pilot.app).split("\n")
        assert "█████░░░░░ 2/4  writing, 1 asked…" in lines[1]
        assert "A robot" in lines[2]


async def test_an_answer_that_has_no_room_ends_in_an_ellipsis_wherever_it_is_broken():
    panel = Participants()
    async with Host(panel).run_test(size=(40, 7)) as pilot:
        # Without its breaks it would have room.
        panel.show_names(NAMES[:1], 4)
        one = ParticipantProgress(text="transformers " * 9 + "end", streaming=True)
        panel.show(None, Progress("asking", t=1, participants=(one,)))
        await pilot.pause()
        said = [line.strip("│ ") for line in shown(pilot.app).split("\n")[2:6]]
        assert said[:3] == ["transformers transformers"] * 3
        assert said[3].startswith("transformers transformers")
        assert said[3].endswith("…")
        assert len(said[3]) <= 35


async def test_a_preview_begins_with_its_first_word():
    panel = Participants()
    async with Host(panel).run_test(size=(60, 10)) as pilot:
        panel.show_names(NAMES[:1], 4)
        one = ParticipantProgress(text="\n \n A robot", streaming=True)
        panel.show(None, Progress("asking", t=1, participants=(one,)))
        await pilot.pause()
        line = next(line for line in shown(pilot.app).split("\n") if "A robot" in line)
        assert line.index("A robot") == 4


async def test_participants_at_a_whole_step_count_what_failed():
    step = handmade_step(0)
    unusable = replace(step.responses[0].final, problem="blank")
    failed = replace(step.responses[0], attempts=(unusable, unusable, unusable))
    panel = Participants()
    async with Host(panel).run_test(size=(70, 14)) as pilot:
        panel.show_names(NAMES, 4)
        panel.show(replace(step, responses=(failed, *step.responses[1:])), None)
        await pilot.pause()
        assert "3/4  2 asked again, 1 failed" in shown(pilot.app)
        assert step.responses[1].text[:20] in shown(pilot.app)


async def test_distances_are_numbers_on_grounds_of_one_scale():
    panel = Distances()
    async with Host(panel).run_test(size=(40, 12)) as pilot:
        panel.show_distances(np.array([[0, 0.25, np.nan], [0.25, 0, 1], [np.nan, 1, 0]]), 1.0, 7)
        await pilot.pause()
        screen = shown(pilot.app)
        assert "distances at t = 7" in screen
        assert screen.count("0.250") == screen.count("1.000") == screen.count("none") == 2
        grounds = {
            segment.text.strip(): segment.style.bgcolor.triplet.hex
            for line in painted(pilot.app)
            for segment in line
            if segment.text.strip() in ("0.250", "1.000")
        }
        assert grounds["1.000"] == pilot.app.theme_variables["heat"]
        assert grounds["0.250"] not in (grounds["1.000"], pilot.app.theme_variables["background"])


async def test_ten_participants_fit_into_the_distances_by_scrolling():
    panel = Distances()
    rng = np.random.default_rng(1)
    far = rng.random((10, 10))
    async with Host(panel).run_test(size=(40, 8)) as pilot:
        panel.show_distances(far + far.T, 2.0, 0)
        await pilot.pause()
        scroll = panel.query_one("ScrollableContainer")
        assert scroll.max_scroll_x > 0
        assert scroll.max_scroll_y > 0


async def test_the_scrubber_says_what_is_viewed_and_where_the_run_is():
    heard = []
    scrubber = Scrubber()
    async with Host(scrubber).run_test(size=(80, 5), message_hook=heard.append) as pilot:
        progress = Progress("asking", t=31, done=31, steps=61)
        scrubber.show(progress, View(handmade_step(12), following=False))
        await pilot.pause()
        assert "viewing t 12, the run is at t 31" in shown(pilot.app)
        scrubber.show(progress, View(handmade_step(30)))
        await pilot.pause()
        assert "viewing t 30 (live)" in shown(pilot.app)
        await pilot.mouse_down(Scrubber, offset=(3, 0))
        await pilot.mouse_up(Scrubber, offset=(3, 0))
        await pilot.mouse_down(Scrubber, offset=(52, 0))
        await pilot.pause()
        moves = [m.t for m in heard if isinstance(m, Scrubber.Moved)]
        assert moves[0] == 0
        # Beyond the steps that are whole there is nothing to view.
        assert moves[-1] == 30


@pytest.mark.parametrize(
    ("progress", "words"),
    [
        (Progress("asking", t=3, done=3, steps=9), "running"),
        (
            Progress("asking", pausing=True, t=3, done=3, steps=9),
            "running, pausing after this step",
        ),
        (Progress("paused", t=3, done=4, steps=9), "paused"),
        (Progress("stopped", t=3, done=4, steps=9), "stopped, can go on"),
        (Progress("done", t=8, done=9, steps=9), "done"),
        (Progress("failed", t=3, done=3, steps=9), "stopped by an error"),
    ],
)
async def test_the_state_is_said_in_words_at_any_width(progress, words):
    for width in (48, 80, 200):
        status = StatusLine()
        async with Host(status).run_test(size=(width, 3)) as pilot:
            status.show(scripted(), progress)
            await pilot.pause()
            line = shown(pilot.app).split("\n")[0]
            assert f"t {progress.t} / 8   {words}"[: width - 2] in line
            assert ("scripted" in line) == (width > 80 or (width == 80 and len(words) < 20))


async def test_the_notice_takes_room_only_while_it_speaks():
    notice = Notice()
    async with Host(notice).run_test(size=(60, 5)) as pilot:
        assert not notice.display
        notice.show("the server at gpu-box does not answer")
        await pilot.pause()
        assert "! the server at gpu-box does not answer" in shown(pilot.app)
        notice.show("")
        await pilot.pause()
        assert not notice.display


async def test_of_too_many_notices_the_newest_is_seen_and_how_it_is_dismissed():
    notice = Notice()
    async with Host(notice).run_test(size=(80, 24)) as pilot:
        notice.show(
            "\n".join(f"server {i} doesn't answer, " + "and why is long " * 5 for i in "1234")
        )
        await pilot.pause()
        await pilot.pause()
        text = shown(pilot.app)
        assert "! … server 3" in text
        assert "server 4" in text
        assert "server 2" not in text
        assert "  esc" in text.split("\n")[3]
        notice.show(" ".join(["word"] * 110))
        await pilot.pause()
        assert shown(pilot.app).split("\n")[3].rstrip().endswith("…  esc")
        await pilot.resize_terminal(200, 24)
        await until(pilot, lambda: shown(pilot.app).split("\n")[2].rstrip().endswith("word  esc"))


@pytest.mark.parametrize(("height", "seen", "left"), [(9, 1, 7), (22, 5, 3), (30, 8, 0)])
async def test_a_legend_counts_what_it_has_no_room_for(height, seen, left):
    curves = Curves()
    async with Host(curves).run_test(size=(40, height)) as pilot:
        # Each takes a line.
        names = [f"the variant of number {i} (4)" for i in range(8)]
        curves.show([Curve(name, np.ones(3), "primary") for name in names], t=1, last=2, top=2.0)
        await until(pilot, lambda: sum(name in shown(pilot.app) for name in names) == seen)
        assert (f"+{left} more" in shown(pilot.app)) == bool(left)
        assert "too small" not in shown(pilot.app)


@pytest.mark.parametrize("width", [80, 120])
async def test_the_scatter_breaks_its_legend_between_names_and_counts_the_rest(width):
    scatter = Scatter()
    names = [f"qwen2.5-{i}.5b-instruct-q8_0" for i in range(8)]
    async with Host(scatter).run_test(size=(width, 9)) as pilot:
        grouping = Grouping("participant", tuple(names), tuple(range(8)))
        scatter.show_cast(names, grouping)
        await until(pilot, lambda: "more" in shown(pilot.app))
        text = shown(pilot.app)
        seen = sum(f"qwen2.5-{i}.5b" in text for i in range(8))
        assert f"+{10 - seen} more" in text


async def test_what_a_network_departs_in_is_cut_with_a_sign():
    line = NetworkLine()
    people = [{"name": f"p{i}", "backend": "scripted", "model": "words"} for i in range(8)]
    reads = [[j for j in range(8) if j != i] for i in range(8)]
    experiment = scripted(participants=people, fresh=0, posts_each=2, ranking="recent", reads=reads)
    async with Host(line).run_test(size=(40, 6)) as pilot:
        line.show(experiment)
        await until(pilot, lambda: "…" in shown(pilot.app).split("\n")[2])


async def test_a_tab_is_chosen_by_a_click():
    heard = []
    tabs = TabLine([("a", "First"), ("b", "Second")], "a", numbered=True)
    async with Host(tabs).run_test(size=(40, 3), message_hook=heard.append) as pilot:
        await pilot.click(TabLine, offset=(13, 0))
        await pilot.pause()
        assert {m.tab for m in heard if isinstance(m, TabLine.Chosen)} == {"b"}


async def test_numbers_have_their_words():
    numbers = Numbers()
    async with Host(numbers).run_test(size=(50, 20)) as pilot:
        numbers.show_step(handmade_step(3))
        await pilot.pause()
        screen = shown(pilot.app)
        assert "noise floor            0.4000" in screen
        assert "synthetic share        60%" in screen


async def test_words_are_laid_out_anew_only_when_their_shape_changes(monkeypatch):
    layouts = []
    words = Words(Content("one line"))
    words.styles.height = "auto"
    async with Host(words).run_test(size=(40, 10)) as pilot:
        refresh = Words.refresh

        def watched(self, *regions, layout=False, **more):
            layouts.append(layout)
            return refresh(self, *regions, layout=layout, **more)

        monkeypatch.setattr(Words, "refresh", watched)
        words.put(Content("two line"))
        words.put(Content.styled("two line", "bold"))
        assert layouts == [False, False]
        words.put(Content.styled("two line", "bold"))
        assert len(layouts) == 2
        words.put(Content("two\nlines"))
        assert layouts[-1]
        await until(pilot, lambda: "lines" in shown(pilot.app))


async def test_silence_of_a_server_is_said_in_place_of_estimates(monkeypatch):
    line = StatusLine()
    async with Host(line).run_test(size=(100, 3)) as pilot:
        work = Progress("asking", t=1, steps=7, seconds_left=90.0, tokens_per_second=4.26)
        line.show(scripted(), work)
        await until(pilot, lambda: "4.3 tokens/s" in shown(pilot.app))
        assert "nothing heard" not in shown(pilot.app)
        line._heard -= 40
        await until(pilot, lambda: "nothing heard for 4" in shown(pilot.app))
        assert "tokens/s" not in shown(pilot.app)
        assert "left" not in shown(pilot.app)
        line.show(scripted(), replace(work, tokens_per_second=42.6))
        await until(pilot, lambda: "43 tokens/s" in shown(pilot.app))
        line.show(scripted(), replace(work, phase="paused"))
        line._heard -= 40
        line._listen()
        await pilot.pause()
        assert "nothing heard" not in shown(pilot.app)


STAR = "star  ○←○□△  □←○□  △←○△"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, ""),
        ({"topology": "star"}, STAR),
        ({"topology": "ring"}, "ring  ○←○□△  □←○□△  △←○□△"),
        ({"topology": "islands", "islands": 2}, "2 islands  ○←○□  □←○□  △←△"),
        ({"topology": "none"}, "nobody reads another  ○←○  □←□  △←△"),
        ({"reads": [[1], [], [0, 1]]}, "own graph  ○←□  □←  △←○□"),
        ({"posting": "replace"}, "posts stay 1 step"),
        ({"posting": "window", "window": 3}, "posts stay 3 steps"),
        ({"interaction": False}, "no answer is posted"),
        ({"posts_each": 2}, "2 posts each"),
        ({"fresh": 1, "reserve": [{"text": "a"}] * 6}, "1 fresh a step"),
        ({"noise": 2}, "2 shuffled noise a step"),
        ({"retrieval": "shared"}, "all read one draw"),
        ({"retrieval": "response"}, "each answer has its own draw"),
        ({"ranking": "recent"}, "newest posts are read"),
        ({"topology": "star", "noise": 1}, f"{STAR} · 1 shuffled noise a step"),
    ],
)
async def test_a_network_that_is_not_the_papers_is_drawn(changes, words):
    line = NetworkLine()
    async with Host(line).run_test(size=(60, 4)) as pilot:
        line.show(scripted(**changes))
        await pilot.pause()
        assert line.render().plain == words
        assert line.display is bool(words)
        line.show(None)
        await pilot.pause()
        assert not line.display


async def test_a_large_network_is_named_only():
    cast = [{"name": f"p{i}", "backend": "scripted", "model": "ada"} for i in range(9)]
    line = NetworkLine()
    async with Host(line).run_test(size=(60, 4)):
        line.show(scripted(participants=cast, topology="ring"))
        assert line.render().plain == "ring"
