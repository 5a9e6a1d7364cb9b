"""Where scikit-learn keeps the data sets that it ships, labels included."""

from __future__ import annotations

import importlib.util
from pathlib import Path


def sklearn_data() -> tuple[Path, ...]:
    """Return the folder of scikit-learn's data sets, without importing it; nothing if it is not installed."""
    spec = importlib.util.find_spec("sklearn")
    folders = [] if spec is None else spec.submodule_search_locations or []
    return tuple(Path(folder) / "datasets" / "data" for folder in folders)
