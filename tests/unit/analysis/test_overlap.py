import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lwd_tui.analysis.neighbours import common_words, nearest_overlap


def test_the_largest_share_of_common_words_counts():
    # Of the words a, b, c and d, e, a: one of five; of a, b and a, b, c: two of three.
    shares = nearest_overlap(["A b, c.", "z"], ["d e a", "b A"])
    assert shares == pytest.approx([2 / 3, 0])


def test_without_references_it_is_not_defined():
    assert np.isnan(nearest_overlap(["one", "two"], [])).all()
    assert nearest_overlap([], ["one"]).shape == (0,)


def test_texts_without_words_have_nothing_in_common():
    assert nearest_overlap(["...", "a"], ["!", "a"]) == pytest.approx([0, 1])


letters = st.sampled_from(["a", "b", "c", "d", "e", "f", "!", "."])
sentences = st.lists(letters, max_size=8).map(" ".join)


@settings(deadline=None, max_examples=50)
@given(st.lists(sentences, max_size=4), st.lists(sentences, min_size=1, max_size=4))
def test_it_is_the_maximum_of_each_pair_alone(texts, references):
    wanted = [common_words(text, references).max() for text in texts]
    assert nearest_overlap(texts, references) == pytest.approx(wanted)
