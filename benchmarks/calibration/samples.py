"""Answers whose true means are known: unit vectors drawn from large but finite stocks."""

from dataclasses import dataclass

import numpy as np

STOCK = 4_000


@dataclass(frozen=True)
class Stocks:
    """What each participant may answer, each of its answers as likely as the others."""

    answers: tuple[np.ndarray, ...]

    @property
    def means(self) -> np.ndarray:
        """Return the true means."""
        return np.array([stock.mean(axis=0) for stock in self.answers])

    @property
    def norm(self) -> float:
        """The true norm: over all ordered pairs."""
        return float(np.sqrt(((self.means[:, None] - self.means) ** 2).sum()))

    def draw(
        self, rng: np.random.Generator, sizes: tuple[int, ...]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return so many answers of each participant, and their owners."""
        drawn = [
            stock[rng.integers(len(stock), size=size)]
            for stock, size in zip(self.answers, sizes, strict=True)
        ]
        return np.concatenate(drawn), np.repeat(np.arange(len(sizes)), sizes)


def cloud(rng, p=50, apart=0.75, axis=0, tails=np.inf, spread=0.3, n=3, unit=True) -> Stocks:
    """Return clouds of unequal axes; the first one's mean lies apart along one of them.

    Parameters
    ----------
    axis : int
        0 is the one along which the answers vary most.
    tails : float
        Degrees of freedom of Student's t; normal if infinite.
    spread : float
        The dispersion S before the answers are made unit vectors.
    unit : bool
        Whether they are.
    """
    scale = np.arange(1, p + 1) ** -0.5
    scale *= np.sqrt(spread / (scale**2).sum())
    stocks = []
    for i in range(n):
        noise = rng.standard_normal((STOCK, p))
        if np.isfinite(tails):
            noise /= np.sqrt(rng.chisquare(tails, size=(STOCK, 1)) / tails)
        points = scale * noise
        points[:, axis] += apart * (i == 0)
        points = np.column_stack([points, np.full(STOCK, 0.8)])
        stocks.append(points / np.linalg.norm(points, axis=1, keepdims=True) if unit else points)
    return Stocks(tuple(stocks))


def alike(stocks: Stocks) -> Stocks:
    """Return participants that all are as the last one."""
    return Stocks(stocks.answers[-1:] * len(stocks.answers))


def rare(share: float, far: float = 2.0, n: int = 3) -> Stocks:
    """Return participants that all say one thing, but the first now and then another.

    Parameters
    ----------
    share : float
        How often the first says the other thing.
    far : float
        How far that lies from the first; 2 is the opposite.
    """
    usual = np.array([1.0, 0.0])
    cosine = 1 - far**2 / 2
    other = np.array([cosine, np.sqrt(max(0.0, 1 - cosine**2))])
    often = round(1_000 * share)
    first = np.array([usual] * (1_000 - often) + [other] * often)
    return Stocks((first, *[usual[None]] * (n - 1)))


def few(share: float = 0.2, n: int = 3) -> Stocks:
    """Return participants with three answers each, of which they share the most frequent one."""
    corners = np.eye(2 * n + 1)
    stocks = []
    for i in range(n):
        mine = [corners[0]] * round(100 * (1 - share))
        mine += [corners[1 + 2 * i]] * round(70 * share) + [corners[2 + 2 * i]] * round(30 * share)
        stocks.append(np.array(mine))
    return Stocks(tuple(stocks))
