"""Verbatim copying."""

from __future__ import annotations

import difflib

from hypothesis import given, settings
from hypothesis import strategies as st

from lwd_tui.analysis.copying import Copied, copied


def test_runs_are_found_whatever_case_and_punctuation() -> None:
    sources = ["Miners report record profits this quarter.", "Prices may fall next year."]
    (found,) = copied(["I think miners report: RECORD profits, this year"], sources, shortest=5)
    assert found == Copied(5 / 8, 5)


def test_a_run_does_not_go_from_one_post_into_the_next() -> None:
    (found,) = copied(["a b c d"], ["a b", "c d"], shortest=3)
    assert found == Copied(0.0, 2)


def test_runs_may_overlap_and_repeat() -> None:
    # "a b c" and "b c d" both stand in the sources: the four words are all inside a run.
    assert copied(["a b c d x"], ["a b c", "b c d"], shortest=3) == [Copied(4 / 5, 3)]
    assert copied(["a b a b"], ["a b"], shortest=2) == [Copied(1.0, 2)]


def test_nothing_to_copy_or_from() -> None:
    assert copied(["", "word"], [], shortest=1) == [Copied(0.0, 0), Copied(0.0, 0)]
    assert copied([], ["word"]) == []


@settings(deadline=None, max_examples=50)
@given(st.lists(st.sampled_from("abc"), max_size=12), st.lists(st.sampled_from("abc"), max_size=12))
def test_the_longest_run_agrees_with_difflib(answer: list[str], source: list[str]) -> None:
    (found,) = copied([" ".join(answer)], [" ".join(source)], shortest=1)
    matcher = difflib.SequenceMatcher(None, answer, source, autojunk=False)
    assert found.longest == matcher.find_longest_match().size
    shared = sum(word in source for word in answer)
    assert found.share == (shared / len(answer) if answer else 0.0)
