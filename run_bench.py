"""AutoWS Bench's command line. Installed, it is also called ``autows``.

The commands lie in ``commands``, a module each.
"""

from __future__ import annotations

import io
import sys
from typing import Any, NoReturn

INTERRUPTED = "Interrupted. What was finished is kept; the same command goes on from there"

try:
    import click

    import commands
    from autows import __version__
    from autows.errors import AutoWSError, UserError, unknown_name
    from commands.wrapped import say
except KeyboardInterrupt:  # Imports take a while, and nothing else hears it yet.
    print(f"\n{INTERRUPTED}", file=sys.stderr)
    raise SystemExit(130) from None


class _Commands(click.Group):
    """A group whose errors are one line and whose exit status says what happened."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return commands.names()

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, or None if there is none of that name."""
        return commands.get(cmd_name) if cmd_name in commands.names() else None

    def main(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Run a command and exit: 0 done, 1 some runs failed, 2 the user's mistake, 130 interrupted."""
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                # Not every terminal's encoding has the signs that tables are drawn with.
                stream.reconfigure(errors="replace")
        try:
            status = super().main(*args, **{**kwargs, "standalone_mode": False}) or 0
        except click.ClickException as error:
            status = _say(error.format_message(), error.exit_code)
        except UserError as error:
            status = _say(str(error), 2)
        except (AutoWSError, OSError) as error:
            # An OSError that nothing closer handled: a full disk, a folder that went away.
            status = _say(str(error), 1)
        except click.Abort:
            status = _say(INTERRUPTED, 130)
        sys.exit(status)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """Suggest the nearest name for an unknown command."""
        if not args[0].startswith("-") and args[0] not in commands.names():
            raise unknown_name("command", args[0], commands.names(), "run_bench.py --help")
        return super().resolve_command(ctx, args)


def _say(message: str, status: int) -> int:
    say(f"Error: {' '.join(message.split())}" if status != 130 else f"\n{message}", err=True, hang=2)
    return status


@click.group(
    cls=_Commands, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(__version__, prog_name="AutoWS Bench")
@click.pass_context
def main(ctx: click.Context) -> int | None:
    """Benchmark automated weak supervision: a new task, 100 labels, and what to do with them.

    Without a command: run the quick suite, then print the leaderboard.
    """
    if ctx.invoked_subcommand is not None:
        return None
    status: int = ctx.invoke(commands.get("run"))
    ctx.invoke(commands.get("leaderboard"))
    return status


if __name__ == "__main__":
    main(prog_name="run_bench.py")
