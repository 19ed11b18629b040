"""Whether a command line that the documentation names is one of ours."""

import re
from collections.abc import Iterator

import click

from ops.main import cli

OPTION = re.compile(r"(?<![\w-])(--[a-z][a-z-]*)")
WORD = re.compile(r"[a-z][a-z-]*")


def options_of(command: click.Command, ctx: click.Context) -> set[str]:
    """The long options of a command."""
    return {name for param in command.get_params(ctx) for name in (*param.opts, *param.secondary_opts)}


def every_command() -> Iterator[str]:
    """The names, those of a group's own commands in the form ``games list``."""
    ctx = click.Context(cli)
    for name in cli.list_commands(ctx):
        command = cli.get_command(ctx, name)
        inner = command.list_commands(ctx) if isinstance(command, click.Group) else []
        yield from [f"{name} {word}" for word in inner] or [name]


def fault(rest: str) -> str | None:
    """What is wrong with what stands behind `universe`; None if every command and option in it exists."""
    ctx = click.Context(cli, info_name="universe")
    command: click.Command = cli
    known, words = options_of(cli, ctx), rest.split()
    if words and WORD.fullmatch(words[0]) and cli.get_command(ctx, words[0]) is None:
        return f"no command {words[0]!r}"
    while isinstance(command, click.Group):
        named = next((word for word in words if WORD.fullmatch(word) and command.get_command(ctx, word)), None)
        if named is None:
            break
        words = words[words.index(named) + 1 :]
        command = _inner(command, ctx, named)
        ctx = click.Context(command, info_name=named, parent=ctx)
        known |= options_of(command, ctx)
    unknown = [option for option in OPTION.findall(rest) if option not in known]
    return f"{command.name} has no {', '.join(unknown)}" if unknown else None


def _inner(group: click.Group, ctx: click.Context, name: str) -> click.Command:
    command = group.get_command(ctx, name)
    assert command is not None
    return command


def named_commands(rest: str) -> str:
    """The command that a line names, in the form of `every_command`; empty if it names none."""
    words = [word for word in rest.split() if WORD.fullmatch(word)]
    names = set(every_command())
    for count in (2, 1):
        for first in range(len(words)):
            if (name := " ".join(words[first : first + count])) in names:
                return name
    return ""
