"""Folders that a command fills: nothing of anybody else's may be in them."""

from __future__ import annotations

from pathlib import Path

from autows.errors import UserError


def names_in(out: Path, mark: str, what: str) -> set[str]:
    """Return the names of what an earlier run of the command left in a folder that is to be filled.

    Parameters
    ----------
    out : Path
    mark : str
        The file that tells a folder of this kind.
    what : str
        What such a folder is called in a message, such as ``submission``.

    Returns
    -------
    set of str
        ``mark`` among them; empty if the folder is not there or holds nothing.

    Raises
    ------
    UserError
        If it is a link or a file, or holds something and not the mark.
    """
    if not out.exists() and not out.is_symlink():
        return set()
    if out.is_symlink() or not out.is_dir():
        raise UserError(f"{out} is not a folder; name another with --out")
    there = {path.name for path in out.iterdir()}
    if there and mark not in there:
        raise UserError(f"{out} is not empty and is no {what}; name another folder with --out")
    return there
