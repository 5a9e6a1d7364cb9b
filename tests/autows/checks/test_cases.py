from __future__ import annotations

import numpy as np
import pytest

from autows.checks import cases
from autows.checks.cases import World, arrays, blobs
from autows.checks.compare import all_decisions, decisions, difference, filled, scored_rows
from autows.types import ABSTAIN, Labels


@pytest.mark.parametrize("world", [World(), World(embedded=True, modality="image")])
def test_a_case_holds_all_that_a_method_may_ask_for(world):
    case = blobs(world, n_classes=3, n_seeds=12, pool=60, test=20, d=5)
    view = case.view
    assert view.seed_counts.tolist() == [4, 4, 4]
    np.testing.assert_array_equal(view.y_seed, case.y_pool[view.seed_index])
    np.testing.assert_array_equal(view.X_seed, view.X_pool[view.seed_index])
    assert np.bincount(case.y).tolist() == [27, 27, 26]
    assert view.modality == world.modality
    assert all(v is not None for v in (view.class_names, view.prompts, view.zero_shot_pool))
    assert (view.class_embeddings is not None) == world.embedded
    if world.embedded:
        np.testing.assert_allclose(np.linalg.norm(view.X_pool, axis=1), 1, rtol=1e-5)
    # The foundation model knows what it says, and the classes are far apart.
    assert (view.zero_shot_pool.argmax(axis=1) == case.y_pool).mean() > 0.8
    means = np.stack([view.X_pool[case.y_pool == k].mean(axis=0) for k in range(3)])
    nearest = ((view.X_test[:, None] - means) ** 2).sum(axis=2).argmin(axis=1)
    assert (nearest == case.y_test).mean() > 0.9


def test_arrays_cannot_be_written_to():
    sparse = pytest.importorskip("scipy.sparse")
    case = blobs()
    thin = cases.with_features(case, sparse.csr_array(case.view.X_pool), sparse.csr_array(case.view.X_test))
    for view in (case.view, cases.copied(case).view, thin.view):
        assert not any(array.flags.writeable for array in arrays(view).values())
    assert {"X_pool.data", "X_pool.indices", "X_pool.indptr", "y_seed"} <= set(arrays(thin.view))
    assert cases.hashes(cases.copied(case).view) == cases.hashes(case.view)


def test_rows_are_moved_with_their_truth():
    case = blobs()
    pool, test = np.argsort(case.y_pool, kind="stable"), np.arange(3)
    moved = cases.with_rows(case, pool, test)
    np.testing.assert_array_equal(moved.view.X_pool[moved.view.seed_index], case.view.X_seed)
    np.testing.assert_array_equal(moved.y_pool[moved.view.seed_index], case.view.y_seed)
    np.testing.assert_array_equal(moved.view.zero_shot_pool, case.view.zero_shot_pool[pool])
    assert len(moved.y_test) == moved.view.X_test.shape[0] == 3


def test_answers_are_compared_by_what_they_decide():
    view = blobs(n_seeds=3, pool=4, test=2, n_classes=3).view
    P = np.array([[0.2, 0.7, 0.1]] * 4)
    covered = np.array([True, True, False, True])
    soft = Labels(P, np.array([0, ABSTAIN]), 3, pool_covered=covered)
    assert decisions(soft, "pool").tolist() == [1, 1, ABSTAIN, 1]
    assert all_decisions(soft).tolist() == [1, 1, ABSTAIN, 1, 0, ABSTAIN]
    assert filled(soft, view).tolist() == [1, 1, 0, 1, 0, 0]
    assert scored_rows(view).tolist() == [*view.unlabeled_index, 4, 5]
    assert difference(soft, soft) is None
    assert difference(soft, Labels(P + 1e-8, soft.test, 3, pool_covered=covered)) is None
    assert difference(soft, Labels(P, soft.test, 3)) == "1 of 4 pool rows get another answer"
    assert difference(soft, Labels(P[:, [1, 0, 2]], soft.test, 3)) == "4 of 4 pool rows get another answer"
    assert difference(soft, Labels(P, np.array([1, ABSTAIN]), 3, pool_covered=covered)).startswith(
        "1 of 2 test"
    )
    assert "has shape (4, 3) once and (4,) once" in difference(soft, Labels(P.argmax(axis=1), soft.test, 3))
