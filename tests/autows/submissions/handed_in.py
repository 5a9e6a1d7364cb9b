"""What tests of submissions share: a task with random labels, an export of it, and answers to it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import numpy as np

import tasks
from autows import representations
from autows.draws import draw
from autows.dual_encoder import DualEncoder
from autows.method import Method
from autows.runs.cell import Cell
from autows.runs.record import Record
from autows.submissions import folder as folders
from autows.submissions.export import export
from autows.submissions.submission import Submission
from autows.task import Task, TaskCard, TaskData
from autows.texts import Texts

K = 3


class Handed(Task):
    """A task of 90 pool rows and 40 test rows whose labels are random and cannot be told from the data."""

    def __init__(self, modality="tabular", licence="CC BY 4.0", groups=False, seed=0):
        self.modality, self.licence, self.groups, self.seed = modality, licence, groups, seed
        self.card = TaskCard(
            # One name for one data set, so that everything is the same in every run of the tests.
            id=f"handed_{modality}_{int(groups)}_{seed}_{hashlib.sha256(licence.encode()).hexdigest()[:6]}",
            version=2,
            title="Random labels",
            modality=modality,
            class_names=("red", "green", "blue"),
            n_pool=90,
            n_test=40,
            source="a test",
            licence=licence,
            citation="none",
            prompts=("something {}", "{} things"),
        )

    def read(self):
        rng = np.random.default_rng(self.seed)
        if self.modality == "text":
            words = np.array(["ash", "birch", "cedar", "elm", "fir", "oak"])
            texts = [" ".join(rng.choice(words, size=6)) + f" number{i % 7}" for i in range(130)]
            X_pool, X_test = Texts.of(texts[:90]), Texts.of(texts[90:])
        else:
            X = rng.standard_normal((130, 5))
            X_pool, X_test = X[:90], X[90:]
        y = rng.integers(K, size=130)
        groups = np.arange(130) // 2 * 7 if self.groups else None
        return TaskData(
            X_pool,
            y[:90],
            X_test,
            y[90:],
            groups_pool=None if groups is None else groups[:90],
            groups_test=None if groups is None else groups[90:] + 1000,
        )


class Telling(DualEncoder):
    """Takes the raw numbers, and a direction for each text."""

    name = "telling"

    def load(self):
        self.logit_scale_ = 5.0

    def encode(self, X, modality):
        return (X / np.linalg.norm(X, axis=1, keepdims=True)).astype(np.float32)

    def encode_texts(self, texts):
        rng = np.random.default_rng(len(texts))
        return self.encode(rng.standard_normal((len(texts), 5)), "text")


def exported(task, folder, draw=0, n_labels=20, representation="raw", **more):
    if isinstance(representation, str):
        representation = representations.create(representation)
    return export(task, representation, draw, n_labels, folder, **more)


def answers_to(folder, pool, test, **more):
    """Return the arrays of a predictions file for an export; ``pool`` and ``test`` in the export's order."""
    return {
        "pool": pool,
        "test": test,
        "pool_ids": np.load(folder / "pool_ids.npy"),
        "test_ids": np.load(folder / "test_ids.npy"),
        "manifest": hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest(),
        **more,
    }


SOURCE = b"x = 1\n"

SUBMISSION = Submission(
    name="mine-2",
    kind="method",
    author="A. Author",
    link="https://example.org/mine",
    summary="A method.",
    family="other",
    needs=(),
    modalities=(),
    parameters={"least": 0.5},
    pretrained_data="",
    class_name=None,
    source_sha256=hashlib.sha256(SOURCE).hexdigest(),
    suite=None,
    tasks=("digits",),
    representations=("raw",),
    draws=(0,),
    n_labels=100,
    zero_shot="auto",
    project_version="0.1.0",
    commit=None,
    python="3.11.0",
    packages={"numpy": "2.0.0"},
    hardware={"cpu": "a processor", "cpus": 2, "platform": "Linux x86_64"},
    sandbox="bubblewrap",
    created_at="2026-01-31T12:00:00+00:00",
    negative_controls={"permuted_labels": "passed", "row_order": "passed"},
)


class Mine(Method):
    """A method."""

    name = "mine-2"

    def __init__(self, least=0.5):
        self.least = least

    @property
    def spec(self):
        return self.name

    def code_hash(self):
        return "0123456789abcdef"

    def fit_predict(self, view, rng):
        raise AssertionError("nobody asks it")


def cell(draw=0, task="digits"):
    return Cell(tasks.create(task), representations.create("raw"), Mine(), draw, 100)


def made_record(cell, submission=SUBMISSION, **more):
    """Return a record of a cell that is one of a submission's."""
    scores = {"accuracy": 0.75, "coverage": 1.0, "accuracy_covered": 0.75, "log_loss": 0.5, "macro_f1": 0.7}
    record = cell.record(
        more.pop("status", "ok"),
        **{"scores": scores, "seconds": {"fit": 0.1}, "provenance": {"packages": {}, "git": None}, **more},
    )
    return Record.from_text(
        replace(record, method_info={**record.method_info, "summary": submission.summary}).to_text()
    )


SCORES = {"accuracy": 0.75, "coverage": 1.0, "accuracy_covered": 0.75, "log_loss": 0.5, "macro_f1": None}


def complete(one, **more):
    """Return a record of a cell with everything that is compared with the project."""
    rows = np.ascontiguousarray(draw(one.task, one.draw, one.n_labels), dtype="<i8").tobytes()
    ledger = {"n": one.n_labels, "draw": hashlib.sha256(rows).hexdigest()[:16], "per_class": []}
    made = {"packages": {}, "git": None, "data_fingerprint": one.task.card.fingerprint}
    return made_record(one, **{"ledger": ledger, "provenance": made, "scores": SCORES, **more})


def edit(path, **changes):
    values = json.loads(path.read_text())
    for name, value in changes.items():
        if value is KeyError:
            del values[name]
        else:
            values[name] = value
    path.write_text(json.dumps(values))


def record_paths(home):
    return sorted((home / "records").rglob("*.json"))


def hand_in(folder):
    """Write a submission of two records below a folder and return where it lies."""
    folders.write(folder / "mine-2", SUBMISSION, SOURCE, [made_record(cell(0)), made_record(cell(1))])
    return folder / "mine-2"
