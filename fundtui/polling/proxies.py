"""Proxy settings of the environment, read by us: a bad one is a message, never a crash (reliability §1)."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from urllib.parse import SplitResult, urlsplit

import msgspec

SCHEMES = ("http", "https", "socks5", "socks5h")
_ALIASES = {"socks": "socks5"}
_HOST = re.compile(r"[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.%]+\]")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Proxies(msgspec.Struct, frozen=True, kw_only=True):
    """Which proxy carries which requests.

    by_scheme: `http`, `https` -> proxy URL, or None where the variable cannot be used (then requests fail, because
    going around a proxy that somebody set may be worse than not going at all). problems: one sentence each.
    """

    by_scheme: dict[str, str | None] = {}
    suffixes: tuple[str, ...] = ()
    networks: tuple[Network, ...] = ()
    direct: bool = False
    problems: tuple[str, ...] = ()

    def for_url(self, url: str) -> str | None:
        """The proxy for a URL, None for none. Raises ValueError where the one that is set cannot be used."""
        parts = urlsplit(url)
        if parts.scheme not in self.by_scheme or self._bypassed(parts):
            return None
        proxy = self.by_scheme[parts.scheme]
        if proxy is None:
            raise ValueError(" · ".join(self.problems))
        return proxy

    def describe(self) -> str:
        """The settings in effect, without passwords, for `doctor`."""
        if not self.by_scheme:
            return "no proxy"
        used = ", ".join(
            f"{scheme}: {redacted(proxy) if proxy else 'unusable'}" for scheme, proxy in sorted(self.by_scheme.items())
        )
        around = [*self.suffixes, *map(str, self.networks), *(["*"] if self.direct else [])]
        return used + (f"; not for {', '.join(around)}" if around else "")

    def _bypassed(self, parts: SplitResult) -> bool:
        host = (parts.hostname or "").lower()
        if self.direct or host == "localhost":
            return True
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            port = f"{host}:{parts.port}" if parts.port else host
            return any(name in (host, port) or host.endswith("." + name) for name in self.suffixes)
        return address.is_loopback or any(address in network for network in self.networks)


def read_proxies(environ: Mapping[str, str]) -> Proxies:
    """The proxies that HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY (upper or lower case) ask for."""
    problems: list[str] = []
    by_scheme: dict[str, str | None] = {}
    for scheme in ("http", "https"):
        for name in (f"{scheme}_proxy", "all_proxy"):
            value = _variable(environ, name)
            if value:
                by_scheme[scheme] = _proxy_url(name.upper(), value, problems)
                break
    suffixes, networks, direct = _exceptions(_variable(environ, "no_proxy"), problems)
    return Proxies(
        by_scheme=by_scheme,
        suffixes=tuple(suffixes),
        networks=tuple(networks),
        direct=direct,
        problems=tuple(dict.fromkeys(problems)),
    )


def redacted(url: str) -> str:
    """A proxy URL without user name and password."""
    scheme, separator, rest = url.rpartition("://")
    return scheme + separator + rest.rpartition("@")[2]


def _variable(environ: Mapping[str, str], name: str) -> str:
    return (environ.get(name) or environ.get(name.upper()) or "").strip()


def _proxy_url(variable: str, value: str, problems: list[str]) -> str | None:
    text = value if "://" in value else f"http://{value}"
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts = None, None, urlsplit("")
    scheme = _ALIASES.get(parts.scheme, parts.scheme)
    if scheme and scheme not in SCHEMES:
        problems.append(f"{variable}: scheme {scheme} is not one of {', '.join(SCHEMES)}")
        return None
    shown = f"[{host}]" if host and ":" in host else host or ""
    if not _HOST.fullmatch(shown):
        problems.append(f"{variable}: {redacted(text)!r} is not a proxy address such as http://host:3128")
        return None
    user = parts.netloc.rpartition("@")[0]
    return f"{scheme}://{user + '@' if user else ''}{shown}{f':{port}' if port else ''}"


def _exceptions(value: str, problems: list[str]) -> tuple[list[str], list[Network], bool]:
    suffixes: list[str] = []
    networks: list[Network] = []
    direct = False
    for entry in re.split(r"[,\s]+", value.lower()):
        if not entry:
            continue
        if entry == "*":
            direct = True
            continue
        try:
            networks.append(ipaddress.ip_network(entry.strip("[]"), strict=False))
            continue
        except ValueError:
            name = entry.removeprefix("*").removeprefix(".")
        if _HOST.fullmatch(name.partition(":")[0]):
            suffixes.append(name)
        else:
            problems.append(f"NO_PROXY: {entry!r} is not a host, domain or network")
    return suffixes, networks, direct
