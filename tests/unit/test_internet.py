import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from lwd_tui.dynamics.internet import Internet
from lwd_tui.types import Post


def internet(size):
    return Internet(Post(number, f"post {number}", "", "human", 0) for number in range(size))


@given(st.integers(1, 400), st.floats(0, 1), st.integers(0, 2**32))
def test_a_draw_has_k_distinct_posts_of_those_there(size, share, seed):
    k = int(share * size)
    drawn = internet(size).draw(np.random.default_rng(seed), k)
    assert len(drawn) == k == len(set(drawn))
    assert all(0 <= post_id < size for post_id in drawn)


def test_every_post_is_as_likely_at_every_position():
    # 40,000 draws notice a post that comes up 5 % too often at a position, with near certainty,
    # while a fair draw fails one of the five tests in a million seeds 5 times.
    net, rng = internet(12), np.random.default_rng(3)
    draws = np.array([net.draw(rng, 5) for _ in range(40_000)])
    for position in range(5):
        assert chisquare(np.bincount(draws[:, position], minlength=12)).pvalue > 1e-6


def test_drawing_nothing_is_allowed_even_from_nothing():
    assert Internet().draw(np.random.default_rng(0), 0) == ()


def test_posts_are_numbered_in_order_and_counted_by_origin():
    net = internet(2)
    written = net.add("by a model", "ada", "synthetic", 1)
    net.add("by hand", "", "injected", 1)
    assert written.id == 2
    assert (len(net), net.synthetic) == (4, 1)
    assert [post.text for post in net.read([3, 0])] == ["by hand", "post 0"]


def test_posts_out_of_order_are_refused():
    with pytest.raises(ValueError, match="post 2 follows"):
        Internet([Post(0, "a", "", "human", 0), Post(2, "b", "", "human", 0)])


def test_a_draw_of_few_posts_does_not_touch_the_many():
    # 2 of 10 million posts: an index of all of them would take 80 MB and many milliseconds.
    class Huge(Internet):
        def __init__(self):
            super().__init__()
            self._posts = range(10_000_000)

    import tracemalloc

    tracemalloc.start()
    Huge().draw(np.random.default_rng(0), 2)
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()
