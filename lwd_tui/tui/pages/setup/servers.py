"""Who runs the models: a backend, its hosts, and the state of each in words."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from textual import on, work
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input

from lwd_tui.experiment.backend import BackendError, Offer, load_backend
from lwd_tui.experiment.registry import generators
from lwd_tui.text import clean_line, shorten
from lwd_tui.tui.parts.choice import Choice
from lwd_tui.tui.parts.few_rows import FewRows
from lwd_tui.tui.parts.line import Line
from lwd_tui.tui.parts.words import Words

_PATIENCE = 0.6
_LONGEST = 240


class Servers(Vertical):
    """Two lines to write in, and one of state for each host."""

    DEFAULT_CSS = """
    Servers { height: auto; }
    Servers .field { height: 1; }
    Servers .label { width: 9; height: 1; }
    Servers Line { width: 1fr; background: $panel; &:focus { background: $primary 25%; } }
    Servers Choice { width: 1fr; }
    """

    @dataclass(eq=False)
    class Changed(Message):
        """Another backend, or other hosts."""

        backend: str
        hosts: tuple[str, ...]

    def __init__(self, backend: str, hosts: Sequence[str]) -> None:
        self._backend = Choice(generators(), backend)
        self._hosts = Line(clean_line(" ".join(hosts)), compact=True, id="host")
        self._state = FewRows(4, id="state")
        words = {name: Words(Content(name), classes="label") for name in ("backend", "host")}
        super().__init__(
            Horizontal(words["backend"], self._backend, classes="field"),
            Horizontal(words["host"], self._hosts, classes="field", id="host-line"),
            self._state,
        )

    @property
    def backend(self) -> str:
        """The chosen one."""
        return self._backend.chosen

    @property
    def hosts(self) -> tuple[str, ...]:
        """Those that are written."""
        return tuple(self._hosts.value.replace(",", " ").split())

    def on_mount(self) -> None:
        """Show a line for hosts only where there are any."""
        self._show_host_line()

    def put(self, backend: str, hosts: Sequence[str]) -> None:
        """Show another backend and its hosts, without telling."""
        self._backend.show(backend)
        with self._hosts.prevent(Input.Changed):
            self._hosts.value = clean_line(" ".join(hosts))
        self._show_host_line()

    def show_state(self, offers: Sequence[Offer] | None) -> None:
        """Say how it stands with each host; None while it is being found out."""
        if offers is None:
            self._state.put(Content.styled("… asking", "$quiet"))
            return
        lines = []
        for offer in offers:
            sign = ("● ", "$success") if offer.reachable else ("○ ", "$error")
            state = "" if offer.reachable else "not reachable: "
            host = offer.host.partition("://")[2] or offer.host
            host = f"{host}  " if host and offer.reachable else ""
            words = shorten(f"{state}{host}{offer.words}", _LONGEST)
            lines.append(Content.assemble(sign, (words, "" if offer.reachable else "$error")))
        self._state.put(Content("\n").join(lines))

    @on(Choice.Changed)
    def _take_backend(self, event: Choice.Changed) -> None:
        event.stop()
        self._show_host_line()
        self._tell(0)

    @on(Input.Changed, "#host")
    def _take_hosts(self, event: Input.Changed) -> None:
        """Ask the servers once the typing pauses."""
        event.stop()
        self._tell(_PATIENCE)

    @on(Input.Submitted, "#host")
    def _take_at_once(self, event: Input.Submitted) -> None:
        event.stop()
        self._tell(0)

    def _show_host_line(self) -> None:
        usual = _usual_hosts(self.backend)
        self.query_one("#host-line").display = bool(usual)
        self._hosts.placeholder = f"{usual}, or several"

    @work(exclusive=True, group="tell")
    async def _tell(self, wait: float) -> None:
        await asyncio.sleep(wait)
        self.post_message(self.Changed(self.backend, self.hosts))


def _usual_hosts(backend: str) -> str:
    """Return the hosts that a backend takes by itself, in words; "" if it has none."""
    try:
        return load_backend(backend).hosts
    except BackendError:
        return ""  # The line of state says what is wrong with it.
