"""The seam to the network: a request, a response, and who carries them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Protocol

import msgspec


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP request of one venue. `url` is the venue's whole URL without the query. `headers` in lower case."""

    venue: str
    endpoint: str
    url: str
    method: str = "GET"
    params: tuple[tuple[str, str], ...] = ()
    body: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    max_bytes: int = 16 << 20
    timeout_s: float = 10.0


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """A whole answer, decompressed. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Failure(StrEnum):
    """Why there is no answer."""

    TIMEOUT = "timeout"
    CONNECT = "connect"
    DNS = "dns"
    TLS = "tls"
    PROXY = "proxy"
    PROTOCOL = "protocol"
    TOO_LARGE = "too_large"


class TransportError(Exception):
    """The request brought no answer."""

    def __init__(self, failure: Failure, text: str) -> None:
        super().__init__(text)
        self.failure = failure
        self.text = text


class Transport(Protocol):
    """Carries requests: over HTTP, or to a simulated market in the same process."""

    async def send(self, request: Request) -> Response:
        """The answer, within `request.timeout_s` and `request.max_bytes`. Raises TransportError."""
        ...

    async def close(self) -> None:
        """Let go of connections, promptly. A later send makes new ones."""
        ...
