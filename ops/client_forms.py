"""How MCP clients write down a server: one to start, or one that runs. The forms follow each client's documentation."""

import json
import shlex
from collections.abc import Callable
from typing import Any

import attrs

INSPECTOR = ("npx", "@modelcontextprotocol/inspector")


@attrs.frozen(kw_only=True)
class Launch:
    """How a client starts a server of its own."""

    words: tuple[str, ...]
    environment: dict[str, str]


@attrs.frozen(kw_only=True)
class Address:
    """A server that runs already, and the variable of the client's environment that holds its token."""

    url: str
    token_env: str | None


@attrs.frozen(kw_only=True)
class Client:
    """One client: how it writes down either, and where. ``address`` is None where its form could not be confirmed."""

    launch: Callable[[str, Launch], str]
    address: Callable[[str, Address], str] | None
    where: str


def _document(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=2)  # ASCII only: the same file in whatever encoding it is saved


def _started(launch: Launch) -> dict[str, Any]:
    command, *arguments = launch.words
    entry: dict[str, Any] = {"command": command, "args": arguments}
    return entry | ({"env": launch.environment} if launch.environment else {})


def _bearer(reference: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {reference}"}


def _mcp_servers(name: str, launch: Launch) -> str:
    return _document({"mcpServers": {name: _started(launch)}})


def _cursor_address(name: str, address: Address) -> str:
    token = {"headers": _bearer(f"${{env:{address.token_env}}}")} if address.token_env else {}
    return _document({"mcpServers": {name: {"url": address.url} | token}})


def _vscode(name: str, launch: Launch) -> str:
    return _document({"servers": {name: {"type": "stdio"} | _started(launch)}})


def _vscode_address(name: str, address: Address) -> str:
    """Return its document; it asks for the token once and keeps it: variables in its headers are not dependable."""
    entry: dict[str, Any] = {"type": "http", "url": address.url}
    if not address.token_env:
        return _document({"servers": {name: entry}})
    asked = {"type": "promptString", "id": address.token_env, "description": f"Token for {name}", "password": True}
    entry["headers"] = _bearer(f"${{input:{address.token_env}}}")
    return _document({"inputs": [asked], "servers": {name: entry}})


def _claude_code(name: str, launch: Launch) -> str:
    """Return its command; ``--env`` takes all words up to the next option, so it stands behind the name."""
    variables = [word for key, value in launch.environment.items() for word in ("--env", f"{key}={value}")]
    return shlex.join(["claude", "mcp", "add", name, *variables, "--", *launch.words])


def _claude_code_address(name: str, address: Address) -> str:
    """Return its command; variables are replaced in a project's ``.mcp.json``, so a token goes there by name."""
    words = ["claude", "mcp", "add", "--transport", "http"]
    if not address.token_env:
        return shlex.join([*words, name, address.url])
    header = f"Authorization: Bearer ${{{address.token_env}}}"
    return shlex.join([*words, "--scope", "project", name, address.url, "--header", header])


def _inspector(_: str, launch: Launch) -> str:
    variables = [word for key, value in launch.environment.items() for word in ("-e", f"{key}={value}")]
    return shlex.join([*INSPECTOR, *variables, "--", *launch.words])


def _inspector_address(_: str, address: Address) -> str:
    command = shlex.join([*INSPECTOR, "--transport", "http", "--server-url", address.url])
    return f'{command} --header "Authorization: Bearer ${address.token_env}"' if address.token_env else command


CLIENTS = {
    "claude-desktop": Client(
        launch=_mcp_servers,
        address=None,
        where="add to claude_desktop_config.json in ~/Library/Application Support/Claude (macOS) or ~/.config/Claude"
        " (Linux), then start the client anew",
    ),
    "cursor": Client(
        launch=_mcp_servers,
        address=_cursor_address,
        where="add to ~/.cursor/mcp.json, or to .cursor/mcp.json of a project",
    ),
    "vscode": Client(
        launch=_vscode,
        address=_vscode_address,
        where="add to .vscode/mcp.json of a workspace, or to what the command «MCP: Open User Configuration» opens",
    ),
    "claude-code": Client(
        launch=_claude_code,
        address=_claude_code_address,
        where="run in a shell, in the project that shall know it (with --scope user after add: in all of them)",
    ),
    "inspector": Client(
        launch=_inspector,
        address=_inspector_address,
        where="run in a shell; it needs Node.js 22.19 or newer and opens a browser",
    ),
}
