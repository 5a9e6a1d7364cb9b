"""Votes on their way to a label model."""

from __future__ import annotations

import numpy as np
import pytest

from autows.method import create
from autows.voting import Votes


@pytest.mark.parametrize("m", [1, 2, 3])
def test_a_label_model_that_did_not_do_what_its_name_says_is_noted(blobs, m):
    view, y_pool, y_test = blobs(n_classes=2)

    def votes(y):
        rng = np.random.default_rng(len(y))
        return np.where(rng.random((len(y), m)) < 0.8, y[:, None], 1 - y[:, None]).astype(np.int8)

    given = Votes(votes(y_pool), votes(y_test), votes(view.y_seed))
    for name in ("metal", "majority_vote"):
        labels = create(f"snuba[label_model={name}]").aggregate(view, given)
        noted = name == "metal" and m < 3
        assert ("label_model_note" in labels.info) == noted
        if noted:
            assert f"got {m}; seed_naive_bayes answers in its place" in labels.info["label_model_note"]
        assert np.mean(labels.test.argmax(axis=1) == y_test) > 0.6
