"""Everything that a participant may see of a task in one draw, as plain files, and not one label more."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autows.dual_encoder import DualEncoder
from autows.errors import NotApplicable, UserError
from autows.files import make_folder, new_folder, sha256
from autows.representation import Representation
from autows.runs.views import make_view, spoken
from autows.submissions import export_readme, manifest
from autows.submissions.licences import redistributable
from autows.submissions.manifest import Manifest
from autows.submissions.predicted import PredictedMethod
from autows.submissions.row_ids import row_ids
from autows.submissions.targets import names_in
from autows.task import Raw, Task
from autows.texts import Texts
from autows.types import Matrix, TaskView

ROWS_AT_ONCE = 4096


def export(
    task: Task,
    representation: Representation,
    draw: int,
    n_labels: int,
    out: Path,
    speaker: DualEncoder | None = None,
    texts: bool = False,
) -> Manifest:
    """Write what may be seen of a task in one draw to a folder; an earlier export there is replaced.

    Rows are in order of their identifiers (see :func:`~autows.submissions.row_ids.row_ids`), so that their
    order carries no information. The content depends on the arguments and the data alone.

    Parameters
    ----------
    task, representation, draw, n_labels
        As in a :class:`~autows.runs.cell.Cell`.
    out : Path
        The folder.
    speaker : DualEncoder, optional
        Whose zero-shot answers are written too.
    texts : bool, default False
        Also write text embeddings of the classes, where the features have them.

    Raises
    ------
    UserError
        If the folder holds something else, or the features cannot be had for the task.
    """
    refuse_other_content(out)
    card = task.card
    data = task.load()
    needs = ({"zero_shot"} if speaker is not None else set()) | ({"class_embeddings"} if texts else set())
    asked = PredictedMethod.of("export", None, "", frozenset(needs))
    try:
        features = representation.features(task)
        said = spoken(task, representation, asked, speaker, None)
    except NotApplicable as error:
        raise UserError(str(error)) from error
    view = make_view(task, data, features.X_pool, features.X_test, draw, n_labels, **said)
    rows = {"pool": view.X_pool.shape[0], "test": view.X_test.shape[0]}
    ids = {side: row_ids(task, side, n) for side, n in rows.items()}
    order = {side: np.argsort(ids[side]) for side in ids}
    licence = redistributable(card.licence)
    made = Manifest(
        task=card.id,
        task_version=card.version,
        task_variant=task.variant(),
        draw=draw,
        n_labels=n_labels,
        representation=representation.name,
        representation_version=representation.version,
        representation_parameters=representation.get_params(),
        zero_shot=None if view.zero_shot_pool is None or speaker is None else speaker.spec,
        class_embeddings=view.template_embeddings is not None,
        n_pool=rows["pool"],
        n_test=rows["test"],
        n_classes=view.n_classes,
        data_fingerprint=task.fingerprint(),
        licence=card.licence,
        raw_data="included"
        if licence
        else f"left out: licence '{card.licence}' is not among those known to allow passing them on",
    )
    make_folder(out.parent, "the export")
    with new_folder(out) as folder:
        _write_view(folder, view, ids, order)
        if licence:
            for side, raw in (("pool", data.X_pool), ("test", data.X_test)):
                _write_raw(folder, f"raw_{side}", raw, order[side])
        _write_card(folder, task, view)
        there = frozenset(path.name for path in folder.iterdir())
        about = export_readme.text(
            made, card.title, card.source, representation.spec, there, view.X_pool.shape[1]
        )
        (folder / "README.md").write_text(about, encoding="utf-8")
        files = {
            path.name: {"bytes": path.stat().st_size, "sha256": sha256(path)}
            for path in sorted(folder.iterdir())
        }
        made = replace(made, files=files)
        (folder / manifest.NAME).write_bytes(made.to_bytes())
    manifest.remember(made)
    return made


def refuse_other_content(out: Path) -> None:
    """Raise UserError unless a folder may be replaced: it is not there, empty, or an export and no more."""
    there = names_in(out, manifest.NAME, "earlier export")
    if not there:
        return
    other = sorted(there - set(manifest.read(out).files) - {manifest.NAME})
    if other:
        raise UserError(
            f"{out} is an export with {len(other)} more files in it, {other[0]} for one; "
            "move them away or name another folder with --out"
        )


def _write_view(
    folder: Path, view: TaskView, ids: dict[str, NDArray[np.uint64]], order: dict[str, NDArray[np.int64]]
) -> None:
    assert view.seed_index is not None
    position = np.empty(len(order["pool"]), dtype=np.int64)
    position[order["pool"]] = np.arange(len(position))
    small: dict[str, Any] = {
        "seed_index": position[view.seed_index],
        "y_seed": view.y_seed,
        "template_embeddings": view.template_embeddings,
    }
    if view.groups_seed is not None:
        # Which seeds belong together, and not the numbers of their groups.
        small["groups_seed"] = np.unique(view.groups_seed, return_inverse=True)[1].astype(np.int64)
    for side in ("pool", "test"):
        rows = order[side]
        small[f"{side}_ids"] = ids[side][rows]
        _write_matrix(folder, f"X_{side}", getattr(view, f"X_{side}"), rows)
        P = getattr(view, f"zero_shot_{side}")
        small[f"zero_shot_{side}"] = None if P is None else P[rows]
    for name, array in small.items():
        if array is not None:
            np.save(folder / f"{name}.npy", array, allow_pickle=False)


def _write_matrix(folder: Path, name: str, X: Matrix, order: NDArray[np.int64]) -> None:
    if not hasattr(X, "indptr"):
        _write_rows(folder / f"{name}.npy", X, order)
        return
    sorted_rows = X[order]
    for part in ("data", "indices", "indptr"):
        np.save(folder / f"{name}.{part}.npy", getattr(sorted_rows, part), allow_pickle=False)


def _write_rows(path: Path, rows: NDArray[Any], order: NDArray[np.int64]) -> None:
    out = np.lib.format.open_memmap(path, mode="w+", dtype=rows.dtype, shape=rows.shape)
    for start in range(0, len(order), ROWS_AT_ONCE):
        out[start : start + ROWS_AT_ONCE] = rows[order[start : start + ROWS_AT_ONCE]]
    out.flush()


def _write_raw(folder: Path, name: str, raw: Raw, order: NDArray[np.int64]) -> None:
    if not isinstance(raw, Texts):
        _write_rows(folder / f"{name}.npy", raw, order)
        return
    with (folder / f"{name}.jsonl").open("w", encoding="utf-8") as stream:
        stream.writelines(json.dumps({"text": raw[int(row)]}, ensure_ascii=False) + "\n" for row in order)


def _write_card(folder: Path, task: Task, view: TaskView) -> None:
    card = task.card
    values = {
        "id": card.id,
        "version": card.version,
        "title": card.title,
        "modality": card.modality,
        "class_names": list(card.class_names),
        "prompts": list(card.prompts),
        "n_classes": card.n_classes,
        "n_pool": view.X_pool.shape[0],
        "n_test": view.X_test.shape[0],
        "n_labels": len(view.y_seed),
        "n_features": view.X_pool.shape[1],
        "logit_scale": view.logit_scale,
        "source": card.source,
        "licence": card.licence,
        "citation": card.citation,
    }
    text = json.dumps(values, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False)
    (folder / "task.json").write_text(text + "\n", encoding="utf-8")
