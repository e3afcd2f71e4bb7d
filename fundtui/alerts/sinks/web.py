"""Sinks over HTTP: a function per kind that makes the request, and one class that sends it."""

from __future__ import annotations

import hashlib
import hmac
import json
import math
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from fundtui.alerts.message import Message, encode
from fundtui.alerts.sinks.guard import forbidden
from fundtui.alerts.sinks.sink import Refused, Trouble
from fundtui.clock import Clock
from fundtui.config.secret import SecretError
from fundtui.polling.judge import retry_after_s
from fundtui.polling.transport import Request, Response, Transport, TransportError
from fundtui.text import clean

MAX_ANSWER = 64 * 1024
RETRIED = frozenset({408, 425, 429})
"""Status codes below 500 that may pass; all other 4xx are refusals."""

Make = Callable[[Message, str, str], Request]
"""Message, address, token -> request."""


class WebSink:
    """Sends a message as one HTTP request. `secrets` fetches address and token at each send: they may change."""

    def __init__(
        self,
        name: str,
        make: Make,
        transport: Transport,
        clock: Clock,
        secrets: Callable[[], Awaitable[tuple[str, str]]],
        *,
        timeout_s: float,
        allow_http: bool = False,
        allow_private: bool = False,
    ) -> None:
        self.name = name
        self._make = make
        self._transport = transport
        self._clock = clock
        self._secrets = secrets
        self._timeout_s = timeout_s
        self._allow_private = allow_private
        self._schemes = ("https", "http") if allow_http else ("https",)

    async def send(self, message: Message) -> None:
        try:
            url, token = await self._secrets()
        except SecretError as error:
            raise Trouble(str(error)) from error
        request = self._make(message, url, token)
        address = urlsplit(request.url)
        if address.scheme not in self._schemes:
            raise Refused("the address must begin with https://, or allow_http be set")
        if (why := forbidden(address.hostname or "", allow_private=self._allow_private)) is not None:
            raise Refused(why)
        try:
            response = await self._transport.send(_limited(request, self.name, self._timeout_s))
        except TransportError as error:
            raise Trouble(f"{error.failure.value}: {clean(_without(str(error.text), url, token))}") from error
        self._judge(response, url, token)

    def _judge(self, response: Response, url: str, token: str) -> None:
        if 200 <= response.status < 300:
            return
        after_s = _asked_wait(response, self._clock.utc_ms())
        said = clean(_without(response.body[:200].decode("utf-8", "replace"), url, token), 120)
        text = f"answered {response.status}" + (f": {said}" if said else "")
        if 300 <= response.status < 500 and response.status not in RETRIED:
            raise Refused(text)
        raise Trouble(text, after_s)


def _limited(request: Request, name: str, timeout_s: float) -> Request:
    return Request(
        venue=f"notify {name}", endpoint=request.endpoint, url=request.url, method=request.method,
        params=request.params, body=request.body, headers=request.headers, max_bytes=MAX_ANSWER, timeout_s=timeout_s,
    )  # fmt: skip


def _asked_wait(response: Response, now_ms: int) -> float:
    waited = retry_after_s(response.headers, now_ms)
    if not math.isnan(waited):
        return waited
    # Telegram and Discord tell it in the body.
    try:
        answer = json.loads(response.body)
    except (ValueError, RecursionError):
        return math.nan
    if not isinstance(answer, Mapping):
        return math.nan
    inner = answer.get("parameters")
    said = answer.get("retry_after", inner.get("retry_after") if isinstance(inner, Mapping) else None)
    return float(said) if isinstance(said, (int, float)) and not isinstance(said, bool) else math.nan


def _without(text: str, *secrets: str) -> str:
    for secret in secrets:
        if secret:
            text = text.replace(secret, "***")
    return text


def _post(url: str, body: Mapping[str, Any] | bytes, *headers: tuple[str, str]) -> Request:
    text = body.decode() if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False)
    return Request(venue="", endpoint="notify", url=url, method="POST", body=text, headers=headers)


def webhook(message: Message, url: str, token: str) -> Request:
    """The message as JSON. With a token: `x-fundtui-signature: sha256=HMAC(token, time.body)` and the time signed."""
    body = encode(message)
    headers = [("idempotency-key", message.key)]
    if token:
        moment = str(message.time_ms)
        digest = hmac.new(token.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
        headers += [("x-fundtui-time", moment), ("x-fundtui-signature", f"sha256={digest}")]
    return _post(url, body, *headers)


_NTFY_PRIORITY = {"info": "3", "warning": "4", "critical": "5"}
_NTFY_TAG = {"firing": "rotating_light", "resolved": "white_check_mark", "test": "wave"}


def ntfy(message: Message, url: str, token: str) -> Request:
    """One message to a topic, https://server/topic."""
    headers = [
        ("content-type", "text/plain; charset=utf-8"),
        ("title", _header(message.title)),
        ("priority", _NTFY_PRIORITY[message.severity] if message.status == "firing" else "3"),
        ("tags", _NTFY_TAG[message.status]),
        ("idempotency-key", message.key),
    ]
    if token:
        headers.append(("authorization", f"Bearer {token}"))
    return _post(url, message.text().encode(), *headers)


def _header(text: str) -> str:
    return text.encode("ascii", "replace").decode("ascii")


def slack(message: Message, url: str, token: str) -> Request:
    """An incoming webhook's message. Nothing in it is read as markup."""
    text = f"{_MARK[message.status]} {message.title}\n{message.text()}"
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(character, entity)
    return _post(url, {"text": text, "mrkdwn": False, "unfurl_links": False})


def discord(message: Message, url: str, token: str) -> Request:
    """A webhook's message that mentions nobody."""
    text = f"{_MARK[message.status]} {message.title}\n{message.text()}"
    for character in "\\*_~`|>":
        text = text.replace(character, f"\\{character}")
    return _post(url, {"content": text[:1900], "allowed_mentions": {"parse": []}})


_MARK = {"firing": "▲", "resolved": "○", "test": "·"}


def telegram(chat: str) -> Make:
    """A bot's plain message to one chat."""

    def make(message: Message, url: str, token: str) -> Request:
        text = f"{_MARK[message.status]} {message.title}\n{message.text()}"
        base = url.rstrip("/") or "https://api.telegram.org"
        body = {"chat_id": chat, "text": text[:4000], "link_preview_options": {"is_disabled": True}}
        return _post(f"{base}/bot{token}/sendMessage", body)

    return make
