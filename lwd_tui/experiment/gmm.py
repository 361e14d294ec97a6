"""The Gaussian-mixture proxy: n mixtures that share B components, and what they came to.

The symbols are those of the paper's section 3.2 and Algorithms 2 and 3. The defaults are the
paper's first run, and where it says nothing (eps, renormalisation) they are ours.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import BeforeValidator, Field, model_validator

from lwd_tui.experiment.exchange import Exchange
from lwd_tui.experiment.section import Section, Specification
from lwd_tui.types import Floats, Ints

Row = tuple[float, ...]
Matrix = tuple[Row, ...]

LARGEST = 2**31
"""Numbers in one replicate's table of densities, and in a run's result, at most (16 GiB)."""

FARTHEST = 1e100
"""The size of a coordinate, at most, so that no product of two of them overflows."""


def covariance_matrix(value: float | Row | Matrix, dimension: int, name: str) -> Floats:
    """Return the covariance matrix that a variance, a diagonal or a matrix stands for.

    Raises
    ------
    ValueError
        If it has the wrong shape, isn't symmetric, or isn't positive definite.
    """
    given = np.asarray(value, dtype=np.float64)
    if given.shape not in ((), (dimension,), (dimension, dimension)):
        shape = " x ".join(map(str, given.shape))
        raise ValueError(
            f"{name}: holds {shape} numbers; points of d = {dimension} need one, d, or d x d"
        )
    matrix = given if given.ndim == 2 else np.diag(np.broadcast_to(given, dimension))
    if not np.allclose(matrix, matrix.T, rtol=1e-9, atol=0):
        raise ValueError(f"{name}: must be symmetric")
    try:
        factor = np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        raise ValueError(f"{name}: must be positive definite") from None
    if factor.diagonal().min() ** 2 < 1 / FARTHEST or np.abs(matrix).max() > FARTHEST:
        raise ValueError(f"{name}: must lie between {1 / FARTHEST:g} and {FARTHEST:g} in size")
    return matrix


def _numbers(value: Any, most: int) -> Any:
    """Pass on a number, or lists of numbers at most `most` deep."""
    try:
        given = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise ValueError("must be a number, or lists of numbers of one length") from None
    if given.ndim > most or given.size == 0 or not np.isfinite(given).all():
        raise ValueError("must be a finite number, or lists of such numbers")
    return value


def _schedule(names: tuple[str, ...], value: Any) -> str | float:
    """Pass on one of the names, or a number between 0 and 1."""
    if isinstance(value, str) and value in names:
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < 1:
        return float(value)
    allowed = ", ".join(f'"{name}"' for name in names)
    raise ValueError(f"must be {allowed} or a number between 0 and 1; it is {value!r}")


def _as_rows(value: Any) -> Any:
    """Let a point of a line be a plain number."""
    if isinstance(value, (list, tuple)):
        return [[row] if isinstance(row, (int, float)) else row for row in value]
    return value


Points = Annotated[Matrix, BeforeValidator(_as_rows)]
Covariance = Annotated[float | Row | Matrix, BeforeValidator(partial(_numbers, most=2))]


def _width(rows: Matrix, name: str) -> int:
    widths = [len(row) for row in rows]
    for place, width in enumerate(widths):
        if width == 0 or width != widths[0]:
            raise ValueError(
                f"{name}[{place}]: has {width} numbers, {name}[0] has {widths[0]}; "
                "every row must have d of them"
            )
        if max(map(abs, rows[place])) > FARTHEST:
            raise ValueError(f"{name}[{place}]: must be at most {FARTHEST:g} in size")
    return widths[0] if widths else 0


def _check_weights(row: Row, size: int, name: str) -> None:
    if len(row) != size:
        raise ValueError(f"{name}: has {len(row)} numbers; there are {size} components")
    if min(row) < 0 or not math.isclose(sum(row), 1, abs_tol=1e-6):
        raise ValueError(f"{name}: must be at least 0 and sum to 1; they sum to {sum(row):g}")


class Human(Section):
    """Where A(0) and the fresh points come from: a mixture, or points that are given.

    Attributes
    ----------
    count : int
        |A(0)|; 0, as in the paper's proof, where the points aren't given.
    points : tuple of tuple of float
        A(0) itself, in the place of `count` points of the mixture. In a TOML file,
        ``points_file`` names a file of them.
    weights : tuple of float
        Of the human mixture; equal ones if none are given.
    means : tuple of tuple of float
        Of the human mixture; those of the participants' components if none are given.
    covariance : float, or tuple of float, or tuple of tuple of float, optional
        Of the human mixture; the participants' own if none is given.
    """

    count: int = Field(0, ge=0)
    points: Points = ()
    weights: Row = ()
    means: Points = ()
    covariance: Covariance | None = None


class GmmSpec(Exchange, Specification):
    """A network of Gaussian mixtures (Algorithm 3), and how it is run.

    Attributes
    ----------
    kind : {"gmm"}
        Marks a TOML file as this, and not an experiment with language models.
    participants : int
        n, the mixtures.
    responses : int
        L, the points that each of them posts at each step.
    steps : int
        T; the run has T + 1 steps, t = 0 .. T.
    beta : float
        k_t = floor(beta * |A(t)|).
    seed, replicates : int
        Replicate r depends on the seed and on r alone, not on how many there are.
    means : tuple of tuple of float
        mu_1 .. mu_B; in one dimension plain numbers will do.
    covariance : float, or tuple of float, or tuple of tuple of float
        Sigma, shared: a variance, the diagonal, or the whole matrix.
    dirichlet : float or tuple of float
        a: Pi_i(0) ~ Dirichlet(a, .., a), or of B parameters.
    weights : tuple of tuple of float
        Pi_1(0) .. Pi_n(0) in the place of a Dirichlet draw.
    alpha : {"1/k", "1/(1+t)"} or float
        The weight of one point in an update. A schedule is kept at most 1/2, which bears on
        k_t = 1 and on t = 0 alone: at 1 the point would take the place of all that was known.
    c : {"1/(k B^2)"} or float
        The strength of the Dirichlet prior that lets weak components go, less than 1/B.
    eps : float
        What a weight that has become negative is set to.
    renormalise : bool
        Whether the weights are divided by their sum where one was set to `eps`; Algorithm 2
        as printed leaves the sum at about 1.
    moving : {"none", "means", "all"}
        What is updated with the weights: nothing (the paper), the means, or the means and the
        covariances too (Zivkovic and van der Heijden 2004).
    variance_floor : float
        Where covariances move: the least standard deviation along any axis of their triangular
        factors is the root of this share of the starting variance.
    human : Human
    """

    kind: Literal["gmm"] = "gmm"
    participants: int = Field(3, ge=1, le=10_000)
    responses: int = Field(3, ge=1)
    steps: int = Field(200, ge=1)
    beta: float = Field(0.5, gt=0, le=1)
    seed: int = Field(7, ge=0, lt=2**63)
    replicates: int = Field(5, ge=1)
    means: Points = ((-5.0,), (5.0,))
    covariance: Covariance = 1.0
    dirichlet: Annotated[float | Row, BeforeValidator(partial(_numbers, most=1))] = 1.0
    weights: Matrix = ()
    alpha: Annotated[str | float, BeforeValidator(partial(_schedule, ("1/k", "1/(1+t)")))] = "1/k"
    c: Annotated[str | float, BeforeValidator(partial(_schedule, ("1/(k B^2)",)))] = "1/(k B^2)"
    eps: float = Field(1e-6, ge=0)
    renormalise: bool = True
    moving: Literal["none", "means", "all"] = "none"
    variance_floor: float = Field(1e-3, gt=0, le=1)
    human: Human = Human()

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        size, dimension = len(self.means), _width(self.means, "means")
        if size < 2:
            raise ValueError(f"means: has {size} components; there must be at least 2")
        covariance_matrix(self.covariance, dimension, "covariance")
        if isinstance(self.c, float) and self.c >= 1 / size:
            raise ValueError(f"c = {self.c}: must be less than 1/B = {1 / size:g}")
        if self.eps >= 1 / size:
            raise ValueError(f"eps = {self.eps}: must be less than 1/B = {1 / size:g}")
        self._check_start(size)
        self._check_human(size, dimension)
        graph = self.readers(self.participants)
        if self.retrieval == "response":
            raise ValueError(
                'retrieval = "response": a mixture learns from one draw; '
                'use "participant" or "shared"'
            )
        if self.retrieval == "shared" and not (graph == graph[0]).all():
            raise ValueError('retrieval = "shared": all participants must read the same posts')
        if self.largest * size > LARGEST:
            raise ValueError(
                f"A(T) would have {self.largest:,} points of {size} numbers; "
                "lower steps or responses"
            )
        each = size if self.moving == "none" else size * (1 + dimension + dimension**2)
        history = self.replicates * (self.steps + 1) * self.participants * each
        if history > LARGEST:
            raise ValueError(
                f"the weights of all replicates and steps would be {history:,} numbers; "
                "lower replicates or steps"
            )
        return self

    def _check_start(self, size: int) -> None:
        if isinstance(self.dirichlet, tuple) and len(self.dirichlet) != size:
            raise ValueError(
                f"dirichlet: has {len(self.dirichlet)} numbers; there are {size} components"
            )
        if np.min(self.dirichlet) <= 0:
            raise ValueError("dirichlet: must be greater than 0")
        if not self.weights:
            return
        if len(self.weights) != self.participants:
            raise ValueError(
                f"weights: has {len(self.weights)} rows; there are {self.participants} participants"
            )
        for place, row in enumerate(self.weights):
            _check_weights(row, size, f"weights[{place}]")

    def _check_human(self, size: int, dimension: int) -> None:
        human = self.human
        if human.points and human.count:
            raise ValueError("human: give either count or points, not both")
        for name, rows in (("points", human.points), ("means", human.means)):
            if rows and _width(rows, f"human.{name}") != dimension:
                raise ValueError(
                    f"human.{name}: has {len(rows[0])} numbers a row; means has {dimension}"
                )
        if human.weights:
            _check_weights(human.weights, len(human.means) or size, "human.weights")
        if human.covariance is not None:
            covariance_matrix(human.covariance, dimension, "human.covariance")

    @property
    def components(self) -> int:
        """The B of the components."""
        return len(self.means)

    @property
    def dimension(self) -> int:
        """The d of the points in R^d."""
        return len(self.means[0])

    @property
    def start_size(self) -> int:
        """|A(0)|."""
        return self.human.count + len(self.human.points)

    @property
    def posts_per_step(self) -> int:
        """How many points each step adds."""
        posted = self.participants * self.responses if self.interaction else 0
        return posted + self.fresh + self.noise

    @property
    def largest(self) -> int:
        """|A(T)| if nothing is ever taken away."""
        return self.start_size + self.steps * self.posts_per_step


@dataclass(frozen=True, slots=True, eq=False)
class GmmRun:
    """What R replicates came to, for t = 0 .. the step that was reached.

    Attributes
    ----------
    spec : GmmSpec
    replicates : range
        Their numbers.
    weights : ndarray of shape (R, T + 1, n, B)
        Pi_i(t).
    lifted : ndarray of shape (R, T + 1, n)
        How often a weight that was no longer positive was set to eps on the way to t.
    means : ndarray of shape (R, T + 1, n, B, d), or None
        Where they move.
    covariances : ndarray of shape (R, T + 1, n, B, d, d), or None
        Where they move, or where the means do.
    """

    spec: GmmSpec
    replicates: range
    weights: Floats
    lifted: Ints
    means: Floats | None = None
    covariances: Floats | None = None
