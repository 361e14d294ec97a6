"""Colours that can be read on the ground they are drawn on."""

import pytest

from lwd_tui.palette import COLOURS, as_hex, as_rgb, contrast, mixed, readable

BLACK, WHITE = (0, 0, 0), (255, 255, 255)


def test_contrast_is_that_of_wcag():
    assert contrast(BLACK, WHITE) == pytest.approx(21)
    # The greys on either side of 4.5 on white.
    assert contrast(WHITE, (119, 119, 119)) == pytest.approx(4.48, abs=0.005)
    assert contrast((118, 118, 118), WHITE) == pytest.approx(4.54, abs=0.005)


@pytest.mark.parametrize("ground", [BLACK, WHITE, (30, 60, 90), (200, 190, 160)])
@pytest.mark.parametrize("wanted", [3.0, 4.5])
def test_a_colour_is_moved_only_as_far_as_it_must(ground, wanted):
    for rgb in COLOURS:
        found = readable(rgb, ground, wanted)
        assert contrast(found, ground) >= wanted
        if contrast(rgb, ground) >= wanted:
            assert found == rgb


def test_where_no_shade_is_enough_it_is_black_or_white():
    assert readable((90, 90, 90), (128, 128, 128), 21) == BLACK
    assert readable((90, 90, 90), (60, 60, 60), 21) == WHITE


def test_a_mixture_lies_between():
    assert [mixed(BLACK, (100, 200, 50), share) for share in (0, 0.5, 1)] == [
        BLACK, (50, 100, 25), (100, 200, 50),
    ]  # fmt: skip


def test_a_colour_is_written_as_css_does_and_read_back():
    assert as_hex((0, 158, 255)) == "#009eff"
    assert as_rgb("#009eff") == (0, 158, 255)
