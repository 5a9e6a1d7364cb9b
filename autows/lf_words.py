"""Labeling functions in words, from their descriptions."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

FEATURES_SHOWN = 4

WORDS_SHOWN = 120
"""Characters of the description of a labeling function that is not of a family of ours."""


def in_words(lf: Mapping[str, Any], class_names: Sequence[str] | None = None) -> str:
    """Return a sentence about a labeling function, such as ``8 where feature 43 > 5.5``.

    Parameters
    ----------
    lf : mapping
        As :meth:`autows.labeling_functions.LFSet.describe` gives it.
    class_names : sequence of str, optional
        Names to be used instead of class numbers.

    Examples
    --------
    >>> in_words({"kind": "stump", "features": [43], "threshold": 5.5, "below": 0.05, "above": 0.8,
    ...           "label": 8, "at_least": 0.5})
    '8 where feature 43 > 5.5'
    """
    label = lf.get("label")
    about = _stump(lf) if lf["kind"] == "stump" else None
    if label is None:
        return f"the likeliest class by {_model(lf)}, with lift >= {lf['beta']:.2g}"
    name = class_names[label] if class_names is not None else str(label)
    where = about or f"P >= {lf['at_least']:.2g} by {_model(lf)}"
    return f"{name} where {where}"


def in_its_words(lf: Mapping[str, Any], class_names: Sequence[str] | None = None) -> str:
    r"""Return any method's labeling function on one line: as :func:`in_words`, or as the method describes it.

    Parameters
    ----------
    lf : mapping
        JSON values of whatever kind. One without ``kind`` has no words.
    class_names : sequence of str, optional
        Names to be used instead of class numbers.

    Examples
    --------
    >>> in_its_words({"kind": "regex", "pattern": "fr\x1bee"})
    '{"kind": "regex", "pattern": "fr\\u001bee"}'
    """
    if "kind" not in lf:
        return ""
    try:
        words = in_words(lf, class_names)
    except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError):
        words = json.dumps(lf, sort_keys=True)
    line = "".join(c if c.isprintable() else " " for c in words[: 4 * WORDS_SHOWN])
    return line if len(line) <= WORDS_SHOWN else f"{line[: WORDS_SHOWN - 3]}..."


def _stump(lf: Mapping[str, Any]) -> str | None:
    """Return the side on which a unipolar stump votes, or None if that is neither or both."""
    if lf.get("label") is None or lf["threshold"] is None:
        return None
    below, above = (lf[side] >= lf["at_least"] for side in ("below", "above"))
    if below == above:
        return None
    return f"{_features(lf)} {'<=' if below else '>'} {lf['threshold']:.4g}"


def _model(lf: Mapping[str, Any]) -> str:
    if lf["kind"] == "template":
        return f"prompt template {lf['template']}"
    if lf["kind"] == "zero_shot":
        return "the zero-shot answer"
    return f"{lf['kind']} of {_features(lf)}" if lf["features"] else str(lf["kind"])


def _features(lf: Mapping[str, Any]) -> str:
    features = lf["features"]
    if lf.get("features_of") == "zero_shot":
        return f"the zero-shot probability of class {', '.join(map(str, features))}"
    if len(features) == 1:
        return f"feature {features[0]}"
    if len(features) > FEATURES_SHOWN:
        return f"{len(features)} features"
    return f"features {', '.join(map(str, features))}"
