import numpy as np
import pytest
from scipy import stats
from support.gmm_oracle import philox

from lwd_tui.experiment.gmm import GmmSpec
from lwd_tui.gmm.chance import draw, generate, shuffle
from lwd_tui.gmm.plan import plan_of

KEY = np.array([11, 22], np.uint64)


# Of a thousand hardly a word has to be looked at again; of four million one in a thousand has.
@pytest.mark.parametrize(("size", "k"), [(1000, 700), (4_000_000, 6000)])
def test_a_draw_is_the_start_of_a_shuffle_by_the_stream(size, k):
    pool = np.arange(size, dtype=np.int32)
    shuffle(pool, size, k, 5, 2, KEY)
    words = (word for block in range(2000) for word in philox((block, 5, 2, 1), KEY.tolist()))
    expected = np.arange(size)
    for place in range(k):
        bound = size - place
        word = next(words)
        while word * bound % 2**32 < 2**32 % bound:
            word = next(words)
        other = place + (word * bound >> 32)
        expected[[place, other]] = expected[[other, place]]
    np.testing.assert_array_equal(pool, expected)


def test_draws_are_uniform_in_choice_and_order():
    spec = GmmSpec(name="x", human={"count": 5}, participants=1, beta=0.6, steps=4000)
    plan = plan_of(spec.replaced({"interaction": False}))
    pool = np.empty(5, np.int32)
    seen = np.zeros((5, 5, 5))
    for t in range(4000):
        rows = draw(plan, t, 0, KEY, pool)
        assert len(rows) == 3
        seen[tuple(rows)] += 1
    ordered = seen[seen > 0]
    assert len(ordered) == 60
    assert stats.chisquare(ordered).pvalue > 1e-4


def test_generated_points_follow_the_mixture():
    weights, centres = np.array([0.2, 0.0, 0.8]), np.array([[-4.0, 0, 1], [0, 0, 0], [4, 2, 0]])
    points, components = np.empty((20_000, 3)), np.empty(20_000, np.int64)
    generate(weights, centres, 0, 0, KEY, points, components)
    counts = np.bincount(components, minlength=3)
    assert counts[1] == 0
    assert abs(counts[0] - 4000) < 5 * np.sqrt(20_000 * 0.2 * 0.8)
    normal = points - centres[components]
    assert stats.kstest(normal.ravel(), "norm").pvalue > 1e-4
    assert np.abs(np.corrcoef(normal.T) - np.eye(3)).max() < 5 / np.sqrt(20_000)


@pytest.mark.parametrize("total", [0.8, 1.0, 1.25])
def test_weights_are_proportions_whatever_their_sum(total):
    shares, points = np.array([0.5, 0.3, 0.0, 0.2]), np.empty((20_000, 1))
    components = np.empty(20_000, np.int64)
    generate(total * shares, np.zeros((4, 1)), 0, 0, KEY, points, components)
    counts = np.bincount(components, minlength=4)
    assert counts[2] == 0
    assert stats.chisquare(counts[[0, 1, 3]], 20_000 * shares[[0, 1, 3]]).pvalue > 1e-4


def test_a_point_is_made_of_its_own_words_of_the_stream():
    weights, centres = np.array([0.3, 0.3, 0.4]), np.array([[-4.0, 0, 1], [0, 1, 0], [4, 2, 0]])
    points, components = np.empty((5, 3)), np.empty(5, np.int64)
    generate(weights, centres, 7, 3, KEY, points, components)
    for number in range(5):
        # A block for the component, then one for each pair of axes (Box and Muller).
        blocks = [philox((3 * number + block, 7, 3, 2), KEY.tolist()) for block in range(3)]
        uniform = [
            [((high << 21 ^ low >> 11) + 1) * 2.0**-53 for high, low in (words[:2], words[2:])]
            for words in blocks
        ]
        chosen = np.searchsorted(weights.cumsum(), uniform[0][0])
        assert components[number] == chosen
        pairs = [np.sqrt(-2 * np.log(a)) * np.exp(2j * np.pi * b) for a, b in uniform[1:]]
        normal = np.array([pairs[0].real, pairs[0].imag, pairs[1].real])
        np.testing.assert_allclose(points[number], centres[chosen] + normal, atol=1e-12)
