"""What the norm, its debiased twin and their floor look like in a plot, cell by cell."""

import numpy as np
import pytest
from rich.cells import cell_len
from rich.style import Style
from support.tui import Host, handmade_run, handmade_step, holds, shown, until
from textual.geometry import Size

from lwd_tui.store.records import StepNumbers
from lwd_tui.tui.app import Explorer
from lwd_tui.tui.parts.canvas import Canvas
from lwd_tui.tui.parts.norm_curve import NormCurve
from lwd_tui.tui.parts.octants import SIGNS
from lwd_tui.tui.parts.plot import Plot

# The norm falls from 2.4 to 0.6, and its floor is 0.4 throughout.
NUMBERS = [StepNumbers.of(handmade_step(t)) for t in range(10)]


async def cells_of(pilot, curve, t=9, steps=9, numbers=NUMBERS):
    """Return the cells inside the axes, as (sign, colour, ground), and the plot."""
    curve.show_run(numbers, steps, "unit vectors")
    curve.show_step(t)
    await pilot.pause(0.05)
    plot = curve.query_one(Plot)
    await holds(lambda: not plot.waits)
    await pilot.pause(0.05)
    canvas, box = plot.query_one("#plot", Canvas), plot._scale_rectangle
    cells = {}
    for y in range(box.y, box.bottom):
        for x in range(box.x, box.right):
            sign, text = canvas.get_pixel(x, y)
            style = Style.parse(text)
            colours = [each.name if each else None for each in (style.color, style.bgcolor)]
            cells[x - box.x, y - box.y] = (sign, *colours)
    return cells, plot


def is_block(sign):
    return "▖" <= sign <= "▟" or sign in "▀▄█▌▐"


def is_octant(sign):
    return "\U0001cd00" <= sign <= "\U0001cde5"


def is_dots(sign):
    return "\u2800" < sign <= "\u28ff"


@pytest.mark.parametrize("size", [(60, 12), (120, 40)])
async def test_the_norm_is_a_strong_line_without_a_gap_over_a_thin_one_and_a_ground(size):
    curve = NormCurve()
    async with Host(curve).run_test(size=size) as pilot:
        cells, plot = await cells_of(pilot, curve)
        theme = pilot.app.theme_variables
        width, height = plot.inner
        strong = {
            x for (x, _), (sign, ink, _) in cells.items() if ink == theme["norm"] and is_block(sign)
        }
        assert strong >= set(range(width - 1))
        thin = {
            x
            for (x, _), (sign, ink, _) in cells.items()
            if ink == theme["debiased"] and is_dots(sign)
        }
        # Where both pass through a cell, the norm is seen.
        assert len(thin) > 5
        grounds = {y for (_, y), cell in cells.items() if theme["ground"] in cell}
        # The axis ends at 2.4 * 1.08, and the floor is at 0.4.
        assert min(grounds) == pytest.approx(height * (1 - 0.4 / (2.4 * 1.08)), abs=1)
        assert max(grounds) == height - 1


@pytest.mark.parametrize("size", [(60, 12), (76, 20), (200, 60)])
async def test_each_is_named_where_it_runs_and_tells_its_last_value_where_it_ends(size):
    curve = NormCurve()
    async with Host(curve).run_test(size=size) as pilot:
        await cells_of(pilot, curve)
        lines = shown(pilot.app).split("\n")
        plot = "\n".join(lines[:-3])
        assert all(word in plot for word in ("norm ", "debiased", "floor"))
        assert [plot.count(value) for value in ("0.600", "0.550", "0.400")] == [1, 1, 1]
        # The norm's value stands on its row, beside its mark.
        assert any("● 0.600" in line for line in lines)


@pytest.mark.parametrize("size", [(60, 12), (64, 24), (66, 34), (100, 30)])
async def test_each_name_is_nearer_to_its_own_curve_than_to_any_other(size):
    # Of a run that collapses, comes back and falls again: the norm hides its twin at the peaks.
    norms = [1.18, 0.30, 1.43, 0.48, 0.56, 0.25, 0.22, 0.20, 0.55, 0.77, 0.88]
    twins = [1.03, 0.18, 1.34, 0.05, 0.41, 0.04, 0.12, 0.05, 0.34, 0.69, 0.81]
    floors = [0.56, 0.24, 0.05, 0.56, 0.42, 0.28, 0.19, 0.22, 0.45, 0.29, 0.34]
    numbers = [
        StepNumbers(t, 2, 4, 2, *each, np.zeros(3), 1.0, 0)
        for t, each in enumerate(zip(norms, twins, floors, strict=True))
    ]
    curve = NormCurve()
    async with Host(curve).run_test(size=size) as pilot:
        cells, _ = await cells_of(pilot, curve, 10, 10, numbers)
        theme = pilot.app.theme_variables
        lines = {
            name: [
                place
                for place, (sign, ink, _) in cells.items()
                if ink == theme[name] and not sign.isalpha()
            ]
            for name in ("norm", "debiased")
        }
        rows = {y for _, y in cells}
        found = set()
        for y in sorted(rows):
            text = "".join(cells[x, y][0] for x in sorted(x for x, row in cells if row == y))
            for name in lines:
                if (x := text.find(name)) >= 0:
                    found.add(name)
                    away = {
                        other: min(
                            abs(row - y) for column, row in places if x <= column < x + len(name)
                        )
                        for other, places in lines.items()
                        if any(x <= column < x + len(name) for column, _ in places)
                    }
                    assert min(away, key=away.get) == name, (away, text)
        # At 60 x 12 the twin has no place of its own: no name is better than one that misleads.
        assert found == (set(lines) if size[1] > 12 else {"norm"})


async def test_while_a_run_goes_on_the_last_value_follows_the_line():
    curve = NormCurve()
    async with Host(curve).run_test(size=(76, 20)) as pilot:
        await cells_of(pilot, curve, t=3, steps=60, numbers=NUMBERS[:4])
        ends = [
            line.index("1.200") for line in shown(pilot.app).split("\n")[:-3] if "1.200" in line
        ]
        assert len(ends) == 1
        assert ends[0] < 20


async def test_the_hairline_cuts_nothing():
    curve = NormCurve()
    async with Host(curve).run_test(size=(76, 20)) as pilot:
        without, _ = await cells_of(pilot, curve, t=None)
        ruled, _ = await cells_of(pilot, curve, t=5)
        changed = {place for place, cell in ruled.items() if cell != without[place]}
        assert len({x for x, _ in changed}) == 1
        lost = [without[place][0] for place in changed if ruled[place][0] == "│"]
        assert set(lost) == {" "}
        # Beside them the mark, and on the ground the hairline keeps the ground.
        assert len(lost) == len(changed) - 1
        theme = pilot.app.theme_variables
        assert ("│", theme["line"], theme["ground"]) in ruled.values()


async def test_sixteen_colours_have_a_dotted_ground(monkeypatch):
    monkeypatch.delenv("COLORTERM")
    monkeypatch.setenv("TERM", "linux")
    curve = NormCurve()
    async with Host(curve).run_test(size=(76, 20)) as pilot:
        cells, plot = await cells_of(pilot, curve)
        assert not any(ground for *_, ground in cells.values())
        dotted = sum(sign == "░" for sign, *_ in cells.values())
        width, height = plot.inner
        assert dotted == pytest.approx(width * height * 0.4 / (2.4 * 1.08), rel=0.3)
        assert "floor" in "\n".join(shown(pilot.app).split("\n")[:-3])


async def test_without_a_floor_there_is_no_ground():
    bare = [StepNumbers(t, 1, 1, 0, 1.0, np.nan, np.nan, np.ones(3), 1.0, 0) for t in range(5)]
    curve = NormCurve()
    async with Host(curve).run_test(size=(76, 20)) as pilot:
        cells, _ = await cells_of(pilot, curve, t=4, steps=4, numbers=bare)
        assert not any(ground for *_, ground in cells.values())
        assert "noise floor –" in shown(pilot.app)


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        # By their names in the Unicode standard: BLOCK OCTANT-3 and so on.
        ("3", 0x1CD00), ("23", 0x1CD01), ("123", 0x1CD02), ("4", 0x1CD03), ("14", 0x1CD04),
        ("124", 0x1CD05), ("25", 0x1CD0B), ("2345678", 0x1CDE5),
        # Blocks that were there before: quarters, halves and quadrants of a cell.
        ("78", ord("▂")), ("345678", ord("▆")), ("13", ord("▘")), ("1234", ord("▀")),
        ("2468", ord("▐")), ("12345678", ord("█")),
    ],
)  # fmt: skip
def test_octants_are_where_unicode_has_them(parts, code):
    bits = tuple(int(str(part) in parts) for part in range(1, 9))
    assert SIGNS[bits] == chr(code)


def test_no_two_octants_share_a_sign_and_each_is_one_cell_wide():
    signs = [sign for sign in SIGNS.values() if sign is not None]
    assert len(set(signs)) == len(SIGNS) - 1 == 255
    assert all(cell_len(sign) == 1 for sign in signs)
    assert sum(map(is_octant, signs)) == 230


async def test_strong_lines_are_drawn_in_octants_once_they_are_wanted(tmp_path):
    app = Explorer(run=handmade_run(tmp_path / "kept.sqlite"), page="live")
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.view.t is not None)
        plot = app.screen.query_one(NormCurve).query_one(Plot)

        async def norm():
            """Return the signs that the norm is drawn with."""
            await holds(lambda: not plot.waits)
            await pilot.pause(0.1)
            canvas, box = plot.query_one("#plot", Canvas), plot._scale_rectangle
            ink = app.theme_variables["norm"]
            cells = [
                canvas.get_pixel(x, y)
                for y in range(box.y, box.bottom)
                for x in range(box.x, box.right)
            ]
            return {sign for sign, style in cells if style.startswith(ink)}

        assert not any(map(is_octant, await norm()))
        await pilot.press("O")
        await until(pilot, lambda: "norms are drawn in octants" in shown(app))
        octants = await norm()
        assert any(map(is_octant, octants))
        assert octants - set("norm ●.0123456789") <= set(SIGNS.values())
        await pilot.press("O")
        await until(pilot, lambda: "norms are drawn in quarters" in shown(app))
        assert not any(map(is_octant, await norm()))


async def test_words_take_no_part_of_a_line_in_octants_for_ground():
    canvas = Canvas(20, 4)
    async with Host(canvas).run_test(size=(20, 8)):
        canvas.reset(size=Size(20, 4))
        canvas.set_pixel(3, 2, "▂", "red")
        high, low = np.full(20, 2.75), np.full(20, 4.0)
        canvas.fill(0, high, low, "blue", shaded=False)
        assert not canvas.is_free(3, 2)
        assert canvas.is_free(4, 2)
