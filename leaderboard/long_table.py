"""The long table: one line a run, from records of several origins, slim enough for a hundred thousand."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autows.errors import CorruptRecord
from autows.lf_words import in_its_words
from autows.runs.record import Record
from leaderboard.versions import current

CONTROLS = ("majority_class", "logistic_regression", "label_spreading", "zero_shot_clip")
"""Methods that belong in every table."""

REQUIRED = CONTROLS[:3]
"""Controls that run on every task; without them there are no ranks."""

ORIGINS = ("results", "submission", "reference")
"""Where records come from; of two records of one run the first origin's counts."""

LFS_SHOWN = 12
"""Labeling functions of a run that are kept for its method's card."""

NAMED = 5
"""Files or runs of one kind of trouble that are named; the others are counted."""


@dataclass(frozen=True, slots=True)
class Run:
    """One record as far as a leaderboard needs it.

    Parameters
    ----------
    key_id : str
        Identity of the run.
    origin : str
        One of :data:`ORIGINS`.
    task, representation, method : str
        As in tables: with the parameters that differ from the defaults.
    n_labels, draw : int
    status, reason : str
    versions : tuple
        What must be equal for two runs to be compared, by scope: protocol, task, representation, code.
    finished_at : str
    scores : mapping of str to float or None
    seconds, peak_memory_mb : float or None
        Of the method's own fit; of the worker.
    reliability : (3, bins) float32 array or None
        Rows ``confidence``, ``accuracy``, ``share``.
    risk_coverage : (2, points) float32 array or None
        Rows ``coverage``, ``accuracy``.
    n_lfs : int or None
    lfs : list of dict
        Some labeling functions in words with their analysis; of draw 0 only.
    about : mapping
        What runs of one method on one task have in common: ``title``, ``modality``, ``n_classes``,
        ``same_as``, ``family``, ``needs``, ``summary``, ``name``, ``parameters``, ``zero_shot``, ``pool``,
        ``submission``.
    """

    key_id: str
    origin: str
    task: str
    representation: str
    method: str
    n_labels: int
    draw: int
    status: str
    reason: str
    versions: tuple[Any, ...]
    finished_at: str
    scores: Mapping[str, float | None]
    seconds: float | None
    peak_memory_mb: float | None
    reliability: NDArray[np.float32] | None
    risk_coverage: NDArray[np.float32] | None
    n_lfs: int | None
    lfs: list[dict[str, Any]]
    about: Mapping[str, Any]

    @property
    def row(self) -> tuple[str, str, str, int]:
        """What a row of the leaderboard is called: two runs of one row are two draws of the same thing."""
        return self.task, self.representation, self.method, self.n_labels


@dataclass
class LongTable:
    """Runs, what is to be said about them, and where they come from.

    Parameters
    ----------
    runs : list of Run
    notes : list of str
    """

    runs: list[Run] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    _provenance: dict[str, Counter[str]] = field(default_factory=dict)
    _about: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    _seen: dict[str, Run] = field(default_factory=dict)
    _claimed: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    _drawn: dict[tuple[Any, ...], list[tuple[Run, Any]]] = field(default_factory=dict)
    _prompted: int = 0
    _twice: list[str] = field(default_factory=list)
    _corrupt: list[str] = field(default_factory=list)
    _finished: list[str] = field(default_factory=list)

    def add(
        self,
        records: Iterable[Record | CorruptRecord],
        origin: str = "results",
        submissions: Mapping[str, Mapping[str, Any]] | None = None,
        home: str = "",
    ) -> None:
        """Add records of one origin; of a run that is there already the first one counts.

        Parameters
        ----------
        records : iterable of Record or CorruptRecord
            As :meth:`autows.runs.store.RunStore.scan` yields them.
        origin : str
            One of :data:`ORIGINS`, in which order they are to be added.
        submissions : mapping, optional
            By method what a submission says of itself, kept with its runs; also with those that are there
            already.
        home : str, default ""
            What a record's path is to begin with in a note, such as ``results/records/``.
        """
        said = submissions or {}
        for record in records:
            if isinstance(record, CorruptRecord):
                self._corrupt.append(str(record))
            elif "prompts" in record.info:
                self._prompted += 1
            else:
                self._add(record, origin, said.get(record.key.method), home)

    def _add(self, record: Record, origin: str, submission: Mapping[str, Any] | None, home: str) -> None:
        try:
            run, made_with = self._run(record, origin, submission), list(_made_with(record))
        except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
            # A record of the right fields whose values are of kinds that no run writes.
            said = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
            self._corrupt.append(f"{home}{record.key.path}: not what a run writes ({said})")
            return
        if "draw" in record.ledger:
            where = run.task, run.versions[1], run.n_labels, run.draw
            self._drawn.setdefault(where, []).append((run, record.ledger["draw"]))
        known = self._seen.setdefault(run.key_id, run)
        if known is not run:
            self._add_again(run, known)
            return
        self.runs.append(run)
        self._count("statuses", record.status)
        for name, value in made_with:
            self._count(name, value)
        if record.finished_at:
            self._finished.append(record.finished_at)

    def _add_again(self, run: Run, known: Run) -> None:
        """Take from a run that is there already who submitted it; remember if its scores are others."""
        if known.status == run.status == "ok" and _differ(known.scores, run.scores):
            where = f"{run.task} / {run.representation} / {run.method}, draw {run.draw}"
            scores = [f"{one.origin}: accuracy {one.scores['accuracy']}" for one in (known, run)]
            self._twice.append(f"{where} ({'; '.join(scores)})")
        elif run.about["submission"] is not None and known.about["submission"] is None:
            self._claimed[run.key_id] = run.about

    def _unpaired(self) -> Iterable[str]:
        """Yield runs whose draw is of other seed labels than the same draw of other methods.

        What the project's own records say counts, then what was added first.
        """
        for there in self._drawn.values():
            _, right = next((one for one in there if one[0].origin == "reference"), there[0])
            for run, drawn in there:
                if drawn != right:
                    where = f"{run.task} / {run.representation} / {run.method}"
                    yield f"{where}, draw {run.draw}, {run.n_labels} labels"

    def _count(self, name: str, value: str) -> None:
        self._provenance.setdefault(name, Counter())[value] += 1

    def _run(self, record: Record, origin: str, submission: Mapping[str, Any] | None) -> Run:
        key, info = record.key, record.info
        analysis = info.get("lf_analysis") or []
        curves = record.curves
        _check_values(record)
        return Run(
            key_id=key.id,
            origin=origin,
            task=key.task,
            representation=record.labels["representation"],
            method=record.labels["method"],
            n_labels=key.n_labels,
            draw=key.draw,
            status=record.status,
            reason=record.reason,
            versions=(
                key.protocol_version,
                (key.task_version, key.task_variant),
                (key.representation_version, _text(key.representation_parameters)),
                (key.source_hash, _text(key.parameters), _text(key.encoders)),
            ),
            finished_at=record.finished_at,
            scores=record.scores,
            seconds=record.seconds.get("fit"),
            peak_memory_mb=record.peak_memory_mb,
            reliability=_curve(curves.get("reliability"), ("confidence", "accuracy", "share")),
            risk_coverage=_curve(curves.get("risk_coverage"), ("coverage", "accuracy")),
            n_lfs=len(analysis) or None,
            lfs=_lfs_in_words(record) if key.draw == 0 and analysis else [],
            about=self._shared(record, submission),
        )

    def _shared(self, record: Record, submission: Mapping[str, Any] | None) -> Mapping[str, Any]:
        """Return what is the same for all draws, once for all of them."""
        key, task, method = record.key, record.task_info, record.method_info
        needs = list(method.get("needs") or [])
        about = {
            "title": task.get("title"),
            "modality": task.get("modality"),
            "n_classes": task.get("n_classes"),
            "same_as": (task.get("same_as") or {}).get(key.representation),
            "name": key.method,
            "family": method.get("family"),
            "needs": needs,
            "summary": method.get("summary"),
            "parameters": dict(key.parameters),
            "zero_shot": record.labels.get("zero_shot"),
            "pool": _pool(needs, "representation" in key.encoders, submission),
            "submission": None if submission is None else dict(submission),
        }
        return self._about.setdefault(_text(about), about)

    def finish(self) -> None:
        """Drop runs that must not be compared with the others, and say what was left out."""
        self.notes += _named("Left out", self._corrupt)
        if self._twice:
            self.notes += _named("In two places with different scores, the first counts", self._twice)
        title = "Other seed labels than other methods in the same draw, so differences are not paired"
        self.notes += _named(title, list(self._unpaired()))
        if self._prompted:
            self.notes.append(f"Left out: {self._prompted} records of an ablation of prompts")
        claimed = self._claimed
        self.runs = [
            replace(run, about=claimed[run.key_id]) if run.key_id in claimed else run for run in self.runs
        ]
        self.runs, notes = current(self.runs, REQUIRED)
        self.notes += notes

    @property
    def provenance(self) -> dict[str, Any]:
        """Where the runs come from, as JSON values."""
        counted = self._provenance
        packages: dict[str, list[str]] = {}
        for text in sorted(counted.get("packages", ())):
            name, _, version = text.partition(" ")
            packages.setdefault(name, []).append(version)
        return {
            "n_records": sum(counted.get("statuses", Counter()).values()),
            "statuses": dict(sorted(counted.get("statuses", Counter()).items())),
            "schema_versions": dict(sorted(counted.get("schema", Counter()).items())),
            "protocol_version": max(map(int, counted.get("protocol", ())), default=None),
            "project_versions": sorted(counted.get("project", ())),
            "commits": sorted(counted.get("commit", ())),
            "dirty": "dirty" in counted.get("checkout", ()),
            "python": sorted(counted.get("python", ())),
            "packages": packages,
            "cpus": sorted(counted.get("cpu", ())),
            "first_finished_at": min(self._finished, default=None),
            "last_finished_at": max(self._finished, default=None),
        }


def _made_with(record: Record) -> Iterable[tuple[str, str]]:
    made = record.provenance
    yield "schema", str(record.schema_version)
    yield "protocol", str(record.key.protocol_version)
    for name, field_name in (("project", "project_version"), ("python", "python"), ("cpu", "cpu")):
        if made.get(field_name):
            yield name, str(made[field_name])
    git = made.get("git")
    if git:
        yield "commit", str(git.get("commit", ""))[:12]
        yield "checkout", "dirty" if git.get("dirty") else "clean"
    for package, version in (made.get("packages") or {}).items():
        yield "packages", f"{package} {version}"


def _differ(one: Mapping[str, float | None], other: Mapping[str, float | None]) -> bool:
    """Return whether two runs differ in a score that both have; older records lack some."""
    return any(one[name] != other[name] for name in one.keys() & other.keys())


def _pool(needs: list[str], pretrained: bool, submission: Mapping[str, Any] | None) -> str:
    """Return the narrowest pool of entrants that a run belongs to."""
    if needs:
        return "class_names"
    declared = submission is not None and submission.get("pretrained_data")
    return "features" if pretrained or declared else "labels"


def _check_values(record: Record) -> None:
    """Raise ValueError if statistics or plots cannot work with a value."""
    accuracy, memory = record.scores.get("accuracy"), record.peak_memory_mb
    family = record.method_info.get("family")
    if record.status == "ok" and not 0 <= (accuracy or 0.0) <= 1:
        raise ValueError(f"accuracy is {accuracy}; expected 0 to 1")
    if memory is not None and not math.isfinite(memory):
        raise ValueError(f"peak_memory_mb is {memory}; expected a finite number")
    if family is not None and not isinstance(family, str):
        raise ValueError(f"family is {family!r:.60}; expected a text")


def _text(values: Any) -> str:
    return json.dumps(values, sort_keys=True, allow_nan=False)


def _curve(values: Mapping[str, Any] | None, names: tuple[str, ...]) -> NDArray[np.float32] | None:
    if not values:
        return None
    curve = np.array([values[name] for name in names], dtype=np.float32)
    if curve.ndim != 2 or not np.all(np.isfinite(curve)):
        raise ValueError(f"a curve with {', '.join(names)} needs as many finite numbers of each")
    return curve


def _lfs_in_words(record: Record) -> list[dict[str, Any]]:
    described = record.info.get("lfs") or [{}] * len(record.info["lf_analysis"])
    names = record.task_info.get("class_names")
    shown = zip(described[:LFS_SHOWN], record.info["lf_analysis"][:LFS_SHOWN], strict=True)
    told = [
        {
            "words": in_its_words(lf, names),
            # A method need not say what its labeling functions answer on the seeds.
            **{"seed_votes": None, "seed_correct": None},
            **found,
            "coverage": float(found["coverage"]),
        }
        for lf, found in shown
    ]
    _text(told)  # Raises ValueError if a number is none.
    return told


def _named(title: str, items: list[str]) -> list[str]:
    """Return a note for each item, or for the first ones and one that counts the others."""
    notes = [f"{title}: {item}" for item in items[:NAMED]]
    if len(items) > NAMED:
        notes.append(f"{title}: {len(items) - NAMED} more of the kind")
    return notes
