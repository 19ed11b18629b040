"""``universe run``: its options and what they mean together. Nothing heavy is imported before the server can answer."""

import os
import stat
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Literal, get_args

import attrs
import click

from ops.options import (
    PATH,
    Target,
    games_option,
    initialisation_options,
    json_option,
    log_options,
    target,
    universe_options,
)
from ops.place import Mode
from tools.http.names import Names, names_of
from tools.tokens import TOKENS_VARIABLE, Tokens, read_tokens, tokens_of_environment
from universe.errors import SettingsError

LIMIT_DRAWS = 10_000
LIMIT_DRAWS_MAX = 1_000_000
RATE_MIN, RATE_MAX = 0.001, 1e9

HTTP_HOST, HTTP_PORT = "127.0.0.1", 8765

Transport = Literal["auto", "stdio", "http", "stdio+http", "none"]


@attrs.frozen(kw_only=True)
class HttpOptions:
    """Where to serve HTTP, by which names, and whom to let in; without tokens, whoever reaches it."""

    host: str
    port: int  # 0: any free one
    names: Names
    tokens: Tokens | None


@attrs.frozen(kw_only=True)
class RunOptions:
    """One run, as asked for and checked."""

    target: Target
    games: tuple[str, ...]
    stdio: bool
    http: HttpOptions | None
    limit: int | None  # draws per game over the life of a test universe
    dry_run: bool
    rate: float | None  # draws per second and game; None: as fast as wanted, or the production pace
    epoch: date | None
    draws_per_day: int | None
    max_draws: int | None
    milestone_date: date | None
    as_json: bool
    fixtures: bool = False  # of the protocol's conformance suite, for tests

    @property
    def serves(self) -> bool:
        """Whether clients can ask this process."""
        return self.stdio or self.http is not None


def _check(target: Target, limit: int | None, rate: float | None, *, dry_run: bool) -> None:
    if target.mode == "prod":
        for name, given in (("--limit", limit), ("--dry-run", dry_run or None), ("--rate", rate)):
            if given is not None:
                raise SettingsError(f"{name} is for --mode test: production runs at its own pace to its milestone")
    if limit is not None and not 1 <= limit <= LIMIT_DRAWS_MAX:
        raise SettingsError(f"--limit {limit}: a test universe allows 1 to {LIMIT_DRAWS_MAX:,} draws a game")
    if rate is not None and not RATE_MIN <= rate <= RATE_MAX:
        raise SettingsError(f"--rate {rate:g}: draws per second, {RATE_MIN:g} to {RATE_MAX:g}")


def http_options(
    transport: Transport,
    host: str | None,
    port: int | None,
    token_file: Path | None,
    hosts: Sequence[str],
    origins: Sequence[str],
) -> HttpOptions | None:
    """Return how HTTP is to be served, None if it is not; SettingsError for what would have no effect, or is wrong."""
    if "http" not in transport:
        given = {
            "--host": host,
            "--port": port,
            "--token-file": token_file,
            "--allowed-host": hosts or None,
            "--allowed-origin": origins or None,
        }
        for name, value in given.items():
            if value is not None:
                raise SettingsError(f"{name} is for --transport http or stdio+http")
        return None
    host = HTTP_HOST if host is None else host.strip("[]")
    given_tokens = os.environ.get(TOKENS_VARIABLE, "")
    tokens = tokens_of_environment(given_tokens) if token_file is None else read_tokens(token_file)
    return HttpOptions(
        host=host,
        port=HTTP_PORT if port is None else port,
        names=names_of(host, hosts, origins),
        tokens=tokens if tokens.names else None,
    )


def serves_stdio(transport: Transport, *, stdout_taken: bool) -> bool:
    """Return whether stdin and stdout carry the protocol: if asked, or if a program is at the other end of stdin."""
    if transport != "auto":
        return "stdio" in transport
    try:
        kind = os.fstat(sys.stdin.fileno()).st_mode
    except (OSError, ValueError, AttributeError):  # closed
        return False
    return not stdout_taken and (stat.S_ISFIFO(kind) or stat.S_ISSOCK(kind))


@click.command("run")
@universe_options
@log_options
@games_option
@click.option(
    "--transport",
    type=click.Choice(get_args(Transport)),
    default="auto",
    help="MCP: auto serves stdio if stdin is a pipe or socket.",
)
@click.option("--host", help=f"HTTP: address to listen on (default {HTTP_HOST}); others than loopback need tokens.")
@click.option("--port", type=click.IntRange(0, 65_535), help=f"HTTP: port (default {HTTP_PORT}; 0: any free one).")
@click.option("--token-file", type=PATH, help=f"HTTP: NAME:TOKEN a line (also {TOKENS_VARIABLE}).")
@click.option("--allowed-host", "hosts", multiple=True, help="HTTP: a further name of this server; repeatable.")
@click.option("--allowed-origin", "origins", multiple=True, help="HTTP: whose pages may ask; repeatable.")
@click.option("--fixtures", is_flag=True, hidden=True, help="Tests: what the protocol's conformance suite asks for.")
@click.option("--limit", type=int, help="Test: draws per game over the universe's life (default 10,000).")
@click.option("--dry-run", is_flag=True, help="Test: in memory, leaves nothing.")
@click.option("--rate", type=float, help="Test: draws per second and game; unbounded by default.")
@initialisation_options
@json_option
@click.pass_context
def run_command(
    ctx: click.Context,
    mode: Mode | None,
    data_dir: Path | None,
    config: Path | None,
    games: tuple[str, ...],
    transport: Transport,
    host: str | None,
    port: int | None,
    token_file: Path | None,
    hosts: tuple[str, ...],
    origins: tuple[str, ...],
    fixtures: bool,
    limit: int | None,
    dry_run: bool,
    rate: float | None,
    epoch: date | None,
    draws_per_day: int | None,
    max_draws: int | None,
    milestone_date: date | None,
    as_json: bool,
) -> int:
    """Create or resume the universe, simulate, ingest results, serve MCP.

    \b
    universe run                                            production, until stopped
    universe run --mode test --limit 10000 --dry-run        try it; leaves nothing behind
    universe run --game GAME_001 --game GAME_005            two games side by side
    universe run --transport http --port 8765               MCP at http://127.0.0.1:8765/mcp
    """
    chosen = target(ctx, mode, data_dir, config)
    _check(chosen, limit, rate, dry_run=dry_run)
    stdio = serves_stdio(transport, stdout_taken=as_json or dry_run)
    options = RunOptions(
        target=chosen,
        games=games,
        stdio=stdio,
        http=http_options(transport, host, port, token_file, hosts, origins),
        fixtures=fixtures,
        limit=(limit or LIMIT_DRAWS) if chosen.mode == "test" else None,
        dry_run=dry_run,
        rate=rate,
        epoch=epoch,
        draws_per_day=draws_per_day,
        max_draws=max_draws,
        milestone_date=milestone_date,
        as_json=as_json,
    )
    import trio

    from ops.process import run_process

    return trio.run(run_process, options)
