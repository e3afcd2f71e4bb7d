"""From an endpoint as data to a request: URL, parameters and body, with the key of a per-symbol endpoint put in."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

import msgspec

from fundtui.polling.transport import Request
from fundtui.venues.spec import Endpoint, Params, Venue

KEY = "{key}"
TIMEOUT_MAX_S = 10.0
TIMEOUT_SHARE = 0.8
"""Of the interval: an answer must not run into the next ask."""


def rebase(url: str, venue: str, base: str) -> str:
    """`https://host/path` as `BASE/venue/path`: a mirror that holds every venue under its name. "" changes nothing."""
    if not base:
        return url
    parts = urlsplit(url)
    query = f"?{parts.query}" if parts.query else ""
    return f"{base.rstrip('/')}/{venue}{parts.path}{query}"


def request_for(
    venue: Venue, endpoint: Endpoint, *, base: str = "", key: str = "", extra: Params = (), timeout_s: float
) -> Request:
    """The request of an endpoint. `extra` are the parameters of a following page, replacing those of the same name."""
    replaced = {name for name, _ in extra}
    params = tuple((name, value.replace(KEY, key)) for name, value in endpoint.params if name not in replaced)
    path = endpoint.path.replace(KEY, quote(key, safe=""))
    return Request(
        venue=venue.name,
        endpoint=endpoint.name,
        url=rebase((endpoint.base_url or venue.base_url).rstrip("/") + path, venue.name, base),
        method=endpoint.method,
        params=params + extra,
        body=endpoint.body.replace(KEY, msgspec.json.encode(key).decode()[1:-1]),
        max_bytes=endpoint.max_bytes,
        timeout_s=timeout_s,
    )


def timeout_for(every_s: float, longest_s: float = TIMEOUT_MAX_S) -> float:
    """The total deadline of one request of an endpoint asked that often, `longest_s` at most."""
    return min(longest_s, TIMEOUT_SHARE * every_s)
