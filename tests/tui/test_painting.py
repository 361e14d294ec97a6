"""What changed is painted, and nothing beside it: whatever is asked for its lines takes time."""

from support.tui import Host, handmade_step, holds, until
from textual.messages import Update
from textual.widgets import Static

from lwd_tui.store.records import StepNumbers
from lwd_tui.tui.parts.norm_curve import NormCurve
from lwd_tui.tui.parts.panel import Panel
from lwd_tui.tui.parts.plot import Plot
from lwd_tui.tui.parts.window import KeptScreen


class Kept(Host):
    """Widgets on a screen as our pages are."""

    def get_default_screen(self):
        return KeptScreen()


class Asked(Static):
    times = 0

    def render_lines(self, crop):
        self.times += 1
        return super().render_lines(crop)


async def test_a_widget_beside_what_changed_is_asked_for_nothing():
    changed, beside = Asked("before"), Asked("beside")
    async with Kept(changed, beside).run_test() as pilot:
        await until(pilot, lambda: beside.times)
        changed.times = beside.times = 0
        changed.update("after", layout=False)
        await until(pilot, lambda: changed.times)
        assert not beside.times


async def test_another_title_leaves_what_stands_below_it_alone():
    inside, watched = Asked("inside"), Asked("watched")
    panel = Panel(inside)
    async with Kept(watched, panel).run_test(size=(40, 8)) as pilot:
        await until(pilot, lambda: inside.times)
        inside.times = watched.times = 0
        panel.head("a title", "a remark")
        watched.update("seen", layout=False)
        await until(pilot, lambda: watched.times)
        assert not inside.times
        lines = [
            "".join(piece.text for piece in line)
            for line in panel.render_lines(panel.outer_size.region)
        ]
        assert "a title" in lines[0]
        assert "a remark" in lines[-1]


async def test_a_plot_draws_on_its_canvases_and_isnt_painted_itself():
    heard, curve = [], NormCurve()
    async with Kept(curve).run_test(size=(60, 12), message_hook=heard.append) as pilot:
        curve.show_run([StepNumbers.of(handmade_step(t)) for t in range(4)], 9, "unit vectors")
        plot = curve.query_one(Plot)
        await pilot.pause(0.05)
        await holds(lambda: not plot.waits)
        await pilot.pause(0.05)
        canvas = plot.query_one("#plot")
        before = [list(row) for row in canvas._buffer]
        heard.clear()
        curve.show_step(2)
        await until(pilot, lambda: [list(row) for row in canvas._buffer] != before)

        def painted():
            return [each.widget for each in heard if isinstance(each, Update)]

        await until(pilot, lambda: canvas in painted())
        assert plot not in painted()
