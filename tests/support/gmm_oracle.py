"""Algorithm 2 and the full recursive update, as plainly as NumPy and SciPy can say them."""

import numpy as np
from scipy.special import logsumexp
from scipy.stats import multivariate_normal


def ownership(pi, log_densities):
    with np.errstate(divide="ignore"):
        joint = np.log(pi) + log_densities
    return np.exp(joint - logsumexp(joint))


def move_weights(pi, owned, alpha, c, eps, renormalise):
    size = len(pi)
    pi = (1 - alpha) * pi + alpha * (owned - c) / (1 - size * c)
    lifted = 0
    for b in range(size):
        if pi[b] <= 0:
            others = np.arange(size) != b
            pi[others] /= 1 + eps - pi[b]
            pi[b] = eps
            lifted += 1
    if renormalise and lifted:
        pi = pi / pi.sum()
    return pi, lifted


def log_densities(points, means, covariance):
    columns = [
        multivariate_normal(mean, covariance).logpdf(np.atleast_2d(points)) for mean in means
    ]
    return np.stack([np.atleast_1d(column) for column in columns], axis=1)


def algorithm_2(pi, points, means, covariance, alpha, c, eps, renormalise):
    lifted = 0
    for row in log_densities(points, means, covariance):
        pi, more = move_weights(pi, ownership(pi, row), alpha, c, eps, renormalise)
        lifted += more
    return pi, lifted


def full_update(pi, means, covariances, points, alpha, c, eps, both):
    """Zivkovic and van der Heijden (2004), without guards; covariances move only if both do."""
    means, covariances = means.copy(), covariances.copy()
    for point in points:
        row = np.array(
            [
                multivariate_normal(mean, cov).logpdf(point)
                for mean, cov in zip(means, covariances, strict=True)
            ]
        )
        owned = ownership(pi, row)
        for b, share in enumerate(alpha * owned / pi):
            delta = point - means[b]
            means[b] += share * delta
            if both:
                covariances[b] += share * (np.outer(delta, delta) - covariances[b])
        pi, _ = move_weights(pi, owned, alpha, c, eps, renormalise=True)
    return pi, means, covariances


def philox(counter, key):
    """One block of Philox 4x32-10, in Python's own integers."""
    x, (key_0, key_1) = list(counter), key
    for _ in range(10):
        product_0, product_1 = 0xD2511F53 * x[0], 0xCD9E8D57 * x[2]
        x = [
            (product_1 >> 32) ^ x[1] ^ key_0,
            product_1 & 0xFFFFFFFF,
            (product_0 >> 32) ^ x[3] ^ key_1,
            product_0 & 0xFFFFFFFF,
        ]
        key_0 = (key_0 + 0x9E3779B9) & 0xFFFFFFFF
        key_1 = (key_1 + 0xBB67AE85) & 0xFFFFFFFF
    return x
