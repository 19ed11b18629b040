"""What is deployed: units that systemd takes, and a container file whose every step works, run by hand."""

import contextlib
import importlib.util
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from ops.exits import EXIT_BAD_INPUT
from ops.run import HTTP_PORT
from tests.acceptance.program import ROOT, environment, wait_until
from tests.docs_commands import fault
from tests.feed_server import unused_port
from tools.http.bounds import CONNECTIONS_MAX, DRAIN_SECONDS_MAX, FILES_RESERVED
from tools.tokens import read_tokens
from universe.settings import Settings, settings_from_toml

DEPLOY = ROOT / "ops" / "deploy"
UNITS = ("universe.service", "universe-backup.service", "universe-backup.timer")
INSTRUCTIONS = {
    "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK",
    "RUN", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR",
}  # fmt: skip  # those that the file uses
EXPOSURE_MAX = 2.0  # as systemd-analyze counts; measured: 1.3
START_SECONDS_MAX = 20.0
ENTRY = "laptop:0123456789abcdef0123"  # of a token file


# systemd


def unit(name: str) -> dict[str, list[str]]:
    """The settings of a unit, all sections in one."""
    settings: dict[str, list[str]] = {}
    for line in (DEPLOY / name).read_text(encoding="utf-8").splitlines():
        if re.match(r"[A-Za-z]+=", line):
            key, _, value = line.partition("=")
            settings.setdefault(key, []).append(value)
    return settings


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The units in a directory of their own, with a program that is there."""
    if not shutil.which("systemd-analyze"):
        pytest.skip("needs systemd-analyze")
    program = tmp_path / "universe"
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    program.chmod(0o755)
    for name in UNITS:
        text = (DEPLOY / name).read_text(encoding="utf-8").replace("/opt/universe/bin/universe", str(program))
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_systemd_takes_the_units_without_a_word(units: Path) -> None:
    command: list[str | Path] = ["systemd-analyze", "verify", "--man=no", *(units / name for name in UNITS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.parametrize("name", UNITS[:2])
def test_the_services_are_hardened(units: Path, name: str) -> None:
    command: list[str | Path] = [
        "systemd-analyze",
        "security",
        "--offline=true",
        f"--threshold={EXPOSURE_MAX * 10:.0f}",
        units / name,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-500:]


def test_the_service_fits_the_program() -> None:
    service = unit("universe.service")
    (command,) = service["ExecStart"]
    assert fault(command.partition("universe ")[2]) is None
    assert service["RestartPreventExitStatus"] == [str(EXIT_BAD_INPUT)]
    assert int(service["TimeoutStopSec"][0]) > 5 * DRAIN_SECONDS_MAX
    assert int(service["LimitNOFILE"][0]) > CONNECTIONS_MAX + FILES_RESERVED
    assert "MemoryDenyWriteExecute" not in service
    credential, _, _ = service["LoadCredential"][0].partition(":")
    assert f"--token-file %d/{credential}" in command


def test_the_backup_names_a_file_for_each_weekday() -> None:
    (command,) = unit("universe-backup.service")["ExecStart"]
    shell = shlex.split(command)[2].replace("%S", "/state").replace("%%", "%")
    printed = shell.replace("exec /opt/universe/bin/universe", "echo")
    done = subprocess.run(["sh", "-c", printed], capture_output=True, text=True, check=True)
    assert re.fullmatch(r"backup --force /state/universe-backups/universe-[1-7]\.db\n", done.stdout)
    assert fault("backup --force /x.db") is None


def test_the_settings_are_the_defaults() -> None:
    """Whoever installs them unread changes nothing."""
    assert settings_from_toml(DEPLOY / "universe.toml") == Settings()


# Container


def instructions() -> list[tuple[str, str]]:
    """Each instruction of the Containerfile with the rest of its line, continued lines joined."""
    text = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    joined = re.sub(r"\s*\\\n\s*", " ", "\n".join(lines))
    return [(line.partition(" ")[0], line.partition(" ")[2]) for line in joined.splitlines()]


def only(name: str) -> str:
    (value,) = [value for instruction, value in instructions() if instruction == name]
    return value


def test_the_container_file_is_well_formed_small_and_not_root() -> None:
    found = instructions()
    assert {name for name, _ in found} == INSTRUCTIONS
    stages = [value for name, value in found if name == "FROM"]
    assert len(stages) == 2
    assert all(stage.split()[0].endswith("-slim") for stage in stages)
    last = found[max(number for number, (name, _) in enumerate(found) if name == "FROM") :]
    assert not [value for name, value in last if name == "COPY"], "the second stage takes wheels alone"
    assert only("USER").split(":")[0] not in {"0", "root"}
    assert only("EXPOSE") == str(HTTP_PORT)
    assert json.loads(only("VOLUME")) == ["/data"]
    assert "UNIVERSE_DATA_DIR=/data" in only("ENV")


def test_nothing_is_sent_to_the_builder_but_what_is_copied() -> None:
    copied = {word for name, value in instructions() if name == "COPY" for word in value.split()[:-1]}
    ignore = (DEPLOY / "Containerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    assert {line[1:] for line in ignore if line.startswith("!")} == copied
    assert "*" in ignore


def test_compose_hands_over_what_the_image_asks_for() -> None:
    document = yaml.safe_load((DEPLOY / "compose.yml").read_text(encoding="utf-8"))
    service = document["services"]["universe"]
    command = json.loads(only("CMD"))
    assert command[command.index("--token-file") + 1] == f"/run/secrets/{service['secrets'][0]}"
    assert set(service["secrets"]) == set(document["secrets"])
    assert {volume.partition(":")[0] for volume in service["volumes"]} == set(document["volumes"])
    assert service["ports"] == [f"127.0.0.1:{HTTP_PORT}:{HTTP_PORT}"]
    assert (DEPLOY / service["build"]["context"] / service["build"]["dockerfile"]).samefile(DEPLOY / "Containerfile")


@pytest.mark.skipif(
    not all(importlib.util.find_spec(name) for name in ("build", "hatchling")), reason="needs build and hatchling"
)
def test_the_wheel_builds_from_what_is_copied(tmp_path: Path) -> None:
    """The first stage by hand, without its downloads."""
    source = tmp_path / "src"
    source.mkdir()
    for name, value in instructions():
        if name == "COPY":
            *words, target = value.split()
            for word in words:
                here, there = ROOT / word, source / target
                ignored = shutil.ignore_patterns("__pycache__")
                shutil.copytree(here, there, ignore=ignored) if here.is_dir() else shutil.copy(here, there)
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path / "wheels", source],
        capture_output=True,
        check=True,
    )
    (wheel,) = (tmp_path / "wheels").iterdir()
    names = zipfile.ZipFile(wheel).namelist()
    assert {"ops/main.py", "ops/doctor.py", "ops/checks/finding.py", "universe/games/game_001.toml"} <= set(names)
    assert not [name for name in names if "__pycache__" in name or name.startswith("tests/")]


@contextlib.contextmanager
def served(tmp_path: Path, port: int, *prefix: str) -> Iterator["subprocess.Popen[bytes]"]:
    """The entry point with the command of the image, on another port and with a token file of the test."""
    tokens = tmp_path / "tokens"
    tokens.write_text(f"{ENTRY}\n", encoding="utf-8")
    assert read_tokens(tokens).names == ("laptop",)
    assert json.loads(only("ENTRYPOINT")) == ["universe"]
    words = [word.replace(str(HTTP_PORT), str(port)) for word in json.loads(only("CMD"))]
    words = [str(tokens) if word.startswith("/run/secrets") else word for word in words]
    given = dict(word.split("=", 1) for word in only("ENV").split())
    given |= {"UNIVERSE_DATA_DIR": str(tmp_path / "data"), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    given["PATH"] = os.environ["PATH"]
    with (
        (tmp_path / "log").open("wb") as log,
        subprocess.Popen(
            [*prefix, sys.executable, "-m", "ops.main", *words],
            cwd=ROOT,
            env=environment(**given),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=log,
        ) as process,
    ):
        try:
            yield process
        finally:
            process.kill()


def health_check(port: int) -> int:
    """The exit code of the image's health check."""
    command = json.loads(only("HEALTHCHECK").partition(" CMD ")[2])
    script = [word.replace(str(HTTP_PORT), str(port)) for word in command[1:]]
    return subprocess.run([sys.executable, *script], stderr=subprocess.DEVNULL, check=False).returncode


def test_the_command_of_the_image_serves_and_its_health_check_sees_it(tmp_path: Path) -> None:
    port = unused_port()
    assert health_check(port) == 1
    with served(tmp_path, port) as process:
        wait_until(START_SECONDS_MAX, lambda: process.poll() is not None or health_check(port) == 0, 0.2)
        assert process.poll() is None, (tmp_path / "log").read_text()
        process.send_signal(signal.SIGTERM)
        assert process.wait(START_SECONDS_MAX) == 0


def test_as_process_1_it_ends_in_order(tmp_path: Path) -> None:
    """A container's first process has no default for SIGTERM: without a handler it would not hear it."""
    port = unused_port()
    alone = ("unshare", "--pid", "--fork", "--mount-proc", "--kill-child")
    if os.geteuid() or subprocess.run([*alone, "true"], capture_output=True, check=False).returncode:
        pytest.skip("cannot make a process namespace here")
    with served(tmp_path, port, *alone) as process:
        wait_until(START_SECONDS_MAX, lambda: process.poll() is not None or health_check(port) == 0, 0.2)
        assert process.poll() is None, (tmp_path / "log").read_text()
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="ascii").split()
        began = time.monotonic()
        os.kill(int(children[0]), signal.SIGTERM)
        assert process.wait(START_SECONDS_MAX) == 0
        assert time.monotonic() - began < 5
    events = [json.loads(line)["event"] for line in (tmp_path / "log").read_text(encoding="utf-8").splitlines()]
    assert events[-1] == "run.finished"
