"""What each sink sends, and what it makes of answers; over a real socket where one is meant."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import math
import os
import socket
import stat
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fundtui.alerts.message import Message, decode, trial_message
from fundtui.alerts.sinks import Refused, Sink, Trouble, build
from fundtui.alerts.sinks.guard import forbidden, guarded
from fundtui.alerts.sinks.local import SyslogSink
from fundtui.alerts.sinks.osc import choose, notice
from fundtui.clock import SystemClock
from fundtui.config.schema import Sink as SinkSettings
from fundtui.config.schema import SinkKind, TerminalChannel
from fundtui.polling.http import HttpTransport
from fundtui.polling.transport import Failure, Request, Response, TransportError

MESSAGE = trial_message("key-1", 1_790_000_000_000)


class Recorder:
    """A transport that notes requests and answers as told."""

    def __init__(self, status: int = 200, body: bytes = b"ok", headers: dict[str, str] | None = None) -> None:
        self.answer: Response | TransportError = Response(status=status, headers=headers or {}, body=body)
        self.requests: list[Request] = []

    async def send(self, request: Request) -> Response:
        self.requests.append(request)
        if isinstance(self.answer, TransportError):
            raise self.answer
        return self.answer

    async def close(self) -> None:
        """Nothing to let go of."""


def sink(settings: SinkSettings, transport: Recorder | None = None, name: str = "desk") -> Sink:
    return build(
        name, settings, transport=transport or Recorder(), clock=SystemClock(),
        environment={"TOKEN": "hunter2"}, show=lambda message: None,
    )  # fmt: skip


async def sent(kind: SinkKind, **fields: object) -> Request:
    transport = Recorder()
    settings = SinkSettings(kind=kind, **{"url": "https://sink.example/x", "token_env": "TOKEN", **fields})  # type: ignore[arg-type]
    await sink(settings, transport).send(MESSAGE)
    (request,) = transport.requests
    return request


async def test_webhook_is_signed_json() -> None:
    request = await sent(SinkKind.WEBHOOK)
    headers = dict(request.headers)
    expected = hmac.new(b"hunter2", f"1790000000000.{request.body}".encode(), hashlib.sha256).hexdigest()
    assert headers["x-fundtui-signature"] == f"sha256={expected}"
    assert headers["x-fundtui-time"] == "1790000000000"
    assert headers["idempotency-key"] == "key-1"
    assert decode(request.body.encode()) == MESSAGE
    assert (request.method, request.url) == ("POST", "https://sink.example/x")


async def test_webhook_without_a_key_is_not_signed() -> None:
    request = await sent(SinkKind.WEBHOOK, token_env="")
    assert "x-fundtui-signature" not in dict(request.headers)


async def test_ntfy() -> None:
    request = await sent(SinkKind.NTFY)
    headers = dict(request.headers)
    assert headers["authorization"] == "Bearer hunter2"
    assert (headers["title"], headers["priority"]) == ("fundtui test", "3")
    assert request.body.startswith("test notice: this sink works\n")


async def test_slack_and_discord_read_nothing_as_markup() -> None:
    message = Message(
        key="k", title="<!channel> @everyone *x*", status="firing", severity="info", time_ms=0, groups=(), firing=1,
        alerts=(),
    )  # fmt: skip
    for kind, field in ((SinkKind.SLACK, "text"), (SinkKind.DISCORD, "content")):
        transport = Recorder()
        await sink(SinkSettings(kind=kind, url="https://sink.example/x"), transport).send(message)
        body = json.loads(transport.requests[0].body)
        assert "<!channel>" not in body[field]
        if kind is SinkKind.DISCORD:
            assert body["allowed_mentions"] == {"parse": []}
            assert "\\*x\\*" in body[field]


async def test_telegram() -> None:
    request = await sent(SinkKind.TELEGRAM, url="", chat="42")
    assert request.url == "https://api.telegram.org/bothunter2/sendMessage"
    body = json.loads(request.body)
    assert body["chat_id"] == "42"
    assert "parse_mode" not in body


@pytest.mark.parametrize(
    ("status", "refused"),
    [(301, True), (400, True), (401, True), (404, True), (408, False), (425, False), (429, False), (500, False)],
)
async def test_answers_are_refusals_or_trouble(status: int, *, refused: bool) -> None:
    target = sink(SinkSettings(kind=SinkKind.WEBHOOK, url="https://sink.example/x"), Recorder(status, b"no\x1b[31m"))
    with pytest.raises(Refused if refused else Trouble, match=rf"answered {status}: no\[31m"):
        await target.send(MESSAGE)


@pytest.mark.parametrize(
    ("body", "headers", "after_s"),
    [
        (b"", {"retry-after": "17"}, 17.0),
        (b'{"ok":false,"parameters":{"retry_after":9}}', {}, 9.0),
        (b'{"retry_after":0.65}', {}, 0.65),
        (b"[" * 100_000, {}, math.nan),
        (b'{"retry_after":true}', {}, math.nan),
    ],
)
async def test_the_wait_that_is_asked_for_is_found(body: bytes, headers: dict[str, str], after_s: float) -> None:
    target = sink(SinkSettings(kind=SinkKind.WEBHOOK, url="https://sink.example/x"), Recorder(429, body, headers))
    with pytest.raises(Trouble) as caught:
        await target.send(MESSAGE)
    assert caught.value.after_s == pytest.approx(after_s, nan_ok=True)


async def test_errors_never_tell_the_secret() -> None:
    transport = Recorder(401, b"bad token hunter2 at /bothunter2/sendMessage")
    target = sink(SinkSettings(kind=SinkKind.TELEGRAM, token_env="TOKEN", chat="1"), transport)
    with pytest.raises(Refused) as refused:
        await target.send(MESSAGE)
    transport.answer = TransportError(Failure.CONNECT, "https://api.telegram.org/bothunter2/sendMessage refused")
    with pytest.raises(Trouble) as trouble:
        await target.send(MESSAGE)
    assert "hunter2" not in f"{refused.value} {trouble.value}"


async def test_a_secret_that_cannot_be_had_is_trouble() -> None:
    target = sink(SinkSettings(kind=SinkKind.NTFY, url="https://n.example/x", token_env="NOTHING"))
    with pytest.raises(Trouble, match="token of desk: NOTHING is empty"):
        await target.send(MESSAGE)


@pytest.mark.parametrize(
    ("url", "allow_private", "allow_http"),
    [
        ("http://sink.example/x", False, False),
        ("https://169.254.169.254/latest", True, False),
        ("https://127.0.0.1/x", False, False),
        ("https://[::ffff:10.0.0.1]/x", False, False),
        ("file:///etc/passwd", False, True),
    ],
)
async def test_addresses_that_are_not_gone_to(url: str, *, allow_private: bool, allow_http: bool) -> None:
    transport = Recorder()
    settings = SinkSettings(kind=SinkKind.WEBHOOK, url=url, allow_private=allow_private, allow_http=allow_http)
    target = sink(settings, transport)
    with pytest.raises(Refused):
        await target.send(MESSAGE)
    assert transport.requests == []


def test_names_that_lead_to_such_addresses_are_not_followed() -> None:
    answers = {"meta": ["169.254.169.254"], "home": ["192.168.1.5", "93.184.216.34"], "lan": ["10.0.0.9"]}
    lookup = guarded(lambda host: answers[host], lambda host: host == "lan")
    assert lookup("home") == ["93.184.216.34"]
    assert lookup("lan") == ["10.0.0.9"]
    with pytest.raises(OSError, match="not an address for notices"):
        lookup("meta")
    assert forbidden("sink.example", allow_private=False) is None


# Over a socket


@pytest.fixture
async def server() -> AsyncIterator[tuple[str, list[bytes], list[bytes]]]:
    """A server that notes requests and gives the answers that the test puts into its list, then 200."""
    got: list[bytes] = []
    answers: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")), 0
        )
        got.append(head + await reader.readexactly(length))
        answer = answers.pop(0) if answers else b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
        writer.write(answer)
        await writer.drain()
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}/hook", got, answers
    listening.close()
    await listening.wait_closed()


async def test_a_webhook_over_http_with_lost_answers_and_errors(server: tuple[str, list[bytes], list[bytes]]) -> None:
    url, got, answers = server
    answers += [b"", b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n"]
    transport = HttpTransport(SystemClock(), {})
    settings = SinkSettings(
        kind=SinkKind.WEBHOOK, url=url, token_env="TOKEN", allow_http=True, allow_private=True, timeout=5.0
    )
    target = build(
        "hook", settings, transport=transport, clock=SystemClock(), environment={"TOKEN": "k"}, show=lambda *_: None
    )
    for message in ("protocol|connect", "answered 503"):
        with pytest.raises(Trouble, match=message):
            await target.send(MESSAGE)
    await target.send(MESSAGE)
    await transport.close()
    assert len(got) == 3
    assert all(b"idempotency-key: key-1\r\n" in request.lower() for request in got)
    assert got[2].partition(b"\r\n\r\n")[2] == got[0].partition(b"\r\n\r\n")[2]


# On this machine


async def test_a_program_gets_json_on_its_standard_input(tmp_path: Path) -> None:
    out = tmp_path / "out"
    program = (sys.executable, "-c", f"import sys; open({str(out)!r}, 'w').write(sys.stdin.read())", "; touch /tmp/x")
    await sink(SinkSettings(kind=SinkKind.EXEC, command=program)).send(MESSAGE)
    assert decode(out.read_bytes()) == MESSAGE


async def test_programs_that_fail_hang_or_do_not_exist() -> None:
    failing = (sys.executable, "-c", "import sys; sys.exit('no such channel')")
    with pytest.raises(Trouble, match="ended with 1: no such channel"):
        await sink(SinkSettings(kind=SinkKind.EXEC, command=failing)).send(MESSAGE)
    hanging = (sys.executable, "-c", "import time; time.sleep(60)")
    with pytest.raises(Trouble, match="took over"):
        await sink(SinkSettings(kind=SinkKind.EXEC, command=hanging, timeout=0.3)).send(MESSAGE)
    with pytest.raises(Refused, match="No such file"):
        await sink(SinkSettings(kind=SinkKind.EXEC, command=("/nonexistent",))).send(MESSAGE)


async def test_a_file_gets_one_private_line_per_message(tmp_path: Path) -> None:
    path = tmp_path / "alerts.ndjson"
    target = sink(SinkSettings(kind=SinkKind.FILE, path=str(path)))
    await target.send(MESSAGE)
    await target.send(MESSAGE)
    assert [decode(line.encode()) for line in path.read_text().splitlines()] == [MESSAGE, MESSAGE]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(Trouble, match="No such file"):
        await sink(SinkSettings(kind=SinkKind.FILE, path=str(tmp_path / "none" / "x"))).send(MESSAGE)


async def test_the_system_log_gets_a_line(tmp_path: Path) -> None:
    path = os.path.join(tmp_path, "log")  # noqa: PTH118
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
        log.bind(path)
        await SyslogSink("syslog", path).send(MESSAGE)
        assert log.recv(4096) == b"<14>fundtui: fundtui test: test notice: this sink works"
    with pytest.raises(Trouble):
        await SyslogSink("syslog", str(tmp_path / "none")).send(MESSAGE)


async def test_the_terminal_is_told_through_its_owner() -> None:
    shown: list[Message] = []
    target = build(
        "terminal", SinkSettings(), transport=Recorder(), clock=SystemClock(), environment={}, show=shown.append
    )
    await target.send(MESSAGE)
    assert shown == [MESSAGE]


@pytest.mark.parametrize(
    ("environment", "passthrough", "channel"),
    [
        ({"TERM": "xterm-kitty"}, False, TerminalChannel.OSC99),
        ({"TERM_PROGRAM": "iTerm.app"}, False, TerminalChannel.OSC9),
        ({"TERM_PROGRAM": "WezTerm"}, False, TerminalChannel.OSC777),
        ({"TERM": "foot-extra"}, False, TerminalChannel.OSC777),
        ({"TERM": "xterm-256color"}, False, TerminalChannel.BELL),
        ({"TERM_PROGRAM": "Apple_Terminal"}, False, TerminalChannel.BELL),
        ({"TERM": "tmux-256color", "TMUX": "x", "KITTY_WINDOW_ID": "1"}, False, TerminalChannel.BELL),
        ({"TERM": "tmux-256color", "TMUX": "x", "KITTY_WINDOW_ID": "1"}, True, TerminalChannel.OSC99),
    ],
)
def test_the_channel_is_chosen_by_terminal_and_tmux(
    environment: dict[str, str], *, passthrough: bool, channel: TerminalChannel
) -> None:
    assert choose(TerminalChannel.AUTO, environment, passthrough=passthrough) is channel
    assert choose(TerminalChannel.NONE, environment, passthrough=passthrough) is TerminalChannel.NONE


def test_sequences_are_exact_and_hold_no_foreign_bytes() -> None:
    evil = "a\x1b]52;c;x\x07b\x9dc;d"
    assert notice(TerminalChannel.OSC9, "t", "x", tmux=False) == "\x1b]9;t: x\x1b\\\x07"
    assert notice(TerminalChannel.OSC777, "t", evil, tmux=False) == "\x1b]777;notify;t;a]52,c,xbc,d\x1b\\\x07"
    assert notice(TerminalChannel.OSC9, "t", "x", tmux=True) == "\x1bPtmux;\x1b\x1b]9;t: x\x1b\x1b\\\x1b\\\x07"
    assert notice(TerminalChannel.BELL, evil, evil, tmux=True) == "\x07"
    assert notice(TerminalChannel.NONE, "t", "x", tmux=False) == ""
    assert len(notice(TerminalChannel.OSC99, "t" * 999, "x" * 999, tmux=False)) < 480
