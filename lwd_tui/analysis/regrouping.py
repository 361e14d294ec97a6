"""How often are groups of the same sizes, drawn anew, as far apart as those that were seen.

With rows and columns centred, the formula in `lwd_tui.analysis.permutation` comes down to the sum
over groups of z' K z / L_i, with z the 0-1 vector of the group, which BLAS is quick at. Of many
groups the blocks are a small part of K: then they are added up.

Permutations are first compared in single precision, which is twice as fast; those that come out
too near to tell are done again in double precision.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lwd_tui.analysis.kernels import doubly_centred
from lwd_tui.types import Floats, Ints

Numbers = NDArray[np.floating]

# Numbers held at a time while permuting: more would leave the cache, and be new pages each time.
CHUNK = 100_000
# Columns of a matrix at a time, of which only the rows from the diagonal on are multiplied.
WIDTH = 40
# Multiplications that BLAS does in the time in which one number is gathered.
GATHERED = 40
# Permutations that leave the groups as they are must count as ties, in spite of rounding: as a
# share of the trace.
TIES = 1e-12


def permuted(
    matrices: Floats, codes: Ints, rng: np.random.Generator, permutations: int
) -> tuple[Floats, Floats]:
    """Return the statistic of each matrix, and its p over permutations of the groups.

    Parameters
    ----------
    matrices : ndarray of shape (tests, statistics, m, m)
    codes : ndarray of shape (tests, m)
        The group of each row, from 0 on; the groups have the same sizes in all tests.
    rng : numpy.random.Generator
        The tests draw from it one after the other.
    permutations : int

    Returns
    -------
    values, p : ndarray of shape (tests, statistics)
    """
    counts, m = np.bincount(codes[0]), codes.shape[1]
    many = (len(counts) - 1) * m**2 > GATHERED * (counts**2).sum()
    centred = doubly_centred(matrices)
    # A statistic lies between 0 and the trace; 1 for the trace of zeros, which stay zeros.
    traces = np.trace(centred, axis1=2, axis2=3)
    traces[traces == 0] = 1.0
    centred /= traces[..., None, None]
    contrasts = _contrasts(counts)
    y = np.moveaxis(contrasts[:, codes], 0, 1)[:, None]
    observed = np.vecdot(y @ centred, y).sum(axis=2)
    rough = contrasts.astype(np.float32)
    bands = _bands(centred.astype(np.float32))
    # What rounding in single precision comes to at most: each entry of K counts once.
    near = (m + WIDTH) * np.finfo(np.float32).eps * (contrasts**2).sum(axis=0).max()
    near = near * np.abs(centred).sum(axis=(2, 3))
    beyond = np.zeros(observed.shape, dtype=np.int64)
    for k, marks in enumerate(codes):
        blocks = _blocks(marks, counts) if many else None
        unsure: list[NDArray[np.unsignedinteger]] = []
        held = len(blocks[0]) if blocks else m * (len(counts) + matrices.shape[1])
        chunk = max(1, CHUNK // held)
        for start in range(0, permutations, chunk):
            # Sorting random keys is quicker than shuffling. One in 2^24 pairs of keys is equal and
            # keeps its order, which is far less than any number of permutations can resolve.
            keys = _keys(rng, (min(chunk, permutations - start), m))
            if blocks:
                gaps = _block_sums(_by_keys(keys, np.arange(m)), blocks, centred[k]) - observed[k]
            else:
                groups = _by_keys(keys, marks)
                gaps = _statistics(groups, rough, [band[k] for band in bands]) - observed[k]
                close = (np.abs(gaps) < near[k]).any(axis=1)
                unsure.append(groups[close])
                gaps = gaps[~close]
            beyond[k] += (gaps >= -TIES).sum(axis=0)
        if unsure and len(again := np.concatenate(unsure)):
            gaps = _statistics(again, contrasts, _bands(centred[k])) - observed[k]
            beyond[k] += (gaps >= -TIES).sum(axis=0)
    return observed * traces, (1 + beyond) / (1 + permutations)


def _keys(rng: np.random.Generator, shape: tuple[int, int]) -> NDArray[np.uint32]:
    """Draw keys of 24 bits each, the upper ones; those that `random` makes numbers of."""
    bits, halves = rng.bit_generator, math.prod(shape)
    if not isinstance(bits, np.random.PCG64) or halves % 2 or bits.state["has_uint32"]:
        return (rng.random(shape, dtype=np.float32) * np.float32(2**32)).astype(np.uint32)
    # Half of the work: each word of this generator makes two numbers, first of its lower half.
    return bits.random_raw(halves // 2).astype("<u8", copy=False).view("<u4").reshape(shape)


def _by_keys(keys: NDArray[np.uint32], marks: Ints) -> NDArray[np.unsignedinteger]:
    """Return the marks in the order of their keys, a row each; of equal keys the least mark first.

    The keys are used up.

    The upper 24 bits of a key count, and its mark goes below them: numbers alone are sorted in a
    third of the time that it takes to sort their places, and alike on every machine.
    """
    marked: NDArray[np.unsignedinteger] = keys
    few = marks.max() < 256
    if few:
        marked &= np.uint32(0xFFFFFF00)
    else:
        marked = (keys >> np.uint32(8)).astype(np.uint64) << np.uint64(32)
    marked |= marks.astype(marked.dtype)
    marked.sort(axis=1)
    marked &= marked.dtype.type(0xFF if few else 0xFFFFFFFF)
    return marked


def _contrasts(counts: Ints) -> Floats:
    """Return C, of one row fewer than groups: the z' K z / L_i sum to the y' K y of y = C z.

    The z / sqrt(L_i) are turned, which keeps that sum, so that one y is the same in all places: a
    centred K takes it to zero.
    """
    # A reflection takes the roots of the shares to the first axis, which is left out.
    across = np.sqrt(counts / counts.sum())
    across[0] += 1
    turned = np.eye(len(counts))[1:] - np.outer(across[1:], across / across[0])
    return np.asarray(turned / np.sqrt(counts))


def _statistics(
    groups: NDArray[np.integer], contrasts: Numbers, bands: Sequence[Numbers]
) -> Floats:
    """Return the statistic of each matrix (second axis) for each row of the groups (first)."""
    z = np.array([groups == group for group in range(contrasts.shape[1])], dtype=contrasts.dtype)
    y = (contrasts @ z.reshape(len(z), -1)).reshape(-1, groups.shape[1])
    sums = np.zeros((len(y), bands[0].shape[1] // min(WIDTH, len(bands[0]))))
    for k, band in enumerate(bands):
        columns = y[:, k * WIDTH : (k + 1) * WIDTH]
        products = y[:, k * WIDTH :] @ band
        sums += np.vecdot(products.reshape(*sums.shape, columns.shape[1]), columns[:, None])
    return np.asarray(sums.reshape(len(contrasts), len(groups), sums.shape[1]).sum(axis=0))


def _bands(matrices: Numbers) -> list[Numbers]:
    """Return the columns of symmetric matrices from the diagonal on, `WIDTH` at a time.

    Those of the matrices of a test (second axis but two) stand side by side. Beside the diagonal
    they are doubled: what the entries of K are multiplied by is as symmetric as K.
    """
    m = matrices.shape[-1]
    lower = np.tri(m, dtype=matrices.dtype) + np.tri(m, k=-1, dtype=matrices.dtype)
    folded = np.moveaxis(matrices * lower, -3, -2)
    parts = [folded[..., low:, :, low : low + WIDTH] for low in range(0, m, WIDTH)]
    return [part.reshape(*part.shape[:-2], -1) for part in parts]


def _blocks(codes: Ints, counts: Ints) -> tuple[Ints, Ints, Floats]:
    """Return the pairs of rows within groups, each once, and what z' K z / L_i has of each."""
    pairs = [np.array(np.triu_indices(size)) for size in counts]
    members = np.split(np.argsort(codes, kind="stable"), np.cumsum(counts)[:-1])
    first, second = np.concatenate(
        [rows[pair] for rows, pair in zip(members, pairs, strict=True)], axis=1
    )
    shares = np.repeat(2 / counts, [pair.shape[1] for pair in pairs])
    return first, second, np.where(first == second, shares / 2, shares)


def _block_sums(
    order: NDArray[np.integer], blocks: tuple[Ints, Ints, Floats], matrices: Floats
) -> Floats:
    """Return what `_statistics` does, for the rows in each order, from the blocks of groups."""
    first, second, shares = blocks
    # The row that was put in each place.
    places = np.argsort(order, axis=1)
    entries = places[:, first] * order.shape[1] + places[:, second]
    return np.stack([np.take(matrix, entries) @ shares for matrix in matrices], axis=1)
