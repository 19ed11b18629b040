"""``universe completion``: the script that lets a shell complete commands, options and their choices."""

import click

from ops.terminal import print_text

SHELLS = ("bash", "zsh", "fish")


@click.command("completion")
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion_command(ctx: click.Context, shell: str) -> None:
    """Print the completion script of a shell; it goes where that shell reads it.

    \b
    eval "$(universe completion bash)"                                        in ~/.bashrc
    eval "$(universe completion zsh)"                                         in ~/.zshrc
    universe completion fish > ~/.config/fish/completions/universe.fish       once
    """
    from click.shell_completion import BashComplete, FishComplete, ZshComplete

    kinds = {"bash": BashComplete, "zsh": ZshComplete, "fish": FishComplete}
    print_text(kinds[shell](ctx.find_root().command, {}, "universe", "_UNIVERSE_COMPLETE").source())
