import pytest

from lwd_tui.llm.internet import Internet
from lwd_tui.types import Post


def internet(*steps):
    return Internet(
        Post(number, f"p{number}", "", "human", step) for number, step in enumerate(steps)
    )


def test_posts_are_numbered_in_order():
    net = internet(0, 0)
    written = net.add("by a model", "ada", "synthetic", 1)
    net.add("by hand", "", "injected", 1)
    assert (written.id, len(net)) == (2, 4)
    assert [net[post_id].text for post_id in (3, 0)] == ["by hand", "p0"]


def test_synthetic_posts_are_counted_in_any_range():
    origins = ["human", "synthetic", "synthetic", "noise", "synthetic", "injected"]
    net = Internet(Post(i, "x", "", origin, 0) for i, origin in enumerate(origins))
    for start in range(7):
        for stop in range(start, 7):
            assert net.synthetic(range(start, stop)) == origins[start:stop].count("synthetic")


def test_since_finds_what_a_step_can_still_read():
    net = internet(0, 0, 1, 1, 1, 3)
    assert [list(net.since(step)) for step in range(5)] == [
        [0, 1, 2, 3, 4, 5],
        [2, 3, 4, 5],
        [5],
        [5],
        [],
    ]


def test_posts_with_a_gap_or_out_of_order_are_refused():
    with pytest.raises(ValueError, match="post 2 follows post 0"):
        Internet([Post(0, "a", "", "human", 0), Post(2, "b", "", "human", 0)])
    with pytest.raises(ValueError, match="comes too late"):
        internet(1, 0)
    with pytest.raises(ValueError, match="post 2 of step 1 comes too late"):
        internet(0, 2, 1)
