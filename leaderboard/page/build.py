"""Fill the templates: one file with its styles, its script, its plots and its data inside."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Protocol
from xml.etree import ElementTree

from markupsafe import Markup

from leaderboard.page import answer, cards, comparisons, provenance, results, standings, tasks
from leaderboard.page.formats import FILTERS, anchor
from leaderboard.plots.style import FAMILY_COLORS
from leaderboard.pools import POOL_TITLES
from leaderboard.stages import MEANINGS

if TYPE_CHECKING:
    from jinja2 import Environment

ROWS_AT_ONCE = 2000
"""Rows of the table of results that are laid out at first; a script takes the others from a template."""

UNEXPLAINED = ("method", "task", "features", "family", "pool")
"""Columns that explain themselves, or are explained at length."""

PLOTS_AT_ONCE = 6
"""Plots that are open; what is beyond waits in a fold."""


class PlotLike(Protocol):
    """What is shown as a plot; :class:`Plot` is one."""

    @property
    def stem(self) -> str:
        """Return the name of its files, without suffix."""

    @property
    def title(self) -> str:
        """Return what it is."""

    @property
    def alt(self) -> str:
        """Return what is to be seen, in plain words."""

    @property
    def svg(self) -> str:
        """Return it as an ``<svg>`` element with a ``<title>``."""


@dataclass(frozen=True)
class Plot:
    """A plot for the page.

    Parameters
    ----------
    stem : str
        The name of its files, without suffix; becomes an anchor on the page.
    title : str
        What it is.
    alt : str
        What is to be seen, in plain words; stands under the plot.
    svg : str
        An ``<svg>`` element with a ``<title>``, which refers to nothing outside itself. It may use
        ``currentColor`` and the CSS variables ``--muted``, ``--grid`` and ``--surface``.
    """

    stem: str
    title: str
    alt: str
    svg: str


def render(
    board: Mapping[str, Any],
    plots: Iterable[PlotLike] = (),
    title: str = "AutoWS Bench leaderboard",
    duels: Sequence[Mapping[str, Any]] = (),
) -> str:
    """Return the leaderboard as one HTML document.

    Parameters
    ----------
    board : mapping
        The content of ``leaderboard.json``, schema version 2.
    plots : iterable of Plot
        In the order to show them in.
    title : str
        Of the page.
    duels : sequence of mapping
        Every two methods compared, see :func:`leaderboard.duels.duels`; without them only the board's own
        comparisons can be looked at head to head.

    Returns
    -------
    str
        The same for the same input. It loads nothing, and a content security policy in it forbids that
        anything be loaded, or any script be run but the page's own.

    Raises
    ------
    ValueError
        If a plot is no SVG element with a title, has a script in it or refers to something outside itself.

    Notes
    -----
    O(rows x columns). Every value is escaped; of links only those to http and https addresses become links.
    """
    script = _asset("page.js")
    rows = results.in_order(board["rows"])
    shown = results.columns(rows)
    return (
        _environment()
        .get_template("page.html")
        .render(
            title=title,
            board=board,
            style=Markup(_asset("page.css")),
            script=Markup(script),
            script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
            data=_json(comparisons.data(duels or board["comparisons"])),
            n_labels=answer.main_labels(board),
            sentences=answer.sentences(board),
            approaches=answer.approaches(board),
            facts=_facts(board),
            standings=standings.views(board),
            comparisons=comparisons.views(board),
            pair=comparisons.default_pair(board),
            columns=shown,
            rows=[results.view(row, shown) for row in rows],
            rows_at_once=ROWS_AT_ONCE,
            one_origin=results.one_origin(rows),
            test_error=results.test_error(rows),
            speakers=results.speakers(rows),
            choices={
                name: sorted({row[name] for row in rows if row[name] is not None})
                for name in ("method", "task", "modality", "representation", "family", "n_labels")
            },
            tasks=tasks.views(board),
            curves=tasks.curves(board),
            stages=tasks.waterfalls(board),
            meanings_of_stages=list(MEANINGS.values()),
            plots=[_checked(plot) for plot in plots],
            plots_at_once=PLOTS_AT_ONCE,
            cards=cards.views(board),
            provenance=provenance.views(board["provenance"]),
            notes=provenance.grouped(board["notes"]),
            meanings=[column for column in shown if column.key not in UNEXPLAINED],
            pools=POOL_TITLES,
            families=FAMILY_COLORS,
        )
    )


def _numbers_of_labels(numbers: Sequence[int]) -> str:
    """Return the numbers of labels of a page in few characters."""
    if len(numbers) > 2:
        return f"{numbers[0]} to {numbers[-1]}"
    return ", ".join(map(str, numbers)) or "none"


def _facts(board: Mapping[str, Any]) -> list[tuple[str, str]]:
    rows = board["rows"]
    by_task: dict[str, int] = {}
    for row in rows:
        by_task[row["task"]] = max(by_task.get(row["task"], 0), row["n_draws"])
    draws = sorted(set(by_task.values()))
    numbers = sorted({row["n_labels"] for row in rows})
    return [
        ("tasks", f"{len(board['tasks'])}"),
        ("methods", f"{len({row['method'] for row in rows})}"),
        ("kinds of features", f"{len({row['representation'] for row in rows})}"),
        ("labels", _numbers_of_labels(numbers)),
        (
            "draws of the labels",
            f"{draws[0]}\N{EN DASH}{draws[-1]}" if len(draws) > 1 else f"{(draws or [0])[0]}",
        ),
        ("runs on record", f"{board['provenance'].get('n_records', 0):,}"),
    ]


def _checked(plot: PlotLike) -> dict[str, Any]:
    """Return a plot whose SVG stands by itself."""
    try:
        root = ElementTree.fromstring(plot.svg)
    except ElementTree.ParseError as error:
        raise ValueError(f"The plot {plot.stem!r} is no well-formed SVG: {error}") from error
    if _local(root.tag) != "svg" or not any(_local(child.tag) == "title" for child in root):
        raise ValueError(f"The plot {plot.stem!r} must be an <svg> element with a <title> in it")
    for element in root.iter():
        if _local(element.tag) in ("script", "foreignObject", "image", "iframe"):
            raise ValueError(
                f"The plot {plot.stem!r} has a <{_local(element.tag)}> in it; only shapes and text are shown"
            )
        for name, value in element.attrib.items():
            outside = _local(name) in ("href", "src") and not value.startswith("#")
            if outside or _local(name).startswith("on"):
                raise ValueError(
                    f"The plot {plot.stem!r} refers to something outside itself: {name}={value!r}"
                )
    return {"stem": plot.stem, "title": plot.title, "alt": plot.alt, "svg": Markup(plot.svg)}


def _local(name: Any) -> str:
    return str(name).rpartition("}")[2]


def _json(value: Any) -> Markup:
    """Return JSON for a script element: nothing in it ends the element or begins another."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)


def _spot(value: float, low: float, high: float) -> str:
    """Return where a value is between two ends, in per cent; beyond an end it is at the end."""
    return f"{100 * min(max((value - low) / (high - low), 0.0), 1.0):.1f}".removesuffix(".0")


@functools.cache
def _asset(name: str) -> str:
    return (files("leaderboard.page") / name).read_text(encoding="utf-8").replace("\r\n", "\n")


@functools.cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("leaderboard.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= FILTERS
    environment.filters |= {
        "spot": _spot,
        "verdict": comparisons.verdict,
        "anchor": lambda name, kind: anchor(kind, name),
        "family": lambda name: name if name in FAMILY_COLORS else "other",
    }
    return environment
