"""Boards in the layout of leaderboard.json, of any size, made from a formula and a seed."""

from __future__ import annotations

from typing import Any

import numpy as np

FAMILIES = {
    "majority_class": "control",
    "logistic_regression": "control",
    "label_spreading": "baseline",
    "transductive_clustering": "baseline",
    "zero_shot_clip": "zero-shot",
    "zero_shot_calibrated": "zero-shot",
    "self_training": "zero-shot",
    "pseudo_label_rounds": "zero-shot",
    "transclip": "zero-shot",
    "zlap": "zero-shot",
    "prompt_search": "zero-shot",
    "tip_adapter": "few-shot",
    "lp_plus_plus": "few-shot",
    "gda": "few-shot",
    "snuba": "autows",
    "snuba_multipolar": "autows",
    "snuba[cardinality=2,label_model=metal]": "autows",
    "iws": "autows",
    "goggles": "autows",
    "their_method": "other",
}
SOME = (
    *("majority_class", "logistic_regression", "label_spreading", "zero_shot_clip", "zlap", "tip_adapter"),
    *("snuba", "goggles"),
)
TASKS = [
    *("digits", "breast_cancer", "navier_stokes_small", "permuted_digits", "mnist", "fashion_mnist"),
    *("kmnist", "cifar10", "spherical_mnist", "ecg", "ember", "yelp"),
]
FEATURES = ("raw", "pca", "resnet18", "clip", "glyph_clip")
POOL = {"zero-shot": "class_names", "few-shot": "features"}
NUMBERS = (10, 25, 50, 100, 200, 400, 1000)


def make(
    n_tasks: int = 4,
    n_features: int = 2,
    methods: tuple[str, ...] = tuple(FAMILIES),
    n_draws: int = 5,
    seed: int = 0,
) -> dict[str, Any]:
    """Return a board on which later methods of the list are better, with noise."""
    rng = np.random.default_rng(seed)
    tasks, features = TASKS[:n_tasks], FEATURES[:n_features]
    level = {task: rng.uniform(0.55, 0.9) for task in tasks}
    skill = {m: 0.0 if m == "majority_class" else rng.uniform(0.3, 1) for m in methods}
    rows = [
        _row(task, name, method, _accuracy(level[task], skill[method], rng), n_draws, rng)
        for task in tasks
        for name in features
        for method in methods
    ]
    standings = [_standing(pool, rows, tasks, features) for pool in ("class_names", "features", "labels")]
    curves = _curves(rows, rng)
    return {
        "schema_version": 2,
        "rows": rows,
        "overall": [],
        "standings": [s for s in standings if len(s["entrants"]) > 1],
        "comparisons": _comparisons(rows, tasks, n_draws, rng),
        "curves": curves,
        "crossovers": _crossovers(rows, curves),
        "stages": _stages(rows, n_draws),
        "notes": [],
    }


def _accuracy(level: float, skill: float, rng: np.random.Generator) -> float:
    return float(np.clip(level * (0.35 + 0.65 * skill) + rng.normal(0, 0.03), 0.05, 0.995))


def _row(
    task: str, features: str, method: str, accuracy: float, n_draws: int, rng: np.random.Generator
) -> dict[str, Any]:
    abstains = FAMILIES[method] == "autows" and method != "goggles"
    coverage = float(rng.uniform(0.5, 0.99)) if abstains else 1.0
    covered = min(1.0, accuracy + (1 - coverage) * 0.25)
    half = float(rng.uniform(0.005, 0.04)) if n_draws > 1 else None
    confidence = np.linspace(0.3, 0.99, 15)
    kept = np.linspace(0.05, 1, 20)
    return {
        "task": task,
        "title": f"The task called {task}",
        "modality": "image",
        "representation": features,
        "method": method,
        "family": FAMILIES[method],
        "needs": [],
        "zero_shot": "glyph_clip" if FAMILIES[method] == "zero-shot" else None,
        "pool": POOL.get(FAMILIES[method], "labels"),
        "origin": "submission" if method == "their_method" else "results",
        "submission": None,
        "n_labels": 100,
        "n_draws": n_draws,
        "accuracy": accuracy,
        "accuracy_low": None if half is None else accuracy - half,
        "accuracy_high": None if half is None else accuracy + half,
        "coverage": coverage,
        "accuracy_covered": covered,
        "end_model_accuracy": accuracy,
        "ece": float(rng.uniform(0.01, 0.2)),
        "seconds": 0.0 if method == "majority_class" else float(10 ** rng.uniform(-2, 2.5)),
        "reliability": {
            "confidence": confidence.tolist(),
            "accuracy": np.clip(confidence * accuracy / 0.8 + rng.normal(0, 0.03, 15), 0, 1).tolist(),
            "share": (confidence**3 / (confidence**3).sum()).tolist(),
        }
        if method != "majority_class"
        else None,
        "risk_coverage": {
            "coverage": kept.tolist(),
            "accuracy": (1 - (1 - accuracy) * kept ** float(rng.uniform(0.3, 2))).tolist(),
        }
        if method != "majority_class"
        else None,
        "same_as": None,
    }


def _standing(
    pool: str, rows: list[dict[str, Any]], tasks: list[str], features: tuple[str, ...]
) -> dict[str, Any]:
    inside = {"labels": ("labels",), "features": ("labels", "features")}.get(
        pool, ("labels", "features", "class_names")
    )
    methods = sorted({row["method"] for row in rows if row["pool"] in inside})
    cells = [(task, name) for task in tasks for name in features]
    found = {(r["method"], r["task"], r["representation"]): r for r in rows}
    scores = np.array([[found[(m, *cell)]["accuracy"] for m in methods] for cell in cells])
    ranks = (-scores).argsort(axis=1).argsort(axis=1) + 1.0
    means = scores.mean(axis=0)
    order = np.argsort(ranks.mean(axis=0), kind="stable")
    gaps = (scores.max(axis=1, keepdims=True) - scores) if methods else scores
    ratios = (1 - scores) / (1 - scores).min(axis=1, keepdims=True)
    grid, ratio = np.linspace(0, 0.6, 61), np.geomspace(1, 40, 60)
    strength = np.log((scores.shape[1] + 1 - ranks.mean(axis=0)) / scores.shape[1])
    strength -= strength.mean()
    names = [methods[i] for i in order]
    entrants = [
        {
            "method": methods[i],
            "family": FAMILIES[methods[i]],
            "mean_rank": float(ranks[:, i].mean()),
            "mean_accuracy": float(means[i]),
            "win_share": 0.5,
            "strength": float(strength[i]),
            "strength_low": float(strength[i] - 0.4),
            "strength_high": float(strength[i] + 0.5),
            "strength_note": None,
            "tie_group": None,
            "seconds": float(np.mean([found[(methods[i], *cell)]["seconds"] for cell in cells])),
        }
        for i in order
    ]
    k = len(methods)
    return {
        "pool": pool,
        "representation": "all",
        "n_labels": 100,
        "tasks": tasks,
        "cells": [list(cell) for cell in cells],
        "entrants": entrants,
        "left_out": [],
        "pairs": [
            {
                "a": methods[i],
                "b": methods[j],
                "difference": float(means[i] - means[j]),
                "low": float(means[i] - means[j] - 0.03),
                "high": float(means[i] - means[j] + 0.03),
                "p": 0.01,
                "p_holm": 0.001 if abs(means[i] - means[j]) > 0.05 else 0.6,
            }
            for n, i in enumerate(order)
            for j in order[n + 1 :]
        ],
        "profile": {
            "gap": grid.tolist(),
            "shares": {m: (gaps[:, [methods.index(m)]] <= grid + 1e-12).mean(axis=0).tolist() for m in names},
            "ratio": ratio.tolist(),
            "ratio_shares": {
                m: (ratios[:, [methods.index(m)]] <= ratio + 1e-12).mean(axis=0).tolist() for m in names
            },
        },
        "friedman": {
            "statistic": 20.0,
            "p": 0.0004,
            "n_tasks": len(tasks),
            "critical_difference": 2.9 * float(np.sqrt(k * (k + 1) / (6 * len(tasks)))),
        },
        "smallest_difference": 0.031,
    }


def _comparisons(
    rows: list[dict[str, Any]], tasks: list[str], n_draws: int, rng: np.random.Generator
) -> list[dict[str, Any]]:
    methods = list(dict.fromkeys(row["method"] for row in rows))
    mean = {
        (m, t): float(np.mean([r["accuracy"] for r in rows if r["method"] == m and r["task"] == t]))
        for m in methods
        for t in tasks
    }
    entries = []
    for against in ("zero_shot_clip", "logistic_regression"):
        for method in methods:
            if against not in methods or method == against:
                continue
            each = []
            for task in tasks:
                value = mean[(method, task)] - mean[(against, task)]
                half = float(rng.uniform(0.01, 0.08))
                each.append(
                    {
                        "task": task,
                        "title": task,
                        "representations": ["raw"],
                        "n_draws": n_draws,
                        "difference": value,
                        "low": None if n_draws == 1 else value - half,
                        "high": None if n_draws == 1 else value + half,
                        "wins": n_draws,
                        "ties": 0,
                        "losses": 0,
                    }
                )
            value = float(np.mean([task["difference"] for task in each]))
            one = len(tasks) == 1 and n_draws == 1
            verdict = "better" if value > 0.04 else "worse" if value < -0.05 else "open"
            entries.append(
                {
                    "method": method,
                    "against": against,
                    "n_labels": 100,
                    "representation": "all",
                    "tasks": each,
                    "difference": value,
                    "low": None if one else value - 0.04,
                    "high": None if one else value + 0.05,
                    "p": 0.2,
                    "verdict": "open" if one else verdict,
                    "here_low": None if n_draws == 1 else value - 0.01,
                    "here_high": None if n_draws == 1 else value + 0.02,
                    "here_verdict": "open" if n_draws == 1 else "better" if value > 0.01 else "worse",
                    "complete": True,
                    "n_tasks_expected": len(tasks),
                    "n_tasks": len(tasks),
                    "wins": sum(t["difference"] > 0.02 for t in each),
                    "ties": sum(abs(t["difference"]) <= 0.02 for t in each),
                    "losses": sum(t["difference"] < -0.02 for t in each),
                    "sentence": "",
                }
            )
    return entries


def _curves(rows: list[dict[str, Any]], rng: np.random.Generator) -> list[dict[str, Any]]:
    found = []
    for row in rows:
        rate = 0.0 if row["family"] == "zero-shot" else float(rng.uniform(0.5, 1.2))
        points = []
        for n in NUMBERS:
            value = float(
                np.clip(row["accuracy"] * (1 - rate * 0.4 * (np.sqrt(10 / n) - np.sqrt(0.1))), 0.05, 1)
            )
            points.append(
                {
                    "n_labels": n,
                    "accuracy": value,
                    "low": None if row["n_draws"] == 1 else value - 0.1 / np.sqrt(n / 5),
                    "high": None if row["n_draws"] == 1 else value + 0.1 / np.sqrt(n / 5),
                    "n_draws": row["n_draws"],
                }
            )
        found.append(
            {name: row[name] for name in ("task", "representation", "method", "family")} | {"points": points}
        )
    return found


def _crossovers(rows: list[dict[str, Any]], curves: list[dict[str, Any]]) -> list[dict[str, Any]]:
    level = {(r["task"], r["representation"]): r["accuracy"] for r in rows if r["method"] == "zero_shot_clip"}
    found = []
    for curve in curves:
        cell = (curve["task"], curve["representation"])
        if cell not in level or curve["family"] == "zero-shot":
            continue
        accuracies = [point["accuracy"] for point in curve["points"]]
        where = None
        if accuracies[0] < level[cell] < accuracies[-1]:
            where = round(float(np.exp(np.interp(level[cell], accuracies, np.log(NUMBERS)))), 1)
        found.append(
            {
                "task": cell[0],
                "representation": cell[1],
                "method": curve["method"],
                "against": "zero_shot_clip",
                "n_labels": where,
                "interval": None,
                "sentence": "",
            }
        )
    return found


def _stages(rows: list[dict[str, Any]], n_draws: int) -> list[dict[str, Any]]:
    names = (
        "end model on true labels",
        "best aggregation of the votes",
        "best subset of the LFs",
        "label model",
    )
    return [
        {
            "task": row["task"],
            "representation": row["representation"],
            "method": row["method"],
            "n_labels": 100,
            "n_draws": n_draws,
            "stages": [
                {"name": name, "accuracy": min(1.0, row["accuracy"] + extra)}
                for name, extra in zip(names, (0.15, 0.06, 0.11, 0.0), strict=True)
            ],
        }
        for row in rows
        if row["family"] == "autows"
    ]
