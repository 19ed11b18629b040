"""``universe clients``: what an MCP client has to be told to start this installation, or to reach a running server.

stdout carries exactly the JSON document or the shell command, stderr says where it goes and which universe that is.
Hosts start servers in a directory of their own with next to no environment, so every path is absolute and everything
needed is in the words.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import click

import ops
from ops.client_forms import CLIENTS, Address, Launch
from ops.options import Common, target, universe_options
from ops.place import Mode, Place
from ops.terminal import print_table, print_text
from universe.errors import SettingsError, UniverseError

NAME = "lottery-universe"
ENDPOINT = "/mcp"
ASK_SECONDS_MAX = 30


def _checked_name(_: click.Context, __: click.Parameter, name: str) -> str:
    if not name or not all(sign.isascii() and (sign.isalnum() or sign in "-_") for sign in name) or name[0] == "-":
        raise click.BadParameter(f"{name!r}: letters, digits, - and _, and no - in front")
    return name


def _checked_variable(_: click.Context, __: click.Parameter, name: str | None) -> str | None:
    if name is not None and not (name.isascii() and name.isidentifier()):
        raise click.BadParameter(f"{name!r} is no name of an environment variable")
    return name


def _checked_url(_: click.Context, __: click.Parameter, url: str | None) -> str | None:
    """Return the address of the endpoint; a bare origin gets our path."""
    if url is None:
        return None
    try:
        parts = urlsplit(url)
        sound = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        sound = False
    if not sound or not url.isprintable() or set(url) & set(" '\"\\<>${}`|^"):
        raise click.BadParameter(f"{url!r} is no URL such as http://127.0.0.1:8765{ENDPOINT}")
    if "@" in parts.netloc:
        raise click.BadParameter("a URL with a user or password ends up in files; name a variable with --token-env")
    return url if parts.path not in {"", "/"} else parts._replace(path=ENDPOINT).geturl()


@click.command("clients")
@universe_options
@click.option("--client", type=click.Choice(list(CLIENTS)), help="Which client; without it, what is supported.")
@click.option("--name", default=NAME, show_default=True, callback=_checked_name, help="What the client calls us.")
@click.option("--http", "url", metavar="URL", callback=_checked_url, help="Reach a server that runs there.")
@click.option("--token-env", metavar="VARIABLE", callback=_checked_variable, help="With --http: where its token is.")
@click.pass_context
def clients_command(
    ctx: click.Context,
    mode: Mode | None,
    data_dir: Path | None,
    config: Path | None,
    client: str | None,
    name: str,
    url: str | None,
    token_env: str | None,
) -> None:
    """Print what makes an MCP client start this universe, or reach it over HTTP; stderr says where it goes.

    \b
    universe clients --client claude-desktop
    universe clients --client claude-code --mode test --data-dir ~/lottery
    universe clients --client vscode --http http://127.0.0.1:8765/mcp --token-env LOTTERY_TOKEN
    """
    if client is None:
        print_table(["client", "where what it prints goes"], [(known, CLIENTS[known].where) for known in CLIENTS])
        return
    before = ctx.find_object(Common) or Common()
    given = Common(mode or before.mode, data_dir or before.data_dir, config or before.config)
    kind = CLIENTS[client]
    if url is None:
        _require_none({"--token-env": token_env}, "goes with --http: a server that the client starts asks for no token")
        text = kind.launch(name, _launch(ctx, given))
    else:
        own = {"--mode": given.mode, "--data-dir": given.data_dir, "--config": given.config}
        _require_none(own, "is for a server that the client starts; one that runs has its own")
        if kind.address is None:
            raise SettingsError(f"--http: {client} has no confirmed setting for a URL; let it start one instead")
        text = kind.address(name, Address(url=url, token_env=token_env))
    print_text(text)
    click.echo(f"{client}: {kind.where}", err=True)
    if url is None:
        click.echo(_inhabited(target(ctx, given.mode, given.data_dir, given.config).place), err=True)


def _require_none(options: Mapping[str, object], reason: str) -> None:
    for option, value in options.items():
        if value is not None:
            raise SettingsError(f"{option} {reason}")


def _launch(ctx: click.Context, given: Common) -> Launch:
    """Return the words that start this installation on the same universe from anywhere."""
    chosen = target(ctx, given.mode, given.data_dir, given.config)  # refuses settings that `run` would refuse
    command, environment = _program()
    words = [*command, "run", "--transport", "stdio"]
    words += ["--mode", given.mode] if given.mode else []
    words += ["--data-dir", str(chosen.place.data_dir.absolute())]  # a host may have another HOME
    words += ["--config", str(given.config.absolute())] if given.config else []
    for word in (*words, *environment.values()):
        _require_plain(word)
    return Launch(words=tuple(words), environment=environment)


def _inhabited(place: Place) -> str:
    """Return which universe the client will have, and what is in it now; it asks for no lock and waits for nobody."""
    from storage.connection import Location
    from storage.errors import NoUniverseError
    from storage.reader import Reader

    name = {"prod": "production", "test": "test"}[place.mode]
    try:
        reader = Reader.open(Location(place.database), place.mode)
        try:
            with reader.snapshot() as snapshot:
                games = [f"{view.game.game_id} at draw {view.watermark:,}" for view in snapshot.games()]
        finally:
            reader.close()
    except NoUniverseError:
        games = []
    except UniverseError as error:
        return f"{name} universe in {place.data_dir}, which cannot be read now: {error}"
    return f"{name} universe in {place.data_dir}: {', '.join(games) or 'nothing there yet'}"


def _require_plain(word: str) -> None:
    """SettingsError for a path that would not arrive as it is written."""
    if "${" in word:
        raise SettingsError(f"{word!r}: clients replace what stands in ${{…}}; use another path")
    if not word.isprintable():
        raise SettingsError(f"{word!r}: a path with characters that cannot be written down")


def _program() -> tuple[list[str], dict[str, str]]:
    """Return the command of this installation, and what its environment must hold."""
    if script := _script():
        return [str(script)], {}
    home = Path(ops.__file__).absolute().parents[1]
    return [sys.executable, "-m", "ops.main"], {} if _imported_anywhere(home) else {"PYTHONPATH": str(home)}


def _script() -> Path | None:
    """Return the script that installing puts beside the interpreter."""
    script = Path(sys.executable).absolute().parent / "universe"
    return script if script.is_file() and os.access(script, os.X_OK) else None


def _imported_anywhere(home: Path) -> bool:
    """Ask the interpreter, started as a host starts it, whether it finds this very installation."""
    question = "import ops, sys; sys.stdout.write(ops.__file__)"
    bare = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    words = [sys.executable, "-c", question]
    try:
        found = subprocess.run(  # noqa: S603  this interpreter, fixed words
            words, cwd="/", env=bare, capture_output=True, text=True, timeout=ASK_SECONDS_MAX, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return found.returncode == 0 and Path(found.stdout).is_relative_to(home)
