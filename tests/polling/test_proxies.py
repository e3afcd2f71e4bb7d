"""Proxy variables as people really set them: used where they can be, told about where they cannot."""

from __future__ import annotations

import pytest

from fundtui.polling.proxies import read_proxies

VENUE = "https://fapi.binance.com/fapi/v1/premiumIndex"


@pytest.mark.parametrize(
    ("environ", "proxy"),
    [
        ({}, None),
        ({"HTTPS_PROXY": "http://proxy:3128"}, "http://proxy:3128"),
        ({"https_proxy": "proxy:3128"}, "http://proxy:3128"),
        ({"HTTP_PROXY": "http://proxy:3128"}, None),
        ({"ALL_PROXY": "socks5://[::1]:1080"}, "socks5://[::1]:1080"),
        ({"ALL_PROXY": "socks://127.0.0.1:1080/"}, "socks5://127.0.0.1:1080"),
        ({"ALL_PROXY": "http://a:1", "HTTPS_PROXY": "http://user:pass@b:2"}, "http://user:pass@b:2"),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "binance.com"}, None),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": ".binance.com, other"}, None),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "*.binance.com"}, None),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "nance.com"}, "http://p:1"),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "*"}, None),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "::1,fd00::/8,10.0.0.0/8"}, "http://p:1"),
        ({"HTTPS_PROXY": "  "}, None),
    ],
)
def test_which_proxy_a_venue_is_asked_through(environ: dict[str, str], proxy: str | None) -> None:
    proxies = read_proxies(environ)
    assert proxies.for_url(VENUE) == proxy
    assert proxies.problems == ()


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8080/x", "http://localhost/x", "http://10.1.2.3/x", "http://[fd00::1]/"]
)
def test_the_machine_itself_and_listed_networks_are_asked_directly(url: str) -> None:
    proxies = read_proxies({"HTTP_PROXY": "http://p:1", "NO_PROXY": "fd00::/8,10.0.0.0/8"})
    assert proxies.for_url(url) is None


@pytest.mark.parametrize(
    "value", ["ftp://proxy:1", "http://", "http://pro xy:1", "http://proxy:99999", "://", "http://[::1"]
)
def test_an_unusable_proxy_is_told_in_words_and_never_gone_around(value: str) -> None:
    proxies = read_proxies({"HTTPS_PROXY": value})
    assert len(proxies.problems) == 1
    assert proxies.problems[0].startswith("HTTPS_PROXY: ")
    with pytest.raises(ValueError, match="HTTPS_PROXY"):
        proxies.for_url(VENUE)
    assert "unusable" in proxies.describe()


def test_one_bad_exception_costs_only_itself() -> None:
    proxies = read_proxies({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "bad host!,binance.com"})
    assert proxies.for_url(VENUE) is None
    assert proxies.problems == ("NO_PROXY: 'host!' is not a host, domain or network",)


def test_passwords_are_never_shown() -> None:
    good = read_proxies({"HTTPS_PROXY": "http://user:secret@p:1"})
    bad = read_proxies({"HTTPS_PROXY": "http://user:secret@pro xy:1"})
    assert good.describe() == "https: http://p:1"
    assert "secret" not in good.describe() + bad.describe() + "".join(bad.problems)
