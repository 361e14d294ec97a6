from contextlib import aclosing

import numpy as np
import pytest

from lwd_tui.experiment.gmm import GmmSpec
from lwd_tui.experiment.llm import Experiment, InvalidExperiment
from lwd_tui.experiment.participants import Wishes
from lwd_tui.gmm.network import simulate
from lwd_tui.llm.network import StepCompleted
from lwd_tui.run.fork import fork_run
from lwd_tui.run.mixtures import keep
from lwd_tui.run.session import Session
from lwd_tui.store.errors import RunBusy
from lwd_tui.store.export import export
from lwd_tui.store.run import RunStore


def experiment(**changes):
    base = {
        "name": "tiny",
        "query": "What next?",
        "responses": 3,
        "steps": 6,
        "fresh": 1,
        "noise": 1,
        # Some answers are asked for again, and fresh posts that are alike are told apart.
        "scripted": {"failures": 0.2},
        "embedder": {"backend": "scripted", "model": "words-16"},
        "participants": [
            {"name": name, "backend": "scripted", "model": name} for name in ("ada", "ben", "cleo")
        ],
        "posts": [{"text": f"Post number {number}."} for number in range(6)],
        "reserve": [{"text": f"Fresh {number % 5}."} for number in range(20)],
    }
    return Experiment.from_dict(base | changes)


async def follow(session, by_hand=None):
    """See a run through, and put in posts by hand after some of its steps."""
    async with session, aclosing(session.run()) as events:
        async for event in events:
            if isinstance(event, StepCompleted) and (text := (by_hand or {}).get(event.step.t)):
                session.inject(text)


def quiet(_):
    pass


@pytest.fixture
async def parent(tmp_path):
    path = tmp_path / "parent.sqlite"
    session = await Session.start(experiment(), path, Wishes(), quiet)
    await follow(session, {1: "Before.", 2: "Just at the fork.", 4: "Later."})
    return path


async def forked(parent, at, changes=None, **options):
    path = fork_run(parent, at, changes, out=parent.with_name("fork.sqlite"), **options)
    await follow(await Session.resume(path, quiet))
    return path


def content(path):
    out = path.with_suffix(".jsonl")
    with RunStore.open(path) as store:
        export(store, "jsonl", out, content_only=True, embeddings=True, overwrite=True)
    return out.read_bytes()


@pytest.mark.parametrize("at", [0, 3, 7])
async def test_a_fork_that_changes_nothing_is_its_parent_to_the_bit(parent, at):
    if at == 7:  # After the last step there is nothing left to take.
        with pytest.raises(InvalidExperiment, match=r"nothing to do; raise it with --set steps=12"):
            fork_run(parent, at)
        return
    path = await forked(parent, at)
    with RunStore.open(path) as store:
        assert (store.fork.parent, store.fork.at, store.fork.twin) == ("parent", at, True)
        assert store.status == "done"
    assert content(path) == content(parent)


# After t = 4 its parent was given a post by hand, which it was not yet when it is killed.
@pytest.mark.parametrize("last", [3, 4])
async def test_a_killed_fork_goes_on_to_the_bit(parent, tmp_path, last):
    path = fork_run(parent, 2, out=tmp_path / "fork.sqlite")
    session = await Session.resume(path, quiet)
    async with session, aclosing(session.run()) as events:
        async for event in events:
            if isinstance(event, StepCompleted) and event.step.t == last:
                break
    await follow(await Session.resume(path, quiet))
    assert content(path) == content(parent)


async def test_a_fork_that_goes_on_with_another_model_says_so_in_its_record(parent, tmp_path):
    path = fork_run(parent, 2, out=tmp_path / "fork.sqlite")
    with RunStore.open(path, write=True) as store:
        models = store.record["models"]
        models[1]["digest"] = "0" * 64
        store.update_record(models=models)
    await follow(await Session.resume(path, quiet, allow_changed=True))
    with RunStore.open(path) as store:
        told = next(event.message for event in store.events() if event.kind == "forked")
    assert told.startswith("from parent at t = 2; ben was 000000000000")


async def test_a_change_leaves_the_past_as_it_is_and_acts_from_there_on(parent):
    added = {"name": "dan", "backend": "scripted", "model": "dan"}
    changes = {"fresh": 3, "steps": 5, "participants.1.silent": True, "participants.3": added}
    path = await forked(parent, 3, changes, posts=["The bank closed."])
    with RunStore.open(parent) as before, RunStore.open(path) as after:
        assert after.fork.changes["fresh"] == 3
        assert after.fork.changes["participants.1.silent"] is True
        assert after.fork.changes["participants.3.model"] == "dan"
        (hand,) = [post for post in after.posts() if post.text == "The bank closed."]
        assert (hand.step, hand.origin, hand.id) == (3, "injected", len(before.posts(3)))
        for t in range(3):
            assert after.step(t).responses == before.step(t).responses
            assert after.step(t).draws == before.step(t).draws
            # Who came later has no place before.
            np.testing.assert_array_equal(
                after.step(t).geometry.distances[:3, :3], before.step(t).geometry.distances
            )
            assert np.isnan(after.step(t).geometry.distances[3]).all()
        authors = [post.author for post in after.posts() if post.step > 3]
        assert "ben" not in authors
        assert authors.count("ada") == authors.count("dan") == 3
        step = after.step(4)
        assert {response.participant for response in step.responses} == {0, 1, 2, 3}
        assert step.size == len(after.posts(4))
        fresh = [post.text for post in after.posts() if post.origin == "human" and post.step]
        assert len(fresh) == 3 + 2 * 3
        # Each of the reserve is used once: there are four of each.
        assert max(map(fresh.count, fresh)) <= 4


async def test_a_replicate_goes_on_by_chance_and_its_twin_by_the_same(parent):
    path = await forked(parent, 3, replicate=2)
    with RunStore.open(path) as store, RunStore.open(parent) as before:
        assert store.experiment.seed == before.experiment.seed + 2
        assert store.step(2).responses == before.step(2).responses
        assert store.step(3).draws != before.step(3).draws


async def test_a_swapped_participant_of_a_ring_reads_as_the_one_before(parent):
    path = await forked(parent, 3, {"topology": "none", "participants.0.name": "eve"})
    # What ada said can be read by nobody there any more, and a resume reckons so too.
    await follow(await Session.resume(path, quiet))
    with RunStore.open(path) as store:
        said = {post.id for post in store.posts(3) if post.author == "ada"}
        assert said
        read = {post for t in range(3, 7) for draw in store.draws(t) for post in draw.posts}
        assert not said & read


@pytest.mark.parametrize(
    ("at", "changes", "sentence"),
    [
        (9, {}, r"parent.sqlite has the steps 0 to 6: it can be forked at 0 to 7, not at 9"),
        (-1, {}, "not at -1"),
        (2, {"query": "Why?"}, "query: can't be changed by a fork at t = 2: the answers before"),
        (2, {"embedder.normalise": False}, "embedder.normalise: can't be changed"),
        (2, {"posts": [{"text": "Another."}]}, "posts: can't be changed .* --post"),
        (2, {"seed": 8}, "seed: can't be changed .* --replicates"),
        (2, {"participants": [{"name": "a", "backend": "scripted", "model": "a"}]}, "taken out"),
        (2, {"bta": 1}, "did you mean beta"),
    ],
)
async def test_what_would_change_the_past_is_refused(parent, at, changes, sentence):
    before = sorted(parent.parent.iterdir())
    with pytest.raises(InvalidExperiment, match=sentence):
        fork_run(parent, at, changes, out=parent.with_name("fork.sqlite"))
    assert sorted(parent.parent.iterdir()) == before


async def test_a_run_that_is_written_is_not_forked(parent):
    with RunStore.open(parent, write=True), pytest.raises(RunBusy, match="written by another"):
        fork_run(parent, 2, out=parent.with_name("fork.sqlite"))


async def test_a_run_of_mixtures_is_whole_and_neither_forked_nor_gone_on_with(tmp_path):
    keep(simulate(GmmSpec(name="small", steps=3, replicates=1)), tmp_path / "mixtures.sqlite")
    with pytest.raises(InvalidExperiment, match="run of mixtures"):
        fork_run(tmp_path / "mixtures.sqlite", 1, out=tmp_path / "fork.sqlite")
    with pytest.raises(
        InvalidExperiment, match=r"whole; show it with `lwd-tui runs show .*mixtures.sqlite`"
    ):
        await Session.resume(tmp_path / "mixtures.sqlite", quiet)
