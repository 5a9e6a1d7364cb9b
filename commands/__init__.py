"""The commands of the command line, one module each: parse, wire and print; what they call does the work.

A command called ``new-method`` is a module ``new_method.py`` with an attribute ``command``, and is found
because it lies here.
"""

from __future__ import annotations

import importlib
import pkgutil

import click

_PARTS = frozenset({"options", "wrapped"})
"""Modules that commands share."""


def names() -> list[str]:
    """Return the names of all commands, as one types them, sorted."""
    found = [module.name for module in pkgutil.iter_modules(__path__)]
    return sorted(name.replace("_", "-") for name in found if name not in _PARTS)


def get(name: str) -> click.Command:
    """Return a command by one of :func:`names`."""
    module = importlib.import_module(f"commands.{name.replace('-', '_')}")
    command: click.Command = module.command
    return command
