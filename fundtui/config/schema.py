"""Every setting: name, type, default and meaning. The template, the JSON schema and the checks come from here.

A table with settings of its own and named tables beside them (`[venues]` and `[venues.binance]`) keeps the named ones
in one dict field, listed in NAMED.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from msgspec import Meta, Struct, field

from fundtui.config.kinds import Dollars, Fraction, Seconds
from fundtui.imbalance.metric import Level
from fundtui.status import Severity
from fundtui.units import Basis

NARROWEST, WIDEST = 3, 40
"""Bounds of a column's width in cells."""


class Glyphs(StrEnum):
    """Which characters the screen may use."""

    AUTO = "auto"
    UNICODE = "unicode"
    ASCII = "ascii"


class Color(StrEnum):
    """Whether colour is used."""

    AUTO = "auto"
    NEVER = "never"


class Lens(StrEnum):
    """What every rate on screen means: as published, less the cost of money, or the premium alone."""

    RAW = "raw"
    EXCESS = "excess"
    PREMIUM = "premium"


class Side(StrEnum):
    """A position's side."""

    LONG = "long"
    SHORT = "short"


class Execution(StrEnum):
    """How orders are executed, which decides the fee."""

    TAKER = "taker"
    MAKER = "maker"


class SinkKind(StrEnum):
    """Where notices can go."""

    TERMINAL = "terminal"
    WEBHOOK = "webhook"
    NTFY = "ntfy"
    SLACK = "slack"
    DISCORD = "discord"
    TELEGRAM = "telegram"
    EXEC = "exec"
    SYSLOG = "syslog"
    FILE = "file"


class TerminalChannel(StrEnum):
    """How the terminal is made to notice."""

    AUTO = "auto"
    BELL = "bell"
    OSC9 = "osc9"
    OSC777 = "osc777"
    OSC99 = "osc99"
    NONE = "none"


class Grouping(StrEnum):
    """Which notices are bundled."""

    RULE = "rule"
    ASSET = "asset"
    VENUE = "venue"
    NONE = "none"


class Until(StrEnum):
    """What ends an alert besides its condition."""

    SETTLEMENT = "settlement"


def about(text: str, **bounds: Any) -> Meta:
    """A setting's meaning, and its bounds."""
    return Meta(description=text, **bounds)


class Display(Struct, frozen=True, kw_only=True):
    """How things look."""

    rate_basis: Annotated[Basis, about("rates per hour, per 8 hours, or per year")] = Basis.APR
    lens: Annotated[Lens, about("rates as published, above the cost of money, or the premium alone")] = Lens.RAW
    theme: Annotated[str, about("a theme's name; `fundtui` offers them under `:theme`")] = "dusk"
    glyphs: Annotated[Glyphs, about("auto asks the terminal and the locale")] = Glyphs.AUTO
    color: Annotated[Color, about("auto follows the terminal and NO_COLOR")] = Color.AUTO
    shared_scale: Annotated[bool, about("sparklines on one scale for all rows, else each on its own")] = False
    fps: Annotated[int, about("most frames a second", ge=1, le=60)] = 10
    slow: Annotated[bool, about("spare a slow line: fewer frames, no flashes")] = False
    mouse: Annotated[bool, about("answer the mouse")] = True
    watchlist: Annotated[str, about("watchlist shown first; empty shows all assets")] = ""
    columns: Annotated[tuple[str, ...], about("columns of the main table; empty chooses by width")] = ()
    widths: Annotated[dict[str, int], about("column widths in cells, as in { spread = 10 }")] = {}
    sort: Annotated[str, about("order of the main table; - in front: largest first")] = "-spread"
    welcome: Annotated[bool, about("a word about the keys at the very first start")] = True


class Watchlist(Struct, frozen=True, kw_only=True):
    """Assets to look at: named, or found by a query, or both."""

    assets: Annotated[tuple[str, ...], about("assets by name")] = ()
    where: Annotated[str, about("a query over assets, as in spread > 25% and oi > 20M")] = ""
    sort: Annotated[str, about("order; - in front: largest first")] = ""
    columns: Annotated[tuple[str, ...], about("columns; empty takes those of [display]")] = ()
    widths: Annotated[dict[str, int], about("column widths in cells")] = {}
    hidden: Annotated[bool, about("leave it out of the interface")] = False


class VenueSettings(Struct, frozen=True, kw_only=True):
    """One venue's settings."""

    enabled: Annotated[bool, about("ask it at all")] = True
    poll: Annotated[Seconds, about("time between two polls", ge=1.0, le=3600.0)] | None = None
    taker_fee: Annotated[Fraction, about("your taker fee", ge=-0.01, le=0.05)] | None = None
    maker_fee: Annotated[Fraction, about("your maker fee; below zero is a rebate", ge=-0.01, le=0.05)] | None = None
    base_url: Annotated[str, about("another base address, such as a mirror")] = ""
    top: Annotated[int, about("symbols asked one by one, largest open interest first", ge=0, le=1000)] | None = None


class Venues(Struct, frozen=True, kw_only=True):
    """Which venues are asked."""

    disable: Annotated[tuple[str, ...], about("venues to leave alone")] = ()
    enable: Annotated[tuple[str, ...], about("experimental venues to ask as well")] = ()
    only: Annotated[tuple[str, ...], about("ask these and no others; empty asks all")] = ()
    named: dict[str, VenueSettings] = {}


class Polling(Struct, frozen=True, kw_only=True):
    """How venues are asked."""

    budget_share: Annotated[Fraction, about("share of a venue's published limit", ge=0.01, le=0.9)] = 0.5
    timeout: Annotated[Seconds, about("whole time that one request may take", ge=1.0, le=60.0)] = 10.0
    premium_history: Annotated[
        int,
        about(
            "contracts per venue whose running average begins with the venue's own samples; 0 asks none", ge=0, le=500
        ),
    ] = 20
    proxy: Annotated[str, about("proxy address; empty reads HTTPS_PROXY and ALL_PROXY, none uses none")] = ""
    ca_file: Annotated[str, about("a further certificate authority, PEM file")] = ""


class Costs(Struct, frozen=True, kw_only=True):
    """What a pair of positions costs (methodology §4)."""

    size_usd: Annotated[Dollars, about("notional of each leg", ge=1.0)] = 10_000.0
    equity_usd: Annotated[Dollars, about("own capital that limits of a size refer to", ge=1.0)] = 100_000.0
    horizon: Annotated[Seconds, about("how long a pair is meant to be held", ge=3600.0)] = 7 * 86_400.0
    execution: Annotated[Execution, about("whose fee counts: taker, or maker for resting orders that do fill")] = (
        Execution.TAKER
    )
    half_spread: Annotated[Fraction, about("half of bid-ask where the book is unknown", ge=0.0, le=0.05)] = 0.0001
    impact: Annotated[float, about("factor of the square-root impact law", ge=0.0, le=5.0)] = 1.0
    leverage: Annotated[float, about("leverage of each leg", ge=1.0, le=125.0)] = 5.0
    margin_buffer: Annotated[Fraction, about("spare margin", ge=0.0, le=2.0)] = 0.2


class Carry(Struct, frozen=True, kw_only=True):
    """The cost of money (methodology §2.6)."""

    quote_rate: Annotated[Fraction, about("yearly rate on dollars", ge=-0.5, le=2.0)] = 0.04
    base_yields: Annotated[dict[str, Fraction], about('yearly yield of a coin, as in { ETH = "3%" }')] = {}


class AlertRule(Struct, frozen=True, kw_only=True):
    """One alert rule."""

    when: Annotated[str, about("the condition, a query")] = ""
    clear: Annotated[str, about("holds while this holds; empty: `when` with thresholds at 80 %")] = ""
    critical: Annotated[str, about("a second condition that makes it critical")] = ""
    level: Annotated[Level, about("what a subject is; unset: found from the names in `when`")] | None = None
    wait: Annotated[Seconds, about("how long it must hold before it fires", ge=0.0, le=30 * 86_400.0)] | None = field(
        default=None, name="for"
    )
    keep_firing: Annotated[Seconds, about("how long it fires on", ge=0.0, le=30 * 86_400.0)] | None = None
    until: Annotated[Until, about("what ends it besides its condition")] | None = None
    only: Annotated[str, about("only assets of this watchlist")] = ""
    severity: Annotated[Severity, about("info, warning or critical")] | None = None
    notify: Annotated[tuple[str, ...], about("sinks; empty list: shown in the panel only")] | None = None
    group: Annotated[Grouping, about("which notices are bundled")] | None = None
    message: Annotated[str, about("text with {metric} places; empty writes one")] = ""
    enabled: Annotated[bool, about("off keeps it listed")] = True


class Alerts(Struct, frozen=True, kw_only=True):
    """Alert rules and how notices are bundled."""

    defaults: Annotated[bool, about("the built-in rules")] = True
    notify: Annotated[tuple[str, ...], about("sinks of rules that name none")] = ("terminal",)
    group_wait: Annotated[Seconds, about("wait for more of a new group", ge=0.0, le=3600.0)] = 10.0
    group_interval: Annotated[Seconds, about("between two notices of a group", ge=0.0, le=86_400.0)] = 60.0
    repeat: Annotated[Seconds, about("again while it fires", ge=60.0, le=30 * 86_400.0)] = 4 * 3600.0
    rules: dict[str, AlertRule] = {}


class Sink(Struct, frozen=True, kw_only=True):
    """Where notices go. Secrets stay out of the file: name a variable, a file or a command."""

    kind: Annotated[SinkKind, about("what it is; found from the name where they agree")] | None = None
    enabled: Annotated[bool, about("off keeps its settings")] = True
    url: Annotated[str, about("address")] = ""
    url_env: Annotated[str, about("variable that holds the address")] = ""
    url_file: Annotated[str, about("file that holds the address, readable by you alone")] = ""
    url_cmd: Annotated[tuple[str, ...], about("command that prints the address")] = ()
    token: Annotated[str, about("token or signing key; better one of the next three")] = ""
    token_env: Annotated[str, about("variable that holds it")] = ""
    token_file: Annotated[str, about("file that holds it, readable by you alone")] = ""
    token_cmd: Annotated[tuple[str, ...], about("command that prints it")] = ()
    chat: Annotated[str, about("telegram: chat id")] = ""
    command: Annotated[tuple[str, ...], about("exec: program and arguments, JSON on standard input")] = ()
    path: Annotated[str, about("file: where lines are appended")] = ""
    channel: Annotated[TerminalChannel, about("terminal: how")] = TerminalChannel.AUTO
    severity: Annotated[Severity, about("only notices of at least this weight")] = Severity.INFO
    per_hour: Annotated[int, about("most notices an hour, then one digest", ge=1, le=3600)] = 20
    per_minute: Annotated[int, about("most notices a minute", ge=1, le=60)] = 3
    timeout: Annotated[Seconds, about("whole time of one try", ge=1.0, le=60.0)] = 10.0
    allow_http: Annotated[bool, about("permit an address without TLS")] = False
    allow_private: Annotated[bool, about("permit an address inside your network")] = False


class Notify(Struct, frozen=True, kw_only=True):
    """Sinks by name."""

    sinks: dict[str, Sink] = {}


class History(Struct, frozen=True, kw_only=True):
    """The local record."""

    enabled: Annotated[bool, about("keep a record")] = True
    folder: Annotated[str, about("where; empty takes the platform's data folder")] = ""
    keep_samples: Annotated[Seconds, about("raw samples", ge=86_400.0)] = 30 * 86_400.0
    keep_bars: Annotated[Seconds, about("hourly bars; settlements are kept for good", ge=86_400.0)] = 730 * 86_400.0
    keep_quotes: Annotated[
        Seconds, about("mark, premium and open interest each five minutes; 0 keeps none", ge=0.0)
    ] = 30 * 86_400.0
    backfill: Annotated[Seconds, about("settled rates fetched at first start", ge=0.0)] = 90 * 86_400.0


class Position(Struct, frozen=True, kw_only=True):
    """A position of yours, to see its funding and its distance to liquidation. Nothing is sent anywhere."""

    venue: Annotated[str, about("venue")]
    symbol: Annotated[str, about("the venue's name of the contract")]
    side: Annotated[Side, about("long or short")]
    size: Annotated[float, about("in the contract's base", ge=0.0)]
    entry: Annotated[float, about("average entry price", ge=0.0)] | None = None
    leverage: Annotated[float, about("leverage, for the liquidation price", ge=1.0, le=125.0)] | None = None
    liquidation: Annotated[float, about("liquidation price, where you know it", ge=0.0)] | None = None


class Settings(Struct, frozen=True, kw_only=True):
    """All settings."""

    display: Display = Display()
    watchlists: dict[str, Watchlist] = {}
    venues: Venues = Venues()
    polling: Polling = Polling()
    costs: Costs = Costs()
    carry: Carry = Carry()
    alerts: Alerts = Alerts()
    notify: Notify = Notify()
    history: History = History()
    positions: dict[str, Position] = {}


NAMED: dict[type[Struct], tuple[str, type[Struct]]] = {
    Venues: ("named", VenueSettings),
    Alerts: ("rules", AlertRule),
    Notify: ("sinks", Sink),
}

RETIRED: dict[tuple[str, ...], str] = {
    (
        "display",
        "numbers",
    ): "no setting any more: amounts are always written short, as in 19.9B; exports have all digits",
    ("display", "times"): "no setting any more: times are always UTC, as venues settle",
}
"""Settings of earlier versions that changed nothing: path -> what to know. They are passed over with a warning."""
