"""Stage-wise waterfalls from the files of diagnoses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from autows.errors import CorruptRecord
from autows.runs.diagnostics.diagnosis import (
    KINDS,
    STAGE_NAMES,
    STAGES,
    Diagnosis,
    folder,
    path_of,
    predictions_of,
    scan,
)
from autows.runs.diagnostics.diagnosis import read as read_diagnosis
from autows.runs.record import Record
from autows.runs.store import RunStore
from leaderboard.gathering import brief
from leaderboard.statistics import mean_interval

Kept = list[tuple[Record, Diagnosis]]

MEANINGS = dict(
    zip(
        STAGE_NAMES,
        (
            "End model on true labels: the end model taught with the truth of the whole pool, which is what "
            "features and classifier allow; no upper bound of the stages below, which are fitted otherwise.",
            "Best aggregation: logistic regression on the votes, trained with the truth of the pool.",
            "Best subset: labeling functions chosen with the truth by a greedy search, so the best of all "
            "may be better still, left to the method's own label model.",
            "Label model: what the method's labels reached by themselves.",
            "End model: what the end model reached, taught with these labels and the seeds.",
        ),
        strict=True,
    )
)
"""What each stage is, in a sentence."""


def read(
    results: Path, records: Iterable[Record | CorruptRecord] | None = None
) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the waterfalls of a results folder, as ``stages`` of ``leaderboard.json``.

    Parameters
    ----------
    results : Path
        The results folder.
    records : iterable of Record or CorruptRecord, optional
        Those of the folder, if they are read already.

    Returns
    -------
    stages : list of dict
        One a task, representation, method and number of labels: ``task``, ``representation``, ``method``,
        ``n_labels``, ``n_draws``, and ``stages``, each with ``name``, ``accuracy`` (mean over draws) and its
        95 % interval ``accuracy_low`` and ``accuracy_high`` (None with one draw). Where runs are of several
        versions, the most recent counts.
    notes : list of str
        Files that cannot be read or belong to no run of the folder.
    """
    files = set(scan(results))
    strange = _unknown(files)
    notes = [f"Left out: {path} is no diagnosis that this program knows" for path in strange]
    waterfalls = {path for path in files.difference(strange) if path.name.endswith(f".{STAGES}.json")}
    groups: dict[tuple[Any, ...], dict[tuple[Any, ...], Kept]] = {}
    for record in _records(results, waterfalls) if records is None else records:
        path = None if isinstance(record, CorruptRecord) else path_of(results, record.key, STAGES)
        if isinstance(record, CorruptRecord) or path not in waterfalls:
            continue
        waterfalls.discard(path)
        try:
            found = read_diagnosis(results, record.key, STAGES, predictions_of(record))
        except CorruptRecord as error:
            notes.append(f"Left out: {error}")
            continue
        if found is not None and "prompts" not in record.info:
            versions = groups.setdefault(_row(record), {})
            versions.setdefault(_version(record), []).append((record, found))
    notes += [f"Left out: {path} is of a run that is not there" for path in waterfalls]
    stages = [_waterfall(row, _latest(versions)) for row, versions in sorted(groups.items())]
    return stages, sorted(brief(note, results) for note in notes)


def _records(results: Path, waterfalls: Iterable[Path]) -> Iterator[Record]:
    """Yield the records that waterfalls are of, as far as they can be read."""
    home, suffix = RunStore(results).records, f".{STAGES}.json"
    for path in sorted(waterfalls):
        beside = home / path.relative_to(folder(results)).with_name(path.name.removesuffix(suffix) + ".json")
        try:
            yield Record.from_text(beside.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue  # What the matter is with a record is told where all records are read.


def _unknown(files: Iterable[Path]) -> list[Path]:
    return sorted(path for path in files if not path.name.endswith(tuple(f".{kind}.json" for kind in KINDS)))


def _row(record: Record) -> tuple[Any, ...]:
    key = record.key
    return key.task, record.labels["representation"], record.labels["method"], key.n_labels


def _version(record: Record) -> tuple[Any, ...]:
    """Return what must be equal for draws to be averaged."""
    key = record.key
    return (
        key.protocol_version,
        key.task_version,
        key.task_variant,
        key.representation_version,
        key.source_hash,
        repr(sorted(key.parameters.items())),
        repr(sorted(key.encoders.items())),
    )


def _latest(versions: Mapping[tuple[Any, ...], Kept]) -> Kept:
    def when(kept: Kept) -> tuple[str, str]:
        return max((record.finished_at, record.key.id) for record, _ in kept)

    return max(versions.values(), key=when)


def _waterfall(row: tuple[Any, ...], kept: Kept) -> dict[str, Any]:
    task, representation, method, n_labels = row
    return {
        "task": task,
        "representation": representation,
        "method": method,
        "n_labels": n_labels,
        "n_draws": len(kept),
        "stages": [_stage(name, [found.of(name)["accuracy"] for _, found in kept]) for name in STAGE_NAMES],
    }


def _stage(name: str, accuracies: Sequence[float]) -> dict[str, Any]:
    mean, low, high = mean_interval(accuracies, bounds=(0.0, 1.0))
    several = len(accuracies) > 1
    return {
        "name": name,
        "accuracy": round(mean, 6),
        "accuracy_low": round(low, 6) if several else None,
        "accuracy_high": round(high, 6) if several else None,
    }
