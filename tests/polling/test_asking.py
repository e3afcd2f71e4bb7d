"""Requests are made from endpoints, with keys and pages put in, and moved to a mirror where one is named."""

from __future__ import annotations

import json

import pytest

from fundtui.polling.asking import rebase, request_for, timeout_for
from fundtui.venues.spec import Endpoint
from tests.polling.toys import decode, toy_venue


@pytest.mark.parametrize(
    ("url", "base", "moved"),
    [
        ("https://fapi.binance.com/fapi/v1/x", "", "https://fapi.binance.com/fapi/v1/x"),
        ("https://fapi.binance.com/fapi/v1/x", "http://127.0.0.1:80", "http://127.0.0.1:80/toy/fapi/v1/x"),
        ("https://a.test/x?y=1", "http://mirror.test/sub/", "http://mirror.test/sub/toy/x?y=1"),
    ],
)
def test_a_mirror_holds_each_venue_under_its_name(url: str, base: str, moved: str) -> None:
    assert rebase(url, "toy", base) == moved


def test_a_key_goes_into_path_parameters_and_body_each_in_its_own_spelling() -> None:
    endpoint = Endpoint(
        name="oi",
        path="/v1/oi/{key}",
        method="POST",
        params=(("symbol", "{key}"),),
        body='{"coin": "{key}", "other": {"a": 1}}',
        decode=decode,
    )
    request = request_for(toy_venue(), endpoint, key='A/B"', timeout_s=5)
    assert request.url == "https://api.toy.test/v1/oi/A%2FB%22"
    assert request.params == (("symbol", 'A/B"'),)
    assert json.loads(request.body) == {"coin": 'A/B"', "other": {"a": 1}}
    assert (request.venue, request.endpoint, request.method) == ("toy", "oi", "POST")


def test_a_following_page_replaces_the_parameters_that_it_names() -> None:
    endpoint = Endpoint(name="x", path="/x", params=(("limit", "5"), ("cursor", "")), decode=decode)
    request = request_for(toy_venue(), endpoint, extra=(("cursor", "next"),), timeout_s=5)
    assert request.params == (("limit", "5"), ("cursor", "next"))


@pytest.mark.parametrize(("every_s", "timeout_s"), [(1, 0.8), (10, 8), (12.5, 10), (3600, 10)])
def test_the_deadline_fits_into_the_interval(every_s: float, timeout_s: float) -> None:
    assert timeout_for(every_s) == pytest.approx(timeout_s)
