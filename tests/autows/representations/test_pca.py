"""Principal components beside scikit-learn's, on one scale."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.spatial.distance
from sklearn.decomposition import PCA as ScikitPCA

from autows.representations import pca
from autows.representations.pca import PCA
from autows.representations.raw import Raw
from autows.texts import Texts


def transform(model, pool, test, modality="image"):
    model.fit(pool, modality)
    return model.encode(pool, modality), model.encode(test, modality)


def images(rows, seed=0):
    """Return float pixels whose principal components have well separated variances."""
    rng = np.random.default_rng(seed)
    directions = np.linalg.qr(np.random.default_rng(99).standard_normal((12, 12)))[0]
    flat = rng.standard_normal((rows, 12)) * np.geomspace(1, 0.05, 12) @ directions + 0.5
    return flat.reshape(rows, 3, 4).astype(np.float32)


@pytest.mark.parametrize("rows", [200, 9])
@pytest.mark.parametrize("n_components", [3, 100])
def test_components_are_scikit_learns_up_to_sign_and_one_factor(rows, n_components):
    pool, test = images(rows), images(20, seed=1)
    Z_pool, Z_test = transform(PCA(n_components=n_components), pool, test)
    kept = min(n_components, rows, 12)
    assert (Z_pool.shape, Z_test.shape, Z_pool.dtype) == ((rows, kept), (20, kept), np.float32)
    reference = ScikitPCA(n_components=kept, svd_solver="full").fit(pool.reshape(rows, 12).astype(np.float64))
    R_pool, R_test = (reference.transform(X.reshape(len(X), 12).astype(np.float64)) for X in (pool, test))
    factor = 1 / np.sqrt(np.mean(R_pool**2))
    sign = np.sign(np.sum(Z_pool * R_pool, axis=0))
    # Of as many rows as components the last component is rounding error.
    real = slice(0, min(kept, rows - 1))
    np.testing.assert_allclose(Z_pool[:, real], (R_pool * factor * sign)[:, real], atol=1e-4)
    np.testing.assert_allclose(Z_test[:, real], (R_test * factor * sign)[:, real], atol=1e-4)


def test_the_pool_has_mean_square_one_and_keeps_the_variances_in_proportion():
    Z, _ = transform(PCA(n_components=5), images(300), images(10))
    assert np.mean(np.square(Z, dtype=np.float64)) == pytest.approx(1, rel=1e-6)
    variance = Z.var(axis=0, dtype=np.float64)
    own = ScikitPCA(5).fit(images(300).reshape(300, 12).astype(np.float64)).explained_variance_
    np.testing.assert_allclose(variance / variance[0], own / own[0], rtol=1e-3)


def test_test_rows_do_not_influence_the_fit():
    pool = images(100)
    one, same = transform(PCA(4), pool, images(20, seed=1))
    two, other = transform(PCA(4), pool, np.concatenate([images(20, seed=1), 1e4 * images(20)]))
    np.testing.assert_array_equal(one, two)
    np.testing.assert_allclose(same, other[:20], atol=1e-6)


@pytest.mark.parametrize("n_components", [3, 100])
def test_permuted_pixels_leave_all_distances_as_they_are(n_components):
    pool, test = images(80), images(20, seed=1)
    order = np.random.default_rng(2).permutation(12)

    def permute(X):
        return X.reshape(-1, 12)[:, order].reshape(-1, 3, 4)

    plain = np.concatenate(transform(PCA(n_components), pool, test))
    permuted = np.concatenate(transform(PCA(n_components), permute(pool), permute(test)))
    distance = scipy.spatial.distance.pdist
    np.testing.assert_allclose(distance(permuted), distance(plain), rtol=1e-4, atol=1e-5)


def test_all_components_keep_the_distances_of_the_raw_data_up_to_the_factor():
    pool = images(60)
    raw, _ = transform(Raw(), pool, pool[:1])
    Z, _ = transform(PCA(), pool, pool[:1])
    ratio = scipy.spatial.distance.pdist(Z) / scipy.spatial.distance.pdist(raw)
    np.testing.assert_allclose(ratio, ratio.mean(), rtol=1e-4)


def test_a_constant_pool_becomes_zero():
    pool = np.full((6, 2, 2), 0.25, dtype=np.float32)
    with np.errstate(invalid="ignore"):  # scikit-learn divides the variances by their sum
        Z_pool, Z_test = transform(PCA(), pool, pool[:2])
    np.testing.assert_allclose(Z_pool, 0, atol=1e-6)
    assert np.all(np.isfinite(Z_test))


def test_a_large_pool_is_fitted_on_evenly_spaced_rows(monkeypatch):
    pool = images(100)
    monkeypatch.setattr(pca, "ROWS_FOR_FIT", 40)
    Z, _ = transform(PCA(4), pool, pool[:1])
    model = PCA(4)
    model.fit(pool[::3], "image")
    np.testing.assert_allclose(Z, model.encode(pool, "image"), atol=1e-6)


def test_texts_are_projected_without_being_centred():
    rng = np.random.default_rng(0)
    words = np.array(["ant", "bee", "cat", "dog", "eel", "fox"])
    pool = Texts.of([" ".join(rng.choice(words, 4)) for _ in range(40)])
    Z, _ = transform(PCA(3), pool, pool[:2], "text")
    raw, _ = transform(Raw(), pool, pool[:2], "text")
    U, s, _ = np.linalg.svd(raw.toarray().astype(np.float64), full_matrices=False)
    expected = U[:, :3] * s[:3]
    expected *= np.sign(np.sum(Z * expected, axis=0)) / np.sqrt(np.mean(expected**2))
    np.testing.assert_allclose(Z, expected, atol=1e-3)


def test_no_component_is_an_error():
    with pytest.raises(ValueError, match="n_components is 0"):
        transform(PCA(n_components=0), images(5), images(2))
