"""What is built is what a stranger installs: complete, nothing more, and it runs from anywhere.

Building needs ``build`` and ``hatchling``, both in the dev extras: without them these tests are skipped.
"""

import email.message
import email.parser
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ops.run import run_command
from universe import __version__

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("universe", "storage", "actors", "tools", "ops")
DISTRIBUTION = "synthetic-lottery-universe"
SCHEMA = "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json"
BUILDS = all(importlib.util.find_spec(name) for name in ("build", "hatchling"))
needs_build = pytest.mark.skipif(not BUILDS, reason="needs build and hatchling, which are in the dev extras")


@dataclass(frozen=True)
class Built:
    """A source distribution, and the wheel that was made from it."""

    sdist: Path
    wheel: Path

    @property
    def metadata(self) -> email.message.Message:
        with zipfile.ZipFile(self.wheel) as archive:
            (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
            return email.parser.Parser().parsestr(archive.read(name).decode())


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Both, without the network: the wheel is built from the unpacked source distribution."""
    out = tmp_path_factory.mktemp("dist")
    words = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(ROOT)]
    done = subprocess.run(words, cwd=out, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (sdist,), (wheel,) = out.glob("*.tar.gz"), out.glob("*.whl")
    return Built(sdist, wheel)


@dataclass(frozen=True)
class Installed:
    """An environment that holds the wheel, and sees the libraries of this one."""

    folder: Path

    def run(self, *words: object, **environ: str) -> "subprocess.CompletedProcess[str]":
        """Run a program of it from a foreign directory; HOME is foreign too, and nothing leads to the checkout."""
        foreign = self.folder.parent / "elsewhere"
        foreign.mkdir(exist_ok=True)
        program, *rest = map(str, words)
        clean = {"PATH": os.environ["PATH"], "HOME": str(foreign), **environ}
        return subprocess.run(
            [self.folder / "bin" / program, *rest], cwd=foreign, env=clean, capture_output=True, text=True, check=False
        )


@pytest.fixture(scope="module")
def installed(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The libraries are shown to it only after the installation: pip must not find, and replace, our own."""
    folder = tmp_path_factory.mktemp("installed") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    place = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python")]
    words = [*place, "install", "--quiet", "--no-deps", "--no-index", "--disable-pip-version-check", str(built.wheel)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (packages,) = folder.glob("lib/python*/site-packages")
    places = dict.fromkeys([sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), *_site_packages()])
    (packages / "libraries.pth").write_text("\n".join(places), encoding="utf-8")
    return Installed(folder)


def _site_packages() -> list[str]:
    """Where this interpreter found what it has, also by way of path files."""
    return [path for path in sys.path if path.endswith("site-packages")]


def in_tree() -> set[str]:
    """Every file of the packages in the checkout."""
    files = (path for package in PACKAGES for path in (ROOT / package).rglob("*") if path.is_file())
    return {str(path.relative_to(ROOT)) for path in files if "__pycache__" not in path.parts}


@needs_build
def test_the_wheel_holds_the_packages_and_nothing_else(built: Built) -> None:
    with zipfile.ZipFile(built.wheel) as archive:
        names = set(archive.namelist())
    about = {name for name in names if ".dist-info/" in name}
    assert names - about == in_tree()
    assert {name.rpartition("/")[2] for name in about} == {"METADATA", "WHEEL", "entry_points.txt", "LICENSE", "RECORD"}
    assert "universe/games/game_001.toml" in names


@needs_build
def test_the_source_distribution_can_be_tested(built: Built) -> None:
    with tarfile.open(built.sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    tests = {str(path.relative_to(ROOT)) for path in (ROOT / "tests").rglob("*.py")}
    others = {"README.md", "CHANGELOG.md", "LICENSE", "pyproject.toml", "server.json", "PKG-INFO"}
    assert in_tree() | tests | others <= names
    assert not [name for name in names if "__pycache__" in name or name.startswith(".venv")]


@needs_build
def test_its_metadata_are_for_a_registry(built: Built) -> None:
    about = built.metadata
    assert (about["Name"], about["Version"]) == (DISTRIBUTION, __version__)
    assert about["License-Expression"] == "MIT"
    assert about["Requires-Python"] == ">=3.11"
    text = about.get_payload()
    assert isinstance(text, str)
    assert f"mcp-name: {server_document()['name']}" in text


@needs_build
def test_the_installed_program_runs_from_anywhere(installed: Installed, tmp_path: Path) -> None:
    version = installed.run("universe", "--version")
    assert (version.returncode, version.stdout) == (0, f"universe, version {__version__}\n"), version.stderr
    where = installed.run("python", "-c", "import ops, universe; print(ops.__file__, universe.__file__)")
    assert where.stdout.count(str(installed.folder)) == 2
    games = installed.run("universe", "games", "list", "--json")
    assert [game["game_id"] for game in json.loads(games.stdout)] == [f"GAME_00{number}" for number in range(1, 8)]
    dry = installed.run("universe", "run", "--mode", "test", "--limit", "1000", "--dry-run", "--json")
    assert json.loads(dry.stdout)["draws_generated"] == 1000
    assert not any((installed.folder.parent / "elsewhere").rglob("universe.db"))
    told = installed.run("universe", "clients", "--client", "cursor", "--data-dir", str(tmp_path))
    (entry,) = json.loads(told.stdout)["mcpServers"].values()
    assert entry["command"] == str(installed.folder / "bin" / "universe")


@needs_build
def test_a_command_of_the_package_s_own_name_is_there_too(installed: Installed) -> None:
    """Who starts a package by its name alone (``uvx NAME run``), as clients of the registry do, gets the program."""
    shown = installed.run(DISTRIBUTION, "--version")
    assert shown.stdout == f"universe, version {__version__}\n", shown.stderr


@needs_build
@pytest.mark.skipif(
    not os.environ.get("UNIVERSE_TEST_UVX"), reason="resolves every dependency: asks for UNIVERSE_TEST_UVX"
)
def test_it_runs_isolated_by_uvx(built: Built, tmp_path: Path) -> None:
    uvx = shutil.which("uvx")
    if uvx is None:
        pytest.skip("needs uvx")
    for name in ("universe", DISTRIBUTION):
        words = [uvx, "--python", sys.executable, "--from", str(built.wheel), name, "--version"]
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.stdout == f"universe, version {__version__}\n", done.stderr


def server_document() -> Any:
    return json.loads((ROOT / "server.json").read_text(encoding="utf-8"))


def test_the_version_is_in_one_place() -> None:
    """server.json has to repeat it; nothing else does."""
    document = server_document()
    assert {document["version"], *(package["version"] for package in document["packages"])} == {__version__}
    assert 'dynamic = ["version"]' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def test_the_registry_takes_server_json() -> None:
    """The rules of its schema of 2025-12-11 for the fields that we have, and none besides them."""
    document = server_document()
    assert document.keys() == {"$schema", "name", "title", "description", "version", "packages"}
    assert document["$schema"] == SCHEMA
    assert re.fullmatch(r"[a-zA-Z0-9.-]+/[a-zA-Z0-9._-]+", document["name"])
    assert 1 <= len(document["description"]) <= 100
    assert 1 <= len(document["title"]) <= 100
    (package,) = document["packages"]
    known = {"registryType", "identifier", "version", "runtimeHint", "transport"}
    assert package.keys() == known | {"packageArguments", "environmentVariables"}
    assert (package["registryType"], package["identifier"]) == ("pypi", DISTRIBUTION)
    assert (package["transport"], package["runtimeHint"]) == ({"type": "stdio"}, "uvx")
    inputs = {"description", "value", "default", "format", "choices", "isRequired", "isSecret", "placeholder"}
    for argument in package["packageArguments"]:
        assert argument.keys() <= inputs | ({"type", "name"} if argument["type"] == "named" else {"type"})
        assert argument["type"] in {"named", "positional"}
        assert "name" in argument or "value" in argument
    for entry in [*package["packageArguments"], *package["environmentVariables"]]:
        assert entry.get("format", "string") in {"string", "number", "boolean", "filepath"}
        assert entry.get("default", "prod") in entry.get("choices", ["prod"])
        assert entry["description"]
    assert [variable["name"] for variable in package["environmentVariables"]] == ["UNIVERSE_DATA_DIR"]


def test_what_a_client_of_the_registry_would_run_is_understood() -> None:
    """Package arguments in their order, options without a value or default left out."""
    words = list[str]()
    for argument in server_document()["packages"][0]["packageArguments"]:
        value = argument.get("value", argument.get("default"))
        if value is not None:
            words += [argument["name"], value] if argument["type"] == "named" else [value]
    assert words.pop(0) == "run"
    given = run_command.make_context("run", words).params
    assert (given["transport"], given["mode"]) == ("stdio", "prod")
