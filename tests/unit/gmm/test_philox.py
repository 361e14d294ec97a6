import numpy as np
import pytest
from scipy import stats
from support.gmm_oracle import philox

from lwd_tui.gmm.philox import random_words, uniform


def words(size, block=0, t=0, participant=0, purpose=0, key=(0, 0)):
    filled = np.empty(size, np.uint32)
    random_words(filled, block, t, participant, purpose, np.array(key, np.uint64))
    return filled


@pytest.mark.parametrize(
    ("counter", "key", "known"),
    # The known answers that come with the authors' own implementation, Random123.
    [
        ((0,) * 4, (0, 0), "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        ((2**32 - 1,) * 4, (2**32 - 1,) * 2, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            "d16cfe09 94fdcceb 5001e420 24126ea1",
        ),
    ],
)
def test_the_known_answers(counter, key, known):
    assert " ".join(f"{word:08x}" for word in words(4, *counter, key)) == known


def test_a_stream_is_its_blocks_one_after_another():
    key = (12345, 67890)
    expected = [word for block in range(7, 12) for word in philox((block, 3, 2, 1), key)]
    assert words(20, 7, 3, 2, 1, key).tolist() == expected


def test_places_have_streams_of_their_own():
    places = [(0, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1)]
    streams = [words(4096, *place, (1, 2)) for place in places]
    streams.append(words(4096, key=(2, 2)))
    # Five standard errors of a correlation of 4,096 pairs.
    assert np.abs(np.corrcoef(streams) - np.eye(5)).max() < 5 / 64


def test_words_are_uniform():
    many = words(2**18, key=(5, 6))
    assert stats.kstest(many / 2**32, "uniform").pvalue > 1e-4
    bits = np.unpackbits(many.view(np.uint8)).reshape(-1, 32).mean(axis=0)
    assert np.abs(bits - 0.5).max() < 5 * 0.5 / np.sqrt(2**18)


def test_a_uniform_number_is_never_zero():
    assert uniform(np.uint32(0), np.uint32(0)) == 2.0**-53
    assert uniform(np.uint32(2**32 - 1), np.uint32(2**32 - 1)) == 1.0
