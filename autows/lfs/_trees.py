"""Greedy decision trees on every subset of features, and every class, at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autows.lf_family import Models
from autows.lfs._splits import Ranking, Splits, best_splits

VALUES_AT_ONCE = 10_000
"""Rows x subsets x trees a subset in one piece of work, so that some ten such arrays stay in the cache."""


@dataclass(frozen=True)
class TreeModels(Models):
    """Fitted trees of depth c on S subsets of c features; in a unipolar batch one for each class.

    Nodes are numbered like a heap: the two nodes under node i are 2 i + 1 and 2 i + 2. G below is 1 in
    a multipolar batch and K in a unipolar one.

    Parameters
    ----------
    subsets : (S, c) int
        Columns of Z.
    position : (S, G, 2^c - 1) int
        Which feature of its subset an inner node looks at.
    threshold : (S, G, 2^c - 1) float64
        A row goes left if that feature is at most this; infinite where a node is not split.
    share : (S, K, 2^c) float64
        Share of class k among the training rows in a leaf; 0 in leaves that no row can reach.
    """

    subsets: NDArray[np.intp]
    position: NDArray[np.intp]
    threshold: NDArray[np.float64]
    share: NDArray[np.float64]

    @property
    def n_models(self) -> int:  # type: ignore[override]
        """One a subset."""
        return len(self.subsets)

    @property
    def n_classes(self) -> int:  # type: ignore[override]
        """The number of classes K."""
        return self.share.shape[1]

    def predict(self, Z: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return class shares, shape (rows, S, K)."""
        model, label = np.divmod(np.arange(self.n_models * self.n_classes), self.n_classes)
        return self.scores(Z, model, label).reshape(len(Z), self.n_models, self.n_classes)

    def scores(
        self, Z: NDArray[np.floating], model: NDArray[np.intp], label: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """Return the share of class ``label[i]`` by tree ``model[i]``, shape (rows, len(model))."""
        if self.position.shape[1] > 1:
            return self._walk(Z, model, label, self.share[model, label])
        trees, which = np.unique(model, return_inverse=True)
        leaves = np.broadcast_to(np.arange(self.share.shape[2]), (len(trees), self.share.shape[2]))
        return self.share[model, label, self._walk(Z, trees, np.zeros_like(trees), leaves)[:, which]]

    def describe(self, model: int, label: int | None = None) -> dict[str, Any]:
        """Return the tree as nested splits.

        A split names its feature by the ``position`` in ``features``, its ``threshold``, and what is
        ``below`` (at most the threshold) and ``above`` it: another split or shares of the classes. A
        unipolar batch without ``label`` is a list of trees, one a class.
        """
        unipolar = self.position.shape[1] > 1
        if label is None and unipolar:
            tree: Any = [self._node(model, k, k, 0) for k in range(self.n_classes)]
        else:
            tree = self._node(model, label if label is not None and unipolar else 0, label, 0)
        return {"kind": "tree", "features": self.subsets[model].tolist(), "tree": tree}

    def _walk(
        self, Z: NDArray[np.floating], model: NDArray[np.intp], g: NDArray[np.intp], values: NDArray[Any]
    ) -> NDArray[Any]:
        """Return for tree (model[i], g[i]) which of ``values[i]``, one a leaf, a row reaches; (rows, m)."""
        columns = np.take_along_axis(self.subsets[model], self.position[model, g], axis=1).T
        threshold = self.threshold[model, g].T
        inner = len(threshold)

        # All comparisons are made: that is cheaper than to find out which ones a row needs.
        def below(node: int) -> NDArray[Any]:
            if node >= inner:
                return values[:, node - inner]
            left = Z[:, columns[node]] <= threshold[node]
            return np.where(left, below(2 * node + 1), below(2 * node + 2))

        return below(0)

    def _node(self, model: int, g: int, label: int | None, node: int) -> Any:
        inner = self.threshold.shape[2]
        if node < inner and np.isfinite(self.threshold[model, g, node]):
            return {
                "position": int(self.position[model, g, node]),
                "threshold": float(self.threshold[model, g, node]),
                "below": self._node(model, g, label, 2 * node + 1),
                "above": self._node(model, g, label, 2 * node + 2),
            }
        while node < inner:
            node = 2 * node + 1
        share = self.share[model, :, node - inner].round(6)
        return share.tolist() if label is None else float(share[label])


def fit_trees(
    Z: NDArray[np.floating],
    targets: NDArray[np.bool_],
    subsets: NDArray[np.intp],
    multipolar: bool = False,
) -> TreeModels:
    """Fit a tree of depth c to each subset of c features, greedily, by Gini impurity.

    Parameters
    ----------
    Z : (n, q) float32
        Features.
    targets : (n, K) bool
        Whether a row belongs to each class; if multipolar to exactly one.
    subsets : (S, c) int
        Columns of Z, different ones in a row.
    multipolar : bool, default False
        One tree a subset, of least impurity over all classes, instead of one for each class against
        the rest.

    Returns
    -------
    TreeModels
        Equal to scikit-learn's ``DecisionTreeClassifier(max_depth=c)`` fitted to each subset (and
        each class) alone, but for ties: of splits that are equally good the one of the first feature of
        the subset is taken, and of that feature the lowest. Scikit-learn draws the feature.

    Raises
    ------
    ValueError
        If there is no row.

    Notes
    -----
    O(n q log n + n S G c 2^c), G being 1 or K. First splits are looked for once a feature, not once a subset.
    """
    if len(Z) == 0:
        raise ValueError("trees need at least one row")
    (n, K), (S, c) = targets.shape, subsets.shape
    G = 1 if multipolar else K
    ranking = Ranking(Z, targets)
    step = max(1, VALUES_AT_ONCE // (n * G))
    features, where = np.unique(subsets, return_inverse=True)
    roots = Splits.concatenate(
        [
            best_splits(ranking, part, np.ones((n, len(part), G), dtype=bool))
            for part in np.split(features, np.arange(step, len(features), step))
        ]
    )
    where = where.reshape(S, c)
    position = np.zeros((S, G, 2**c - 1), dtype=np.intp)
    threshold = np.full((S, G, 2**c - 1), np.inf)
    share = np.zeros((S, K, 2**c))
    for start in range(0, S, step):
        part = slice(start, start + step)
        first = [roots.take(where[part, j]) for j in range(c)]
        _grow(Z, ranking, targets, subsets[part], first, position[part], threshold[part], share[part])
    return TreeModels(subsets, position, threshold, share)


def _grow(
    Z: NDArray[np.floating],
    ranking: Ranking,
    targets: NDArray[np.bool_],
    subsets: NDArray[np.intp],
    first: list[Splits],
    position: NDArray[np.intp],
    threshold: NDArray[np.float64],
    share: NDArray[np.float64],
) -> None:
    """Fill in the trees of some subsets, level by level; ``first`` has their first splits by each feature."""
    n, (S, c), G = len(Z), subsets.shape, position.shape[1]
    leaf = np.zeros((n, S, G), dtype=np.intp)
    subset = np.arange(S)[:, None]
    for depth in range(c):
        inner = 2**depth - 1
        for number in range(2**depth):
            if depth == 0:
                splits = first
            else:
                here = leaf == number
                splits = [best_splits(ranking, subsets[:, j], here) for j in range(c)]
            gains = np.stack([split.gain for split in splits])
            best = gains.argmax(axis=0)[None]
            thresholds = np.stack([split.threshold for split in splits])
            position[:, :, inner + number] = best[0]
            threshold[:, :, inner + number] = np.take_along_axis(thresholds, best, axis=0)[0]
        # A node that is not split has an infinite threshold: its rows go left, down to one leaf.
        node = inner + leaf
        value = Z[np.arange(n)[:, None, None], subsets[subset, position[subset, np.arange(G), node]]]
        leaf = 2 * leaf + (value > threshold[subset, np.arange(G), node])
    for number in range(2**c):
        here = leaf == number
        share[:, :, number] = (here & targets[:, None, :]).sum(axis=0) / np.maximum(here.sum(axis=0), 1)
