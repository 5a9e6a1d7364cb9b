"""Prompt templates as models, beside the softmax of cosines written out."""

from __future__ import annotations

import json

import numpy as np
import pytest
import scipy.sparse

from autows import lfs, method
from autows.lf_family import Rows
from autows.lf_search import Search, needs_of
from autows.lfs.templates import Templates


def begin(rows, n_classes, multipolar=False):
    y = np.zeros(len(rows), dtype=np.int64)
    return Templates().begin(rows, y, n_classes, multipolar, np.random.default_rng(0))


def by_hand(X, E, scale):
    P = np.empty((len(X), *E.shape[:2]))
    for i, x in enumerate(X.astype(np.float64)):
        for t, texts in enumerate(E.astype(np.float64)):
            cosines = [x @ text / (np.linalg.norm(x) * np.linalg.norm(text)) for text in texts]
            e = np.exp(scale * np.array(cosines))
            P[i, t] = e / e.sum()
    return P


@pytest.mark.parametrize("form", [np.asarray, scipy.sparse.csr_array])
@pytest.mark.parametrize("n_classes", [2, 5])
def test_answers_are_softmaxes_of_cosines_whatever_the_length_of_rows(embedded, form, n_classes):
    view, _, _ = embedded(n_classes=n_classes)
    length = np.random.default_rng(0).uniform(0.1, 9, size=(60, 1)).astype(np.float32)
    rows = Rows(form(view.X_pool[:60] * length), None, view.template_embeddings, view.logit_scale)
    synthesiser = begin(Rows.seeds(view), n_classes)
    models = synthesiser.fit(np.ones(len(view.y_seed), dtype=bool))
    Z = synthesiser.transform(rows)
    P = models.predict(Z)
    assert P.shape == (60, models.n_models, models.n_classes) == (60, 3, n_classes)
    np.testing.assert_allclose(
        P, by_hand(view.X_pool[:60], view.template_embeddings, view.logit_scale), atol=2e-5
    )
    model, label = np.array([2, 0, 2, 1]), np.array([1, 1, 0, n_classes - 1])
    np.testing.assert_array_equal(models.scores(Z, model, label), P[:, model, label])


def test_a_row_of_length_zero_gets_equal_probabilities(embedded):
    view, _, _ = embedded()
    zero = Rows(np.zeros((1, 24), np.float32), None, view.template_embeddings, view.logit_scale)
    np.testing.assert_allclose(begin(zero, 4).Z, 0.25)


def test_rows_of_a_view_bring_the_texts_along_however_they_are_cut(embedded):
    view, _, _ = embedded()
    for rows in (Rows.pool(view), Rows.test(view), Rows.seeds(view)):
        for part in (rows, rows[3:5], rows[np.array([0, 2])], *(block for _, block in rows.blocks(50))):
            assert part.template_embeddings is view.template_embeddings
            assert part.logit_scale == view.logit_scale
    blind = view.restricted_to(frozenset({"zero_shot"}))
    assert Rows.pool(blind).template_embeddings is None
    with pytest.raises(ValueError, match="no text embeddings"):
        begin(Rows.seeds(blind), 4)


@pytest.mark.parametrize("multipolar", [False, True])
def test_the_seeds_say_which_template_is_to_be_believed(embedded, multipolar):
    view, y_pool, _ = embedded(text_noise=0.3)
    E = view.template_embeddings.copy()
    E[1] = E[1][[1, 2, 3, 0]]  # a wording that takes every class for another
    lying, y_pool, _ = embedded(text_noise=0.3, template_embeddings=E)
    search = Search(lying, [Templates()], multipolar, np.random.default_rng(0))
    found = search.candidates(np.ones(40, dtype=bool))
    of = np.array([lf["template"] for lf in found.lfs.describe()])
    assert not found.trusted[of == 1].any()
    assert found.trusted[of != 1].all()
    L = found.lfs.votes(Rows.pool(lying))
    for j in np.flatnonzero(of != 1):
        cast = L[:, j] >= 0
        assert np.mean(L[cast, j] == y_pool[cast]) > 0.9
    json.dumps(found.lfs.describe())


def test_snuba_declares_the_need_and_uses_the_templates(embedded, blobs):
    view, _, y_test = embedded(noise=2.5, text_noise=0.3, pool=600, test=300)
    snuba = method.create("snuba[families=stumps+templates]")
    assert snuba.requirements == {"class_embeddings"} == needs_of([lfs.create("templates")])
    assert method.create("snuba").requirements == frozenset()
    assert "text embeddings" in snuba.skip_reason(blobs()[0])
    shown = view.restricted_to(snuba.requirements)
    assert snuba.skip_reason(shown) is None
    with_texts = snuba.fit_predict(shown, np.random.default_rng(0))
    without = method.create("snuba[families=stumps]").fit_predict(shown, np.random.default_rng(0))
    assert "template" in {lf["kind"] for lf in with_texts.lfs}
    right, plain = (np.mean(labels.test.argmax(axis=1) == y_test) for labels in (with_texts, without))
    assert right > plain + 0.1


def test_iws_takes_the_family_too(embedded):
    view, _, _ = embedded(text_noise=0.3)
    iws = method.create("iws[families=templates,n_queries=8]")
    shown = view.restricted_to(iws.requirements)
    assert shown.template_embeddings is not None
    labels = iws.fit_predict(shown, np.random.default_rng(0))
    assert {lf["kind"] for lf in labels.lfs} == {"template"}
