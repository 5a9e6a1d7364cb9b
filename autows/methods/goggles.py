"""GOGGLES: classes found as clusters of rows that have the same affinities to a few hundred anchors."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from autows.errors import unknown_name
from autows.method import Method
from autows.methods._affinities import AFFINITIES, Affinity, Anchors, choose_anchors, typical_distance
from autows.methods._affinity_bases import BASES, BaseModel
from autows.methods._cluster_classes import classes_of_clusters
from autows.methods._em import Fitting, Seeded, Unseeded
from autows.methods._mixtures import Bernoullis, Responsibilities
from autows.priors import shrunken_prior
from autows.types import Labels, Matrix, TaskView

ROWS_TO_FIT = 10_000
ROWS_AT_ONCE = 4096
LEAST_ROWS = 2
"""Fitted rows for each cluster, where their number is chosen; a row alone is no cluster."""


class Goggles(Method):
    """GOGGLES: mixtures over affinities to anchors, one an affinity function, and a mixture over these.

    Every row is described by its affinities to anchors: the seeds and pool rows far from one another.
    For each affinity function a base model gives every row probabilities of components; a mixture
    of Bernoullis over the probabilities of all base models gives the answer. Models are fitted on
    seeds and pool and then answer pool and test rows one by one; test rows take no part in the fit.

    By default the mixtures are semi-supervised: each class that has seeds is one component, which
    starts from them, keeps them and has the class's empirical-Bayes share. A class without seeds is
    absent: it has probability 0 everywhere. With ``seeded=false`` they are those of the paper: components
    start from k-means, no label is used in the fit, and at the end the seeds tell which cluster is
    which class (one to one; clusters left over because a class has no seed keep their mix of seeds).

    Differences from the paper: affinities of one embedding under several functions in the place of
    channels of VGG-16; anchors in the place of all rows; at most 10,000 pool rows, drawn at random,
    decide the parameters; variances are shrunken; the answers are tempered.

    Parameters
    ----------
    base : str, default "semi_gmm"
        Base model: ``semi_gmm`` (diagonal Gaussians), ``kmeans``, or ``spectral`` (k-means on singular
        vectors of the bipartite graph of rows and anchors).
    affinities : str, default "cosine+rbf_narrow+rbf+rbf_wide+diffusion"
        Affinity functions, joined by ``+``.
    n_anchors : int, default 500
        Anchors, the seeds included (which are anchors in any case).
    seeded : bool, default True
        Whether seeds take part in the fit.
    unlabeled_weight : float, default 0.3
        Seeded only: weight of all pool rows together relative to that of all seeds together when
        parameters are estimated, as in ``dawid_skene``. Columns of affinities are far from
        independent, and at full weight the pool carries EM away from the seeds.
    clusters_per_class : int, default 1
        Unseeded only: with more than one, clusters are mapped many to one, each with its own mix of
        classes. There must be two fitted rows for each cluster.
    shrinkage : float, default 5.0
        Of variances: how many rows their pooled value counts for.
    temper : bool, default True
        Whether log-likelihoods are divided by the number of times that they count the same evidence: for
        a base of Gaussians the number of anchors for each effective one, for the mixture of Bernoullis
        the number of affinity functions.

    Notes
    -----
    With N fitted rows, m anchors, C components, F affinity functions: O(F N m C) an EM step, O(N m^2) once
    for tempering, diffusion and spectral embedding, O(m (d + F C)) for each row answered.

    References
    ----------
    N. Das, S. Chaba, R. Wu, S. Gandhi, D. H. Chau and X. Chu (2020), GOGGLES: automatic image labeling
    with affinity coding, SIGMOD. N. Roberts et al. (2022), AutoWS-Bench-101, NeurIPS (for embeddings).
    """

    name = "goggles"
    family = "autows"

    def __init__(
        self,
        base: str = "semi_gmm",
        affinities: str = "cosine+rbf_narrow+rbf+rbf_wide+diffusion",
        n_anchors: int = 500,
        seeded: bool = True,
        unlabeled_weight: float = 0.3,
        clusters_per_class: int = 1,
        shrinkage: float = 5.0,
        temper: bool = True,
    ) -> None:
        self.base = base
        self.affinities = affinities
        self.n_anchors = n_anchors
        self.seeded = seeded
        self.unlabeled_weight = unlabeled_weight
        self.clusters_per_class = clusters_per_class
        self.shrinkage = shrinkage
        self.temper = temper

    def validate(self) -> None:
        """Check the names and that the numbers are in range."""
        _require_known("base of goggles", [self.base], BASES)
        _require_known("affinity of goggles", self._affinity_names(), AFFINITIES)
        if len(set(self._affinity_names())) < len(self._affinity_names()):
            raise ValueError(f"affinities is {self.affinities}; expected each name once")
        self.require_positive("n_anchors", "clusters_per_class")
        for name in ("unlabeled_weight", "shrinkage"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
                raise ValueError(f"{name} is {value}; expected a number of at least 0")
        if self.seeded and self.clusters_per_class > 1:
            raise ValueError("clusters_per_class is for seeded=false; seeded has one component a class")

    def fit_predict(self, view: TaskView, rng: np.random.Generator) -> Labels:
        """Fit on seeds and pool, then answer every row.

        Raises
        ------
        ValueError
            If a parameter is out of range, or there are too few rows for the clusters asked for.
        UserError
            If a base or an affinity is unknown.
        """
        self.validate()
        counts = view.seed_counts
        prior = np.zeros(view.n_classes)
        prior[counts > 0] = shrunken_prior(counts[counts > 0])
        X = _rows_to_fit(view, rng)
        fitting: Fitting
        if self.seeded:
            component = np.cumsum(counts > 0) - 1
            fitting = Seeded(component[view.y_seed], prior[counts > 0], self.unlabeled_weight)
        else:
            fitting = Unseeded(self._n_clusters(view.n_classes, X.shape[0]), rng)
        model = _Model(self, X, len(view.y_seed), fitting, rng)
        to_class = np.eye(view.n_classes)[counts > 0]
        if not self.seeded:
            R_seed = model.predict(view.X_seed)
            to_class = classes_of_clusters(R_seed, view.y_seed, prior, model.ensemble.shares_)
        pool = (model.predict(view.X_pool) @ to_class).astype(np.float32)
        if self.seeded and view.seed_index is not None:
            pool[view.seed_index] = np.eye(view.n_classes, dtype=np.float32)[view.y_seed]
        test = (model.predict(view.X_test) @ to_class).astype(np.float32)
        return Labels(pool=pool, test=test, n_classes=view.n_classes, info=model.info)

    def _n_clusters(self, n_classes: int, n_rows: int) -> int:
        most = n_rows // (LEAST_ROWS * n_classes)
        if self.clusters_per_class > max(most, 1):
            raise ValueError(
                f"clusters_per_class is {self.clusters_per_class}, which makes "
                f"{self.clusters_per_class * n_classes} clusters of {n_rows} fitted rows; "
                f"expected at most {max(most, 1)} for {n_classes} classes"
            )
        return self.clusters_per_class * n_classes

    def _affinity_names(self) -> list[str]:
        return [name.strip() for name in self.affinities.split("+")]


class _Model:
    """Anchors, base models and the ensemble; predicts components of any rows.

    Parameters
    ----------
    settings : Goggles
    X : (N, d) float32 matrix
        The rows to fit, seeds first.
    n_seeds : int
    fitting : Fitting
    rng : numpy.random.Generator
    """

    def __init__(
        self, settings: Goggles, X: Matrix, n_seeds: int, fitting: Fitting, rng: np.random.Generator
    ) -> None:
        self.temper = settings.temper
        chosen = choose_anchors(X, n_seeds, settings.n_anchors, rng)
        centre = None if hasattr(X, "indptr") else X.mean(axis=0, dtype=np.float64).astype(np.float32)
        self.anchors = Anchors(X[chosen], centre)
        fitted, scale = self.anchors.compare(X), typical_distance(X, rng)
        names = settings._affinity_names()
        self.bases: list[tuple[Affinity, BaseModel]] = []
        answers = []
        for name in names:
            affinity = AFFINITIES[name](fitted, scale)
            A = affinity(fitted)
            base = BaseModel(BASES[settings.base], fitting, A, settings.shrinkage)
            self.bases.append((affinity, base))
            answers.append(base.predict(A, self.temper))
        self.ensemble = Bernoullis(fitting.shares, temperature=len(names))
        steps = fitting.fit(self.ensemble, np.hstack(answers).astype(np.float32))
        self.info = {
            "anchors": len(chosen),
            "rows_fitted": X.shape[0],
            "ensemble_steps": steps,
            "base_steps": {name: base.steps for name, (_, base) in zip(names, self.bases, strict=True)},
            "base_temperatures": {
                name: round(base.mixture.temperature_, 3)
                for name, (_, base) in zip(names, self.bases, strict=True)
            },
        }

    def predict(self, X: Matrix) -> Responsibilities:
        """Return the components' probabilities for rows, (rows, C), in blocks of 4,096."""
        answer: Callable[..., Responsibilities]
        answer = self.ensemble.predict_proba if self.temper else self.ensemble.expect
        return np.concatenate([answer(votes) for votes in self._base_answers(X)])

    def _base_answers(self, X: Matrix) -> Iterator[NDArray[np.float32]]:
        for start in range(0, X.shape[0], ROWS_AT_ONCE):
            rows = self.anchors.compare(X[start : start + ROWS_AT_ONCE])
            parts = [base.predict(affinity(rows), self.temper) for affinity, base in self.bases]
            yield np.hstack(parts).astype(np.float32)


def _rows_to_fit(view: TaskView, rng: np.random.Generator) -> Matrix:
    """Return the seeds and after them the unlabeled pool rows, or 10,000 of these at random."""
    rows = view.unlabeled_index
    if len(rows) > ROWS_TO_FIT:
        rows = np.sort(rng.choice(rows, ROWS_TO_FIT, replace=False))
    if hasattr(view.X_pool, "indptr"):
        import scipy.sparse

        return scipy.sparse.vstack([view.X_seed, view.X_pool[rows]], format="csr")
    return np.concatenate([np.asarray(view.X_seed), np.asarray(view.X_pool[rows])])


def _require_known(kind: str, given: list[str], known: Mapping[str, object]) -> None:
    for name in given:
        if name not in known:
            raise unknown_name(kind, name, known, f"the choices are {', '.join(known)}")
