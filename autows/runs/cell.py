"""One cell of a plan - task x representation x method x draw - and how it becomes a record."""

from __future__ import annotations

import hashlib
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autows.draws import generator
from autows.dual_encoder import DualEncoder
from autows.end_models.weak import train_on_weak_labels
from autows.errors import AutoWSError, CorruptRecord, NotApplicable, OutOfTime
from autows.lf_analysis import analyse
from autows.method import Method
from autows.representation import Representation
from autows.runs.memory import peak_mb, reset_peak
from autows.runs.record import Key, Record
from autows.runs.scores import curves, score
from autows.runs.stages import synthesised
from autows.runs.store import RunStore
from autows.runs.views import encoder_identity, make_view, spoken
from autows.task import Task
from autows.types import InvalidLabels, Labels, TaskView
from autows.voting import VotingMethod


@dataclass(frozen=True)
class Cell:
    """One unit of work.

    Parameters
    ----------
    task : Task
    representation : Representation
    method : Method
    draw : int
        Which seed draw, from 0.
    n_labels : int
        How many seeds.
    speaker : DualEncoder, optional
        The foundation model that answers zero-shot, if the method asks for that.
    prompts : tuple of str, optional
        Templates instead of those of the task's card.
    """

    task: Task
    representation: Representation
    method: Method
    draw: int
    n_labels: int
    speaker: DualEncoder | None = None
    prompts: tuple[str, ...] | None = None

    @property
    def key(self) -> Key:
        """The identity of the run."""
        card = self.task.card
        return Key(
            task=card.id,
            task_version=card.version,
            task_variant=self.task.variant(),
            representation=self.representation.name,
            representation_version=self.representation.version,
            representation_parameters=self.representation.get_params(),
            method=self.method.name,
            parameters=self.method.get_params(),
            source_hash=self.method.code_hash(),
            draw=self.draw,
            n_labels=self.n_labels,
            encoders=self._encoders(),
        )

    def _encoders(self) -> dict[str, Any]:
        """Return what the run depends on beside code and parameters."""
        found: dict[str, Any] = {}
        weights = encoder_identity(self.representation)
        if weights:
            found["representation"] = weights
        asked = self.method.requirements
        prompts = list(self.prompts or self.task.card.prompts)
        if "zero_shot" in asked and self.speaker is not None:
            found["zero_shot"] = {
                "model": self.speaker.name,
                "parameters": self.speaker.get_params(),
                "version": self.speaker.version,
                "weights": encoder_identity(self.speaker),
                "prompts": prompts,
            }
        if "class_embeddings" in asked and isinstance(self.representation, DualEncoder):
            found["prompts"] = prompts
        return found

    def __post_init__(self) -> None:
        if self.prompts == self.task.card.prompts:
            object.__setattr__(self, "prompts", None)  # As usual, and one run has one name.

    def __str__(self) -> str:
        return f"{self.task.card.id} / {self.representation.spec} / {self.method.spec} / draw {self.draw}"

    def _method_label(self) -> str:
        """Return the method as one types it, and what it was prompted with if not as usual."""
        return self.method.spec if self.prompts is None else f"{self.method.spec} {list(self.prompts)}"

    def _prompted(self) -> dict[str, Any]:
        return {} if self.prompts is None else {"prompts": list(self.prompts)}

    def record(self, status: str, **rest: Any) -> Record:
        """Return a record of this cell with what is known without running it."""
        card = self.task.card
        return Record(
            key=self.key,
            status=status,
            labels={
                "task": card.id,
                "representation": self.representation.spec,
                "method": self._method_label(),
                **({} if self.speaker is None else {"zero_shot": self.speaker.spec}),
            },
            task_info={
                "title": card.title,
                "modality": card.modality,
                "n_classes": card.n_classes,
                "class_names": list(card.class_names),
                "same_as": dict(card.same_as),
            },
            method_info={
                "family": self.method.family,
                "needs": sorted(self.method.requirements),
                "summary": self.method.about()["summary"],
            },
            finished_at=datetime.now(UTC).isoformat(timespec="seconds"),
            **{**rest, "info": {**rest.get("info", {}), **self._prompted()}},
        )


@dataclass
class _Clock:
    """Seconds by phase."""

    seconds: dict[str, float] = field(default_factory=dict)
    begun: float = field(default_factory=time.perf_counter)
    spared: float = 0.0
    """Seconds of the fit that another run spent and this one was spared."""
    peak_mb: float | None = None
    """Peak memory in MiB of a method that another process ran; None for one that ran here."""

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = round(time.perf_counter() - start, 4)

    def report(self) -> dict[str, float]:
        total = time.perf_counter() - self.begun
        own = self.seconds.get("fit", 0.0) + self.seconds.get("end_model", 0.0)
        report = {**self.seconds, "total": round(total, 4), "overhead": round(total - own, 4)}
        if "fit" in report:
            report["fit"] = round(report["fit"] + self.spared, 4)
        return report


def execute(
    cell: Cell,
    store: RunStore,
    provenance: Mapping[str, Any],
    timeout: float | None = None,
    wait: bool = True,
) -> Record:
    """Run one cell and write its record, unless another process has finished it meanwhile.

    An exception of the method, or of anything else that belongs to the cell alone, becomes a record
    with status ``failed``; only what concerns the whole folder (a full disk) is raised.

    Parameters
    ----------
    cell : Cell
    store : RunStore
    provenance : mapping
        See :func:`autows.runs.provenance.provenance`; the data fingerprint is added.
    timeout : float or None
        The limit in force in seconds, for the record; enforcing it is the caller's task. A method that is
        over a limit of its own (:class:`~autows.errors.OutOfTime`) has that in its record.
    wait : bool, default True
        Wait while another process executes the same run.

    Returns
    -------
    Record
        The record that is in the store afterwards.

    Raises
    ------
    Claimed
        If another process executes the run and ``wait`` is False.
    """
    with store.claim(cell.key, wait):
        before = finished(store, cell.key, timeout)
        if before is not None:
            return before
        clock = _Clock()
        resettable, limit = reset_peak(), timeout
        try:
            record, predictions = _attempt(cell, store, clock, provenance)
        except NotApplicable as error:
            record, predictions = cell.record("skipped", reason=str(error), provenance=provenance), None
        except OutOfTime as error:
            reason, trace = explain(error)
            record = cell.record("timeout", reason=reason, traceback=trace, provenance=provenance)
            predictions, limit = None, error.limit_seconds
        except (Exception, SystemExit, KeyboardInterrupt) as error:
            # A method may not end the harness. Ctrl-C does not come here: workers do not hear it.
            reason, trace = explain(error)
            record = cell.record("failed", reason=reason, traceback=trace, provenance=provenance)
            predictions = None
        record = replace(
            record,
            seconds=clock.report(),
            timeout_seconds=limit,
            peak_memory_mb=clock.peak_mb or (peak_mb() if resettable else None),
        )
        return store.write(record, predictions)


def finished(store: RunStore, key: Key, timeout: float | None) -> Record | None:
    """Return the record of a run that need not be run again, or None.

    Runs that are ok or skipped are finished. A run that hit a time limit is tried again only under
    a longer one. What failed, or cannot be read, is tried again.
    """
    try:
        record = store.read(key)
    except CorruptRecord:
        return None
    if record is None or record.status == "failed":
        return None
    if record.status == "timeout":
        limit = record.timeout_seconds
        longer = timeout is None or (limit is not None and timeout > limit)
        return None if longer else record
    return record


def _attempt(
    cell: Cell, store: RunStore, clock: _Clock, provenance: Mapping[str, Any]
) -> tuple[Record, dict[str, NDArray[Any]] | None]:
    with clock.phase("load"):
        data = cell.task.load()
        fingerprint = cell.task.fingerprint()
    provenance = {**provenance, "data_fingerprint": fingerprint}
    with clock.phase("represent"):
        features = cell.representation.features(cell.task)
        said = spoken(cell.task, cell.representation, cell.method, cell.speaker, cell.prompts)
    view = make_view(cell.task, data, features.X_pool, features.X_test, cell.draw, cell.n_labels, **said)
    shown = view.restricted_to(cell.method.requirements)
    reason = cell.method.skip_reason(shown)
    if reason is not None:
        return cell.record("skipped", reason=reason, provenance=provenance), None
    axes: dict[str, str | int] = {"task": cell.task.card.id, "draw": cell.draw}
    rng = generator(purpose="method", method=cell.method.seed_name, **axes)
    with clock.phase("fit"):
        labels, taken_from = _answer(cell, shown, rng, store, clock)
    spent = cell.method.spent()
    if spent is not None:
        clock.seconds["fit"], clock.peak_mb = round(spent[0], 4), round(spent[1] / 2**20, 1)
    if not isinstance(labels, Labels):
        raise InvalidLabels(f"fit_predict returned a {type(labels).__name__}; expected autows.Labels")
    labels.check_against(view)
    with clock.phase("end_model"):
        # The same folds for every method: the comparison of end models is paired too.
        end_model = train_on_weak_labels(view, labels, generator(purpose="end model", **axes))
        end_model_test = end_model.predict_proba(view.X_test)
    with clock.phase("score"):
        scores = score(
            view, labels, end_model_test, data.y_pool, data.y_test, data.groups_pool, data.groups_test
        )
    record = cell.record(
        "ok",
        scores={name: None if value is None else round(value, 6) for name, value in scores.items()},
        curves=curves(view, labels, data.y_test),
        ledger=_ledger(view),
        info={**labels.info, **_about_lfs(view, labels), **taken_from},
        provenance=provenance,
    )
    return record, _predictions(labels, end_model_test)


def _answer(
    cell: Cell, view: TaskView, rng: np.random.Generator, store: RunStore, clock: _Clock
) -> tuple[Labels, dict[str, str]]:
    """Return the method's answer, and the run whose votes it rests on if they were there already."""
    method = cell.method
    if not isinstance(method, VotingMethod) or type(method).fit_predict is not VotingMethod.fit_predict:
        return method.fit_predict(view, rng), {}
    method.validate()
    with clock.phase("synthesise"):
        found = synthesised(method, cell.key, store)
        votes = found[0] if found else method.synthesise(view, rng)
    if found:
        # What the answer costs, not what this run could spare because another one had paid.
        clock.spared = float(found[1].seconds["synthesise"])
        clock.seconds["synthesise"] = clock.spared
    with clock.phase("aggregate"):
        labels = method.aggregate(view, votes)
    return labels, {"votes_of": found[1].key.id} if found else {}


def _about_lfs(view: TaskView, labels: Labels) -> dict[str, Any]:
    about: dict[str, Any] = {"lfs": [dict(lf) for lf in labels.lfs]}
    if labels.pool_votes is not None:
        y_seed = None if labels.seed_votes is None else view.y_seed
        about["lf_analysis"] = analyse(
            labels.pool_votes[view.unlabeled_index], view.n_classes, y_seed, labels.seed_votes
        )
    return about


def _ledger(view: TaskView) -> dict[str, Any]:
    rows = np.ascontiguousarray(view.seed_index, dtype="<i8").tobytes()
    return {
        "n": len(view.y_seed),
        "per_class": view.seed_counts.tolist(),
        "draw": hashlib.sha256(rows).hexdigest()[:16],
    }


def _predictions(labels: Labels, end_model_test: NDArray[np.floating]) -> dict[str, NDArray[Any]]:
    def compact(answers: NDArray[Any]) -> NDArray[Any]:
        return answers.astype(np.float32 if answers.ndim == 2 else np.int16)

    votes = {f"{name}_votes": getattr(labels, f"{name}_votes") for name in ("pool", "test", "seed")}
    return {
        **{name: L for name, L in votes.items() if L is not None},
        "pool": compact(labels.pool),
        "pool_covered": np.asarray(labels.pool_covered),
        "test": compact(labels.test),
        "test_covered": np.asarray(labels.test_covered),
        "end_model_test": end_model_test.astype(np.float32),
    }


def explain(error: BaseException) -> tuple[str, str]:
    """Return one line that says what went wrong, and the traceback of what was not foreseen."""
    text = " ".join(str(error).split())
    if isinstance(error, AutoWSError):
        return text, error.trace
    named = text if isinstance(error, InvalidLabels) else f"{type(error).__name__}: {text}".rstrip(": ")
    return named, "".join(traceback.format_exception(error))
