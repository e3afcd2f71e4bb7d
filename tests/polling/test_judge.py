"""Every way a venue can refuse has a name, plain words and a time to stay away."""

from __future__ import annotations

from typing import Any

import pytest

from fundtui.polling.judge import TroubleKind, classify, from_bad_answer, from_failure, retry_after_s
from fundtui.polling.transport import Failure, TransportError
from fundtui.venues.spec import BadAnswer, Fault
from tests.polling.toys import START_MS, answer, ok, toy_venue

CLOUDFRONT = (
    b"<HTML><HEAD><TITLE>ERROR: The request could not be satisfied</TITLE></HEAD><BODY>The Amazon CloudFront "
    b"distribution is configured to block access from your country.</BODY></HTML>"
)


@pytest.mark.parametrize(
    ("status", "body", "headers", "kind", "text", "hold_s"),
    [
        (418, b"", {"retry_after": "1860"}, "banned", "418 banned until 12:31 UTC", 1860),
        (418, b'{"code":-1003,"msg":"Way too many requests; IP banned until 1795350660000."}', {},
         "banned", "418 banned until 12:31 UTC", 1860),
        (418, b'{"msg":"banned until 1795350660000"}', {"retry_after": "60"}, "banned", "418 banned until 12:31 UTC",
         1860),
        (418, b"", {}, "banned", "418 banned until 12:10 UTC", 600),
        (418, b"", {"retry_after": "172800"}, "banned", "418 banned until 2026-11-24 12:00 UTC", 172800),
        (418, b"", {"retry_after": "99999999"}, "banned", "418 banned until 2026-11-25 12:00 UTC", 3 * 86400),
        (403, b'{"retMsg":"access too frequent"}', {}, "banned", "403 banned until 12:10 UTC", 600),
        (429, b"", {"retry_after": "30"}, "rate_limited", "429 rate limited until 12:00:30 UTC", 30),
        (429, b"", {"retry_after": "Sun, 22 Nov 2026 12:01:30 GMT"}, "rate_limited",
         "429 rate limited until 12:01:30 UTC", 90),
        (429, b"", {"retry_after": "0"}, "rate_limited", "429 rate limited until 12:00:01 UTC", 1),
        (429, b"", {"retry_after": "86400"}, "rate_limited", "429 rate limited until 13:00:00 UTC", 3600),
        (429, b"", {"retry_after": "soon"}, "rate_limited", "429 rate limited until 12:00:30 UTC", 30),
        (429, b"", {"retry_after": "Sun, 22 Nov 2020 12:01:30 GMT"}, "rate_limited",
         "429 rate limited until 12:00:01 UTC", 1),
        (429, b'{"msg":"banned until 1795350660000"}', {}, "banned", "429 banned until 12:31 UTC", 1860),
        (451, b'{"code":0}', {}, "geo_blocked", "451 not served at this location", 900),
        (403, CLOUDFRONT, {}, "geo_blocked", "403 not served at this location", 900),
        (403, b"<html>Forbidden</html>", {}, "geo_blocked", "403 refused by the venue's firewall", 900),
        (503, b"<html>x</html>", {"retry_after": "120"}, "5xx", "503 server error", 120),
        (500, b'{"msg":"Internal error"}', {}, "5xx", "500 Internal error", 0),
        (400, b'{"code":-1121,"msg":"Invalid symbol."}', {}, "http_4xx", "400 Invalid symbol.", 0),
        (404, b"<html>not found</html>", {}, "http_4xx", "404 request refused", 0),
        (302, b"", {"location": "https://elsewhere.test/"}, "bad_payload", "302 redirect, not followed", 0),
    ],
)  # fmt: skip
def test_what_a_status_means(
    status: int, body: bytes, headers: dict[str, str], kind: str, text: str, hold_s: float
) -> None:
    trouble = classify(answer(status, body, **headers), toy_venue(), START_MS)
    assert trouble is not None
    assert (trouble.kind.value, str(trouble.text)) == (kind, text)
    assert trouble.hold_s == pytest.approx(hold_s)


def test_a_good_status_is_left_to_the_decoder() -> None:
    assert classify(ok(), toy_venue(), START_MS) is None


def test_the_venues_own_judgement_comes_first() -> None:
    def judge(status: int, body: bytes) -> BadAnswer | None:
        return BadAnswer(Fault.RATE_LIMITED, "slow down", retry_after_s=7) if status == 403 else None

    trouble = classify(answer(403, CLOUDFRONT), toy_venue(judge=judge), START_MS)
    assert trouble is not None
    assert (trouble.kind, trouble.hold_s) == (TroubleKind.RATE_LIMITED, 7)
    later = classify(answer(500), toy_venue(judge=judge), START_MS)
    assert later is not None
    assert later.kind is TroubleKind.HTTP_5XX


@pytest.mark.parametrize(
    ("fault", "kind", "hold_s"),
    [
        (Fault.RATE_LIMITED, TroubleKind.RATE_LIMITED, 30),
        (Fault.BANNED, TroubleKind.BANNED, 600),
        (Fault.GEO_BLOCKED, TroubleKind.GEO_BLOCKED, 900),
        (Fault.MAINTENANCE, TroubleKind.MAINTENANCE, 0),
        (Fault.NOT_JSON, TroubleKind.BAD_PAYLOAD, 0),
        (Fault.WRONG_SHAPE, TroubleKind.BAD_PAYLOAD, 0),
    ],
)
def test_errors_inside_a_good_status_hold_just_as_long(fault: Fault, kind: TroubleKind, hold_s: float) -> None:
    trouble = from_bad_answer(BadAnswer(fault, "said so"), answer(200), START_MS)
    assert (trouble.kind, trouble.hold_s) == (kind, hold_s)


def test_a_soft_ban_is_seen_in_the_body_of_a_good_status() -> None:
    body = b'{"code":-1003,"msg":"IP banned until 1795350660000."}'
    trouble = from_bad_answer(BadAnswer(Fault.VENUE_ERROR, "error -1003"), answer(200, body), START_MS)
    assert (trouble.kind, str(trouble.text)) == (TroubleKind.BANNED, "banned until 12:31 UTC")


def test_words_of_a_venue_cannot_carry_control_characters() -> None:
    trouble = classify(answer(400, b'{"msg":"\x1b]0;owned\x07 \xe2\x80\xaeevil"}'), toy_venue(), START_MS)
    assert trouble is not None
    assert str(trouble.text) == "400 ]0;owned evil"


@pytest.mark.parametrize("failure", list(Failure))
def test_every_failure_of_the_transport_has_a_kind(failure: Failure) -> None:
    assert from_failure(TransportError(failure, "why")).text == "why"


@pytest.mark.parametrize(
    ("text", "seconds"), [("120", 120.0), (" 1.5 ", 1.5), ("", None), ("-5", None), ("١٢", None), ("1e9", None)]
)
def test_retry_after_takes_plain_numbers_only(text: str, seconds: Any) -> None:
    found = retry_after_s({"retry-after": text}, START_MS)
    assert found != found if seconds is None else found == seconds
