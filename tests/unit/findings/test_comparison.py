import numpy as np
from support.statistics_samples import clouds, handmade, scripted_run

from lwd_tui.experiment.files import load_gmm_preset
from lwd_tui.experiment.gmm import GmmSpec
from lwd_tui.findings.comparison import compared, differences, one_scale, replicates
from lwd_tui.gmm.network import simulate
from lwd_tui.run.mixtures import keep
from lwd_tui.store.run import RunStore


async def read(path, **changes):
    with RunStore.open(await scripted_run(path, **changes)) as store:
        return compared(store)


async def test_runs_differ_in_the_fields_that_are_not_the_same_in_all(tmp_path):
    runs = [
        await read(tmp_path / "a.sqlite", seed=1, name="one"),
        await read(tmp_path / "b.sqlite", seed=2, scripted={"attraction": 0.1}),
        await read(tmp_path / "c.sqlite", seed=2, interaction=False),
    ]
    assert [run.seed for run in runs] == [1, 2, 2]
    assert differences(runs) == [
        {"interaction": True, "scripted.attraction": 0.7},
        {"interaction": True, "scripted.attraction": 0.1},
        {"interaction": False, "scripted.attraction": 0.7},
    ]
    assert differences(runs[:1]) == [{}]


async def test_replicates_differ_in_their_seeds_only(tmp_path):
    one = await read(tmp_path / "a.sqlite", seed=1, name="one")
    other = await read(tmp_path / "b.sqlite", seed=2)
    changed = await read(tmp_path / "c.sqlite", seed=3, interaction=False)
    assert replicates([one, other])
    assert not replicates([one, other, changed])
    assert not replicates([one, one])


async def test_norms_compare_if_the_embedder_is_the_same(tmp_path):
    raw = {"backend": "scripted", "model": "words-16", "normalise": False}
    runs = [
        await read(tmp_path / "a.sqlite"),
        await read(tmp_path / "b.sqlite", responses=2),
        await read(tmp_path / "c.sqlite", embedder=raw),
    ]
    assert one_scale(runs[:2])
    assert not one_scale(runs)


def test_the_numbers_are_those_of_the_store(tmp_path):
    steps = [{"vectors": clouds([0, x])} for x in (3, 2, 1)]
    with handmade(tmp_path / "a.sqlite", steps, steps=9) as store:
        run = compared(store)
        dispersion = [store.step(t).geometry.dispersion.mean() for t in (0, 2)]
    assert (len(run.numbers), run.steps) == (3, 10)
    assert np.allclose(run.dispersions, dispersion)


async def test_mixtures_are_compared_too(tmp_path):
    spec = GmmSpec.from_dict(load_gmm_preset("gmm-fig4").to_dict() | {"steps": 5, "replicates": 2})
    keep(simulate(spec), tmp_path / "gmm.sqlite")
    with RunStore.open(tmp_path / "gmm.sqlite") as store:
        mixtures = compared(store)
    models = await read(tmp_path / "a.sqlite")
    assert len(mixtures.numbers) == 6
    first, second = differences([mixtures, models])
    assert first.keys() == second.keys()
    assert (first["query"], second["query"]) == (None, "What next?")
    assert not one_scale([mixtures, models])
