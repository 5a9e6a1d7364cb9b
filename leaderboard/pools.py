"""Pools of entrants: who competes with the same means, and how that is called."""

from __future__ import annotations

POOL_TITLES = {
    "labels": "Labels only",
    "features": "+ pretrained features",
    "class_names": "+ class names (zero-shot)",
}
"""Pools as people read them, from the narrowest to the widest; each is within the next."""

POOLS = tuple(POOL_TITLES)
