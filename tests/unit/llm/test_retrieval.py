import tracemalloc
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from lwd_tui.backends.scripted import ScriptedEmbedder
from lwd_tui.experiment.backend import Embeddings, UnfitRequest
from lwd_tui.experiment.llm import Experiment, InvalidExperiment
from lwd_tui.llm.internet import Internet
from lwd_tui.llm.retrieval import Retrieval
from lwd_tui.types import Post


def experiment(n=4, **changes):
    base = {
        "name": "x",
        "query": "fish",
        "responses": 2,
        "participants": [
            {"name": f"m{number}", "backend": "scripted", "model": "m"} for number in range(n)
        ],
        "posts": [{"text": "fish and chips"}],
    }
    return Experiment.from_dict(base | changes)


def synthetic(n, steps):
    """One human post, then one post of each of n participants at each of some steps."""
    posts = [Post(0, "fish and chips", "", "human", 0)]
    for step in range(1, steps + 1):
        for number in range(n):
            posts.append(Post(len(posts), f"{number} at {step}", f"m{number}", "synthetic", step))
    return posts


def retrieval(spec, posts, embedder=None):
    return Retrieval(spec, Internet(posts), embedder or ScriptedEmbedder("words-32", "", True))


def human(count):
    return [Post(number, f"p{number}", "", "human", 0) for number in range(count)]


def human_of(texts):
    return [Post(number, text, "", "human", 0) for number, text in enumerate(texts)]


@settings(max_examples=40)
@given(st.integers(0, 300), st.floats(0.01, 1), st.integers(0, 2**40), st.integers(0, 50))
async def test_a_draw_has_k_distinct_posts_of_those_there(size, beta, seed, t):
    spec = experiment(beta=beta, seed=seed)
    for draw in await retrieval(spec, human(size)).draw(t):
        wanted = int(Decimal(repr(beta)) * size)
        assert len(draw.posts) == wanted == len(set(draw.posts))
        assert all(0 <= post_id < size for post_id in draw.posts)


@pytest.mark.parametrize(("beta", "size", "k"), [(0.7, 90, 63), (0.29, 100, 29), (0.57, 100, 57)])
async def test_as_many_posts_are_drawn_as_the_decimal_number_says(beta, size, k):
    # In binary each of these products is less than the whole number.
    for draw in await retrieval(experiment(beta=beta), human(size)).draw(0):
        assert len(draw.posts) == k


async def test_every_post_is_as_likely_at_every_position():
    # 8,000 steps of 4 draws notice a post that comes up 6 % too often at a position, while fair
    # draws fail one of the five tests in a million seeds 5 times.
    rules = retrieval(experiment(beta=0.42, seed=1), human(12))
    draws = np.array([draw.posts for t in range(8_000) for draw in await rules.draw(t)])
    for position in range(5):
        assert chisquare(np.bincount(draws[:, position], minlength=12)).pvalue > 1e-6


async def test_a_draw_of_few_posts_does_not_touch_the_many():
    class Huge(Internet):
        def since(self, step):
            return range(10_000_000)

    rules = Retrieval(experiment(beta=1e-6), Huge(), ScriptedEmbedder("words-32", "", True))
    tracemalloc.start()
    draws = await rules.draw(0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # An index of all posts would take 80 MB.
    assert [len(draw.posts) for draw in draws] == [10] * 4
    assert peak < 1_000_000


@pytest.mark.parametrize(
    ("topology", "seen"),
    [
        ("complete", [{0, 1, 2, 3, 4}] * 5),
        ("none", [{0}, {1}, {2}, {3}, {4}]),
        ("ring", [{4, 0, 1}, {0, 1, 2}, {1, 2, 3}, {2, 3, 4}, {3, 4, 0}]),
        ("star", [{0, 1, 2, 3, 4}, {0, 1}, {0, 2}, {0, 3}, {0, 4}]),
        ("islands", [{0, 1, 2}, {0, 1, 2}, {0, 1, 2}, {3, 4}, {3, 4}]),
    ],
)
async def test_who_reads_whom_and_everyone_reads_the_human_posts(topology, seen):
    spec = experiment(5, topology=topology, beta=1.0)
    posts = synthetic(5, 2)
    for draw, authors in zip(await retrieval(spec, posts).draw(2), seen, strict=True):
        read = {posts[post_id].author for post_id in draw.posts}
        assert read == {""} | {f"m{number}" for number in authors}
        assert len(draw.posts) == 1 + 2 * len(authors)


def test_every_post_is_looked_at_once_however_many_read():
    class Counting(Internet):
        looked = 0

        def __getitem__(self, post_id):
            self.looked += 1
            return super().__getitem__(post_id)

    spec = experiment(40, topology="ring")
    posts = synthetic(40, 5)
    net = Counting(posts)
    pools = Retrieval(spec, net, ScriptedEmbedder("words-32", "", True)).pools(5)
    assert net.looked <= len(posts)
    for reader, pool in enumerate(pools):
        near = {f"m{(reader + by) % 40}" for by in (-1, 0, 1)} | {""}
        assert list(pool) == [post.id for post in posts if post.author in near]


async def test_a_graph_of_ones_own():
    spec = experiment(3, reads=[[1], [1, 2], []], beta=1.0)
    posts = synthetic(3, 1)
    read = [{posts[i].author for i in draw.posts} for draw in await retrieval(spec, posts).draw(1)]
    assert read == [{"", "m1"}, {"", "m1", "m2"}, {""}]


@pytest.mark.parametrize(
    ("posting", "steps"), [("accumulate", {0, 1, 2, 3}), ("replace", {3}), ("window", {2, 3})]
)
async def test_what_is_still_there(posting, steps):
    spec = experiment(posting=posting, window=2, beta=1.0)
    posts = synthetic(4, 3)
    for draw in await retrieval(spec, posts).draw(3):
        assert {posts[post_id].step for post_id in draw.posts} == steps


async def test_recent_posts_first_and_ties_by_chance():
    spec = experiment(ranking="recent", beta=0.5)
    posts = synthetic(4, 3)
    firsts = set()
    for t in range(3, 40):
        for draw in await retrieval(spec, posts).draw(t):
            steps = [posts[post_id].step for post_id in draw.posts]
            assert steps == [3, 3, 3, 3, 2, 2]
            firsts.add(draw.posts[0])
    assert firsts == {9, 10, 11, 12}


class Flat:
    """Embeds a number as a direction in the plane, so that nearness is known."""

    def __init__(self):
        self.seen = []

    async def embed(self, texts):
        self.seen += texts
        angles = [0.0 if text == "fish" else float(text) for text in texts]
        vectors = np.array([[np.cos(a), np.sin(a)] for a in angles], dtype=np.float32)
        return Embeddings(5 * vectors, (False,) * len(texts))


async def test_similar_posts_first_each_embedded_once():
    spec = experiment(ranking="similar", beta=0.75)
    net = Internet(
        Post(i, text, "", "human", 0) for i, text in enumerate(["3", "0.1", "1", "-0.5"])
    )
    flat = Flat()
    rules = Retrieval(spec, net, flat)
    assert [draw.posts for draw in await rules.draw(0)] == [(1, 3, 2)] * 4
    net.add("0.01", "m0", "synthetic", 1)
    assert [draw.posts for draw in await rules.draw(1)] == [(4, 1, 3)] * 4
    assert flat.seen == ["fish", "3", "0.1", "1", "-0.5", "0.01"]


class Rounding(Flat):
    """Rounds otherwise in every batch, as sums in single precision do."""

    async def embed(self, texts):
        found = await super().embed(texts)
        noise = np.random.default_rng(len(self.seen)).normal(size=found.vectors.shape)
        return Embeddings(found.vectors * (1 + 5e-8 * noise).astype(np.float32), found.truncated)


async def test_what_rounding_makes_of_ties_is_a_tie(monkeypatch):
    # Mirrored directions are equally near; so are equal texts. Two at once, or each in its turn.
    texts = ["1", "-1", "0.5", "1", "-0.5", "0.2"]
    spec = experiment(ranking="similar", beta=1.0)
    at_once = Retrieval(spec, Internet(human_of(texts)), Rounding())
    after = Rounding()
    await after.embed(["3", "4", "5"])
    later = Retrieval(spec, Internet(human_of(texts)), after)
    firsts = set()
    for t in range(20):
        one, other = await at_once.draw(t), await later.draw(t)
        assert one == other
        for draw in one:
            assert draw.posts[0] == 5
            assert set(draw.posts[1:3]) == {2, 4}
            firsts.add(draw.posts[1])
    assert firsts == {2, 4}


class Lacking(Flat):
    """Has no vector for some texts, as an embedder by a server tells it."""

    def __init__(self, *lacked):
        super().__init__()
        self._lacked = lacked

    async def embed(self, texts):
        missing = tuple(text in self._lacked for text in texts)
        known = ["0" if lacks else text for text, lacks in zip(texts, missing, strict=True)]
        found = (await super().embed(known)).vectors * ~np.array(missing)[:, None]
        width = 0 if all(missing) else 2
        return Embeddings(found[:, :width], (False,) * len(texts), missing)


async def test_posts_without_a_vector_are_read_last_and_among_them_by_chance():
    spec = experiment(ranking="similar", beta=1.0)
    net = Internet(human_of(["3", "0.1", "x", "y"]))
    rules = Retrieval(spec, net, Lacking("x", "y", "z"))
    ends = set()
    for t in range(20):
        for draw in await rules.draw(t):
            # The one that points away from the query has a vector all the same.
            assert draw.posts[:2] == (1, 0)
            ends.add(draw.posts[2:])
    assert ends == {(2, 3), (3, 2)}
    # All that a step brought may have none, and the next step goes on.
    net.add("z", "", "human", 20)
    assert {draw.posts[:2] for draw in await rules.draw(20)} == {(1, 0)}
    net.add("0.01", "", "human", 21)
    assert {draw.posts[:3] for draw in await rules.draw(21)} == {(5, 1, 0)}


@pytest.mark.parametrize("texts", [["3", "0.1"], []])
async def test_without_a_vector_for_the_query_nothing_is_drawn(texts):
    rules = Retrieval(experiment(ranking="similar"), Internet(human_of(texts)), Lacking("fish"))
    with pytest.raises(UnfitRequest, match="no vector for the query 'fish'"):
        await rules.draw(0)


async def test_posts_are_embedded_in_the_batches_in_which_they_came():
    class Batches(Flat):
        def __init__(self):
            super().__init__()
            self.batches = []

        async def embed(self, texts):
            self.batches.append(list(texts))
            return await super().embed(texts)

    spec = experiment(ranking="similar")
    as_it_goes, resumed = Batches(), Batches()
    net = Internet(human_of(["3", "0.1"]))
    rules = Retrieval(spec, net, as_it_goes)
    await rules.draw(0)
    for t in (1, 2):
        for text in ("0.5", "1"):
            net.add(text, "m0", "synthetic", t)
        await rules.draw(t)
    await Retrieval(spec, net, resumed).draw(2)
    assert resumed.batches == as_it_goes.batches
    assert as_it_goes.batches == [["fish", "3", "0.1"], ["0.5", "1"], ["0.5", "1"]]
    empty = Batches()
    assert [draw.posts for draw in await Retrieval(spec, Internet(), empty).draw(0)] == [()] * 4
    assert empty.batches == [["fish"]]


async def test_a_post_that_comes_while_posts_are_ranked_is_not_drawn():
    class Late(Flat):
        async def embed(self, texts):
            if len(net) == 3:
                net.add("0", "", "injected", 0)
            return await super().embed(texts)

    net = Internet(human_of(["3", "0.1", "1"]))
    rules = Retrieval(experiment(ranking="similar", beta=1.0), net, Late())
    assert [draw.posts for draw in await rules.draw(0)] == [(1, 2, 0)] * 4
    assert [draw.posts for draw in await rules.draw(1)] == [(3, 1, 2, 0)] * 4


def test_one_draw_for_all_needs_a_network_in_which_all_read_the_same():
    with pytest.raises(InvalidExperiment, match="everyone reads everyone"):
        experiment(retrieval="shared", topology="ring")
