"""How a screen is put together of its widgets, asking only those that changed."""

from __future__ import annotations

from textual._compositor import ChopsUpdate, Compositor
from textual.geometry import Region
from textual.widget import Widget


class SparingCompositor(Compositor):
    """Paints a part of the screen with the widgets that lie in it.

    Textual's asks all widgets for all of their lines, whatever the part.
    """

    def update_widgets(self, widgets: set[Widget]) -> None:
        """Take widgets that are to be painted anew.

        Those out of sight are painted when they come into it, which takes a layout; to Textual they
        are a reason to lay all out anew.
        """
        super().update_widgets(widgets & self.visible_widgets.keys())

    def render_partial_update(self) -> ChopsUpdate | None:
        """Paint what changed."""
        # Where a line is cut into widgets doesn't depend on the part: it is asked for first.
        parts, everything, _ = self._dirty_regions, self.visible_widgets, self.cuts
        self._visible_widgets = {
            widget: (region, clip)
            for widget, (region, clip) in everything.items()
            if any(map(Region.intersection(region, clip).overlaps, parts))
        }
        try:
            return super().render_partial_update()
        finally:
            self._visible_widgets = None
