"""The transport over HTTP: one small pool per venue, one TLS context, a total deadline, and bodies with a cap.

Only this file imports the HTTP client; `fundtui.polling.live` imports this file when the first request is made. The
client's transport is used without its session on top: no cookies, no redirects, no credentials, nothing read from
the environment.

Quitting: `close` waits at most CLOSE_S for connections; lookups and a TLS context in the making run on daemon threads
which nothing waits for. A hanging `getaddrinfo` therefore never delays the end of the program. (A proxy's own name is
resolved by asyncio's executor; where its name service hangs, leave through `os._exit` after cleaning up.)
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Mapping
from urllib.parse import urlencode

import httpx2 as httpx
from socksio import ProtocolError as SocksError

from fundtui.clock import Clock
from fundtui.polling.proxies import read_proxies
from fundtui.polling.resolver import Lookup, Resolver, system_lookup
from fundtui.polling.threads import in_thread
from fundtui.polling.transport import Failure, Request, Response, TransportError

CONNECTIONS = 4
KEEPALIVE_S = 90.0
CONNECT_S, CONNECT_SHARE = 3.0, 0.4
"""For one address, and again for the TLS handshake: seconds, and share of the deadline. Both end before it does, since
the client leaves the socket of a cancelled handshake to the garbage collector. The next ask takes another address."""
CLOSE_S = 0.3
CHUNK = 1 << 16
HEADERS = {
    "user-agent": "fundtui",
    "accept": "application/json",
    # Only what can be unpacked piece by piece within the cap.
    "accept-encoding": "gzip, deflate",
}


class HttpTransport:
    """Carries requests over HTTP. See `fundtui.polling.transport.Transport`."""

    def __init__(
        self, clock: Clock, environ: Mapping[str, str], *, ca_file: str = "", lookup: Lookup = system_lookup
    ) -> None:
        """`environ`: where proxy settings are read. `ca_file`: certificates to trust beside the system's."""
        self._clock = clock
        self._proxies = read_proxies(environ)
        self._ca_file = ca_file
        self._resolver = Resolver(clock, lookup)
        self._pools: dict[tuple[str, str | None], httpx.AsyncHTTPTransport] = {}
        self._tls: asyncio.Task[ssl.SSLContext] | None = None

    async def send(self, request: Request) -> Response:
        """The answer, within `request.timeout_s` in all and `request.max_bytes` unpacked. Raises TransportError."""
        try:
            async with self._clock.timeout(request.timeout_s):
                return await self._exchange(request)
        except TimeoutError as error:
            raise TransportError(Failure.TIMEOUT, f"no whole answer within {request.timeout_s:g} s") from error
        except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, OSError, SocksError) as error:
            raise _translated(error) from error

    async def close(self) -> None:
        """Let go of all connections, within CLOSE_S. A later send makes new ones."""
        self._resolver.close()
        pools, self._pools = list(self._pools.values()), {}
        closing = [asyncio.ensure_future(pool.aclose()) for pool in pools]
        if closing:
            _, late = await asyncio.wait(closing, timeout=CLOSE_S)
            for task in late:
                task.cancel()
        # Sockets are given back one turn of the loop after they are closed; the loop may end right after this.
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    async def _exchange(self, request: Request) -> Response:
        proxy = self._proxy_for(request)
        url = httpx.URL(request.url)
        host, extensions = url.host, _timeouts(request.timeout_s)
        headers = dict(HEADERS, host=url.netloc.decode("ascii"))
        if proxy is None:
            address = await self._resolver.address(host)
            url = url.copy_with(host=address)
            # The certificate is still checked against the name.
            extensions["sni_hostname"] = host
        pool = await self._pool(request.venue, url.scheme, proxy)
        try:
            return await _carry(pool, _wire_request(request, url, headers, extensions), request.max_bytes)
        except (httpx.ConnectError, httpx.ConnectTimeout):
            self._resolver.demote(host, url.host)
            raise

    def _proxy_for(self, request: Request) -> str | None:
        try:
            return self._proxies.for_url(request.url)
        except ValueError as error:
            raise TransportError(Failure.PROXY, str(error)) from error

    async def _pool(self, venue: str, scheme: str, proxy: str | None) -> httpx.AsyncHTTPTransport:
        context = await self._context() if scheme == "https" or proxy is not None else _NO_TLS
        pool = self._pools.get((venue, proxy))
        if pool is None:
            limits = httpx.Limits(
                max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS, keepalive_expiry=KEEPALIVE_S
            )
            pool = httpx.AsyncHTTPTransport(verify=context, trust_env=False, limits=limits, proxy=proxy)
            self._pools[venue, proxy] = pool
        return pool

    async def _context(self) -> ssl.SSLContext:
        """The one TLS context. Loading certificates takes tens of milliseconds, so a thread does it."""
        if self._tls is None:
            self._tls = asyncio.ensure_future(in_thread(self._make_context, "fundtui-tls"))
        try:
            return await asyncio.shield(self._tls)
        except (OSError, ValueError) as error:
            self._tls = None
            raise TransportError(Failure.TLS, f"certificates not loaded from {self._ca_file}: {error}") from error

    def _make_context(self) -> ssl.SSLContext:
        context = httpx.create_ssl_context(trust_env=False)
        if self._ca_file:
            context.load_verify_locations(cafile=self._ca_file)
        return context


# For venues on plain HTTP (mirrors, tests): the client wants a context even where it is never used.
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _timeouts(seconds: float) -> dict[str, object]:
    """Limits per operation; the total deadline stands above them."""
    connect = min(CONNECT_S, CONNECT_SHARE * seconds)
    return {"timeout": {"connect": connect, "read": seconds, "write": seconds, "pool": seconds}}


def _wire_request(
    request: Request, url: httpx.URL, headers: dict[str, str], extensions: dict[str, object]
) -> httpx.Request:
    if request.params:
        query = urlencode(request.params).encode("ascii")
        url = url.copy_with(query=url.query + b"&" + query if url.query else query)
    if request.body:
        headers["content-type"] = "application/json"
    headers.update(request.headers)
    content = request.body.encode() if request.body else None
    return httpx.Request(request.method, url, headers=headers, content=content, extensions=extensions)


async def _carry(pool: httpx.AsyncHTTPTransport, request: httpx.Request, max_bytes: int) -> Response:
    response = await pool.handle_async_request(request)
    response.request = request
    try:
        body = await _read(response, max_bytes)
    finally:
        await response.aclose()
    return Response(status=response.status_code, headers=dict(response.headers), body=body)


async def _read(response: httpx.Response, max_bytes: int) -> bytes:
    stated = response.headers.get("content-length", "")
    if stated.isascii() and stated.isdigit() and int(stated) > max_bytes:
        raise _too_large(max_bytes)
    chunks: list[bytes] = []
    total = 0
    async for chunk in response.aiter_bytes():
        total += len(chunk)
        if total > max_bytes:
            raise _too_large(max_bytes)
        chunks.append(chunk)
        if len(chunk) > CHUNK:
            # One packet of a bomb unpacks to megabytes without a pause: let others run in between.
            await asyncio.sleep(0)
    return b"".join(chunks)


def _too_large(max_bytes: int) -> TransportError:
    return TransportError(Failure.TOO_LARGE, f"answer larger than {max_bytes / (1 << 20):.3g} MiB")


def _translated(error: Exception) -> TransportError:
    """Our word for the client's error."""
    deeper = _by_cause(error)
    if deeper is not None:
        return deeper
    if isinstance(error, httpx.ConnectTimeout):
        return TransportError(Failure.CONNECT, "no connection in time")
    if isinstance(error, httpx.TimeoutException):
        return TransportError(Failure.TIMEOUT, "no whole answer in time")
    if isinstance(error, (httpx.ProxyError, SocksError)):
        return TransportError(Failure.PROXY, f"the proxy refused: {error}")
    if isinstance(error, httpx.ConnectError):
        return TransportError(Failure.CONNECT, "no connection")
    if isinstance(error, (httpx.NetworkError, OSError)):
        return TransportError(Failure.CONNECT, "connection lost before the answer was whole")
    if isinstance(error, httpx.DecodingError):
        return TransportError(Failure.PROTOCOL, "answer packed wrongly")
    return TransportError(Failure.PROTOCOL, f"not proper HTTP: {error}" if str(error) else "not proper HTTP")


def _by_cause(error: BaseException) -> TransportError | None:
    """What the client's general error hides: the name, the certificate, a refused port."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, socket.gaierror):
            return TransportError(Failure.DNS, "name not found")
        if isinstance(cause, ssl.SSLCertVerificationError):
            return TransportError(Failure.TLS, f"certificate not accepted: {cause.verify_message}")
        # "Want read" is how a handshake waits; it stands behind timeouts, which have their own name.
        if isinstance(cause, ssl.SSLError) and not isinstance(cause, (ssl.SSLWantReadError, ssl.SSLWantWriteError)):
            return TransportError(Failure.TLS, f"no secure connection: {cause.reason or 'handshake failed'}")
        if isinstance(cause, ConnectionRefusedError):
            return TransportError(Failure.CONNECT, "connection refused")
        cause = cause.__cause__ or cause.__context__
    return None
