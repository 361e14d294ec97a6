"""The bootstrap: an interval for the norm between the true means."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lwd_tui.analysis.arrays import Responses, UnfitData
from lwd_tui.analysis.distance import (
    dispersion,
    relative_means,
    residual_gram,
    residuals,
)
from lwd_tui.types import Floats, Ints

_BLOCK = 128
"""Resamples at once: more would leave the cache."""


@dataclass(frozen=True, slots=True)
class NormInterval:
    """The debiased norm with a two-sided interval.

    Attributes
    ----------
    estimate : float
        sqrt(max(0, sum of U_ij)): the debiased norm.
    lower, upper : float
        Two-sided interval for the norm between the true means, at `level`.
    level : float
    """

    estimate: float
    lower: float
    upper: float
    level: float


def norm_interval(
    responses: Responses,
    rng: np.random.Generator,
    level: float = 0.95,
    resamples: int = 999,
) -> NormInterval:
    """Bootstrap the norm between the true means of all participants.

    Parameters
    ----------
    responses : Responses
    rng : numpy.random.Generator
    level : float
        Confidence, between 0 and 1.
    resamples : int

    Returns
    -------
    NormInterval
        NaN where a participant has fewer than two responses; one participant is at no distance.

    Raises
    ------
    UnfitData
        If the level doesn't fit.

    Notes
    -----
    A bootstrap that inverts a test (Carpenter 1999). Let c_i be the means about their common
    centre and e_i the mean of residuals that are drawn again within participant i. If the true
    means were u / ||c|| times as far apart as they look, the sum of the U_ij would come out as

        u^2 + u b + v,   b = 4 n sum c_i . e_i / ||c||,   v = the same sum for the e_i alone,

    with ||c||^2 = 2 n sum ||c_i||^2. Each resample gives the u at which that is the observed sum,
    and the interval ends at quantiles of these u. Unlike a plain bootstrap of the norm this does
    not add the noise a second time near zero. Residuals are stretched by sqrt(L / (L - 1)), so
    that their variance is the unbiased one. The direction of c is itself partly noise, and
    responses may vary less along it than along the true differences: b is widened for that.
    Approximate; docs/statistics.md tells the coverage.
    """
    if not 0 < level < 1:
        raise UnfitData(f"level: must lie between 0 and 1, not {level}")
    labels, n, counts = responses.owners, responses.n, responses.counts
    if counts.min(initial=2) < 2:
        nan = float("nan")
        return NormInterval(nan, nan, nan, level)
    if n == 1:
        return NormInterval(0.0, 0.0, 0.0, level)
    means = relative_means(responses)
    centres = means - means.mean(axis=0)
    apart = float(np.sqrt(2 * n * np.vdot(centres, centres)))
    noise = 2 * (n - 1) * float((dispersion(responses) / counts).sum())
    observed = apart**2 - noise
    order = np.argsort(labels, kind="stable")
    stretch = np.sqrt(counts / (counts - 1))[labels[order]]
    gram = residual_gram(responses)[np.ix_(order, order)] * stretch[:, None] * stretch
    along = (residuals(responses) @ centres.T)[order, labels[order]] * stretch
    along *= 4 * n / apart if apart else 0.0
    b, v = _resampled(gram, along, counts, rng, resamples)
    b *= _widening(b.var(), v.var(), apart, observed, _most(gram, counts))
    discriminants = np.maximum(b**2 + 4 * (observed - v), 0.0)
    norms = np.maximum((np.sqrt(discriminants) - b) / 2, 0.0)
    tail = (1 - level) / 2
    low, high = (float(end) for end in np.quantile(norms, [tail, 1 - tail]))
    return NormInterval(float(np.sqrt(max(observed, 0.0))), low, high, level)


def _most(gram: Floats, counts: Ints) -> float:
    """Return the variance that b has if the differences lie where the responses vary most."""
    tops = [
        np.linalg.eigvalsh(gram[part, part])[-1] / size**2
        for part, size in zip(_parts(counts), counts, strict=True)
    ]
    return 8 * len(counts) * float(max(tops))


def _parts(counts: Ints) -> list[slice]:
    ends = np.cumsum(counts)
    return [slice(*ends_of) for ends_of in zip(ends - counts, ends, strict=True)]


def _widening(b: float, v: float, apart: float, observed: float, most: float) -> float:
    """Return the factor by which b is too narrow, from the variances of b and v.

    The variance along c, less the part that noise has in it, for the squared length less the
    part that noise has in it; not below what is seen, nor above the largest of any direction.
    """
    if not b:
        return 1.0
    along = (apart**2 * b - 2 * v) / observed if observed > 0 else np.inf
    return float(np.sqrt(np.clip(along, b, max(b, most)) / b))


def _resampled(
    gram: Floats, along: Floats, counts: Ints, rng: np.random.Generator, resamples: int
) -> tuple[Floats, Floats]:
    """Return b and v (see `norm_interval`) of each resample; rows are sorted by participant.

    Only inner products of the residuals are needed, K. With w the times that each response of i was
    drawn, over L, and q the diagonal of K, the squared length of a mean is w' K w, and its noise
    S_i / L_i is (w . q - w' K w L) / (L (L - 1)), so that v is a quadratic form of all w.
    """
    n, m = len(counts), len(gram)
    owners = np.repeat(np.arange(n), counts)
    times = np.empty((resamples, m), dtype=np.float32)
    for part, size in zip(_parts(counts), counts, strict=True):
        drawn = rng.integers(size, size=(resamples, size))
        drawn += size * np.arange(resamples)[:, None]
        met = np.bincount(drawn.ravel(), minlength=resamples * size)
        times[:, part] = met.reshape(resamples, size)
    inside = 2 * (n - 1) / (counts[owners] - 1)
    form = gram * np.where(owners[:, None] == owners, inside * counts[owners], -2.0)
    b, v = np.empty(resamples), np.empty(resamples)
    for start in range(0, resamples, _BLOCK):
        part = slice(start, start + _BLOCK)
        shares = times[part] / counts[owners]
        b[part] = shares @ along
        v[part] = np.vecdot(shares @ form, shares) - shares @ (inside * np.diagonal(gram))
    return b, v
