"""AutoWS Bench: a benchmark harness for automated weak supervision.

What a method author imports::

    from autows import ABSTAIN, Labels, Method, TaskView
"""

from __future__ import annotations

from autows.method import Method
from autows.types import ABSTAIN, Labels, TaskView

__version__ = "0.1.0"

__all__ = ["ABSTAIN", "Labels", "Method", "TaskView", "__version__"]
