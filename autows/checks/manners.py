"""Checks that a method is a function of what it is given, and does nothing beside."""

from __future__ import annotations

from typing import Any

from autows.checks.compare import difference
from autows.checks.contract import Failed, check
from autows.checks.subject import Subject


@check(
    "It gives the same answer twice under the same generator",
    "Take all randomness from rng, and do not let clocks, ids or other threads decide.",
)
def deterministic(subject: Subject) -> None:
    """Compare two instances on one task."""
    usual = subject.answer("base")
    apart = difference(usual, subject.watched.labels)
    if apart is None:
        return
    # That run had other global seeds, too, which have a check of their own.
    found = difference(usual, subject.fit(subject.base))
    if found is None and difference(usual, subject.under_other_seeds) is None:
        found = apart
    if found:
        raise Failed(f"with the same generator, {found}")


def _only_here(subject: Subject) -> str | None:
    if subject.can_be_made_elsewhere:
        return None
    return "no other process could make it: it is neither a file nor registered"


@check(
    "It gives the same answer in another process, where strings hash otherwise",
    "hash() of a string, and with it the order of a set, differs between processes (PYTHONHASHSEED): sort a "
    "set before its order decides anything.",
    _only_here,
)
def other_process(subject: Subject) -> None:
    """Compare with answers of processes that have other hash seeds."""
    usual = subject.answer("base")
    for labels in subject.elsewhere:
        found = difference(usual, labels)
        if found:
            raise Failed(f"in another process, {found}")


@check(
    "It uses no global random state",
    "Use rng.random() and its like; give scikit-learn random_state=int(rng.integers(2**31)) and torch a "
    "Generator of its own. Global seeds are everybody's.",
)
def global_randomness(subject: Subject) -> None:
    """Look at the global generators before and after, and compare with an answer under other seeds."""
    usual, run = subject.answer("base"), subject.watched
    if run.randomness_used:
        raise Failed(f"it changes the global state of {' and '.join(run.randomness_used)}")
    if difference(usual, run.labels) is None:
        return
    found = difference(usual, subject.under_other_seeds)
    if found:
        raise Failed(f"its answer depends on global seeds: with other ones {found}")


@check(
    "It leaves its input as it was",
    "Arrays of the view are shared with other runs: copy before you change (X = view.X_pool.copy()).",
)
def input_unchanged(subject: Subject) -> None:
    """Hash all arrays before a run, after it, and after runs of the same instance on another task."""
    for run in subject.reused:
        if run.changed:
            raise Failed(f"it changed {', '.join(run.changed)} of its view")


@check(
    "Its constructor stores its parameters and does nothing else",
    "Write self.name = name for every parameter and nothing more; check values in validate, compute in "
    "fit_predict.",
)
def constructor(subject: Subject) -> None:
    """Read parameters back, and construct with objects that are good for nothing but being stored."""
    method = subject.make()
    cls, params = type(method), _params(method)
    extra = sorted(set(vars(method)) - set(params))
    if extra:
        raise Failed(f"it also sets {', '.join(extra)}; anything but parameters belongs into fit_predict")
    again = _params(cls(**params))
    wrong = [name for name, value in params.items() if again[name] != value]
    if wrong:
        raise Failed(
            f"{wrong[0]} is {params[wrong[0]]!r}, and after constructing with that, {again[wrong[0]]!r}"
        )
    things = {name: object() for name in params}
    try:
        made = cls(**things)
    except Exception as error:
        raise Failed(f"it computes with or checks its parameters: {type(error).__name__}: {error}") from error
    wrong = [name for name, thing in things.items() if getattr(made, name) is not thing]
    if wrong:
        raise Failed(f"{', '.join(wrong)} is not stored as it was given")


def _params(method: Any) -> dict[str, Any]:
    try:
        params: dict[str, Any] = method.get_params()
    except AttributeError as error:
        raise Failed(f"a parameter is not stored under its own name: {error}") from error
    except TypeError as error:
        raise Failed(str(error)) from error
    return params


@check(
    "Made again from its name and parameters, it gives the same answer",
    "All that tells two instances apart must be a parameter: runs are identified, and repeated, by these.",
)
def made_again(subject: Subject) -> None:
    """Write the method as one types it, read that, and compare answers and parameters."""
    method, clone = subject.make(), subject.make_again()
    spec, params = method.spec, method.get_params()
    if clone.get_params() != params:
        raise Failed(f"'{spec}' stands for {clone.get_params()}, and the parameters are {params}")
    if not _same_elsewhere(subject):
        found = difference(subject.answer("base"), subject.fit(subject.base, method=clone))
        if found:
            raise Failed(f"made from '{spec}', {found}")
    if subject.watched.method.get_params() != params:
        raise Failed("fit_predict changes its parameters; what it learns belongs into names that end in _")


def _same_elsewhere(subject: Subject) -> bool:
    """Say whether the method was made again in other processes, and gave the same answer there."""
    if not subject.can_be_made_elsewhere:
        return False
    usual = subject.answer("base")
    try:
        return all(difference(usual, labels) is None for labels in subject.elsewhere)
    except Failed:
        return False


@check(
    "It can be run again, on this task and on others",
    "One instance labels many tasks. Whatever fit_predict keeps on self, the class or the module must not "
    "reach the next run.",
)
def no_memory(subject: Subject) -> None:
    """Run one instance on a task, another one and the first again, and compare with new instances."""
    for run, when in zip(subject.reused[1:], ("on a second task", "on the first task again"), strict=True):
        found = difference(subject.answer(run.which), run.labels)
        if found:
            raise Failed(f"run {when}, it answers otherwise than a new instance: {found}")


@check(
    "It prints nothing",
    "Results go to stdout, so nothing else may: use logging or stderr, or put numbers into Labels(info=...).",
)
def quiet(subject: Subject) -> None:
    """Read what goes to stdout during a run."""
    lines = subject.watched.seen.printed.strip().splitlines()
    if lines:
        more = f", and {len(lines) - 1} more lines" if len(lines) > 1 else ""
        raise Failed(f"it printed {lines[0][:80]!r}{more}")


@check(
    "It leaves no threads or processes behind",
    "Join threads and wait for processes before fit_predict returns: with ThreadPoolExecutor() as pool: ...",
)
def leaves_nothing_running(subject: Subject) -> None:
    """Compare threads and child processes after a run with those before it."""
    left = subject.watched.seen.left
    if left:
        raise Failed(f"still there after fit_predict: {', '.join(left)}")


@check(
    "It reads no more than it is given",
    "A method may use its view and what it computes from it: no other files, no network, no programs, no "
    "secrets of the environment. Pretrained weights come in through the features.",
)
def reads_nothing_else(subject: Subject) -> None:
    """Listen to audit events during a run."""
    seen = subject.watched.seen
    found = [f"opens {path}" for path in seen.opened]
    found += [f"asks the network for {host}" for host in seen.connected]
    found += [f"starts the program {program}" for program in seen.started]
    found += [f"reads the environment ({name})" for name in seen.secrets]
    if found:
        more = f", and {len(found) - 3} more" if len(found) > 3 else ""
        raise Failed(f"it {', '.join(found[:3])}{more}")
