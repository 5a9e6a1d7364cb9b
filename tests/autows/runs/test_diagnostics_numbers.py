"""What the truth says of a run, against plain definitions on votes small enough to try everything."""

from __future__ import annotations

from itertools import chain, combinations
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from autows.draws import generator
from autows.end_models.linear import scalings
from autows.end_models.weak import train_on_weak_labels
from autows.label_models import create as create_label_model
from autows.methods.snuba import Snuba
from autows.runs.diagnostics.aggregation import _one_hot, best_aggregation
from autows.runs.diagnostics.diagnosis import END_MODELS, STAGE_NAMES
from autows.runs.diagnostics.kinds import Finished, best_subset, end_models, stages
from autows.runs.diagnostics.subset import climb, greedy_order, prefix_lengths
from autows.runs.record import Key, Record
from autows.runs.scores import score
from autows.runs.store import RunStore
from autows.types import ABSTAIN, Labels
from autows.vote_extension import extend_votes
from autows.voting import Votes


def noisy_votes(y, accuracies, coverage, n_classes, seed=0):
    """Votes of labeling functions with these accuracies, abstaining at random."""
    rng = np.random.default_rng(seed)
    wrong = (y[:, None] + rng.integers(1, n_classes, size=(len(y), len(accuracies)))) % n_classes
    L = np.where(rng.random(wrong.shape) < accuracies, y[:, None], wrong)
    return np.where(rng.random(L.shape) < coverage, L, ABSTAIN).astype(np.int8)


ACCURACIES = (0.9, 0.8, 0.7, 0.6, 0.2, 0.1)


@pytest.fixture(autouse=True)
def _one_thread():
    """As in a worker: on so few rows threads would mostly wait for each other."""
    with threadpool_limits(1):
        yield


@pytest.fixture
def finished(blobs, tmp_path):
    """Return a function that makes a finished run of Snuba with given votes."""

    def make(accuracies=ACCURACIES, coverage=0.6, view=None, **params):
        shown, y_pool, y_test = view or blobs(n_classes=3, n=30, pool=150, test=60, gap=0.7)
        y = np.concatenate([y_pool, y_test])
        L = noisy_votes(y, np.array(accuracies), coverage, 3)
        method = Snuba(**{"label_model": "majority_vote", **params})
        # A third of the rows are the test's; the seeds have votes of their own.
        votes = Votes(L[:150], L[150:], noisy_votes(shown.y_seed, np.array(accuracies), coverage, 3, seed=1))
        labels = method.aggregate(shown, votes)
        end_model = train_on_weak_labels(shown, labels, generator(purpose="end model", task="made", draw=0))
        P = end_model.predict_proba(shown.X_test)
        scores = score(shown, labels, P, y_pool, y_test)
        key = Key("made", 1, "", "raw", 1, {}, "snuba", method.get_params(), "0", 0, 30)
        record = Record(
            key, "ok", {"task": "made", "representation": "raw", "method": "snuba"}, scores=scores
        )
        arrays = {
            **{"pool": labels.pool, "pool_covered": labels.pool_covered, "end_model_test": P},
            **{"pool_votes": votes.pool, "test_votes": votes.test, "seed_votes": votes.seeds},
        }
        return Finished(record, method, shown, y_pool, y_test, arrays, RunStore(tmp_path))

    return make


def by_name(values):
    return {value["name"]: value for value in values}


def test_the_waterfall_is_what_each_stage_says_it_is(finished):
    run = finished()
    found = by_name(stages(run))
    assert tuple(found) == STAGE_NAMES
    truth = np.eye(3, dtype=np.float32)[run.y_pool]
    taught = Labels(pool=truth, test=np.full(60, ABSTAIN), n_classes=3)
    model = train_on_weak_labels(run.view, taught, generator(purpose="end model", task="made", draw=0))
    ceiling = (model.predict_proba(run.view.X_test).argmax(axis=1) == run.y_test).mean()
    assert found["end model on true labels"]["accuracy"] == pytest.approx(ceiling, abs=1e-6)
    assert found["label model"]["accuracy"] == run.record.scores["accuracy"]
    assert found["end model"]["accuracy"] == run.record.scores["end_model_accuracy"]
    free = run.view.unlabeled_index
    best = LogisticRegression(C=found["best aggregation of the votes"]["C"], tol=1e-8, max_iter=5000)
    best.fit(scaled_one_hot(run.votes.pool[free]), run.y_pool[free])
    answer = best.predict(scaled_one_hot(run.votes.test, run.votes.pool[free]))
    accuracy = found["best aggregation of the votes"]["accuracy"]
    assert accuracy == pytest.approx((answer == run.y_test).mean(), abs=1.5 / 60)
    assert found["best subset of the LFs"]["accuracy"] > found["label model"]["accuracy"]


def scaled_one_hot(L, like=None):
    """Votes as the end model sees features: columns that occur, on the scale of the pool's."""
    fitted = _one_hot(L if like is None else like, 3)
    used = np.asarray(fitted.sum(axis=0)).ravel() > 0
    factor = scalings(fitted[:, np.flatnonzero(used)])[0].factor
    return _one_hot(L, 3).toarray()[:, used] * factor


def test_the_ceiling_is_computed_once_for_all_methods(finished, tmp_path, monkeypatch):
    first = by_name(stages(finished()))["end model on true labels"]
    (path,) = (tmp_path / "diagnostics").rglob("*.true_labels.json")
    before = path.stat().st_mtime_ns

    def refuse(*arguments):
        raise AssertionError("computed again")

    monkeypatch.setattr("autows.runs.diagnostics.kinds.train_on_weak_labels", refuse)
    other = by_name(stages(finished(keep=2)))["end model on true labels"]
    assert other == first
    assert path.stat().st_mtime_ns == before
    path.write_text("{")
    with pytest.raises(AssertionError, match="computed again"):
        stages(finished())


def subset_quality(run, lfs):
    """Pool accuracy of majority vote over some labeling functions, from its definition."""
    free, seeds = run.view.unlabeled_index, run.arrays["seed_votes"][:, lfs]
    L = run.arrays["pool_votes"][free][:, lfs]
    model = create_label_model("majority_vote", n_classes=3).fit(L, run.view.y_seed, seeds)
    usual = np.bincount(run.view.y_seed, minlength=3).argmax()
    answer = np.where((L != ABSTAIN).any(axis=1), model.predict_proba(L).argmax(axis=1), usual)
    return (answer == run.y_pool[free]).mean()


def test_the_best_subset_is_that_of_all_subsets(finished):
    run = finished()
    m = len(ACCURACIES)
    every = chain.from_iterable(combinations(range(m), size) for size in range(1, m + 1))
    quality = {subset: subset_quality(run, list(subset)) for subset in every}
    found = best_subset(run, run.votes)
    assert found["of"] == m
    assert found["pool_accuracy"] == pytest.approx(max(quality.values()), abs=1e-6)
    assert found["n_lfs"] in {len(subset) for subset, q in quality.items() if q == max(quality.values())}
    assert found["pool_accuracy"] > quality[tuple(range(m))]


@pytest.mark.parametrize("label_model", ["dawid_skene", "weighted_vote", "metal"])
def test_a_subset_is_never_worse_on_the_pool_than_all(finished, label_model):
    run = finished(label_model=label_model)
    free = run.view.unlabeled_index
    labels = run.method.aggregate(run.view, run.votes)
    reached = run.right(labels.pool[free], labels.pool_covered[free], run.y_pool[free])
    assert best_subset(run, run.votes)["pool_accuracy"] >= round(reached, 6)


def test_votes_are_extended_where_the_method_extends_them(finished):
    run = finished(extend=True, accuracies=(0.95, 0.95), coverage=0.2)
    kept = Votes(*(run.arrays[f"{side}_votes"] for side in ("pool", "test", "seed")))
    np.testing.assert_array_equal(run.votes.pool, extend_votes(run.view, kept).pool)
    found = by_name(stages(run))
    assert found["best subset of the LFs"]["of"] == 2
    plain = finished(extend=False, accuracies=(0.95, 0.95), coverage=0.2)
    assert (plain.votes.pool == ABSTAIN).sum() > (run.votes.pool == ABSTAIN).sum()


def test_a_run_without_labeling_functions_still_has_stages(finished):
    run = finished(accuracies=())
    found = by_name(stages(run))
    usual = np.bincount(run.y_pool[run.view.unlabeled_index], minlength=3).argmax()
    assert found["best aggregation of the votes"] == {
        "name": "best aggregation of the votes",
        "accuracy": pytest.approx((run.y_test == usual).mean(), abs=1e-6),
        "C": None,
    }
    assert found["best subset of the LFs"]["n_lfs"] == 0
    assert found["best subset of the LFs"]["accuracy"] == pytest.approx(
        found["label model"]["accuracy"], abs=1e-6
    )


def test_end_models_are_taught_what_they_are_said_to_be(finished):
    run = finished()
    found = by_name(end_models(run))
    assert tuple(found) == END_MODELS
    scores = run.record.scores
    assert found["soft"]["accuracy"] == pytest.approx(scores["end_model_accuracy"], abs=1e-6)
    assert found["none"] == {
        "name": "none",
        **{name: scores[name] for name in ("accuracy", "log_loss", "brier", "ece")},
    }
    one_hot = np.eye(3, dtype=np.float32)[run.arrays["pool"].argmax(axis=1)]
    same = Labels(one_hot, np.full(60, ABSTAIN), 3, pool_covered=run.arrays["pool_covered"])
    model = train_on_weak_labels(run.view, same, generator(purpose="end model", task="made", draw=0))
    P = model.predict_proba(run.view.X_test)
    assert found["hard"]["accuracy"] == pytest.approx((P.argmax(axis=1) == run.y_test).mean(), abs=1e-6)
    truth = P[np.arange(60), run.y_test].astype(float)
    assert found["hard"]["log_loss"] == pytest.approx(-np.log(truth).mean(), abs=1e-4)


def plain_greedy(L, y, n_classes, most):
    """The definition, trying every labeling function on every row."""
    weight = []
    for votes in L.T:
        right, cast = (votes == y).sum(), (votes != ABSTAIN).sum()
        a = (right + 1) / (cast + n_classes)
        weight.append(np.log(a * (n_classes - 1) / (1 - a)))
    shares = (np.bincount(y, minlength=n_classes) + 1) / (len(y) + n_classes)

    def rows_right(lfs):
        count = 0
        for votes, label in zip(L, y, strict=True):
            total = np.log(shares).copy()
            for j in lfs:
                if votes[j] != ABSTAIN:
                    total[votes[j]] += weight[j]
            own, total[label] = total[label], -np.inf
            count += own > total.max()
        return count

    order, left = [], [j for j in range(L.shape[1]) if weight[j] > 1e-9]
    while left and len(order) < most:
        ranked = [(rows_right([*order, j]), weight[j] * (L[:, j] != ABSTAIN).sum(), -j) for j in left]
        order.append(left.pop(int(np.argmax([ranked.index(max(ranked)) == i for i in range(len(left))]))))
    return order


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("n_classes", [2, 3])
def test_the_greedy_order_is_the_one_of_the_definition(seed, n_classes):
    rng = np.random.default_rng(seed)
    y = rng.integers(n_classes, size=25)
    accuracies = rng.uniform(0.2, 0.95, size=6)
    L = noisy_votes(y, accuracies, 0.5, n_classes, seed)
    L[:, 5] = ABSTAIN
    assert greedy_order(L, y, n_classes).tolist() == plain_greedy(L, y, n_classes, 99)
    assert len(greedy_order(L, y, n_classes, most=2)) == 2


def test_a_climb_is_never_worse_than_its_starts_keeps_a_member_and_stays_within_its_budget():
    wanted = {1, 3, 4}
    calls = []

    def quality(lfs):
        calls.append(lfs.tolist())
        assert len(lfs)
        return -len(wanted ^ set(lfs.tolist()))

    starts = [np.arange(6), np.array([1, 3])]
    found = climb(starts, 6, quality, np.random.default_rng(0), budget=100)
    assert found.tolist() == [1, 3, 4]
    assert len(calls) <= 2 + 12
    calls.clear()
    assert climb(starts, 6, quality, np.random.default_rng(0), budget=0).tolist() == [1, 3]
    assert len(calls) == 2
    assert climb([np.array([0])], 1, lambda lfs: 0.0, np.random.default_rng(0), 5).tolist() == [0]


def test_prefixes_end_with_the_whole():
    assert prefix_lengths(0) == []
    assert prefix_lengths(1) == [1]
    assert prefix_lengths(7) == [1, 2, 3, 4, 6, 7]


def test_the_best_aggregation_reads_what_a_vote_count_cannot():
    # The first labeling function is always wrong in the same way, which a linear model turns round.
    rng = np.random.default_rng(0)
    y = rng.integers(3, size=400)
    L = np.stack([(y + 1) % 3, np.full(400, ABSTAIN)], axis=1).astype(np.int8)
    answer, C = best_aggregation(L[:300], y[:300], L[300:], 3, rng)
    np.testing.assert_array_equal(answer, y[300:])
    assert C is not None
    silent = np.full((5, 2), ABSTAIN, dtype=np.int8)
    nobody, none = best_aggregation(silent, np.array([1, 1, 0, 1, 2]), silent, 3, rng)
    assert (nobody.tolist(), none) == ([1] * 5, None)
    one_row, _ = best_aggregation(L[:1], y[:1], L[300:], 3, rng)
    assert set(one_row) == {y[0]}


def test_a_run_that_kept_no_votes_says_so(tmp_path):
    from autows.errors import NotApplicable

    store = SimpleNamespace(load_predictions=lambda record: {"pool": np.zeros(3)})
    with pytest.raises(NotApplicable, match="kept no votes"):
        Finished.open(SimpleNamespace(method=Snuba()), None, store)
