"""The app's side of a network of mixtures: it is walked through in a thread of its own."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from textual.message import Message

from lwd_tui.errors import LwdError
from lwd_tui.experiment.gmm import GmmRun, GmmSpec
from lwd_tui.run.mixtures_walk import Scene, Walk
from lwd_tui.tui.running import spare_the_collector
from lwd_tui.tui.state.memory import write_report

Moving = Literal["none", "means", "all"]

COMPILING = "compiling the simulation; some seconds, the first time only"
COMPUTING = "computing"
NO_ROOM = "there is not enough memory for this; lower replicates, n, L or T"
_BEFORE_COMPILING = 0.5
"""Seconds in which the page is painted first: compiling keeps Python busy too."""
_SLICE = 0.25
"""Seconds of computing between two scenes, so that a long run is seen to grow."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be seen."""

    source: GmmSpec | GmmRun
    t: int
    place: int


class Mixtures:
    """Shows the scenes that are wished for, the newest wish first; older ones are dropped.

    What was computed is shown while Numba compiles what goes on from there, in a second thread.
    Both are daemons: who leaves meanwhile doesn't wait for them. They tell from any of the threads.
    """

    @dataclass(eq=False)
    class Seen(Message):
        """A scene is there; its t is less than wished for while it is still being computed."""

        source: GmmSpec | GmmRun
        scene: Scene

        def can_replace(self, message: Message) -> bool:
            """Take the place of an older one that nobody has seen yet."""
            return isinstance(message, Mixtures.Seen)

    @dataclass(eq=False)
    class Working(Message):
        """What is being done, in words; "" for nothing."""

        words: str

    @dataclass(eq=False)
    class Failed(Message):
        """A wish can't be met, for a reason told in a sentence."""

        source: GmmSpec | GmmRun
        sentence: str

    def __init__(self, tell: Callable[[Message], object]) -> None:
        self._tell = tell
        self._changed = threading.Condition()
        self._wish: Wish | None = None
        self._closed = False
        self._begun: set[Moving] = set()
        self._compiled: set[Moving] = set()
        self._words = ""
        self._thread = threading.Thread(target=self._serve, name="mixtures", daemon=True)

    def wish(self, source: GmmSpec | GmmRun, t: int, place: int) -> None:
        """Wish to see a replicate of `source` at t."""
        with self._changed:
            self._wish = Wish(source, t, place)
            self._changed.notify_all()
        if self._thread.ident is None:
            self._thread.start()

    def close(self) -> None:
        """Tell nothing any more, and let the thread end."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    # In the threads

    def _serve(self) -> None:
        walk: Walk | None = None
        source: GmmSpec | GmmRun | None = None
        while (wish := self._next()) is not None:
            failure: str | None = None
            try:
                if walk is None or source is not wish.source:
                    walk, source = Walk(wish.source), wish.source
                    if walk.reached < wish.t:
                        self._show(walk, wish)
                self._meet(walk, wish)
            except LwdError as error:
                failure = str(error)
            except MemoryError:
                failure = NO_ROOM
            except Exception as error:
                # Told to the user, who keeps the app and the run of language models.
                report, kind = write_report(error), type(error).__name__
                failure = f"lwd-tui made a mistake ({kind}); a report is in {report}"
            if failure is not None:
                walk = None
                self._say(self.Failed(wish.source, failure))
            self._work()

    def _next(self) -> Wish | None:
        """Wait for the next wish; None once all is over."""
        with self._changed:
            self._changed.wait_for(self._newer)
            wish, self._wish = self._wish, None
            return None if self._closed else wish

    def _newer(self) -> bool:
        with self._changed:
            return self._closed or self._wish is not None

    def _stay(self, seconds: float) -> bool:
        """Wait, and say whether there is a newer wish."""
        with self._changed:
            return self._changed.wait_for(self._newer, timeout=seconds)

    def _meet(self, walk: Walk, wish: Wish) -> None:
        if walk.reached >= wish.t:
            self._show(walk, wish)
        elif walk.spec.moving not in self._compiled:
            self._show(walk, wish)
            self._compile(walk.spec.moving)
            if not self._ready(walk.spec.moving):
                return
        while walk.reached < wish.t:
            walk.go(wish.t, _SLICE)
            self._work(COMPUTING if walk.reached < wish.t else "")
            self._show(walk, wish)
            if self._newer():
                return
        if not self._newer() and walk.reckon():
            self._show(walk, wish)
        if walk.spec.moving not in self._begun and not self._stay(_BEFORE_COMPILING):
            self._compile(walk.spec.moving)

    def _compile(self, moving: Moving) -> None:
        """Begin to compile what takes mixtures of one kind on, unless that was begun."""
        if moving not in self._begun:
            self._begun.add(moving)
            threading.Thread(
                target=self._compile_now, args=(moving,), name="compiler", daemon=True
            ).start()

    def _ready(self, moving: Moving) -> bool:
        """Wait until that is compiled, and say whether it is: a newer wish may come first."""
        with self._changed:
            self._changed.wait_for(lambda: self._newer() or moving in self._compiled)
            return moving in self._compiled

    def _compile_now(self, moving: Moving) -> None:
        from lwd_tui.gmm.network import simulate

        self._work()
        # Going through all that a compiler makes would hold the screen for a fifth of a second.
        gc.disable()
        # What fails here fails again where it is needed, and is told there.
        with suppress(Exception):
            simulate(GmmSpec(name="warm-up", steps=2, replicates=1, moving=moving))
        spare_the_collector()
        gc.enable()
        with self._changed:
            self._compiled.add(moving)
            self._changed.notify_all()
        self._work()

    def _work(self, words: str = "") -> None:
        """Tell what is being done, if that is something else now."""
        # Told before the other thread can tell something newer.
        with self._changed:
            words = words or (COMPILING if self._begun != self._compiled else "")
            if words != self._words:
                self._words = words
                self._say(self.Working(words))

    def _show(self, walk: Walk, wish: Wish) -> None:
        self._say(self.Seen(wish.source, walk.look(wish.t, wish.place)))

    def _say(self, message: Message) -> None:
        # The app may end at any moment, and its loop with it.
        with suppress(RuntimeError):
            if not self._closed:
                self._tell(message)
