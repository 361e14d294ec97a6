"""Classical scaling of responses: ours against scikit-learn's ClassicalMDS, on the same points."""

import numpy as np
from sklearn.manifold import ClassicalMDS

from benchmarks.timing import least_together
from lwd_tui.analysis.cmds import classical_mds

SIZES = ((120, 768), (1000, 384), (1000, 768), (3000, 384), (3000, 768))


def clouds(m, p):
    """Three clouds whose directions matter less and less, as those of sentences do."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(3, p))
    spread = np.arange(1, p + 1) ** -0.5
    return (rng.normal(size=(m, p)) + centres[np.arange(m) % 3]) * spread


def plain(m, p):
    """One round cloud: nothing for an iteration to hold on to, the worst case."""
    return np.random.default_rng(1).normal(size=(m, p))


def compare(name, points):
    points = points.astype(np.float32)
    ours, theirs = least_together(
        lambda: classical_mds(points), lambda: ClassicalMDS().fit(points), rounds=3
    )
    a, b = classical_mds(points), ClassicalMDS().fit(points)
    # Distances in the picture don't depend on signs.
    gap = np.abs(np.abs(a.coordinates) - np.abs(b.embedding_)).max() / np.abs(b.embedding_).max()
    m, p = points.shape
    print(
        f"{name} {m:5d} x {p}: {ours * 1e3:8.1f} ms, scikit-learn {theirs * 1e3:8.1f} ms: "
        f"{theirs / ours:6.1f} times; coordinates agree to {gap:.0e}",
        flush=True,
    )


def main():
    for size in SIZES:
        compare("clouds", clouds(*size))
    compare("round ", plain(1000, 768))


if __name__ == "__main__":
    main()
