"""The packages that are installed, held against those that this version of the program asks for."""

import operator
import re
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator
from importlib import metadata
from pathlib import Path

from ops.checks.finding import Finding, Patient, fail, ok, warn
from universe import __version__

DISTRIBUTION = "synthetic-lottery-universe"
_REQUIREMENT = re.compile(r"\s*(?P<name>[A-Za-z0-9._-]+)\s*(?:\[[^]]*\])?\s*(?P<bounds>[^;]*)(?P<marker>;.*)?")
_BOUND = re.compile(r"\s*(?P<how>>=|<=|==|!=|~=|>|<)\s*(?P<version>[0-9][0-9.]*)")

Release = tuple[int, ...]
_COMPARED: dict[str, Callable[[Release, Release], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "==": operator.eq,
    "!=": operator.ne,
}


def check_packages(_: Patient) -> Finding:
    """Whether every package is there in a version that this one was made with."""
    checkout = Path(__file__).parents[2]
    requirements, repair = wanted(checkout)
    if requirements is None:
        return warn("packages", f"{DISTRIBUTION} is not installed, so its needs are unknown", repair)
    faults = list(unmet(requirements))
    if faults:
        return fail("packages", "; ".join(faults), repair)
    try:
        installed = metadata.version(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        installed = __version__  # run from a checkout
    if installed != __version__:
        return warn("packages", f"metadata of version {installed}, modules of {__version__}", repair)
    return ok("packages", f"version {__version__}, {len(requirements)} packages as required")


def wanted(checkout: Path) -> tuple[list[str] | None, str]:
    """Return what is required, by the checkout if this is one, else as installed; and the command that repairs it."""
    project = checkout / "pyproject.toml"
    if project.is_file():
        data = tomllib.loads(project.read_text(encoding="utf-8")).get("project", {})
        if data.get("name") == DISTRIBUTION:
            return list(data["dependencies"]), f"{sys.executable} -m pip install -e {checkout}"
    repair = f"{sys.executable} -m pip install --upgrade --force-reinstall {DISTRIBUTION}"
    try:
        return [each for each in metadata.requires(DISTRIBUTION) or [] if "extra ==" not in each], repair
    except metadata.PackageNotFoundError:
        return None, repair


def unmet(requirements: Iterable[str]) -> Iterator[str]:
    """Say of each requirement that is not met what is there instead."""
    for requirement in requirements:
        parts = _REQUIREMENT.fullmatch(requirement)
        if parts is None:
            continue
        bounds = parts["bounds"].strip()
        try:
            there = metadata.version(parts["name"])
        except metadata.PackageNotFoundError:
            yield f"{parts['name']} is missing, {bounds} is needed"
            continue
        if not within(there, bounds):
            yield f"{parts['name']} {there}, {bounds} is needed"


def within(version: str, bounds: str) -> bool:
    """Whether a version lies within bounds such as ``>=1.2,<2``; by its numbers, what follows them is not looked at."""
    here = release(version)
    return all(_holds(here, bound["how"], release(bound["version"])) for bound in _BOUND.finditer(bounds))


def release(version: str) -> Release:
    """Return the leading numbers of a version, without zeros at the end."""
    found = re.match(r"[0-9]+(\.[0-9]+)*", version)
    numbers = [int(part) for part in found[0].split(".")] if found else []
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)


def _holds(here: Release, how: str, there: Release) -> bool:
    if how == "~=":
        same = max(len(there) - 1, 1)
        return here >= there and here[:same] == there[:same]
    return _COMPARED[how](here, there)
