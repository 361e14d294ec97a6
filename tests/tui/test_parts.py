"""The parts without widgets: excerpts, ticks, pictures, tallies and words for numbers."""

import numpy as np
import pytest
from support.tui import handmade_run, handmade_step

from lwd_tui.llm.network import (
    AttemptRejected,
    Embedding,
    ResponseArrived,
    StepStarted,
)
from lwd_tui.store.run import RunStore
from lwd_tui.text import duration, shorten
from lwd_tui.tui.pages.live.pictures import Course, course_of, picture
from lwd_tui.tui.parts.excerpt import excerpt
from lwd_tui.tui.parts.ticks import Ticks
from lwd_tui.tui.state.tally import TEXT_KEPT, Tally
from lwd_tui.types import Attempt, Response


def response(participant, index, text="It rises.", tokens=4):
    return Response(0, participant, index, (Attempt(text, 1, "stop", 9, tokens, 0.1),))


@pytest.mark.parametrize("text", ["short", "a longer one " * 9, "漢字" * 40, "two\nlines"])
def test_an_excerpt_of_an_ordinary_text_is_the_shortened_text(text):
    assert excerpt(text, 30) == shorten(text, 30)


def test_an_excerpt_says_that_there_is_more():
    assert excerpt("x" * 100_000, 20) == "x" * 19 + "…"
    # The part that is looked at may hold nothing to show.
    assert excerpt("\u200b" * 5000 + "seen", 20).endswith("…")


@pytest.mark.parametrize(
    ("low", "high", "most", "expected"),
    [
        (0, 1, 6, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (0, 1, 3, [0, 0.5, 1]),
        (0, 60, 8, [0, 10, 20, 30, 40, 50, 60]),
        (-0.9, 0.9, 4, [-0.5, 0, 0.5]),
        (0, 1e-8, 3, [0, 5e-9, 1e-8]),
    ],
)
def test_ticks_are_round_and_not_too_many(low, high, most, expected):
    ticks = Ticks()
    ticks.most = most
    assert ticks.get_ticks(low, high) == pytest.approx(expected)


@pytest.mark.parametrize("high", [1, 2, 3, 7, 60, 999, 100_000])
def test_ticks_of_steps_are_whole(high):
    ticks = Ticks(whole=True)
    found = ticks.get_ticks(0, high)
    assert all(tick == round(tick) for tick in found)
    assert found[0] == 0
    assert 1 <= len(found) <= 8
    assert ticks.get_labels_for_ticks(found) == [f"{tick:.0f}" for tick in found]


def test_labels_have_as_many_decimals_as_they_need():
    ticks = Ticks()
    assert ticks.get_labels_for_ticks([-0.5, 0.0, 0.5]) == ["-0.5", "0.0", "0.5"]
    assert ticks.get_labels_for_ticks([0.95, 1.0, 1.05]) == ["0.95", "1.00", "1.05"]
    assert ticks.get_labels_for_ticks([-1e-17, 1.0]) == ["0", "1"]


def test_axes_are_held_at_the_width_of_all_steps_or_fitted():
    first, later = handmade_step(0), handmade_step(9)
    course = Course()
    picture(first, course, held=True)
    held, fitted = picture(later, course, held=True), picture(later, course, held=False)
    (left, right), _ = held.limits
    assert left <= first.geometry.coordinates[:, 0].min()
    assert right >= first.geometry.coordinates[:, 0].max()
    assert fitted.limits[0][1] - fitted.limits[0][0] < right - left
    np.testing.assert_array_equal(held.coordinates, later.geometry.coordinates)


def test_one_plane_keeps_the_distances_that_lie_in_it(tmp_path):
    path = handmade_run(tmp_path / "a.sqlite")
    course = course_of(path, common=True)
    with RunStore.open(path) as store:
        step = store.step(4)
    assert max(course.means) == 5
    # These embeddings lie in a plane, so the picture shows them whole.
    assert course.basis.explained == pytest.approx(1)
    shown = picture(step, course, held=False).coordinates
    wanted = np.linalg.norm(step.embeddings[:, None] - step.embeddings[None], axis=2)
    found = np.linalg.norm(shown[:, None] - shown[None], axis=2)
    np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_a_run_without_steps_has_no_plane(tmp_path):
    path = handmade_run(tmp_path / "a.sqlite", stop_after=0)
    assert course_of(path, common=True).basis is None


def test_a_tally_counts_and_keeps_the_end_of_what_streams_in():
    tally = Tally(2)
    tally.see(StepStarted(3, 1, 4, (), ()))
    tally.preview(0, 2, "It ")
    tally.preview(0, 5, "Another ")
    tally.preview(0, 2, "will rise")
    ada, ben = tally.participants
    assert (ada.text, ada.streaming, ada.arrived) == ("It will rise", True, 0)
    assert (ben.text, ben.streaming) == ("", False)
    tally.see(ResponseArrived(response(0, 2, "It will rise.")))
    assert tally.participants[0].text == "Another "
    tally.see(AttemptRejected(3, 0, 5, Attempt("", 1, "length", 9, 8, 0.1, "cut")))
    ada, _ = tally.participants
    assert (ada.text, ada.streaming, ada.arrived, ada.rejected) == ("It will rise.", False, 1, 1)
    assert ada.tokens == 12
    tally.preview(1, 0, "x" * 10_000)
    assert len(tally.participants[1].text) == TEXT_KEPT
    tally.see(Embedding(3, 1))
    assert tally.where == ("embedding", 3)
    tally.see(StepStarted(4, 1, 5, (), ()))
    assert tally.where == ("asking", 4)
    assert not tally.participants[0].arrived


def test_what_is_thought_is_no_part_of_what_is_said_so_far():
    tally = Tally(1)
    said = []
    for piece in ("<thi", "nk>Let me", " see. " * 200, "</think>", "\n\nPrices ", "rise."):
        tally.preview(0, 0, piece)
        said.append(tally.participants[0].text.strip())
    assert said[1:] == ["(thinking)", "(thinking)", "(thinking)", "Prices", "Prices rise."]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.04, "0.0 s"), (3.14, "3.1 s"), (59.4, "59 s"), (151, "2 m 31 s"), (7384, "2 h 3 m")],
)
def test_durations_are_written_as_people_say_them(seconds, words):
    assert duration(seconds) == words
