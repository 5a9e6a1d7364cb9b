"""What code an object is made of: a hash over its module and the modules of ours that it uses."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from autows.errors import AutoWSError

CONTRACT = frozenset(
    {
        "autows",
        "autows.cache",
        "autows.device",
        "autows.errors",
        "autows.files",
        "autows.label_model",
        "autows.method",
        "autows.params",
        "autows.registry",
        "autows.representation",
        "autows.source",
        "autows.sources",
        "autows.task",
        "autows.texts",
        "autows.types",
        "tasks",
    }
)
"""Modules that carry data but compute nothing: a change there does not change a result."""

_ROOTS = frozenset({"autows", "tasks", "baselines"})


@cache
def source_hash(module: str) -> str:
    """Return a hash of a module's source and of every module of its own project that it imports.

    Imports are followed through the syntax tree, those inside functions included; other people's
    packages are not followed. Importing a folder of entrants (``autows.label_models``) counts all
    that lies in it, because which one is used is decided by name at run time.

    Parameters
    ----------
    module : str
        Dotted name of an importable module.

    Returns
    -------
    str
        SHA-256 in hexadecimal, the same on every platform.
    """
    if module == "__main__":
        raise AutoWSError(
            "Entrants defined in a script have no source to identify them by; put them in a module"
        )
    roots = _ROOTS | {module.partition(".")[0]}
    waiting, sources = [module], {}
    while waiting:
        name = waiting.pop()
        for part, path in _files(name):
            if part in sources or (part in CONTRACT and part != module):
                continue
            text = path.read_text(encoding="utf-8")
            sources[part] = text
            is_package = path.name == "__init__.py"
            waiting += [n for n in _imports(text, part, is_package) if n.partition(".")[0] in roots]
    digest = hashlib.sha256()
    for part in sorted(sources):
        digest.update(f"{part}\0{sources[part]}\0".encode())
    return digest.hexdigest()


def _files(name: str) -> Iterator[tuple[str, Path]]:
    try:
        spec = importlib.util.find_spec(name)
    except ModuleNotFoundError:
        # ``from package.module import thing`` also proposes package.module.thing, which need not be a module.
        return
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        return
    search = spec.submodule_search_locations is not None and name not in CONTRACT
    yield name, Path(spec.origin)
    if search:
        for path in sorted(Path(spec.origin).parent.glob("*.py")):
            if path.name != "__init__.py":
                yield f"{name}.{path.stem}", path


def _imports(text: str, module: str, is_package: bool) -> Iterator[str]:
    package = module if is_package else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, base] if base else above)
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)
