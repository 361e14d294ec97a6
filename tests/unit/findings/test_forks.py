from contextlib import ExitStack
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from support.statistics_samples import scripted_run

from lwd_tui.findings.forks import branches, in_words
from lwd_tui.run.fork import fork_run
from lwd_tui.run.session import Session
from lwd_tui.store.run import RunStore

AT = 1


@pytest.fixture
async def parent(tmp_path):
    return await scripted_run(tmp_path / "parent.sqlite", steps=4, responses=2)


async def forked(parent, name, changes=None, **options):
    path = fork_run(parent, AT, changes, out=parent.with_name(f"{name}.sqlite"), **options)
    async with await Session.resume(path, lambda _: None) as session:
        async for _ in session.run():
            pass
    return path


def told(paths):
    with ExitStack() as stack:
        return branches([stack.enter_context(RunStore.open(path)) for path in paths])


def norms(path):
    with RunStore.open(path) as store:
        return np.array([step.norm for step in store.numbers()])[AT:]


async def test_each_replicate_is_held_against_its_twin(parent):
    changes = {"scripted.attraction": 0.0}
    forks = [await forked(parent, f"f{r}", changes, replicate=r) for r in range(3)]
    twins = [await forked(parent, f"t{r}", replicate=r) for r in range(3)]
    (branch,) = told([*forks, parent, *twins[::-1]])
    assert (branch.parent, branch.at) == ("parent", AT)
    assert branch.change == "scripted.attraction = 0.0"
    # 0, 1, 2 are the forks, 3 the parent, and the twins stand in reverse.
    assert branch.pairs == ((0, 6), (1, 5), (2, 4))
    one, other = (np.array([norms(path) for path in paths]) for paths in (forks, twins))
    np.testing.assert_allclose(branch.difference.mean, (one - other).mean(axis=0))
    p = stats.ttest_rel(one, other).pvalue
    np.testing.assert_allclose(branch.difference.p, p)
    # The smallest of m is multiplied by m, the next by one less.
    assert branch.adjusted.min() == pytest.approx(min(1, len(p) * p.min()))
    assert (branch.adjusted >= branch.difference.p).all()
    # Scripted models answer the same again: chance does nothing.
    assert not branch.chance.any()
    assert not branch.chance_apart.any()
    assert (branch.apart > 0).all()


async def test_a_fork_alone_is_held_against_its_parent_where_both_have_participants(parent):
    added = {"name": "dan", "backend": "scripted", "model": "dan"}
    fork = await forked(parent, "fork", {"participants.3": added})
    (branch,) = told([parent, fork])
    assert branch.pairs == ((1, 0),)
    with RunStore.open(fork) as store:
        step = store.step(AT)
    shared = np.linalg.norm(step.geometry.distances[:3, :3])
    assert branch.forks[0] == pytest.approx(shared)
    assert branch.difference.mean[0] == pytest.approx(shared - norms(parent)[0])
    assert np.isnan([branch.difference.p, branch.adjusted, branch.chance]).all()


async def test_a_fork_that_says_nothing_is_at_no_distance(parent):
    fork = await forked(parent, "fork", {"scripted.failures": 1.0, "max_attempts": 1})
    (branch,) = told([fork, parent])
    assert np.isnan([branch.forks, branch.apart, branch.difference.mean]).all()


async def test_of_many_changes_the_first_are_told_and_how_many_more(parent):
    with RunStore.open(await forked(parent, "twin")) as store:
        fork = store.fork
    many = {f"field_{number}": number for number in range(7)}
    assert in_words(replace(fork, changes=many, posts=("Hear!",))) == (
        "field_0 = 0, field_1 = 1, field_2 = 2, field_3 = 3, field_4 = 4, field_5 = 5, 1 more, "
        "post: Hear!"
    )


async def test_a_twin_is_held_against_its_parent_and_others_against_nothing(parent):
    twin = await forked(parent, "twin")
    (branch,) = told([twin, parent])
    assert branch.change == "nothing"
    assert not branch.difference.mean.any()
    assert not branch.apart.any()
    assert told([parent]) == []
    assert told([await forked(parent, "fork", posts=["Hear, hear."])]) == []
