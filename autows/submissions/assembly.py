"""What a submission says of itself, put together from what was run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from autows.errors import UserError
from autows.runs.cell import Cell
from autows.runs.provenance import provenance
from autows.submissions.folder import namesake, taken
from autows.submissions.submission import Submission, name_mistake


def check_name(name: str) -> None:
    """Raise UserError unless a submission may be called that.

    A method of the project may be meant by the same name written with hyphens, so that is taken too.
    """
    mistake = name_mistake(name)
    if mistake is not None:
        raise UserError(f"The name {mistake}; give one with --name")
    if taken(name):
        raise UserError(f"The name '{name}' is taken by a method of this project; choose another with --name")


def check_free(name: str, source_sha256: str, homes: Iterable[Path]) -> None:
    """Raise UserError if another source was submitted under a name.

    Parameters
    ----------
    name, source_sha256 : str
    homes : iterable of Path
        Folders that have a folder for each submission.
    """
    other = namesake(name, source_sha256, homes)
    if other is not None:
        raise UserError(
            f"The name '{name}' is taken by another submission, in {other}; choose another with --name, "
            "or say --replace if that is an earlier version of yours"
        )


def declared(source: str, more: str | None) -> str:
    """Return what a method was trained on before: what its source says, and what its author adds.

    Examples
    --------
    >>> declared("ImageNet-1k", "a list of names")
    'ImageNet-1k; a list of names'
    >>> declared("ImageNet-1k", "")
    'ImageNet-1k'
    """
    more = (more or "").strip()
    if source in more or more in source:
        return max(source, more, key=len)
    return f"{source}; {more}"


def assemble(
    cells: Sequence[Cell],
    *,
    name: str,
    kind: str,
    source_sha256: str,
    needs: Iterable[str],
    family: str,
    summary: str,
    suite: str | None,
    zero_shot: str,
    sandbox: str,
    class_name: str | None = None,
    parameters: Mapping[str, Any] | None = None,
    modalities: Iterable[str] = (),
    author: str | None = None,
    link: str | None = None,
    pretrained_data: str = "",
) -> Submission:
    """Return a submission of some cells; see :class:`~autows.submissions.submission.Submission`.

    Raises
    ------
    InvalidSubmission
        If something that is said of it is not of the form it must have.
    """
    made = provenance()
    git = made["git"] or {}
    return Submission(
        name=name,
        kind=kind,
        author=author,
        link=link,
        summary=summary,
        family=family,
        needs=tuple(sorted(needs)),
        modalities=tuple(modalities),
        parameters=dict(parameters or {}),
        pretrained_data=pretrained_data,
        class_name=class_name,
        source_sha256=source_sha256,
        suite=suite,
        tasks=tuple(dict.fromkeys(cell.task.card.id for cell in cells)),
        representations=tuple(dict.fromkeys(cell.representation.spec for cell in cells)),
        draws=tuple(sorted({cell.draw for cell in cells})),
        n_labels=cells[0].n_labels,
        zero_shot=zero_shot,
        project_version=made["project_version"],
        commit=git.get("commit"),
        python=made["python"],
        packages=made["packages"],
        hardware={part: made[part] for part in ("platform", "cpu", "cpus")},
        sandbox=sandbox,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )
