"""The Gaussian-mixture proxy against a plain NumPy loop, and against what its arithmetic allows."""

import itertools
import resource
import subprocess
import sys
import time

import numpy as np

from lwd_tui.experiment.gmm import GmmSpec
from lwd_tui.gmm.chance import shuffle
from lwd_tui.gmm.compiled import compiled
from lwd_tui.gmm.network import processors, simulate
from lwd_tui.gmm.plan import plan_of

ELEVEN = {"means": list(range(-50, 51, 10))}
REPEATS = 3


def spec_of(steps, replicates=1, **changes):
    return GmmSpec.from_dict(
        {"name": "benchmark", "steps": steps, "replicates": replicates, **changes}
    )


def updates_of(spec):
    return int(plan_of(spec).k[:-1].sum()) * spec.replicates


def least(task, repeats=REPEATS, clock=time.process_time):
    """Least of some times of a processor, or of the wall: others on the machine only add to it."""
    times = []
    for _ in range(repeats):
        began = clock()
        task()
        times.append(clock() - began)
    return min(times)


def plain_loop(spec):
    """Algorithm 3 as one writes it down in NumPy."""
    rng = np.random.default_rng(spec.seed)
    means, eps = np.array(spec.means)[:, 0], spec.eps
    n, size = spec.participants, spec.components
    weights = rng.dirichlet(np.ones(size), size=n)
    points = np.empty(0)
    for _ in range(spec.steps):
        fresh = [
            rng.normal(means[rng.choice(size, spec.responses, p=row / row.sum())])
            for row in weights
        ]
        k = int(spec.beta * len(points))
        if k:
            alpha, c = 1 / k, 1 / (k * size**2)
            for i in range(n):
                pi = weights[i]
                for u in rng.choice(points, k, replace=False):
                    joint = pi * np.exp(-0.5 * (u - means) ** 2) / np.sqrt(2 * np.pi)
                    pi = (1 - alpha) * pi + alpha * (joint / joint.sum() - c) / (1 - size * c)
                    for b in range(size):
                        if pi[b] <= 0:
                            others = np.arange(size) != b
                            pi[others] /= 1 + eps - pi[b]
                            pi[b] = eps
                weights[i] = pi
        points = np.concatenate((points, *fresh))


@compiled
def chain(k: int) -> float:
    """The operations of one update, at B = 2, that each wait for the last one's result."""
    x, y = 0.4, 0.6
    for _ in range(k):
        a, b = x * 0.9, y * 0.8
        inverse = 1.0 / (a + b)
        x, y = 1.1 * b * inverse, a * inverse
    return x + y


def against_numpy():
    spec = spec_of(200)
    plain = least(lambda: plain_loop(spec), 1)
    fast = least(lambda: simulate(spec, threads=1))
    print(
        f"the paper's run (B = 2, T = 200, {updates_of(spec):,} updates), one thread: "
        f"{plain:.2f} s in NumPy, {1000 * fast:.1f} ms here: {plain / fast:.0f} times"
    )


def per_update():
    for size, changes in ((2, {}), (11, ELEVEN)):
        for n, steps in itertools.product((2, 3, 10), (200, 1000)):
            spec = spec_of(steps, participants=n, **changes)
            took = least(lambda spec=spec: simulate(spec, threads=1))
            each = took / updates_of(spec) * 1e9
            print(f"B = {size}, {n} mixtures, T = {steps}: {each:.1f} ns an update")


def draws(size, times=50):
    key, pool = np.array([1, 2], np.uint64), np.arange(size, dtype=np.int32)
    for t in range(times):
        shuffle(pool, size, size // 2, t, 0, key)
    return times * (size // 2)


def limits():
    count = 200_000
    chain(1)
    took = least(lambda: chain(count))
    print(f"the dependent chain of an update at B = 2, alone: {took / count * 1e9:.1f} ns")
    for size in (1_800, 9_000):
        took = least(lambda size=size: draws(size))
        print(
            f"a draw without replacement from {size:,}: {took / draws(size) * 1e9:.1f} ns a point"
        )


def seconds(spec, threads):
    """Least wall time, and least processor time, of a few runs."""
    wall, processor = [], []
    for _ in range(REPEATS):
        began, used = time.perf_counter(), time.process_time()
        simulate(spec, threads=threads)
        wall.append(time.perf_counter() - began)
        processor.append(time.process_time() - used)
    return min(wall), min(processor)


def scaling():
    spec = spec_of(1000, 8)
    (one, alone), (two, both) = seconds(spec, 1), seconds(spec, 2)
    print(f"8 replicates, T = 1,000: {one:.2f} s on one thread, {two:.2f} on two: {one / two:.2f}x")
    print(f"  processor seconds: {alone:.2f} and {both:.2f}; equal ones scale as cores are free")
    spec = spec_of(1000, 15)
    took = least(lambda: simulate(spec), 2, time.perf_counter)
    print(f"{updates_of(spec):,} updates on {processors()} threads: {took:.2f} s")


def memory():
    """Growth of a process by a run of 900,000 points, in bytes a point.

    By its own peak: that of `getrusage` begins with what the parent held when it was started.
    """
    for changes in ({}, ELEVEN):
        spec = spec_of(1000, responses=300, beta=0.0005, **changes)
        program = (
            "import sys; from lwd_tui.gmm.network import *;"
            "spec = GmmSpec.from_toml(sys.stdin.read());"
            "simulate(spec.replaced({'steps': 2, 'beta': 0.1}), threads=1);"
            "peak = lambda: int(open('/proc/self/status').read().split('VmHWM:')[1].split()[0]);"
            "before = peak(); simulate(spec, threads=1); print(1024 * (peak() - before))"
        )
        command = [sys.executable, "-c", program]
        grown = subprocess.run(
            command, input=spec.to_toml(), capture_output=True, text=True, check=True
        )
        size = spec.components
        print(f"B = {size}: {int(grown.stdout) / spec.largest:.1f} bytes a point; 8 B = {8 * size}")


def start():
    program = "import time; b = time.perf_counter(); from lwd_tui.gmm.network import *;"
    program += "simulate(GmmSpec(name='start', steps=2, replicates=1));"
    program += "print(time.perf_counter() - b)"
    command = [sys.executable, "-c", program]
    took = float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    print(f"import, load the kept machine code and run: {took:.2f} s in a new process")


def main() -> None:
    simulate(spec_of(2))  # Loads or compiles the code, which isn't part of what is measured.
    against_numpy()
    per_update()
    limits()
    scaling()
    memory()
    start()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak of this process: {peak:.0f} MiB")


if __name__ == "__main__":
    main()
