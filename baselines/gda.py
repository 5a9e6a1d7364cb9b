"""Gaussian discriminant analysis of the seeds, added to zero-shot logits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from autows.method import Method
from autows.priors import shrunken_prior
from autows.types import Labels, TaskView
from baselines._embeddings import SeedEmbeddings, answer, best_candidate, out_of_fold, seed_folds

ALPHAS = (0.0, *(float(a) for a in np.geomspace(1e-4, 1e2, 19)))


class Gda(Method):
    """Linear discriminants of Gaussian classes with one shrunken covariance, plus zero-shot logits.

    Logits are ``scale x T' + alpha (x W' + b)`` for unit embeddings x and class texts T, with
    ``w_k = Omega mu_k`` and ``b_k = log prior_k - mu_k' Omega mu_k / 2``; mu_k are class means of the seeds
    and ``Omega = d [(n - 1) S + tr(S) I]^-1`` with S their pooled covariance. Alpha and a temperature for all
    of it have the lowest 5-fold cross-validated log-loss on the seeds.

    Notes
    -----
    The paper has equally many seeds in each class; where that is so, and each has two, all is as there.
    Otherwise: a class without seeds has its mean where its text would be among the images, texts
    being shifted and scaled, by least squares, to be nearest to the means of the classes that have
    seeds; a class with one seed has its mean half way between both. Class shares are shrunken from
    the seeds. The mean of few seeds is too long by their noise, which would count against the class: the
    intercept gets back what is expected of it, ``v_k tr(Omega Sigma) / 2``, v_k being the sum of
    squared weights of the seeds in mu_k; for the trace see :func:`noise_of_seeds`. Left out are the
    extensions to base-to-new generalisation and unlabeled data.

    The covariance is that of rows around their class means, so ``(n - 1) S = C' C`` for the centred rows C.
    With d > n the inverse is taken in n dimensions (Woodbury's identity): O(n^2 (n + d)), otherwise
    O(d^2 (n + d)); six times, and O(N d K) to answer.

    References
    ----------
    Z. Wang, J. Liang, L. Sheng, R. He, Z. Wang and T. Tan (2024), A hard-to-beat baseline for
    training-free CLIP-based adaptation, ICLR. T. Kubokawa and M. Srivastava (2008),
    Estimation of the precision matrix of a singular Wishart distribution, Journal of
    Multivariate Analysis 99 (the shrinkage).
    """

    name = "gda"
    family = "zero-shot"
    needs = frozenset({"class_embeddings"})

    def fit_predict(self, view: TaskView, rng: np.random.Generator) -> Labels:
        """Choose alpha by cross-validation, fit to all seeds, answer."""
        seeds = SeedEmbeddings.of(view)
        alphas = np.array(ALPHAS)[:, None, None]
        folds = seed_folds(view, rng)
        alpha, temperature, info = 1.0, 1.0, {}
        if folds is not None:

            def candidates(train: SeedEmbeddings, F: NDArray[np.float64]) -> NDArray[np.float64]:
                W, b = discriminants(train)
                return train.scale * (F @ train.T.T) + alphas * (F @ W.T + b)

            chosen, temperature, loss = best_candidate(out_of_fold(seeds, folds, candidates), seeds.y)
            alpha, info = ALPHAS[chosen], {"out_of_fold_log_loss": round(loss, 4)}
        W, b = discriminants(seeds)
        weights = (seeds.scale * seeds.T + alpha * W).T.astype(np.float32)
        return answer(view, lambda X: X @ weights + alpha * b, temperature, {"alpha": alpha, **info})


def discriminants(seeds: SeedEmbeddings) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return weights (K, d) and intercepts (K,) of the Gaussian classes."""
    means, weight = class_means(seeds)
    # Lone seeds are their class's mean and tell nothing about the covariance.
    repeated = seeds.y[seeds.counts[seeds.y] > 1]
    within = seeds.F[seeds.counts[seeds.y] > 1] - means[repeated]
    W, leverage = precision_times(within, means, len(seeds.y))
    b = np.log(shrunken_prior(seeds.counts)) - 0.5 * np.einsum("kd,kd->k", means, W)
    return W, b + 0.5 * weight * noise_of_seeds(leverage, seeds.counts[repeated], seeds.F.shape[1])


def noise_of_seeds(leverage: NDArray[np.float64], counts: NDArray[np.integer], d: int) -> float:
    """Estimate ``tr(Omega Sigma)``: the squared length in Omega of a row around its class's true mean.

    Parameters
    ----------
    leverage : (r,) float64
        Of each seed, see :func:`precision_times`.
    counts : (r,) int array
        How many seeds its class has, at least 2.
    d : int
        The number of features.

    Notes
    -----
    The seeds that Omega was made from look short in it. Without seed i, the scatter is less by
    ``g c_i c_i'`` with ``g = n_k / (n_k - 1)``, and the seed is ``g c_i`` from the mean of the rest of
    its class. Its squared length in the precision of the others is on average g times the trace, which
    leaves ``d g h_i / (1 - g h_i)`` with the leverage h_i; the ridge is kept.
    """
    if not len(leverage):
        return 0.0
    g = counts / (counts - 1)
    return d * float(np.mean(g * leverage / (1 - g * leverage)))


def class_means(seeds: SeedEmbeddings) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return class means (K, d), those of classes with fewer than two seeds shrunk to the texts.

    Returns
    -------
    means : (K, d) float64
    weight : (K,) float64
        The sum of the squared weights that seeds have in each mean.

    Notes
    -----
    The text of class k lies at ``m + s (t_k - t)`` among the images, m and t being the averages of the means
    and of the texts over classes with seeds and ``s >= 0`` the least-squares scale between the two.
    """
    counts = seeds.counts[:, None]
    sums = seeds.onehot.T @ seeds.F
    means = sums / np.maximum(counts, 1)
    seen = seeds.counts > 0
    m, t = means[seen].mean(axis=0), seeds.T[seen].mean(axis=0)
    images, texts = means[seen] - m, seeds.T[seen] - t
    size = np.sum(texts * texts)
    s = max(float(np.sum(images * texts) / size), 0.0) if size > 1e-12 else 1.0
    placed = m + s * (seeds.T - t)
    texts_in = seeds.counts < 2
    means = np.where(texts_in[:, None], (sums + placed) / (counts + 1), means)
    return means, seeds.counts / (np.maximum(seeds.counts, 1) + texts_in) ** 2


def precision_times(
    C: NDArray[np.float64], M: NDArray[np.float64], n: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Multiply by the precision ``Omega = d [C' C + tr(C' C) / (n - 1) I]^-1``.

    Parameters
    ----------
    C : (r, d) float64
        Centred rows. If they do not vary at all, Omega is the identity.
    M : (K, d) float64
    n : int
        How many rows there were, those included that are their own mean.

    Returns
    -------
    product : (K, d) float64
        ``M Omega``.
    leverage : (r,) float64
        ``c' Omega c / d`` of each centred row.
    """
    r, d = C.shape
    total = float(np.sum(C * C))
    if total < 1e-12:
        return M.copy(), np.zeros(r)
    ridge = total / (n - 1)
    if d <= r:
        solved = np.linalg.solve(C.T @ C + ridge * np.eye(d), np.concatenate([M, C]).T).T
        return d * solved[: len(M)], np.einsum("rd,rd->r", C, solved[len(M) :])
    G = C @ C.T
    solved = np.linalg.solve(G + ridge * np.eye(r), np.concatenate([M @ C.T, G]).T).T
    return d / ridge * (M - solved[: len(M)] @ C), np.diagonal(solved[len(M) :]).copy()
