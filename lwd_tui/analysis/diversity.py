"""Diversity of meaning: how many different things the embedded responses say."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lwd_tui.analysis.arrays import UnfitData, finite
from lwd_tui.analysis.kernels import centred_gram
from lwd_tui.analysis.resolution import without_rounding
from lwd_tui.types import Floats


def vendi_score(embeddings: ArrayLike) -> float:
    """Return the Vendi score: an effective number of different responses, 1 to m.

    The exponential of the entropy of the eigenvalues of K / m, with K the cosine similarities
    (Friedman and Dieng 2023).

    Parameters
    ----------
    embeddings : array_like of shape (m, p)

    Returns
    -------
    float
        NaN without responses.

    Raises
    ------
    UnfitData
        If a number is NaN or infinite, or a vector is zero.
    """
    directions = _directions(embeddings)
    if not len(directions):
        return float("nan")
    # Both products have the same eigenvalues, but for zeros.
    tall = directions if len(directions) > directions.shape[1] else directions.T
    return _perplexity(np.linalg.eigvalsh(tall.T @ tall))


def effective_rank(embeddings: ArrayLike) -> float:
    """Return the effective number of directions in which the responses vary about their mean.

    The exponential of the entropy of the singular values (Roy and Vetterli 2007) of the centred
    responses.

    Parameters
    ----------
    embeddings : array_like of shape (m, p)

    Returns
    -------
    float
        0 if all responses are equal but for rounding, or there are fewer than two.

    Raises
    ------
    UnfitData
        If a number is NaN or infinite.
    """
    values = np.linalg.eigvalsh(centred_gram(without_rounding(finite(embeddings, "embeddings"))))
    if not len(values) or values[-1] <= 0:
        return 0.0
    # What rounding leaves of zero eigenvalues would count a direction each.
    values = values[values > 1e-12 * values[-1]]
    return _perplexity(np.sqrt(values))


def near_duplicate_share(embeddings: ArrayLike, threshold: float = 0.95) -> float:
    """Return the share of responses to which another one is nearly equal in meaning.

    Parameters
    ----------
    embeddings : array_like of shape (m, p)
    threshold : float
        Cosine similarity from which two count as nearly equal; which number is right depends on
        the embedder.

    Returns
    -------
    float
        NaN with fewer than two responses.

    Raises
    ------
    UnfitData
        If a number is NaN or infinite, or a vector is zero.
    """
    directions = _directions(embeddings)
    if len(directions) < 2:
        return float("nan")
    cosines = directions @ directions.T
    np.fill_diagonal(cosines, -1.0)
    # Equal vectors may come out as 1 - 1e-16.
    return float((cosines.max(axis=1) >= threshold - 1e-12).mean())


def _directions(embeddings: ArrayLike) -> Floats:
    points = finite(embeddings, "embeddings")
    lengths = np.linalg.norm(points, axis=1, keepdims=True)
    if not lengths.all():
        row = int(np.flatnonzero(lengths == 0)[0])
        raise UnfitData(f"embeddings: row {row} is zero and has no direction")
    return np.asarray(points / lengths)


def _perplexity(weights: NDArray[np.floating]) -> float:
    """Return the exponential of the entropy of weights, made to sum to 1."""
    shares = np.maximum(weights, 0.0) / np.maximum(weights, 0.0).sum()
    shares = shares[shares > 0]
    return float(np.exp(-(shares * np.log(shares)).sum()))
