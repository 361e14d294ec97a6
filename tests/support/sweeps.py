"""Sweeps of scripted models, with runs made by hand, for the tests of the explorer."""

from dataclasses import replace
from pathlib import Path

from lwd_tui.store.run import RunStore
from lwd_tui.sweep.own import read_plan
from lwd_tui.sweep.variants import own_folder
from lwd_tui.types import Prompt
from support.tui import handmade_step, scripted

VARIANTS = {
    "accumulate": "",
    "no interaction": "interaction = false",
    "newest": 'posts_each = 2\nranking = "recent"',
}


def written(name="posting rules", seeds=(1, 2, 3, 4), variants=VARIANTS, **changes) -> Path:
    """Write a sweep of the user's own, of three scripted models, and return its file."""
    folder = own_folder()
    folder.mkdir(parents=True, exist_ok=True)
    (folder.parent / "base.toml").write_text(scripted(**changes).to_toml())
    tables = "".join(
        f'\n[[variant]]\nname = "{each}"\n[variant.set]\n{fields}\n'
        for each, fields in variants.items()
    )
    path = folder / f"{name.replace(' ', '-')}.toml"
    path.write_text(
        f'name = "{name}"\ndescription = "Who posts what"\npreset = "../base.toml"\n'
        f"seeds = {list(seeds)}\n[set]\nbeta = 0.5\n{tables}"
    )
    return path


def jobs_in(path: Path):
    """Return the runs of a sweep, by variant and seed, in a folder that is there."""
    jobs = read_plan(path, shipped=False).jobs
    jobs[0].path.parent.mkdir(parents=True, exist_ok=True)
    return {(job.variant, job.seed): job for job in jobs}


def made(job, scale: float = 1.0, *, steps: int | None = None, error: str = "") -> None:
    """Make the file of a run from round numbers, whole or stopped, by an error if one is told."""
    with RunStore.create(job.path, job.experiment, {"notes": []}) as store:
        for t in range(job.steps if steps is None else steps):
            step = handmade_step(t)
            if step.geometry is not None:
                step = replace(
                    step,
                    geometry=replace(step.geometry, norm=round(step.geometry.norm * scale, 3)),
                )
            prompt = Prompt.completion(f"Read, and answer, at t = {t}.")
            store.begin_step(t, step.k, step.size, step.draws, [prompt] * 3)
            for response in step.responses:
                store.add_response(response)
            store.finish_step(step)
        if error:
            store.add_event("error", error, store.finished())


def partly_made(path: Path) -> None:
    """Make some of the runs of a sweep of four seeds; one stopped, and an error stopped another."""
    jobs = jobs_in(path)
    for variant, scale in (("accumulate", 1.0), ("no interaction", 1.6), ("newest", 0.9)):
        for seed in (1, 2, 3):
            made(jobs[variant, seed], round(scale + 0.04 * (seed - 2) ** 2 * len(variant) / 10, 3))
    made(jobs["accumulate", 4], 1.05)
    made(jobs["no interaction", 4], 1.5, steps=3)
    made(jobs["newest", 4], steps=2, error="no server answers at gpu-box; start it there")
