"""Where somebody calls from, by the address that the edge has found behind our proxies."""

from collections.abc import Sequence
from ipaddress import IPv6Address, ip_address

from sojourn.platform.storefront import Network


def is_within(address: str, networks: Sequence[Network]) -> bool:
    """Whether `address` lies in one of `networks`; what is no address lies in none."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return any(found in network for network in networks)
