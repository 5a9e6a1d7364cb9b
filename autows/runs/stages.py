"""Stages of a run that another run has done already: votes are synthesised once for all label models."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from autows.errors import CorruptRecord
from autows.runs.record import Key, Record
from autows.runs.store import RunStore
from autows.voting import Votes, VotingMethod


def synthesised(method: VotingMethod, key: Key, store: RunStore) -> tuple[Votes, Record] | None:
    """Return the votes of a finished run that differs from ``key`` in its aggregation only, and its record.

    What differs may be the parameters that a method lists in ``aggregation``. The votes are the same as
    if they were synthesised again: the code's hash, all other parameters, task, draw and features are
    part of the identity compared.

    Parameters
    ----------
    method : VotingMethod
    key : Key
        Of the run to be done.
    store : RunStore

    Returns
    -------
    (Votes, Record) or None
        None if there is no such run, or its files cannot be read.
    """
    wanted = _without(key, method.aggregation)
    folder = store.path(key).parent
    for path in sorted(folder.glob(f"draw{key.draw}-n{key.n_labels}-*.json")):
        try:
            record = Record.from_text(path.read_text(encoding="utf-8"))
            if record.status != "ok" or _without(record.key, method.aggregation) != wanted:
                continue
            arrays = store.load_predictions(record)
        except (OSError, ValueError, CorruptRecord):
            continue  # The run that it belongs to is reported and repeated; this one does its own work.
        if all(f"{name}_votes" in arrays for name in ("pool", "test", "seed")):
            return _votes(record, arrays), record
    return None


def _without(key: Key, names: tuple[str, ...]) -> Key:
    return replace(key, parameters={k: v for k, v in key.parameters.items() if k not in names})


def _votes(record: Record, arrays: dict[str, Any]) -> Votes:
    return Votes(
        pool=arrays["pool_votes"],
        test=arrays["test_votes"],
        seeds=arrays["seed_votes"],
        lfs=tuple({k: v for k, v in lf.items() if k != "extended_above"} for lf in record.info["lfs"]),
        info=record.info.get("synthesis", {}),
    )
