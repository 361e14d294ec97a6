"""A run without a screen: progress on stderr, the result on stdout."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import aclosing, contextmanager, suppress
from pathlib import Path

from lwd_tui.cli.outcome import reader_left
from lwd_tui.cli.progress import BarReporter, LineReporter, Reporter
from lwd_tui.cli.shared import plain_console, write
from lwd_tui.cli.summary import print_summary, step_lines, summary_line
from lwd_tui.errors import RunStopped, RunWorthless
from lwd_tui.experiment.llm import Experiment
from lwd_tui.experiment.participants import Wishes
from lwd_tui.llm.network import StepCompleted
from lwd_tui.run.session import Session
from lwd_tui.run.worthless import refuse_worthless
from lwd_tui.store.errors import run_name
from lwd_tui.store.folder import reference
from lwd_tui.store.run import RunStore

INTERRUPTED = 130

Opening = Callable[[Reporter], Awaitable[Session]]


def run_headless(experiment: Experiment, wishes: Wishes, path: Path, *, as_json: bool) -> int:
    """Begin a run and see it through; return the exit code."""
    return _main(
        lambda reporter: Session.start(
            experiment, path, wishes, reporter.notice, fetching=reporter.fetching
        ),
        as_json,
    )


def resume_headless(
    path: Path,
    hosts: tuple[str, ...],
    *,
    allow_changed: bool = False,
    as_json: bool = False,
    told: bool = True,
) -> int:
    """Go on with a stored run and see it through; return the exit code.

    What it came to is told on stdout, unless somebody else tells it. Of a whole run nothing is
    asked, and nothing is noted in it.

    Raises
    ------
    RunWorthless
        If it is whole and shows nothing, or was stopped for good.
    """
    with RunStore.open(path) as store:
        if store.kind == "llm" and store.finished() > store.experiment.steps:
            refuse_worthless(store)
            reporter = LineReporter(plain_console(stderr=True))
            _introduce(store.look_at(0), reporter, as_json)
            _conclude(store, reporter, as_json, told)
            return 0
    return _main(
        lambda reporter: Session.resume(
            path,
            reporter.notice,
            hosts=hosts,
            allow_changed=allow_changed,
            fetching=reporter.fetching,
        ),
        as_json,
        told,
    )


def _main(opening: Opening, as_json: bool, told: bool = True) -> int:
    errors = plain_console(stderr=True)
    reporter = BarReporter(errors) if errors.is_terminal else LineReporter(errors)
    return asyncio.run(_supervise(_work(opening, reporter, as_json, told), reporter))


async def _supervise(running: Coroutine[None, None, None], reporter: Reporter) -> int:
    """Run as a task that Ctrl-C and SIGTERM cancel, so that clean-up always happens."""
    work = asyncio.create_task(running)
    received: list[int] = []

    def cancel(number: int) -> None:
        if not received:
            reporter.notice("stopping …")
        received.append(number)
        work.cancel()

    try:
        with _heard(cancel):
            await work
    except asyncio.CancelledError:
        if not received:
            raise
        return INTERRUPTED if received[0] == signal.SIGINT else RunStopped.exit_code
    finally:
        reporter.stop()
    return 0


@contextmanager
def _heard(tell: Callable[[int], None]) -> Iterator[None]:
    """Have Ctrl-C and SIGTERM told, in the running event loop."""
    loop = asyncio.get_running_loop()
    numbers = signal.SIGINT, signal.SIGTERM
    try:
        for number in numbers:
            loop.add_signal_handler(number, tell, number)
    except NotImplementedError:  # On Windows, where Python's own handlers wake the loop.
        before = [
            signal.signal(number, lambda number, _: loop.call_soon_threadsafe(tell, number))
            for number in numbers
        ]
        try:
            yield
        finally:
            for number, handler in zip(numbers, before, strict=True):
                signal.signal(number, handler)
        return
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


async def _work(opening: Opening, reporter: Reporter, as_json: bool, told: bool) -> None:
    async with await opening(reporter) as session:
        store = session.store.look_at(0)
        _introduce(store, reporter, as_json)
        try:
            async with aclosing(session.run()) as events:
                async for event in events:
                    reporter.see(event)
                    if as_json and isinstance(event, StepCompleted):
                        write(*step_lines(store, event.step.t))
        except BaseException as error:
            # Whoever has left doesn't read this either.
            with suppress(BrokenPipeError, SystemExit):
                reporter.stop()
                if not isinstance(error, RunWorthless):
                    _say_how_to_go_on(store, reporter)
            if reader_left(error):
                raise RunStopped("nobody reads the output any more") from None
            if isinstance(error, OSError):
                raise RunStopped(f"the output can't be written: {error.strerror}") from None
            raise
        reporter.stop()
        _conclude(store, reporter, as_json, told)


def _introduce(store: RunStore, reporter: Reporter, as_json: bool) -> None:
    reporter.notice(f"run {run_name(store.path)}, kept in {store.path}")
    reporter.start(store.experiment, store.finished())
    if as_json:
        for line in step_lines(store):
            write(line)


def _conclude(store: RunStore, reporter: Reporter, as_json: bool, told: bool) -> None:
    if as_json:
        write(summary_line(store))
    elif told:
        print_summary(store, plain_console())
        reporter.notice(f"stored: lwd-tui runs show {reference(store.path)}")


def _say_how_to_go_on(store: RunStore, reporter: Reporter) -> None:
    done, steps = store.finished(), store.experiment.steps + 1
    if done >= steps:
        return
    waiting = len(store.arrived(done))
    more = f" and {waiting} responses of the next" if waiting else ""
    reporter.notice(
        f"stopped with {done} of {steps} steps{more} stored; "
        f"go on with: lwd-tui resume {reference(store.path)}"
    )
