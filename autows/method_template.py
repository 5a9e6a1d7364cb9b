"""The files that a new method begins with: one that works, and its test."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from autows.errors import UserError
from autows.files import make_folder, write_bytes
from autows.method import REGISTRY
from autows.method_file import name_mistake, reserved_name

_METHOD = '''"""Nearest class means."""

import numpy as np

from autows import ABSTAIN, Labels, Method


class {cls}(Method):
    """Give every row the class of the nearest mean of seeds; abstain on the unsure.

    Parameters
    ----------
    least : float, default 0.5
        Abstain where the class found has less probability than this.
    """

    name = "{name}"
    family = "other"  # which block of the tables it belongs to: autows, baseline, zero-shot, ...
    needs = frozenset()  # of "class_names", "zero_shot", "class_embeddings"; it is shown nothing else
    modalities = ()  # such as ("image", "text"); empty means any
    pretrained_data = ""  # which data the models in it have seen, if there are any

    def __init__(self, least: float = 0.5) -> None:
        self.least = least  # store, and nothing else

    def validate(self) -> None:
        """Check that ``least`` is a share."""
        if not 0 <= self.least <= 1:
            raise ValueError(f"least is {{self.least}}; expected a number from 0 to 1")

    def fit_predict(self, view, rng):
        """Measure distances in standard deviations of the pool, on a sample of its rows."""
        n_pool = view.X_pool.shape[0]
        rows = rng.choice(n_pool, size=min(n_pool, 1000), replace=False)  # rng: all randomness there is
        variance = dense(view.X_pool[rows]).var(axis=0, dtype=np.float64)
        variance[variance == 0] = 1  # a feature may be constant

        X_seed, y_seed = dense(view.X_seed), view.y_seed
        classes = np.unique(y_seed)  # a class may have no seed
        means = np.stack([X_seed[y_seed == k].mean(axis=0, dtype=np.float64) for k in classes])

        def answer(X):
            scores = X @ (means / variance).T - (means**2 / variance).sum(axis=1) / 2
            P = np.exp(scores - scores.max(axis=1, keepdims=True))
            P /= P.sum(axis=1, keepdims=True)
            return np.where(P.max(axis=1) >= self.least, classes[P.argmax(axis=1)], ABSTAIN)

        return Labels(answer(view.X_pool), answer(view.X_test), view.n_classes)


def dense(X):
    """Return some rows as an array; texts come as sparse matrices."""
    return X.toarray() if hasattr(X, "toarray") else np.asarray(X)
'''

_TEST = '''"""Tests of {name}.py."""

from pathlib import Path

import numpy as np
import pytest

from autows import TaskView
from autows.checks import CHECKS, FAILED, run_checks
from autows.method_file import load_class

FILE = Path(__file__).with_name("{name}.py")
METHOD = load_class(FILE)


@pytest.mark.parametrize("check", CHECKS)
def test_it_passes(check):
    """Make one of the checks that every method has to pass."""
    (result,) = run_checks(METHOD, only=[check])
    assert result.status != FAILED, result.message


def test_it_tells_two_clouds_apart():
    """Compare with the truth on two clouds six standard deviations apart."""
    rng = np.random.default_rng(0)
    y = np.arange(120) % 2
    X = (rng.standard_normal((120, 2)) + 6 * y[:, None]).astype(np.float32)
    seeds = np.arange(10)
    view = TaskView(
        X_seed=X[seeds], y_seed=y[seeds], X_pool=X[:80], X_test=X[80:], n_classes=2, seed_index=seeds
    )
    labels = METHOD().fit_predict(view, rng)
    assert (labels.test == y[80:]).mean() > 0.95
'''

_TAKEN = frozenset({"Method", "Labels", "TaskView"})


def class_name(name: str) -> str:
    """Return the name of the class of a method.

    Examples
    --------
    >>> class_name("two_means"), class_name("method")
    ('TwoMeans', 'MyMethod')
    """
    camel = "".join(part.capitalize() for part in name.split("_"))
    return f"My{camel}" if camel in _TAKEN else camel


def method_text(name: str) -> str:
    """Return a file that holds a working method of that name."""
    return _METHOD.format(name=name, cls=class_name(name))


def text_of_test(name: str) -> str:
    """Return a test of the method's file, to lie beside it."""
    return _TEST.format(name=name)


def write(name: str, folder: Path) -> tuple[Path, Path]:
    """Write both files into a folder.

    Parameters
    ----------
    name : str
        Of the method, and of its file.
    folder : Path
        Made if it is not there.

    Returns
    -------
    method, test : Path
        What was written.

    Raises
    ------
    UserError
        If the name is bad or taken, a file is there already, or the folder is one where every file
        counts as a method.
    """
    mistake = name_mistake(name)
    if mistake is not None:
        raise UserError(f"'{name}' is no name for a method: {mistake}")
    if reserved_name(name):
        raise UserError(f"There is a method called {name} already; choose another name")
    method, test = folder / f"{name}.py", folder / f"test_{name}.py"
    for path in (method, test):
        if path.exists():
            raise UserError(f"{path} is there already; choose another name, or remove it")
    if importlib.util.find_spec(name) is not None:
        raise UserError(
            f"There is a Python package called {name}, which the file would hide; choose another name"
        )
    if folder.resolve() in _folders_of_methods():
        raise UserError(
            f"Every file in {folder} counts as a method, the test would too; choose another folder, "
            f"and move {name}.py there when it is done"
        )
    make_folder(folder, "the new method")
    write_bytes(method, method_text(name).encode())
    write_bytes(test, text_of_test(name).encode())
    return method, test


def _folders_of_methods() -> set[Path]:
    specs = (importlib.util.find_spec(package) for package in REGISTRY.packages)
    return {
        Path(place).resolve() for spec in specs if spec for place in spec.submodule_search_locations or ()
    }
