"""The colours can be read, whatever the theme."""

import itertools

import pytest
from rich.color import Color, ColorSystem
from support.tui import Host, focus, painted
from textual.widgets import Button

from lwd_tui.palette import COLOURS
from lwd_tui.tui.parts.line import Line
from lwd_tui.tui.theme import THEMES


def luminance(text):
    """WCAG 2.2, relative luminance, from the definition."""
    channels = [int(text[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_the_oracle_knows_black_on_white():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_series_and_words_stand_out_from_every_ground(theme):
    colours = {f"series-{i}": theme.variables[f"series-{i}"] for i in range(len(COLOURS))}
    colours |= {
        name: getattr(theme, name)
        for name in ("foreground", "primary", "secondary", "accent", "warning", "error", "success")
    }
    colours["quiet"] = theme.variables["quiet"]
    weak = {
        (name, ground): round(contrast(colour, getattr(theme, ground)), 2)
        for name, colour in colours.items()
        for ground in ("background", "surface")
        if contrast(colour, getattr(theme, ground)) < 4.5
    }
    assert not weak


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_words_stand_out_from_panels_too(theme):
    for colour in (theme.foreground, theme.primary, theme.warning, theme.variables["quiet"]):
        assert contrast(colour, theme.panel) >= 4.5


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_curves_and_their_names_stand_out_from_the_ground_of_a_plot(theme):
    shown = theme.variables
    for name in ("norm", "debiased", "quiet"):
        assert contrast(shown[name], shown["ground"]) >= 4.5
        assert contrast(shown[name], theme.background) >= 4.5
    # Quiet, and seen all the same; of 256 colours too.
    assert 1.15 < contrast(shown["ground"], theme.background) < 2
    reduced = [
        Color.parse(colour).downgrade(ColorSystem.EIGHT_BIT).get_truecolor()
        for colour in (shown["ground"], theme.background)
    ]
    assert 1.15 < contrast(*("#{:02x}{:02x}{:02x}".format(*each) for each in reduced)) < 2


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_no_two_series_share_a_colour(theme):
    colours = [bytes.fromhex(theme.variables[f"series-{i}"][1:]) for i in range(len(COLOURS))]
    for one, other in itertools.combinations(colours, 2):
        assert max(abs(a - b) for a, b in zip(one, other, strict=True)) > 24


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
async def test_what_may_be_written_in_a_field_can_be_read(theme):
    fields = Line(compact=True, placeholder="XXXX"), Line(compact=True, placeholder="XXXX")
    async with Host(*fields, theme=theme.name).run_test(size=(30, 4)) as pilot:
        await focus(pilot, fields[0])
        seen = [piece for line in painted(pilot.app) for piece in line if "XXX" in piece.text]
        assert len(seen) == 2
        for piece in seen:
            assert contrast(piece.style.color.name, piece.style.bgcolor.name) >= 4.5


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
async def test_a_button_in_focus_is_one_block_that_stands_out_from_the_others(theme):
    buttons = Button("yes", compact=True, variant="primary"), Button("no", compact=True)
    async with Host(*buttons, theme=theme.name).run_test(size=(30, 4)) as pilot:
        grounds = []
        for button in buttons:
            await focus(pilot, button)
            await pilot.pause()
            lines = painted(pilot.app)
            pieces = [*lines[button.region.y].crop(button.region.x, button.region.right)]
            assert not any(piece.style.reverse for piece in pieces)
            (ground,) = {piece.style.bgcolor.name for piece in pieces}
            grounds.append(ground)
            (words,) = [piece.style for piece in pieces if piece.text.strip()]
            assert contrast(words.color.name, ground) >= 4.5
            assert words.underline
            assert contrast(ground, theme.background) >= 4.5
        assert len(set(grounds)) == 1
