"""Who runs the models, and which take part."""

from __future__ import annotations

from dataclasses import dataclass

from textual import on, work
from textual.message import Message
from textual.widgets import Input

from lwd_tui.backends.available import find_server, look
from lwd_tui.experiment.backend import Offer
from lwd_tui.experiment.draft import Draft
from lwd_tui.experiment.participants import HERE
from lwd_tui.run.cost import Runner
from lwd_tui.tui.pages.setup.draft_panel import DraftPanel
from lwd_tui.tui.pages.setup.models import Models
from lwd_tui.tui.pages.setup.servers import Servers
from lwd_tui.tui.parts.line import Line
from lwd_tui.tui.parts.question import Question
from lwd_tui.types import ModelInfo


class ModelsPanel(DraftPanel):
    """A backend and its hosts, their state, and the models that they offer."""

    DEFAULT_CSS = """
    ModelsPanel #filter { margin: 1 0 0 0; background: $panel; }
    ModelsPanel #filter:focus { background: $primary 25%; }
    """

    class Offered(Message):
        """It was found out what is offered."""

    @dataclass(eq=False)
    class Found(Message):
        """A server answers that nobody named, and its models are offered."""

        offer: Offer

    def __init__(self, draft: Draft, *, id: str) -> None:
        backend = _backend_of(draft)
        self._servers = Servers(backend, draft.hosts.get(backend, ()))
        self._table = Models()
        line = Line(placeholder="filter (/)", compact=True, id="filter")
        super().__init__(draft, self._servers, line, self._table, id=id)
        self._models: tuple[ModelInfo, ...] = ()
        self._known: dict[tuple[str, tuple[str, ...]], tuple[Offer, ...]] = {}

    def on_mount(self) -> None:
        """Look at what the draft begins with."""
        self.head("models")
        self.look_again()

    def show_draft(self) -> None:
        """Count the copies of each model, and look at the backend that is used."""
        self._table.show_copies([self.draft.copies(model) for model in self._models])

    def follow_draft(self) -> None:
        """Turn to the backend of a draft that is new."""
        backend = _backend_of(self.draft)
        if backend != self._servers.backend:
            self._servers.put(backend, self.draft.hosts.get(backend, ()))
            self.look_again()
        else:
            self.show_draft()

    @property
    def limits(self) -> dict[Runner, int]:
        """Tokens of context that models were made for, as far as is known."""
        return {
            (model.backend, "", model.name): model.context_length
            for offers in self._known.values()
            for offer in offers
            for model in offer.models
            if model.context_length
        }

    def missing(self) -> set[int]:
        """Return the positions of the participants whose model isn't where it is looked for."""
        found = set()
        for i, who in enumerate(self.draft.cast):
            hosts = (who.host,) if who.host else self.draft.hosts.get(who.backend, ())
            offers = self._known.get((who.backend, hosts), ())
            names = {model.name for offer in offers for model in offer.models}
            sure = offers and all(offer.reachable and offer.complete for offer in offers)
            # A server may take a name without its tag.
            if sure and not names & {who.model, f"{who.model}:latest"}:
                found.add(i)
        return found

    @work(group="find")
    async def find_server(self) -> None:
        """Offer the models of a server that answers, unless a backend was chosen meanwhile."""
        backend = self._servers.backend
        offer = await find_server()
        if offer is not None and self._servers.backend == backend != offer.backend:
            self.workers.cancel_group(self, "look")
            self._servers.put(offer.backend, ())
            self._take((offer,))
            self.post_message(self.Found(offer))

    @work(exclusive=True, group="look")
    async def look_again(self) -> None:
        """Ask the servers what they have."""
        backend, hosts = self._servers.backend, self._servers.hosts
        self._servers.show_state(None)
        self._show((), "…")
        self._take(await look(backend, hosts))

    def _take(self, offers: tuple[Offer, ...]) -> None:
        """Show what was found out."""
        self._known[self._servers.backend, self._servers.hosts] = offers
        self._servers.show_state(offers)
        nothing = "no model here generates text"
        if not any(offer.reachable for offer in offers):
            nothing = "no server, no models; r asks again, and embedded needs none"
        self._show(offers, nothing)
        self.post_message(self.Offered())

    def _show(self, offers: tuple[Offer, ...], nothing: str) -> None:
        names: dict[str, ModelInfo] = {}
        for offer in offers:
            for model in offer.models:
                names.setdefault(model.name, model)
        self._models = tuple(names.values())
        absent = {name for offer in offers for name in offer.absent}
        self._table.show_models(self._models, absent, nothing)
        self.show_draft()

    @on(Servers.Changed)
    def _take_servers(self, event: Servers.Changed) -> None:
        event.stop()
        self.draft.hosts[event.backend] = event.hosts
        self.look_again()
        self.post_message(self.Edited())

    @on(Input.Changed, "#filter")
    def _filter(self, event: Input.Changed) -> None:
        event.stop()
        self._table.filter(event.value)

    @on(Input.Submitted, "#filter")
    def _to_table(self, event: Input.Submitted) -> None:
        event.stop()
        self._table.focus()

    @on(Models.Picked)
    def _pick(self, event: Models.Picked) -> None:
        event.stop()
        fewer = isinstance(event, Models.Copied) and event.change < 0
        if fewer or not self.draft.foreign_to(event.model):
            self._put(event)
        else:
            self._ask(event)

    @work(exclusive=True, group="ask")
    async def _ask(self, event: Models.Picked) -> None:
        """Ask whether a model of another backend replaces all that take part."""
        others = " and ".join(dict.fromkeys(who.backend for who in self.draft.cast))
        sentence = (
            f"All {len(self.draft.cast)} participants are of the backend {others}. Is "
            f"{event.model.name} to take their place, or to take part beside them?"
        )
        if await self.app.push_screen_wait(Question(sentence, yes="replace", no="beside")):
            self.draft.participants = ()
        self._put(event)

    def _put(self, event: Models.Picked) -> None:
        match event:
            case Models.Copied(change=1):
                self.draft.add_model(event.model)
            case Models.Copied():
                self.draft.remove_model(event.model, once=True)
            case _ if self.draft.copies(event.model):
                self.draft.remove_model(event.model)
            case _:
                self.draft.add_model(event.model)
        self.edited()


def _backend_of(draft: Draft) -> str:
    return draft.cast[0].backend if draft.cast else HERE
