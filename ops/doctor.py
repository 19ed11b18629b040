"""``universe doctor``: looks at everything a universe stands on, changes nothing, and says what to do."""

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import attrs
import click
import trio

from ops.checks.finding import Finding, Patient, broken, fail
from ops.exits import EXIT_CHECK_FAILED, EXIT_DONE
from ops.options import PATH, Common, json_option, universe_options
from ops.place import Mode, Place, data_directory
from ops.run import HTTP_PORT
from ops.terminal import print_json, print_table, print_text
from universe.settings import Settings

CHECK_SECONDS_MAX = 4.0
DOCTOR_SECONDS_MAX = 8.0
CHECKS = (  # name: where it is. What may hang with the data directory's device comes last
    ("python", "machine"),
    ("packages", "packages"),
    ("timezones", "machine"),
    ("limits", "machine"),
    ("streams", "machine"),
    ("port", "serving"),
    ("tokens", "configuration"),
    ("kernels", "kernels"),
    ("directory", "directory"),
    ("device", "directory"),
    ("sqlite", "directory"),
    ("universe", "database"),
    ("structure", "database"),
    ("journal", "database"),
    ("leader", "database"),
    ("leftovers", "database"),
    ("games", "configuration"),
    ("clock", "machine"),
)
_WORST_LAST = ("ok", "warn", "fail")


@click.command("doctor")
@universe_options
@click.option("--port", type=click.IntRange(1, 65_535), help=f"The port that HTTP is to have (default {HTTP_PORT}).")
@click.option("--token-file", type=PATH, help="Tokens of HTTP clients, to be looked at too.")
@click.option("--offline", is_flag=True, help="Ask no source.")
@json_option
@click.pass_context
def doctor_command(
    ctx: click.Context,
    mode: Mode | None,
    data_dir: Path | None,
    config: Path | None,
    port: int | None,
    token_file: Path | None,
    offline: bool,
    as_json: bool,
) -> int:
    """Check the installation, data, sources, clock and machine, and say what to do. Changes nothing; takes seconds.

    \b
    universe doctor
    universe doctor --config universe.toml --token-file tokens --json
    """
    common = ctx.find_object(Common) or Common()
    patient = Patient(
        place=Place(data_directory(data_dir or common.data_dir), mode or common.mode or "prod"),
        port=port or HTTP_PORT,
        port_asked=port is not None,
        token_file=token_file,
    )
    findings = trio.run(partial(examine, patient, config or common.config, offline=offline))
    failed = any(finding.status == "fail" for finding in findings)
    if as_json:
        print_json({"ok": not failed, "checks": [attrs.asdict(finding) for finding in findings]})
    else:
        _print(findings)
    return EXIT_CHECK_FAILED if failed else EXIT_DONE


async def examine(patient: Patient, config: Path | None, *, offline: bool = False) -> list[Finding]:
    """Return what every check finds, in bounded time whatever hangs; one that breaks is a finding too."""
    findings: list[Finding] = []
    with trio.move_on_after(DOCTOR_SECONDS_MAX):
        settings, of_config = await _read_config(config)
        findings.append(of_config)
        patient = attrs.evolve(patient, settings=settings)
        async with trio.open_nursery() as nursery:
            if not offline:
                nursery.start_soon(_ask_sources, patient, findings.append)
            for name, module in CHECKS:
                findings.append(await _look(name, partial(_check, name, module, patient)))
    asked = [] if offline else [f"source {game_id}" for game_id in _games_with_source(patient.settings)]
    names = {finding.check for finding in findings}
    late = [name for name in [*(name for name, _ in CHECKS), *asked] if name not in names]
    return findings + [_no_answer(name, DOCTOR_SECONDS_MAX) for name in late]


def _check(name: str, module: str, patient: Patient) -> Finding:
    """Import a check only now: what it cannot import is a finding, and no reason to leave out the others."""
    found: Finding = getattr(import_module(f"ops.checks.{module}"), f"check_{name}")(patient)
    return found


async def _look(name: str, check: Callable[[], Finding]) -> Finding:
    """Return what a check finds, in a thread that is left alone when time is up."""
    try:
        with trio.fail_after(CHECK_SECONDS_MAX):
            return await trio.to_thread.run_sync(check, abandon_on_cancel=True)
    except trio.TooSlowError:
        return _no_answer(name, CHECK_SECONDS_MAX)
    except Exception as fault:  # noqa: BLE001  whatever is broken: that is what a doctor is asked about
        return broken(name, fault)


def _no_answer(name: str, seconds: float) -> Finding:
    advice = "see what hangs (df, dmesg, the address of a source), mend it, and ask again"
    return fail(name, f"no answer within {seconds:g} s", advice)


async def _read_config(config: Path | None) -> tuple[Settings, Finding]:
    from ops.checks.configuration import read_config

    kept: list[Settings] = []

    def read() -> Finding:
        settings, found = read_config(config)
        kept.append(settings)
        return found

    found = await _look("config", read)
    return (kept[0] if kept else Settings()), found


def _games_with_source(settings: Settings) -> list[str]:
    return [game_id for game_id, feed in settings.game.items() if feed.source is not None]


async def _ask_sources(patient: Patient, found: Callable[[Finding], None]) -> None:
    if not _games_with_source(patient.settings):
        return

    def prepare() -> Callable[[], Any]:
        from ops.checks.configuration import known
        from ops.checks.sources import ask_sources

        return partial(ask_sources, patient, known(patient), found)

    try:
        ask = await trio.to_thread.run_sync(prepare, abandon_on_cancel=True)
        await ask()
    except Exception as fault:  # noqa: BLE001  as above
        found(broken("sources", fault))


def _print(findings: Sequence[Finding]) -> None:
    """Tell a person: the worst last, then what to do."""
    worst_last = sorted(findings, key=lambda finding: _WORST_LAST.index(finding.status))
    print_table(["check", "", "found"], [(each.check, each.status, each.detail) for each in worst_last])
    for each in worst_last:
        if each.advice:
            print_text(f"{each.check}: {each.advice}")
    counts = Counter(each.status for each in findings)
    print_text(f"{len(findings)} checks: {counts['ok']} ok, {counts['warn']} to look at, {counts['fail']} failed")
