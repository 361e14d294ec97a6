"""Verbatim copying."""

from __future__ import annotations

import difflib

from hypothesis import given, settings
from hypothesis import strategies as st

from lwd_tui.analysis.copying import copied


def test_runs_are_found_whatever_case_and_punctuation() -> None:
    sources = ["Miners report record profits this quarter.", "Prices may fall next year."]
    answer = "I think miners report: RECORD profits, this year"
    assert copied([answer], sources, shortest=5).tolist() == [5 / 8]
    assert copied([answer], sources, shortest=6).tolist() == [0.0]


def test_a_run_does_not_go_from_one_post_into_the_next() -> None:
    assert copied(["a b c d"], ["a b", "c d"], shortest=3).tolist() == [0.0]
    assert copied(["a b c d"], ["a b", "c d"], shortest=2).tolist() == [1.0]


def test_runs_may_overlap_and_repeat() -> None:
    # "a b c" and "b c d" both stand in the sources: the four words are all inside a run.
    assert copied(["a b c d x"], ["a b c", "b c d"], shortest=3).tolist() == [4 / 5]
    assert copied(["a b a b"], ["a b"], shortest=2).tolist() == [1.0]


def test_nothing_to_copy_or_from() -> None:
    assert copied(["", "word"], [], shortest=1).tolist() == [0.0, 0.0]
    assert copied([], ["word"]).tolist() == []


@settings(deadline=None, max_examples=50)
@given(st.lists(st.sampled_from("abc"), max_size=12), st.lists(st.sampled_from("abc"), max_size=12))
def test_the_longest_run_agrees_with_difflib(answer: list[str], source: list[str]) -> None:
    matcher = difflib.SequenceMatcher(None, answer, source, autojunk=False)
    longest = matcher.find_longest_match().size
    for shortest in range(1, 13):
        (share,) = copied([" ".join(answer)], [" ".join(source)], shortest)
        assert (share > 0) == (shortest <= longest)
        assert not share or share * len(answer) >= shortest
    (share,) = copied([" ".join(answer)], [" ".join(source)], shortest=1)
    assert share == (sum(word in source for word in answer) / len(answer) if answer else 0.0)
