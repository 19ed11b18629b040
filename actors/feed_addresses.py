"""Which machines a redirect may lead to: those of the public internet. The operator's own address is not asked here."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from socket import SOCK_STREAM

import trio

from actors.feed_bounds import Failure

ADDRESSES_MAX = 4  # of one host that are tried
_ROUTED = IPv6Network("2000::/3")  # what of IPv6 is given out; ``is_global`` is true of much that is not
_TRANSLATED = IPv6Network("64:ff9b::/96")  # the network's translator (NAT64) reaches the IPv4 address in its last bits


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether this is a machine of the public internet, also where IPv6 only wraps an address of IPv4."""
    if isinstance(address, IPv6Address):
        wrapped = _wrapped(address)
        return is_public(wrapped) if wrapped else address in _ROUTED and address.is_global
    return address.is_global and not address.is_multicast


def _wrapped(address: IPv6Address) -> IPv4Address | None:
    if address in _TRANSLATED:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour


async def public_addresses(host: str, shown: str) -> list[str]:
    """Return the addresses of a host, in whatever spelling the resolver knows. Failure unless every one is public."""
    try:
        found = await trio.socket.getaddrinfo(host, None, type=SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Failure(f"redirects to {shown}, a host that cannot be found", retryable=True) from error
    addresses = [str(where[0]) for *_, where in found]
    if not all(is_public(ip_address(address)) for address in addresses):
        raise Failure(f"redirects to {shown}, which is no public address", retryable=False)
    return addresses[:ADDRESSES_MAX]
