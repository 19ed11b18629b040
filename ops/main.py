"""The ``universe`` command: one line of error on stderr and exit code 2, never a traceback."""

import os
import sys

from ops.signals import end_at_once_from_now_on, ignore_from_now_on, interrupt_from_now_on, leave, unfinished_code

if __name__ == "__main__" or sys.argv[0].endswith(("/universe", "-universe")):
    end_at_once_from_now_on()  # what follows takes a fifth of a second to import

from functools import partial
from pathlib import Path
from typing import Any

import click

from ops.exits import EXIT_BAD_INPUT, EXIT_DONE, failure_code, tell
from ops.logs import configure_logging
from ops.options import Common, log_options, universe_options
from ops.place import Mode
from universe import __version__

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # no matrices here: idle threads of it would spin beside ours

_COMMANDS = {  # name: module that holds it; imported only when it is called
    "archive": "ops.keep",
    "backtest": "ops.backtest",
    "backup": "ops.backup",
    "bench": "ops.bench",
    "clients": "ops.clients",
    "completion": "ops.completion",
    "doctor": "ops.doctor",
    "draw": "ops.look",
    "draws": "ops.look",
    "extend": "ops.keep",
    "fairness": "ops.fairness",
    "games": "ops.games",
    "ingest": "ops.ingest",
    "proof": "ops.proof",
    "report": "ops.report",
    "reset": "ops.keep",
    "restore": "ops.backup",
    "run": "ops.run",
    "selftest": "ops.selftest",
    "simulate": "ops.simulate",
    "status": "ops.look",
    "verify": "ops.check",
}
_WATCHES_SIGNALS = frozenset({"run", "simulate"})


class LazyGroup(click.Group):
    """Commands are imported when named: the first answer of `run` must not wait for those it does not need."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        """Return the command names."""
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  as above
        """Import and return one command."""
        if cmd_name not in _COMMANDS:
            return None
        from importlib import import_module

        command: click.Command = getattr(import_module(_COMMANDS[cmd_name]), f"{cmd_name}_command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command to call, all imported; signals interrupt it unless it watches for them itself."""
        found = super().resolve_command(ctx, args)
        if found[0] not in _WATCHES_SIGNALS:
            interrupt_from_now_on()
        return found

    def invoke(self, ctx: click.Context) -> Any:
        """Call the command; here, and not by click with an empty line, is told what a signal cut short."""
        try:
            return super().invoke(ctx)
        except click.Abort:
            return _unfinished(ctx, "not confirmed, nothing was changed")
        except (KeyboardInterrupt, BaseExceptionGroup) as end:
            if isinstance(end, ExceptionGroup):
                raise
            ignore_from_now_on()
            return _unfinished(ctx, "interrupted; it may not have finished and can be repeated")


def _unfinished(ctx: click.Context, what: str) -> int:
    command = ctx.invoked_subcommand or ""
    code = unfinished_code(command)
    if code:
        tell(f"{command}: {what}")
    return code


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@universe_options
@partial(log_options, environment=True)
@click.version_option(__version__)
@click.pass_context
def cli(ctx: click.Context, mode: Mode | None, data_dir: Path | None, config: Path | None) -> None:
    """Run a universe of synthetic lottery draws beside the real ones: the null model of lottery talk.

    \b
    universe run --mode test --limit 10000 --dry-run     try it; leaves nothing behind
    universe run                                         simulate at the production pace (MCP on stdio if piped)
    universe simulate --draws 1000000                    advance at full speed
    universe ingest --game GAME_001 --results FILE|URL   add real results
    universe status                                      look
    """
    ctx.obj = Common(mode=mode, data_dir=data_dir, config=config)


def main(arguments: list[str] | None = None) -> None:
    """Run one command and exit with its code."""
    leave(run_command(arguments))


def run_command(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code; every foreseen error is one line on stderr."""
    os.umask(0o077)  # whatever it makes is this user's alone
    configure_logging()
    try:
        code: Any = cli.main(args=arguments, prog_name="universe", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help() if error.ctx else "")
        return EXIT_DONE
    except click.ClickException as error:
        tell(error.format_message())
        return EXIT_BAD_INPUT
    except (click.Abort, KeyboardInterrupt):
        return EXIT_DONE
    except SystemExit:  # click's answer to a broken pipe: whoever read our output has had enough
        return EXIT_DONE
    except Exception as failure:  # noqa: BLE001  told in one line
        return failure_code(failure)
    return code if isinstance(code, int) else EXIT_DONE


if __name__ == "__main__":
    main()
