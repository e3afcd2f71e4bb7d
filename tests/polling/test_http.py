"""The HTTP transport against a server that misbehaves in every way: typed failures, bounded time and memory."""

from __future__ import annotations

import asyncio
import gc
import shutil
import ssl
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from fundtui.clock import SystemClock
from fundtui.polling.http import HttpTransport
from fundtui.polling.live import LiveTransport
from fundtui.polling.transport import Failure, Request, TransportError
from tests.polling.badserver import GOOD, BadServer

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
async def server() -> AsyncIterator[BadServer]:
    async with BadServer().running() as running:
        yield running


@pytest.fixture
async def transport() -> AsyncIterator[HttpTransport]:
    made = HttpTransport(SystemClock(), {})
    yield made
    await made.close()


def request(server: BadServer, path: str, **more: object) -> Request:
    fields: dict[str, object] = {"venue": "toy", "endpoint": path, "url": f"{server.url}/{path}", "timeout_s": 5.0}
    return Request(**(fields | more))  # type: ignore[arg-type]


async def failure_of(transport: HttpTransport, asked: Request) -> tuple[Failure, str]:
    with pytest.raises(TransportError) as caught:
        await transport.send(asked)
    return caught.value.failure, caught.value.text


async def test_an_answer_comes_whole_unpacked_and_with_lower_case_headers(
    server: BadServer, transport: HttpTransport
) -> None:
    answer = await transport.send(request(server, "good", params=(("limit", "5"), ("q", "a b&c"))))
    assert (answer.status, answer.body, answer.headers["x-used"]) == (200, GOOD, "7")
    assert server.last_head.startswith(b"GET /good?limit=5&q=a+b%26c HTTP/1.1\r\n")
    assert f"host: {server.url[7:]}".encode() in server.last_head.lower()
    assert b"cookie" not in server.last_head.lower()


async def test_a_body_is_posted_as_json(server: BadServer, transport: HttpTransport) -> None:
    await transport.send(request(server, "good", method="POST", body='{"type":"meta"}'))
    assert server.last_body == b'{"type":"meta"}'
    assert b"content-type: application/json" in server.last_head.lower()


async def test_connections_are_reused_and_cookies_are_not_kept(server: BadServer, transport: HttpTransport) -> None:
    for _ in range(5):
        await transport.send(request(server, "jar"))
    assert (server.connections, server.requests) == (1, 5)
    assert b"cookie" not in server.last_head.lower()


async def test_redirects_are_handed_over_and_not_followed(server: BadServer, transport: HttpTransport) -> None:
    assert (await transport.send(request(server, "loop"))).status == 302
    assert server.requests == 1


@pytest.mark.parametrize(
    ("path", "failure", "text"),
    [
        ("bomb", Failure.TOO_LARGE, "answer larger than 1 MiB"),
        ("large", Failure.TOO_LARGE, "answer larger than 1 MiB"),
        ("endless", Failure.TOO_LARGE, "answer larger than 1 MiB"),
        ("drip", Failure.TIMEOUT, "no whole answer within 0.3 s"),
        ("driphead", Failure.TIMEOUT, "no whole answer within 0.3 s"),
        ("hang", Failure.TIMEOUT, "no whole answer within 0.3 s"),
        ("badgzip", Failure.PROTOCOL, "answer packed wrongly"),
        ("close", Failure.PROTOCOL, "not proper HTTP"),
        ("cut", Failure.PROTOCOL, "not proper HTTP"),
        ("garbage", Failure.PROTOCOL, "not proper HTTP"),
    ],
)
async def test_each_misbehaviour_has_its_name_and_the_next_request_works(
    server: BadServer, transport: HttpTransport, path: str, failure: Failure, text: str
) -> None:
    slow = path in ("drip", "driphead", "hang")
    asked = request(server, path, max_bytes=1 << 20, timeout_s=0.3 if slow else 5.0)
    started = time.monotonic()
    found = await failure_of(transport, asked)
    assert time.monotonic() - started < 2
    assert found[0] is failure
    assert found[1].startswith(text)
    assert (await transport.send(request(server, "good"))).body == GOOD


async def test_nobody_listens(server: BadServer, transport: HttpTransport) -> None:
    asked = request(server, "good", url="http://127.0.0.1:9/x")
    assert await failure_of(transport, asked) == (Failure.CONNECT, "connection refused")


async def test_an_address_that_is_no_url(server: BadServer, transport: HttpTransport) -> None:
    found = await failure_of(transport, request(server, "good", url="http://[::1/x"))
    assert found[0] in (Failure.PROTOCOL, Failure.PROXY)


async def test_plain_text_where_tls_is_due(transport: HttpTransport) -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 this is a mail server\r\n")
        await writer.drain()
        writer.close()

    greeter = await asyncio.start_server(greet, "127.0.0.1", 0)
    port = greeter.sockets[0].getsockname()[1]
    failure, text = await failure_of(transport, Request(venue="toy", endpoint="x", url=f"https://127.0.0.1:{port}/x"))
    greeter.close()
    assert failure is Failure.TLS
    assert text.startswith("no secure connection")


async def test_a_handshake_that_is_never_answered_ends_before_the_deadline(
    server: BadServer, transport: HttpTransport
) -> None:
    asked = request(server, "good", url=server.url.replace("http:", "https:") + "/good", timeout_s=0.3)
    assert await failure_of(transport, asked) == (Failure.CONNECT, "no connection in time")
    # Nothing is left to the garbage collector, which would complain here.
    gc.collect()


async def test_a_bad_proxy_fails_requests_with_its_name() -> None:
    transport = HttpTransport(
        SystemClock(), {"HTTPS_PROXY": "ftp://user:secret@proxy:1", "ALL_PROXY": "socks5://127.0.0.1:9"}
    )
    asked = Request(venue="toy", endpoint="x", url="https://venue.test/x")
    failure, text = await failure_of(transport, asked)
    assert failure is Failure.PROXY
    assert "HTTPS_PROXY" in text
    assert "secret" not in text
    plain = Request(venue="toy", endpoint="x", url="http://venue.test/x")
    assert (await failure_of(transport, plain))[0] in (Failure.CONNECT, Failure.PROXY)
    await transport.close()


async def test_a_proxy_carries_the_request_and_finds_the_name(server: BadServer) -> None:
    def lookup(host: str) -> Sequence[str]:
        raise AssertionError(f"{host} looked up here")

    transport = HttpTransport(SystemClock(), {"http_proxy": server.url}, lookup=lookup)
    asked = Request(venue="toy", endpoint="x", url="http://venue.test/good")
    assert (await transport.send(asked)).body == GOOD
    assert server.last_head.startswith(b"GET http://venue.test/good HTTP/1.1")
    assert b"host: venue.test\r\n" in server.last_head.lower()
    await transport.close()


async def test_a_hundred_cancelled_requests_leave_a_working_pool(server: BadServer, transport: HttpTransport) -> None:
    for number in range(100):
        task = asyncio.ensure_future(transport.send(request(server, "drip" if number % 2 else "hang")))
        await asyncio.sleep(0.001)
        task.cancel()
        await asyncio.wait([task])
    answers = await asyncio.gather(*(transport.send(request(server, "good")) for _ in range(20)))
    assert all(answer.body == GOOD for answer in answers)
    gc.collect()


async def test_one_venue_that_hangs_does_not_take_the_pool_of_another(
    server: BadServer, transport: HttpTransport
) -> None:
    hanging = [asyncio.ensure_future(transport.send(request(server, "hang", venue="bad"))) for _ in range(20)]
    await asyncio.sleep(0.05)
    started = time.monotonic()
    await transport.send(request(server, "good", venue="well"))
    assert time.monotonic() - started < 0.5
    for task in hanging:
        task.cancel()
    await asyncio.wait(hanging)


async def test_closing_is_prompt_and_a_later_send_opens_anew(server: BadServer, transport: HttpTransport) -> None:
    hanging = asyncio.ensure_future(transport.send(request(server, "hang")))
    await asyncio.sleep(0.05)
    started = time.monotonic()
    await transport.close()
    assert time.monotonic() - started < 0.5
    assert (await transport.send(request(server, "good"))).body == GOOD
    hanging.cancel()
    await asyncio.wait([hanging])


async def test_names_are_checked_in_certificates_though_addresses_are_dialled(tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("the openssl command is not installed: no certificate can be made")
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=venue.test", "-addext", "subjectAltName=DNS:venue.test", "-keyout", str(key),
         "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    asked: list[str] = []

    def lookup(host: str) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"]

    async with BadServer().running(context) as server:
        port = server.url.rpartition(":")[2]
        trusting = HttpTransport(SystemClock(), {}, ca_file=str(certificate), lookup=lookup)
        good = Request(venue="toy", endpoint="x", url=f"https://venue.test:{port}/good")
        assert (await trusting.send(good)).body == GOOD
        assert f"host: venue.test:{port}".encode() in server.last_head.lower()
        other = Request(venue="toy2", endpoint="x", url=f"https://other.test:{port}/good")
        failure, text = await failure_of(trusting, other)
        assert failure is Failure.TLS
        assert "certificate not accepted" in text
        strict = HttpTransport(SystemClock(), {}, lookup=lookup)
        assert (await failure_of(strict, good))[0] is Failure.TLS
        await trusting.close()
        await strict.close()
    assert asked == ["venue.test", "other.test", "venue.test"]


async def test_a_missing_certificate_file_is_a_failure_in_words(tmp_path: Path) -> None:
    transport = HttpTransport(SystemClock(), {}, ca_file=str(tmp_path / "none.pem"), lookup=lambda host: ["127.0.0.1"])
    failure, text = await failure_of(transport, Request(venue="toy", endpoint="x", url="https://venue.test/x"))
    assert failure is Failure.TLS
    assert "none.pem" in text


async def test_a_hanging_name_lookup_ends_with_the_deadline() -> None:
    free = threading.Event()

    def lookup(host: str) -> Sequence[str]:
        free.wait(20)
        return []

    transport = HttpTransport(SystemClock(), {}, lookup=lookup)
    started = time.monotonic()
    asked = Request(venue="toy", endpoint="x", url="http://venue.test/x", timeout_s=0.2)
    assert (await failure_of(transport, asked))[0] is Failure.TIMEOUT
    await transport.close()
    assert time.monotonic() - started < 1
    free.set()


def run_python(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), *arguments],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip


def test_quitting_does_not_wait_for_a_hanging_name_lookup() -> None:
    script = """
        import asyncio, time
        from fundtui.clock import SystemClock
        from fundtui.polling.http import HttpTransport
        from fundtui.polling.transport import Request, TransportError

        def lookup(host):
            time.sleep(30)
            return []

        async def main():
            transport = HttpTransport(SystemClock(), {}, lookup=lookup)
            request = Request(venue="toy", endpoint="x", url="http://venue.test/x", timeout_s=0.2)
            try:
                await transport.send(request)
            except TransportError as error:
                print(error.failure.value)
            await transport.close()

        asyncio.run(main())
    """
    started = time.monotonic()
    assert run_python(script).stdout == "timeout\n"
    assert time.monotonic() - started < 10


def test_loading_the_pollers_loads_no_http_client() -> None:
    script = """
        import sys
        import fundtui.polling.fleet, fundtui.polling.live
        print(sorted(name for name in sys.modules if name.startswith(("httpx", "httpcore", "anyio", "socksio"))))
    """
    assert run_python(script).stdout == "[]\n"


async def test_the_client_is_loaded_with_the_first_request(server: BadServer) -> None:
    transport = LiveTransport(SystemClock(), {})
    answers = await asyncio.gather(*(transport.send(request(server, "good")) for _ in range(3)))
    assert all(answer.body == GOOD for answer in answers)
    await transport.close()


async def test_bombs_cost_less_than_40_megabytes(server: BadServer) -> None:
    script = """
        import asyncio, resource, sys
        from fundtui.clock import SystemClock
        from fundtui.polling.http import HttpTransport
        from fundtui.polling.transport import Request, TransportError

        def peak_kb():
            return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

        async def main():
            transport = HttpTransport(SystemClock(), {})
            await transport.send(Request(venue="toy", endpoint="x", url=sys.argv[1] + "/good"))
            before = peak_kb()
            for path in ("bomb", "endless", "bomb"):
                try:
                    await transport.send(Request(venue="toy", endpoint="x", url=f"{sys.argv[1]}/{path}"))
                except TransportError as error:
                    print(error.failure.value)
            print(peak_kb() - before)
            await transport.close()

        asyncio.run(main())
    """
    done = await asyncio.to_thread(run_python, script, server.url)
    *failures, grown_kb = done.stdout.split()
    assert failures == ["too_large"] * 3
    assert int(grown_kb) < 40 * 1024
