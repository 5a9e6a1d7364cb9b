"""Check a method."""

from __future__ import annotations

import json
import shlex
import sys
from dataclasses import asdict

import click

from autows.params import split_specs
from commands.options import json_option
from commands.wrapped import say

RIGHTS = (
    "The file runs with your rights, unprotected, and what is found is for you, its author: "
    "submit and verify do not rely on it."
)


@click.command("check")
@click.argument("target", metavar="FILE.py[:Class]|METHOD")
@click.option("--only", metavar="A,B", help="These checks only [default: all].")
@click.option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="Limit for one check.",
)
@json_option
def command(target: str, only: str | None, timeout: float, as_json: bool) -> int:
    """Check that a method is fit to be submitted.

    The method is a file, or a registered one such as snuba[cardinality=2]. It runs on small synthetic tasks,
    in a process of its own, with your rights: what is found is for you, the author. Somebody else's method is
    looked at with verify.
    """
    from autows.checks import CHECKS
    from autows.checks import FAILED as failed
    from autows.checks.isolated import Bench, find

    names = None if only is None else split_specs(only)
    found = find(target)
    with Bench(found, timeout) as bench:
        coming = bench.run(names)
        if found.is_file:
            say(RIGHTS, err=True)
        about = bench.describe()
        results = []
        if not as_json:
            say(f"{about['name']}: {about['summary']}\n")
        for result in coming:
            results.append(result)
            if not as_json:
                remark = "" if result.status == failed or not result.message else f" ({result.message})"
                say(f"{_sign(result.status)} {result.title}{remark}", hang=2)
    troubled = [result for result in results if result.status == failed]
    if as_json:
        report = {
            "target": target,
            "method": about["name"],
            "passed": not troubled,
            "results": [{**asdict(r), "advice": CHECKS[r.name].advice} for r in results],
        }
        click.echo(json.dumps(report, sort_keys=True, indent=1))
        return 1 if troubled else 0
    for result in troubled:
        say(f"\n{_sign(failed)} {result.title} [{result.name}]", hang=2)
        say(f"  What happened: {result.message}", hang=4)
        say(f"  What to do: {CHECKS[result.name].advice}", hang=4)
    made = sum(result.status != "not applicable" for result in results)
    if troubled:
        again = ",".join(result.name for result in troubled)
        these = "it" if len(troubled) == 1 else "these"
        click.echo(f"\n{len(troubled)} of {made} checks failed. To check {these} again:\n")
        click.echo(f"  python run_bench.py check {shlex.quote(target)} --only {again}")
    elif names is not None:
        click.echo("\nWhat was asked for passed; without --only there are more checks.")
    else:
        click.echo(f"\nAll {made} checks passed: {about['name']} is fit for the benchmark.")
    return 1 if troubled else 0


def _sign(status: str) -> str:
    signs = {"passed": "✓", "failed": "✗", "not applicable": "–"}  # noqa: RUF001
    try:
        signs[status].encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return {"passed": "ok  ", "failed": "FAIL", "not applicable": "-   "}[status]
    return signs[status]
