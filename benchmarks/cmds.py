"""Two axes of responses: ours against every peer that finds them, on the same points.

A peer counts only where it is accurate to 1e-9, by a full decomposition.
"""

import numpy as np
from scipy.linalg import eigh
from scipy.sparse.linalg import svds
from sklearn.decomposition import PCA

from benchmarks.timing import least_together
from lwd_tui.analysis.cmds import classical_mds

ACCURATE = 1e-9


def clouds(m, p):
    """Three clouds whose directions matter less and less, as those of sentences do."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(3, p))
    spread = np.arange(1, p + 1) ** -0.5
    return (rng.normal(size=(m, p)) + centres[np.arange(m) % 3]) * spread


def plain(m, p):
    """One round cloud: nothing for an iteration to hold on to, the worst case."""
    return np.random.default_rng(1).normal(size=(m, p))


def centred(points):
    cloud = np.array(points, dtype=np.float64)
    cloud -= cloud.mean(axis=0)
    return cloud


def by_gram(decompose):
    def axes(points):
        cloud = centred(points)
        wide = len(cloud) < cloud.shape[1]
        values, vectors = decompose(cloud @ cloud.T if wide else cloud.T @ cloud)
        return vectors[:, -2:] * np.sqrt(values[-2:]) if wide else cloud @ vectors[:, -2:]

    return axes


def leading(matrix):
    return eigh(matrix, subset_by_index=(len(matrix) - 2, len(matrix) - 1), check_finite=False)


def by_svds(solver):
    def axes(points):
        left, singular, _ = svds(centred(points), 2, solver=solver)
        return left * singular

    return axes


PEERS = {
    "NumPy's eigh of the Gram matrix": by_gram(np.linalg.eigh),
    "SciPy's, of two axes": by_gram(leading),
    "ARPACK": by_svds("arpack"),
    "PROPACK": by_svds("propack"),
    "scikit-learn's PCA": lambda points: PCA(2, svd_solver="arpack").fit_transform(
        np.asarray(points, dtype=np.float64)
    ),
}


def off(axes, exact):
    """How far coordinates are off, as a share of the largest; their order and signs are free."""
    axes = axes[:, np.argsort(-(axes**2).sum(axis=0))]
    return np.abs(np.abs(axes) - np.abs(exact)).max() / np.abs(exact).max()


def compare(name, points):
    points = points.astype(np.float32)
    left, singular, _ = np.linalg.svd(centred(points), full_matrices=False)
    exact = left[:, :2] * singular[:2]
    tasks = {"ours": lambda cloud: classical_mds(cloud).coordinates}
    for peer, find in PEERS.items():
        try:
            accurate = off(find(points), exact) <= ACCURATE
        except np.linalg.LinAlgError:
            accurate = False
        if accurate:
            tasks[peer] = find
    times = least_together(*(lambda find=find: find(points) for find in tasks.values()), rounds=20)
    took = dict(zip(tasks, times, strict=True))
    ours = took.pop("ours")
    best = min(took, key=took.get)
    m, p = points.shape
    error = off(tasks["ours"](points), exact)
    print(
        f"{name} {m:5d} x {p}: {ours * 1e3:6.2f} ms, off by {error:.0e};"
        f" best peer {best} {took[best] * 1e3:.2f} ms: {ours / took[best]:.2f} times its time"
    )
    print("  " + ", ".join(f"{peer} {seconds * 1e3:.2f}" for peer, seconds in took.items()))
    for peer in PEERS.keys() - took:
        print(f"  {peer}: not accurate to {ACCURATE:g}, or didn't converge", flush=True)


def main():
    for size in ((120, 768), (1000, 384), (1000, 768), (3000, 768)):
        compare("clouds", clouds(*size))
    compare("round ", plain(1000, 768))


if __name__ == "__main__":
    main()
