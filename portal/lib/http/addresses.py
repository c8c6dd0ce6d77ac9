"""Which addresses may be called: the public internet's, and those that the operator named."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# They carry an IPv4 address in their last 32 bits, and is_global looks at the prefix only.
NAT64 = ip_network("64:ff9b::/96")
COMPATIBLE = ip_network("::/96")
# Python calls these global; they answer inside a cloud or a network only.
NOT_PUBLIC = tuple(
    map(ip_network, ("168.63.129.16/32", "192.88.99.0/24", "64:ff9b:1::/48", "2001::/23"))
)
# This host and one's own network; not link-local addresses, where clouds keep credentials.
PRIVATE_NETWORKS = (
    "127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10",
    "fc00::/7",
)  # fmt: skip


class Refused(Exception):
    """The portal does not call this; the text says why and what an admin may do."""


@dataclass(frozen=True)
class Internal:
    """Hosts of one's own network that may be called: names, `*.domains`, addresses, networks."""

    names: tuple[str, ...] = ()
    networks: tuple[Network, ...] = ()

    @classmethod
    def of(cls, listed: Iterable[str]) -> Internal:
        names, networks = [], []
        for one in listed:
            try:
                networks.append(ip_network(one, strict=False))
            except ValueError:
                names.append(one.lower().rstrip("."))
        return cls(tuple(names), tuple(networks))

    def allows(self, host: str, address: Address) -> bool:
        """Tell whether the operator named this host or address.

        A name does not open link-local addresses, where clouds keep credentials: DNS is not ours.
        """
        if any(address in network for network in self.networks):
            return True
        is_named = any(fnmatchcase(host.lower().rstrip("."), name) for name in self.names)
        return is_named and not (
            address.is_link_local or address.is_multicast or address.is_unspecified
        )


def check(host: str, text: str, internal: Internal) -> Address:
    """Return the address when it may be called. Raises Refused."""
    address = ip_address(text.partition("%")[0])
    plain = unwrapped(address)
    if is_public(plain) or internal.allows(host, plain) or internal.allows(host, address):
        return address
    named = host if host == str(address) else f"{host} is {address}, which"
    raise Refused(
        f"{named} is not an address of the public internet. If the portal should call it, an"
        " operator adds it to PORTAL_INTERNAL_HOSTS."
    )


def unwrapped(address: Address) -> Address:
    """Return the IPv4 address inside an IPv6 one that only carries it, as often as needed."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if address in NAT64 or (address in COMPATIBLE and int(address) > 1):
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


def is_public(address: Address) -> bool:
    """Tell whether an unwrapped address belongs to the public internet."""
    if any(address in network for network in NOT_PUBLIC):
        return False
    return address.is_global and not address.is_multicast
