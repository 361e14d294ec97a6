import gc
import weakref

import pytest

from lwd_tui.experiment.gmm import GmmSpec
from lwd_tui.gmm import plan
from lwd_tui.gmm.network import simulate
from lwd_tui.gmm.trace import drawn, internet
from lwd_tui.run.mixtures import sizes, steps, summarise, theory
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
    list(steps(run, 0))
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


def test_a_plan_goes_with_its_specification():
    spec = GmmSpec(name="let go", steps=6)
    author = weakref.ref(plan.plan_of(spec).author)
    assert author() is not None
    del spec
    gc.collect()
    assert author() is None
