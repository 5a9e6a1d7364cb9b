"""Suites: named choices of representations, methods and draws, one TOML file each in this folder.

The tasks of a suite are those whose cards name it, so that a new task joins by its own file alone.
"""

from __future__ import annotations

import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import tasks
from autows.errors import unknown_name


@dataclass(frozen=True)
class Suite:
    """What a suite runs by default.

    Parameters
    ----------
    name : str
    title : str
        One line for a person.
    tasks : tuple of str
    representations : tuple of str
        As one would type them, parameters in brackets.
    methods : tuple of str
        As one would type them.
    draws : int
    """

    name: str
    title: str
    tasks: tuple[str, ...]
    representations: tuple[str, ...]
    methods: tuple[str, ...]
    draws: int


def names() -> list[str]:
    """Return the names of all suites, sorted."""
    return sorted(path.stem for path in Path(__file__).parent.glob("*.toml"))


def get(name: str) -> Suite:
    """Return a suite by name.

    Raises
    ------
    UserError
        If there is no such suite.

    Examples
    --------
    >>> get("quick").draws
    3
    """
    if name not in names():
        raise unknown_name("suite", name, names(), "run_bench.py list suites")
    with (Path(__file__).parent / f"{name}.toml").open("rb") as stream:
        values = tomllib.load(stream)
    members = [task for task in tasks.names() if name in tasks.create(task).card.suites]
    return Suite(
        name=name,
        title=values["title"],
        tasks=tuple(members),
        representations=tuple(values["representations"]),
        methods=tuple(values["methods"]),
        draws=values["draws"],
    )


def describe() -> list[dict[str, Any]]:
    """Return every suite as JSON values, in order of name."""
    return [asdict(get(name)) for name in names()]
