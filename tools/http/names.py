"""Which Host and Origin a request may carry, so that no web page reaches the server through its reader's browser."""

import ipaddress
import re
from collections.abc import Iterable

import attrs

from universe.errors import SettingsError

LOOPBACK_NAMES = ("127.0.0.1", "localhost", "::1")
_AUTHORITY = re.compile(r"(\[(?P<six>[0-9a-f:.]+)\]|(?P<name>[^\[\]:/@?#\s]+))(:[0-9]{1,5})?")
_HOST = re.compile(r"[a-z0-9._-]+")
_ORIGIN = re.compile(r"https?://(?P<authority>[^/@?#\s]+)")


@attrs.frozen
class Names:
    """The names a server answers to, without ports, and the origins besides them whose pages may ask it."""

    hosts: frozenset[str]
    origins: frozenset[str] = frozenset()

    def allows_host(self, host: str | None) -> bool:
        """Whether a Host header names this server, on whatever port: a tunnel has one of its own."""
        return host is not None and _name_of(host) in self.hosts

    def allows_origin(self, origin: str | None) -> bool:
        """Whether a page of this origin may ask; programs that are no browsers send none."""
        if origin is None or origin.lower() in self.origins:
            return True
        match = _ORIGIN.fullmatch(origin.lower())
        return match is not None and _name_of(match["authority"]) in self.hosts


def names_of(bound: str, hosts: Iterable[str], origins: Iterable[str]) -> Names:
    """Return the names of a server bound to one host: loopback's, the host's own, and those given."""
    given = [_plain(host) for host in hosts]
    for host in given:
        if not _HOST.fullmatch(host) and not _is_address(host):
            raise SettingsError(f"--allowed-host {host}: must be a host name or address without a port")
    for origin in origins:
        if not _ORIGIN.fullmatch(origin.lower()):
            raise SettingsError(f"--allowed-origin {origin}: must be like https://example.org or http://localhost:8080")
    own = [] if is_any_address(bound) else [_plain(bound)]
    return Names(
        hosts=frozenset([*LOOPBACK_NAMES, *own, *given]), origins=frozenset(origin.lower() for origin in origins)
    )


def is_any_address(host: str) -> bool:
    """Whether binding to this host means every address of the machine."""
    return _is_address(host) and ipaddress.ip_address(host).is_unspecified


def _plain(host: str) -> str:
    return host.strip("[]").lower().rstrip(".")


def _name_of(authority: str) -> str | None:
    match = _AUTHORITY.fullmatch(authority.lower())
    return match and _plain(match["six"] or match["name"])


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
