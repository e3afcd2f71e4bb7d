"""Addresses that notices never go to: what a configured name resolves to is checked before it is connected to."""

from __future__ import annotations

import errno
import ipaddress
from collections.abc import Callable, Sequence

from fundtui.polling.resolver import Lookup


def forbidden(host: str, *, allow_private: bool) -> str | None:
    """Why an address (not a name) is not connected to; None when it is, or when it is a name.

    Link-local addresses, which hold machines' metadata services, never are; private and loopback ones on request.
    """
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if address.is_link_local or address.is_multicast or address.is_unspecified or address.is_reserved:
        return f"{host} is not an address for notices"
    if not address.is_global and not allow_private:
        return f"{host} is inside your network: set allow_private"
    return None


def guarded(lookup: Lookup, allows_private: Callable[[str], bool]) -> Lookup:
    """A lookup that gives only permitted addresses. Raises OSError when none is left."""

    def permitted(host: str) -> Sequence[str]:
        addresses = lookup(host)
        verdicts = [forbidden(address, allow_private=allows_private(host)) for address in addresses]
        left = [address for address, verdict in zip(addresses, verdicts, strict=True) if verdict is None]
        if not left:
            raise OSError(errno.EACCES, next((verdict for verdict in verdicts if verdict), f"{host} has no address"))
        return left

    return permitted
