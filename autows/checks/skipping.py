"""Checks that a method says why where it cannot run."""

from __future__ import annotations

from dataclasses import replace

from autows.checks.contract import Failed, check
from autows.checks.subject import Subject
from autows.task import MODALITIES


def _any_modality(subject: Subject) -> str | None:
    return None if subject.method.modalities else "it declares no modalities, so it works on all"


@check(
    "It skips tasks of other modalities with a reason",
    "skip_reason of autows.Method does that for what modalities declares; if you override it, ask it first.",
    _any_modality,
)
def other_modalities(subject: Subject) -> None:
    """Ask for its reason on tasks of every modality that it does not declare."""
    for modality in MODALITIES:
        if modality not in subject.method.modalities:
            view = replace(subject.base.view, modality=modality)
            if subject.skip_reason(subject.make(), view.restricted_to(subject.method.requirements)) is None:
                raise Failed(f"it would run on a task of modality {modality}, which it does not declare")


def _no_needs(subject: Subject) -> str | None:
    return None if subject.method.requirements else "it declares to need nothing"


@check(
    "It skips tasks that lack what it needs, with a reason",
    "skip_reason of autows.Method does that for what needs declares; if you override it, ask it first.",
    _no_needs,
)
def without_needs(subject: Subject) -> None:
    """Ask for its reason on tasks without class names, zero-shot answers or embeddings."""
    for need in sorted(subject.method.requirements):
        view = subject.base.view.restricted_to(subject.method.requirements - {need})
        if subject.skip_reason(subject.make(), view) is None:
            raise Failed(f"it needs {need}, and would run on a task that has none")
