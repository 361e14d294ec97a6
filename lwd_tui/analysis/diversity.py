"""Diversity of meaning: how many different things the embedded responses say."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lwd_tui.analysis.arrays import Responses, UnfitData, finite
from lwd_tui.analysis.distance import residual_gram
from lwd_tui.analysis.kernels import centred_gram
from lwd_tui.analysis.resolution import exact, exact_gram, without_rounding
from lwd_tui.types import Floats

ALIKE = 0.95
"""Cosine similarity from which two responses count as nearly equal."""


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
    return _vendi(finite(embeddings, "embeddings"))


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
    return _rank(centred_gram(without_rounding(finite(embeddings, "embeddings"))))


def near_duplicate_share(embeddings: ArrayLike, threshold: float = ALIKE) -> float:
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
    return _near_duplicates(_cosines(finite(embeddings, "embeddings")), threshold)


@dataclass(frozen=True, slots=True)
class VectorDiversity:
    """The three numbers of some responses."""

    vendi: float
    effective_rank: float
    near_duplicates: float


def vector_diversity(responses: Responses) -> tuple[VectorDiversity, ...]:
    """Return the diversity of all responses together, then of each participant's.

    Raises
    ------
    UnfitData
        If a vector is zero.
    """
    cosines, inside = _cosines(responses.points), residual_gram(exact(responses))

    def of(rows: slice | NDArray[np.intp], gram: Floats) -> VectorDiversity:
        among = cosines[rows][:, rows]
        return VectorDiversity(
            _vendi(responses.points[rows], among), _rank(gram), _near_duplicates(among)
        )

    groups = [np.flatnonzero(responses.owners == i) for i in range(responses.n)]
    return of(slice(None), exact_gram(responses)), *(
        of(rows, inside[np.ix_(rows, rows)]) for rows in groups
    )


def _vendi(points: Floats, cosines: Floats | None = None) -> float:
    if not len(points):
        return float("nan")
    # Both products of the directions have the same eigenvalues, but for zeros.
    if len(points) > points.shape[1]:
        directions = points / _lengths(points)[:, None]
        return _perplexity(np.linalg.eigvalsh(directions.T @ directions))
    return _perplexity(np.linalg.eigvalsh(_cosines(points) if cosines is None else cosines))


def _rank(gram: Floats) -> float:
    values = np.linalg.eigvalsh(gram)
    if not len(values) or values[-1] <= 0:
        return 0.0
    # What rounding leaves of zero eigenvalues would count a direction each.
    return _perplexity(np.sqrt(values[values > 1e-12 * values[-1]]))


def _near_duplicates(cosines: Floats, threshold: float = ALIKE) -> float:
    if len(cosines) < 2:
        return float("nan")
    others = np.where(np.eye(len(cosines), dtype=bool), -1.0, cosines)
    # Equal vectors may come out as 1 - 1e-16.
    return float((others.max(axis=1) >= threshold - 1e-12).mean())


def _cosines(points: Floats) -> Floats:
    lengths = _lengths(points)
    return np.asarray(points @ points.T / np.outer(lengths, lengths))


def _lengths(points: Floats) -> Floats:
    lengths: Floats = np.sqrt(np.vecdot(points, points))
    if not lengths.all():
        row = int(np.flatnonzero(lengths == 0)[0])
        raise UnfitData(f"embeddings: row {row} is zero and has no direction")
    return lengths


def _perplexity(weights: NDArray[np.floating]) -> float:
    """Return the exponential of the entropy of weights, made to sum to 1."""
    shares = np.maximum(weights, 0.0) / np.maximum(weights, 0.0).sum()
    shares = shares[shares > 0]
    return float(np.exp(-(shares * np.log(shares)).sum()))
