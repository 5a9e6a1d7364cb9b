"""The labeling functions of one run as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autows.lf_words import in_its_words
from autows.runs.record import Record
from leaderboard.text_table import TextTables


def rows(record: Record, class_names: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """Return one object a labeling function: its description, its words, and the analysis of its votes.

    Parameters
    ----------
    record : Record
        Of a run that is ok.
    class_names : sequence of str, optional

    Returns
    -------
    list of dict
        Empty for a method without labeling functions.
    """
    info = record.info
    analysis = info.get("lf_analysis", [])
    described = info.get("lfs", []) or [{} for _ in analysis]
    return [
        {"lf": lf, "words": in_its_words(lf, class_names), **found}
        for lf, found in zip(described, analysis, strict=True)
    ]


def to_text(table: Sequence[dict[str, Any]], width: int | None = None) -> str:
    """Return the table for a terminal.

    Parameters
    ----------
    table : sequence of dict
        As :func:`rows` makes it.
    width : int, optional
        Characters that a line may have; what there is no room for is left out and named at the end.
    """
    if not table:
        return "This method has no labeling functions"
    lines = [
        {
            "": str(number),
            "votes": row["words"],
            "polarity": ", ".join(map(str, row["polarity"])),
            "coverage": f"{100 * row['coverage']:.1f}",
            "overlap": f"{100 * row['overlap']:.1f}",
            "conflict": f"{100 * row['conflict']:.1f}",
            **_on_seeds(row),
        }
        for number, row in enumerate(table)
    ]
    tables = TextTables(width)
    body = tables.table(
        lines,
        left=("votes",),
        least=("overlap", "conflict", "polarity"),
        shorten={"votes": 30, "polarity": 12},
    )
    how = (
        "Coverage, overlap and conflict in per cent of the unlabeled pool; right out of votes on the seeds, "
        "by models that did not see them."
    )
    note = tables.note("--json")
    return "\n\n".join([body, tables.fill(how), *([tables.fill(note)] if note else [])])


def _on_seeds(row: dict[str, Any]) -> dict[str, str]:
    if "seed_votes" not in row:
        return {}
    return {"right on seeds": f"{row['seed_correct']} of {row['seed_votes']}"}
