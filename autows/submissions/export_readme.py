"""The README of an export: how to read the files, and how to hand in answers."""

from __future__ import annotations

from autows.submissions.manifest import Manifest

_DENSE = """\
X = {side: np.load(folder / f"X_{side}.npy") for side in ("pool", "test")}"""
_SPARSE = """\
def matrix(side):  # compressed sparse rows, three files a side
    data, indices, indptr = (np.load(folder / f"X_{side}.{part}.npy") for part in PARTS)
    return scipy.sparse.csr_array((data, indices, indptr), shape=(len(indptr) - 1, N_FEATURES))

X = {side: matrix(side) for side in ("pool", "test")}"""

_TEXT = """\
# %(title)s

%(n_labels)d labelled rows of a pool of %(n_pool)d (draw %(draw)d), and %(n_test)d test rows, as
%(features)s features. Answer for every row of both. Rows are in the order of their ids, which says nothing.
`task.json` has class names and prompts, `manifest.json` what these files are. `seed_index.npy` says which
rows of the pool are labelled, `y_seed.npy` with what.%(more)s

Data: %(source)s. Licence: %(licence)s.%(passing_on)s

This takes for every row the class whose labelled rows have the nearest mean, and writes `predictions.npz`:

```python
%(imports)s

folder = Path(".")
%(load)s
seeds, y_seed = np.load(folder / "seed_index.npy"), np.load(folder / "y_seed.npy")
classes = np.unique(y_seed)
means = np.stack([X["pool"][seeds[y_seed == k]].mean(axis=0) for k in classes])
answers = {
    side: classes[((means**2).sum(axis=1) - 2 * (X[side] @ means.T)).argmin(axis=1)] for side in X
}  # labels, -1 where you abstain; or probabilities of shape (rows, %(n_classes)d)
ids = {f"{side}_ids": np.load(folder / f"{side}_ids.npy") for side in X}
manifest = hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()
np.savez("predictions.npz", **answers, **ids, manifest=manifest)
```

With probabilities, `pool_covered` and `test_covered` (bool) may say where you abstain. To have it scored:

    python run_bench.py submit predictions.npz --export FOLDER --name NAME
"""


def text(
    manifest: Manifest, title: str, source: str, features: str, files: frozenset[str], width: int
) -> str:
    """Return the README as Markdown.

    Parameters
    ----------
    manifest : Manifest
        Of the export; its files need not be listed yet.
    title, source : str
        Of the task's card.
    features : str
        The representation as one types it.
    files : frozenset of str
        Names of the files that are there.
    width : int
        The number of features.
    """
    packages = ["import hashlib", "from pathlib import Path", "", "import numpy as np"]
    load = _DENSE
    if "X_pool.indptr.npy" in files:
        packages.append("import scipy.sparse")
        parts = 'PARTS, N_FEATURES = ("data", "indices", "indptr"), ' + str(width)
        load = f"{parts}\n\n{_SPARSE}"
    more = []
    if "groups_seed.npy" in files:
        more.append("Labelled rows with the same number in `groups_seed.npy` belong together.")
    if manifest.zero_shot is not None:
        more.append(f"`zero_shot_pool.npy`, `zero_shot_test.npy`: probabilities by {manifest.zero_shot}.")
    if manifest.class_embeddings:
        more.append("`template_embeddings.npy`: class texts in the space of the features.")
    raw = [f"`{name}`" for name in sorted(files) if name.startswith("raw_")]
    if raw:
        more.append(f"{', '.join(raw)}: the raw data, in the same order.")
    return _TEXT % {
        "title": title,
        "n_labels": manifest.n_labels,
        "n_pool": manifest.n_pool,
        "n_test": manifest.n_test,
        "n_classes": manifest.n_classes,
        "draw": manifest.draw,
        "features": f"`{features}`",
        "more": "".join(f"\n{line}" for line in more),
        "source": source,
        "licence": manifest.licence,
        "passing_on": "" if raw else f" Raw data are {manifest.raw_data}; do not pass this folder on.",
        "imports": "\n".join(packages),
        "load": load,
    }
