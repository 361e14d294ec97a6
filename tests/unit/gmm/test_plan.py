import gc
import weakref

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lwd_tui.experiment.gmm import GmmSpec
from lwd_tui.gmm import plan
from lwd_tui.gmm.network import GmmNetwork, simulate
from lwd_tui.gmm.trace import drawn, internet
from lwd_tui.run.mixtures import sizes, summarise, theory
from lwd_tui.run.mixtures_walk import Walk


@pytest.fixture
def counted(monkeypatch):
    """How many points' authors were looked through for whom, once a plan that is laid out."""
    calls, count = [], plan._readable

    def counting(*arrays):
        calls.append(len(arrays[0]))
        return count(*arrays)

    monkeypatch.setattr(plan, "_readable", counting)
    return calls


def test_a_plan_is_laid_out_once_for_all_that_a_run_is_asked(counted, monkeypatch):
    monkeypatch.setattr("lwd_tui.gmm.network._TOGETHER", 1)
    spec = GmmSpec(name="asked", steps=6, replicates=3)
    run = simulate(spec, threads=1)
    summarise(run)
    theory(run)
    sizes(run)
    internet(run, 0)
    drawn(run, 0, 5, 1)
    walk = Walk(spec)
    walk.go(6, 5)
    walk.reckon()
    assert len(counted) == 1


def test_equal_specifications_share_a_plan_and_others_do_not(counted):
    spec = GmmSpec(name="one", steps=6)
    shared = plan.plan_of(spec)
    assert plan.plan_of(GmmSpec(name="one", steps=6)) is shared
    assert plan.plan_of(GmmSpec(name="one", steps=7)).size.tolist() == list(range(0, 64, 9))
    assert len(counted) == 2


@pytest.mark.parametrize(("beta", "size", "k"), [(0.7, 90, 63), (0.29, 100, 29), (0.57, 100, 57)])
def test_as_many_points_are_drawn_as_the_decimal_number_says(beta, size, k):
    spec = GmmSpec(name="exact", steps=2, beta=beta, human={"count": size}, topology="star")
    laid = plan.plan_of(spec)
    assert laid.k[0].tolist() == [k] * 3
    assert [drawn(simulate(spec), 0, 0, i).size for i in range(3)] == [k] * 3


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_as_many_points_can_be_drawn_as_there_are_of_those_that_are_read(data):
    n = data.draw(st.integers(1, 6))
    spec = GmmSpec(
        name="x",
        participants=n,
        responses=data.draw(st.integers(1, 3)),
        steps=data.draw(st.integers(1, 7)),
        beta=1.0,
        human={"count": data.draw(st.integers(0, 5))},
        fresh=data.draw(st.integers(0, 2)),
        noise=data.draw(st.integers(0, 2)),
        interaction=data.draw(st.booleans()),
        posting=data.draw(st.sampled_from(["accumulate", "replace", "window"])),
        window=data.draw(st.integers(1, 4)),
        topology=data.draw(st.sampled_from(["complete", "ring", "star", "none"])),
    )
    laid = plan.plan_of(spec)
    for t in range(spec.steps + 1):
        for i in range(n):
            here = laid.author[laid.first[t] : laid.last[t]].tolist()
            assert laid.k[t, i] == sum(author < 0 or laid.reads[i, author] for author in here)


def test_a_plan_of_many_looks_at_a_number_a_participant_not_at_every_point(counted):
    spec = GmmSpec(name="many", participants=1600, steps=20, topology="ring")
    laid = plan.plan_of(spec)
    # Counting all 96,000 points for each of 1,600 readers took 6 s.
    assert counted == [1600]
    assert laid.k[20].tolist() == [20 * 9 // 2] * 1600


@pytest.mark.parametrize(("moving", "row"), [("none", 2), ("all", 1)])
def test_no_more_tables_than_there_is_room_for_however_many_threads(monkeypatch, moving, row):
    spec = GmmSpec(name="room", steps=6, replicates=7, moving=moving)
    made, network = [], GmmNetwork.__init__

    def counting(self, spec, replicates, threads):
        made.append(len(replicates))
        network(self, spec, replicates, threads)

    whole = simulate(spec, threads=1)
    monkeypatch.setattr(GmmNetwork, "__init__", counting)
    table = 8 * spec.largest * row
    rooms = [(3 * (table + 1), [3, 3, 1]), (7 * (table + 1) - 1, [6, 1]), (table - 1, [1] * 7)]
    for room, wanted in rooms:
        made.clear()
        monkeypatch.setattr("lwd_tui.gmm.network._TOGETHER", room)
        assert (simulate(spec, threads=4).weights == whole.weights).all()
        assert made == wanted


def test_a_plan_goes_with_its_specification():
    spec = GmmSpec(name="let go", steps=6)
    author = weakref.ref(plan.plan_of(spec).author)
    assert author() is not None
    del spec
    gc.collect()
    assert author() is None
