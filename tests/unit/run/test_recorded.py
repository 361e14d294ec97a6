"""Stored runs whose draws were of other sizes: they are told as they were, and not gone on with."""

import csv
import math
from contextlib import aclosing

import pytest

from lwd_tui.experiment.gmm import GmmSpec
from lwd_tui.experiment.llm import Experiment
from lwd_tui.experiment.participants import Wishes
from lwd_tui.gmm import plan
from lwd_tui.gmm.network import simulate
from lwd_tui.llm.network import StepCompleted, StepStarted
from lwd_tui.run.mixtures import keep
from lwd_tui.run.recorded import stored_mixtures
from lwd_tui.run.session import Session
from lwd_tui.store.errors import RunMismatch
from lwd_tui.store.export import export
from lwd_tui.store.run import RunStore


def experiment(posts, **changes):
    base = {
        "name": "tiny",
        "query": "What next?",
        "responses": 2,
        "steps": 4,
        "beta": 0.29,
        "embedder": {"backend": "scripted", "model": "words-16"},
        "participants": [
            {"name": name, "backend": "scripted", "model": name} for name in ("ada", "ben")
        ],
        "posts": [{"text": f"Post number {number}."} for number in range(posts)],
    }
    return Experiment.from_dict(base | changes)


async def until(opening, kind, t):
    """Go on with a run until an event of a kind at step t, and say what was drawn at each step."""
    async with await opening as session, aclosing(session.run()) as events:
        async for event in events:
            if isinstance(event, kind) and getattr(event, "t", None) == t:
                break
            if isinstance(event, kind) and getattr(event, "step", None) and event.step.t == t:
                break
    with RunStore.open(session.store.path) as store:
        return [numbers.k for numbers in store.numbers()]


def in_binary(monkeypatch):
    """Draw as earlier versions did: 0.29 x 100 is 28.999999999999996 in binary."""
    monkeypatch.setattr(Experiment, "draw_size", lambda spec, size: math.floor(spec.beta * size))


@pytest.mark.parametrize(
    ("posts", "topology", "at", "who"),
    [(100, "complete", 0, "ada"), (96, "complete", 2, "ada"), (98, "none", 2, "ada")],
)
async def test_a_run_that_drew_otherwise_is_told_as_it_was_and_not_gone_on_with(
    tmp_path, monkeypatch, posts, topology, at, who
):
    path = tmp_path / "old.sqlite"
    with monkeypatch.context() as earlier:
        in_binary(earlier)
        spec = experiment(posts, topology=topology)
        recorded = await until(Session.start(spec, path, Wishes(), print), StepCompleted, 2)
    assert recorded[at] == 28
    with pytest.raises(RunMismatch, match=f"at step {at} {who} drew 28 of 100 posts") as told:
        await Session.resume(path, print)
    assert "beta = 0.29 gives 29" in str(told.value)
    with RunStore.open(path) as store:
        assert [numbers.k for numbers in store.numbers()] == recorded
        assert len(store.draws(at)[0].posts) == 28


async def test_a_step_that_was_begun_otherwise_is_not_gone_on_with(tmp_path, monkeypatch):
    path = tmp_path / "old.sqlite"
    with monkeypatch.context() as earlier:
        in_binary(earlier)
        await until(Session.start(experiment(98), path, Wishes(), print), StepStarted, 1)
    with pytest.raises(RunMismatch, match="step 1 was begun with other draws"):
        await until(Session.resume(path, print), StepCompleted, 4)


@pytest.mark.parametrize("changes", [{}, {"posting": "window", "window": 2}, {"fresh": 1}])
async def test_a_run_of_earlier_that_drew_the_same_is_gone_on_with(tmp_path, monkeypatch, changes):
    changes |= {"topology": "star", "reserve": [{"text": "Fresh."}] * 4}
    path = tmp_path / "old.sqlite"
    with monkeypatch.context() as earlier:
        in_binary(earlier)
        spec = experiment(20, **changes)
        await until(Session.start(spec, path, Wishes(), print), StepCompleted, 2)
    assert len(await until(Session.resume(path, print), StepCompleted, 4)) == 5


def test_mixtures_that_drew_otherwise_are_exported_and_not_made_again(tmp_path, monkeypatch):
    spec = GmmSpec(name="old", steps=3, replicates=1, beta=0.29, human={"count": 100})
    path = tmp_path / "old.sqlite"
    with monkeypatch.context() as earlier:
        earlier.setattr(plan, "share_of", lambda beta, size: math.floor(beta * size))
        keep(simulate(spec), path)
    plan._plans.clear()
    with RunStore.open(path) as store:
        with pytest.raises(RunMismatch, match="step 0 a mixture drew 28 of 100 points"):
            stored_mixtures(store)
        export(store, "csv", tmp_path / "out")
    (steps,) = (tmp_path / "out").rglob("*steps.csv")
    with steps.open() as file:
        assert next(csv.DictReader(file))["k"] == "28"
    keep(simulate(spec), tmp_path / "new.sqlite")
    with RunStore.open(tmp_path / "new.sqlite") as store:
        assert stored_mixtures(store).spec == spec
