"""Rows as CSV that a spreadsheet shows and does not run."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

RUN_BY_SPREADSHEETS = ("=", "+", "-", "@", "\t", "\n")
"""What a formula begins with, or hides its beginning behind."""


def to_csv(rows: Iterable[Mapping[str, Any]], names: Sequence[str]) -> str:
    """Return a header and a line a row, a cell empty where there is no value.

    Names and reasons are other people's words. A text that a spreadsheet would take for a formula has an
    apostrophe before it; numbers stay as they are.

    Parameters
    ----------
    rows : iterable of mappings
    names : sequence of str
        Which values, in their order.

    References
    ----------
    OWASP, "CSV Injection", https://owasp.org/www-community/attacks/CSV_Injection

    Examples
    --------
    >>> print(to_csv([{"reason": "=1+1", "difference": -0.5}], ["reason", "difference"]), end="")
    reason,difference
    '=1+1,-0.5
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_harmless(row[name]) for name in names] for row in rows)
    return stream.getvalue()


def _harmless(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    # The writer does not quote a lone carriage return, and readers begin a line there.
    text = value.replace("\r\n", "\n").replace("\r", "\n")
    return f"'{text}" if text.startswith(RUN_BY_SPREADSHEETS) else text
