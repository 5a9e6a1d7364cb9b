"""Cross-validation folds for a hundred labels, where a class may have a single one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def stratified_folds(
    y: NDArray[np.integer],
    n_folds: int,
    rng: np.random.Generator,
    groups: NDArray[np.integer] | None = None,
) -> NDArray[np.int64]:
    """Deal rows to folds so that every class is spread as evenly as it can be.

    Rows are shuffled within their class, then all classes one after the other are dealt round the
    folds, so that fold sizes differ by at most one and so do the counts of any class. A class of
    one row is in one fold; when that fold is held out the class is simply not there to be learned.

    Parameters
    ----------
    y : (n,) int array
        Labels.
    n_folds : int
        Number of folds, at least 2; reduced to n where there are fewer rows.
    rng : numpy.random.Generator
        Decides the shuffle.
    groups : (n,) int array, optional
        Rows of one group are kept in one fold; then whole groups are dealt, each by the label of its
        first row, and sizes are only about even.

    Returns
    -------
    (n,) int64 array
        Fold of each row, in ``0 .. n_folds - 1``.

    Raises
    ------
    ValueError
        If there are fewer than two rows or folds.
    """
    if groups is not None:
        _, first, member = np.unique(groups, return_index=True, return_inverse=True)
        if len(first) >= 2:
            return stratified_folds(np.asarray(y)[first], n_folds, rng)[member]
        # A single group cannot be divided; its rows are all there is.
    n = len(y)
    if n < 2 or n_folds < 2:
        raise ValueError(f"{n_folds} folds of {n} rows; at least 2 of each are needed")
    # Sorting by label with random order within a label, then dealing, spreads every class.
    order = np.lexsort((rng.random(n), y))
    folds = np.empty(n, dtype=np.int64)
    folds[order] = np.arange(n) % min(n_folds, n)
    return folds
