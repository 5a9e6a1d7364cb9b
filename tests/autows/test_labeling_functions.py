"""Labeling functions beside plain loops over rows, functions and classes."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from autows import labeling_functions as module
from autows import lfs
from autows.labeling_functions import LFs, LFSet, favourites, lift
from autows.lf_family import Models, Rows, Synthesiser, Together


@dataclass(frozen=True)
class Given(Models):
    """Models whose answers are given; Z holds the number of the row."""

    P: np.ndarray

    @property
    def n_models(self):
        return self.P.shape[1]

    @property
    def n_classes(self):
        return self.P.shape[2]

    def predict(self, Z):
        return self.P[Z[:, 0].astype(int)]

    def scores(self, Z, model, label):
        return self.predict(Z)[:, model, label]

    def describe(self, model, label=None):
        return {"kind": "given", "features": [0], "model": model, "of": label}


class AsTheyAre(Synthesiser):
    """Shows the models the features; counts the rows it is shown at a time."""

    def __init__(self):
        self.Z = np.zeros((0, 1), np.float32)
        self.shown = []

    def transform(self, rows):
        self.shown.append(len(rows))
        return rows.X

    def fit(self, used):
        raise AssertionError("voting fits nothing")


# Few values, so that ties between classes and strengths on a threshold are common.
SHARES = st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0]) | st.floats(0, 1)
BETAS = st.sampled_from([0.0, 0.25, 0.5, 2 / 3, 1.0]) | st.floats(-0.5, 1)


@st.composite
def drawn_lfs(draw, multipolar=None):
    rows, M, K, m = (draw(st.integers(low, high)) for low, high in ((1, 6), (1, 4), (2, 4), (0, 5)))
    P = draw(
        arrays(draw(st.sampled_from([np.float32, np.float64])), (rows, M, K), elements=SHARES.map(np.float32))
    )
    count = draw(arrays(np.int64, K, elements=st.integers(0, 5)))
    label = arrays(np.intp, m, elements=st.integers(0, K - 1))
    multipolar = draw(st.booleans()) if multipolar is None else multipolar
    return LFs(
        AsTheyAre(),
        Given(P),
        draw(arrays(np.intp, m, elements=st.integers(0, M - 1))),
        None if multipolar else draw(label),
        draw(arrays(np.float64, m, elements=BETAS)),
        (count + 1) / (count.sum() + K),
    )


def all_rows(lf):
    return Rows(np.arange(len(lf.models.P), dtype=np.float32)[:, None])


def plain_vote(lf, row, j):
    p, prior = lf.models.P[row, lf.model[j]].astype(float), lf.prior
    if lf.label is not None:
        k = lf.label[j]
    else:
        k = max(range(len(p)), key=lambda k: (lf.models.P[row, lf.model[j], k] / prior[k], -k))
    return k if (p[k] - prior[k]) / (1 - prior[k]) >= lf.beta[j] else -1


@settings(max_examples=150, deadline=None)
@given(drawn_lfs())
def test_votes_equal_a_plain_loop(lf):
    L = lf.votes(all_rows(lf))
    assert L.dtype == np.int8
    assert L.shape == (len(lf.models.P), len(lf))
    for row in range(len(L)):
        for j in range(len(lf)):
            assert L[row, j] == plain_vote(lf, row, j)


def test_rows_are_read_in_blocks(monkeypatch):
    P = np.random.default_rng(0).random((1000, 3, 2))
    for label, most in ((np.zeros(3, np.intp), 600), (None, 300)):
        lf = LFs(AsTheyAre(), Given(P), np.arange(3), label, np.full(3, 0.2), np.full(2, 0.5))
        whole = lf.votes(all_rows(lf))
        monkeypatch.setattr(module, "VALUES_AT_ONCE", 1800)
        lf.synthesiser.shown.clear()
        np.testing.assert_array_equal(lf.votes(all_rows(lf)), whole)
        monkeypatch.undo()
        assert lf.synthesiser.shown == [most] * (1000 // most) + [1000 % most]


def test_a_probability_on_the_threshold_is_a_vote_and_the_next_float_below_is_none():
    for dtype in (np.float32, np.float64):
        p = dtype(0.8)
        P = np.array([p, np.nextafter(p, dtype(0))], dtype=dtype)
        P = np.stack([1 - P, P], axis=1)[:, None]
        prior = np.array([0.4, 0.6])
        beta = lift(P, prior)[0, 0, 1:]
        rows = Rows(np.arange(2, dtype=np.float32)[:, None])
        for label in (np.array([1]), None):
            for models in (Given(P), Together([Given(P)])):
                lf = LFs(AsTheyAre(), models, np.array([0]), label, beta, prior)
                np.testing.assert_array_equal(lf.votes(rows), [[1], [-1]])


@settings(max_examples=60, deadline=None)
@given(drawn_lfs(multipolar=True))
def test_favourites_and_lift_are_what_their_formulas_say(lf):
    P, prior = lf.models.P, lf.prior
    label, strength = favourites(P, prior)
    np.testing.assert_array_equal(label, np.argmax(P / prior, axis=-1))
    np.testing.assert_allclose(lift(P, prior), (P - prior) / (1 - prior))
    chosen = np.take_along_axis(lift(P, prior), label[..., None].astype(int), axis=-1)[..., 0]
    np.testing.assert_array_equal(strength, chosen)


def test_lift_is_zero_at_the_prior_and_one_at_certainty():
    prior = np.array([0.1, 0.9])
    np.testing.assert_array_equal(lift(prior, prior), [0, 0])
    np.testing.assert_array_equal(lift(np.ones(2), prior), [1, 1])
    assert lift(np.array([1.0]), np.array([1.0])) == 0


def test_ties_go_to_the_class_of_the_smaller_number_and_rare_classes_win_equal_shares():
    label, _ = favourites(np.array([[0.5, 0.5], [0.2, 0.8]]), np.array([0.5, 0.5]))
    np.testing.assert_array_equal(label, [0, 1])
    label, strength = favourites(np.array([0.5, 0.5]), np.array([0.75, 0.25]))
    assert label == 1
    assert strength == pytest.approx(1 / 3)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_set_is_its_parts_side_by_side_and_some_of_it_are_its_columns(data):
    parts = [data.draw(drawn_lfs()) for _ in range(data.draw(st.integers(0, 3)))]
    rows = Rows(np.zeros((4, 1), np.float32))
    whole = sum((LFSet((part,)) for part in parts), LFSet())
    L = whole.votes(rows)
    assert L.dtype == np.int8
    assert L.shape == (4, len(whole))
    assert len(whole) == sum(map(len, parts)) == len(whole.describe())
    np.testing.assert_array_equal(L, np.hstack([np.zeros((4, 0)), *(part.votes(rows) for part in parts)]))
    index = np.flatnonzero(data.draw(arrays(np.bool_, len(whole))))
    some = whole.take(index)
    assert len(some) == len(index)
    np.testing.assert_array_equal(some.votes(rows), L[:, index])
    assert some.describe() == tuple(whole.describe()[i] for i in index)


def test_taking_out_of_order_is_an_error():
    lf = LFs(AsTheyAre(), Given(np.ones((1, 2, 2))), np.arange(2), None, np.zeros(2), np.full(2, 0.5))
    for index in ([1, 0], [0, 0]):
        with pytest.raises(ValueError, match="ascending"):
            LFSet((lf,)).take(np.array(index))
    np.testing.assert_array_equal(lf.take(np.array([1, 0])).model, [1, 0])


@settings(max_examples=60, deadline=None)
@given(drawn_lfs())
def test_descriptions_are_json_and_say_when_a_function_votes(lf):
    abouts = json.loads(json.dumps(list(lf.describe()), allow_nan=False))
    for j, about in enumerate(abouts):
        assert about["model"] == lf.model[j]
        if lf.label is None:
            assert about["beta"] == pytest.approx(lf.beta[j], abs=1e-6)
            assert about["of"] is None
        else:
            k = lf.label[j]
            assert about["label"] == about["of"] == k
            assert lift(about["at_least"], lf.prior[k]) == pytest.approx(lf.beta[j], abs=1e-4)
    assert len(abouts) == len(lf)


@pytest.mark.parametrize("multipolar", [False, True])
@pytest.mark.parametrize("family", ["stumps[cardinality=2]", "logistic[cardinality=2]"])
def test_real_families_vote_as_their_predictions_say(family, multipolar, blobs):
    view, _, _ = blobs(n_classes=3, gap=1.0)
    rng = np.random.default_rng(0)
    synthesiser = lfs.create(family).begin(Rows.seeds(view), view.y_seed, 3, multipolar, rng)
    models = synthesiser.fit(rng.random(len(view.y_seed)) < 0.8)
    prior, m = np.array([0.2, 0.3, 0.5]), 40
    model, label = rng.integers(models.n_models, size=m), rng.integers(3, size=m)
    P = models.predict(synthesiser.transform(Rows.pool(view))).astype(float)
    # Thresholds that some rows lie on exactly.
    if multipolar:
        chosen = np.argmax(P / prior, axis=2)
        strength = np.take_along_axis((P - prior) / (1 - prior), chosen[:, :, None], axis=2)[:, model, 0]
        chosen = chosen[:, model]
    else:
        chosen, strength = np.broadcast_to(label, (len(P), m)), ((P - prior) / (1 - prior))[:, model, label]
    beta = strength[rng.integers(len(P), size=m), np.arange(m)]
    lf = LFs(synthesiser, models, model, None if multipolar else label, beta, prior)
    L = lf.votes(Rows.pool(view))
    np.testing.assert_array_equal(L, np.where(strength >= beta, chosen, -1))
    assert np.all((L != -1).any(axis=0))
    assert len(json.dumps(list(lf.describe()), allow_nan=False)) > 0
