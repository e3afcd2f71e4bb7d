"""Alert rules: the built-in ones with the user's changes over them, compiled once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import msgspec

from fundtui.alerts.defaults import DEFAULTS, RuleText
from fundtui.alerts.machine import Timing
from fundtui.config.schema import AlertRule, Grouping, Settings, Until
from fundtui.imbalance.catalogue import Level
from fundtui.query import Query, QueryError, compile_query, level_of
from fundtui.status import EventKind, Severity

CLEAR_SHARE = 0.8
"""A condition clears at this share of its thresholds unless the rule says otherwise (methodology §7)."""


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """A rule ready to be used.

    when, clear, critical  compiled; None for rules that follow journal events or the venues' health instead
    unready     why it cannot be used yet, empty for a rule in use
    assets, among   what `only` names: assets, and a query that finds them; None: all
    notify      sinks; empty: shown in the panel only
    version     changes with everything that changes its meaning; alerts of another version are reset
    """

    text: RuleText
    level: Level
    when: Query | None = None
    clear: Query | None = None
    critical: Query | None = None
    timing: Timing = Timing()
    assets: frozenset[str] | None = None
    among: Query | None = None
    severity: Severity = Severity.WARNING
    notify: tuple[str, ...] = ()
    group: Grouping = Grouping.RULE
    version: str = ""
    unready: str = ""
    built_in: bool = False

    @property
    def name(self) -> str:
        """The rule's name in the configuration."""
        return self.text.name

    @property
    def on(self) -> frozenset[EventKind]:
        """Journal events that are notices of this rule."""
        return self.text.on

    @property
    def in_use(self) -> bool:
        """Whether it is evaluated."""
        return self.text.enabled and not self.unready


def rules_of(settings: Settings) -> tuple[Rule, ...]:
    """All rules of a configuration: built-in ones first (unless turned off as a whole), then the user's own."""
    own = settings.alerts.rules
    texts = [(merged(text, own[text.name]) if text.name in own else text, True) for text in DEFAULTS]
    if not settings.alerts.defaults:
        texts = [(text, built_in) for text, built_in in texts if text.name in own]
    known = {text.name for text in DEFAULTS}
    texts += [(merged(RuleText(name=name), rule), False) for name, rule in own.items() if name not in known]
    return tuple(_compiled(text, settings, built_in=built_in) for text, built_in in texts)


def merged(text: RuleText, changes: AlertRule) -> RuleText:
    """A rule's text with what the configuration says laid over it."""
    named = {
        "wait_s": changes.wait,
        "keep_firing_s": changes.keep_firing,
        "severity": changes.severity,
        "notify": changes.notify,
        "level": changes.level,
        "group": changes.group,
    }
    laid: dict[str, object] = {name: value for name, value in named.items() if value is not None}
    written = {name: getattr(changes, name) for name in ("when", "clear", "critical", "only", "message")}
    laid |= {name: value for name, value in written.items() if value}
    if changes.until is not None:
        laid["until_settlement"] = changes.until is Until.SETTLEMENT
    if changes.when and changes.level is None:
        laid["level"] = None
    if changes.when and not changes.critical:
        # The built-in second threshold belongs to the built-in condition.
        laid["critical"] = ""
    return msgspec.structs.replace(text, enabled=changes.enabled, **laid)


def _compiled(text: RuleText, settings: Settings, *, built_in: bool) -> Rule:
    chosen = settings.alerts.notify if text.notify is None else text.notify
    common = {
        "text": text,
        "timing": Timing(text.wait_s, text.keep_firing_s, text.until_settlement),
        "assets": _assets(text.only, settings),
        "among": _among(text.only, settings),
        "severity": text.severity,
        "notify": tuple(chosen),
        "group": text.group,
        "built_in": built_in,
        "version": _version(text),
    }
    if not text.when:
        unready = "" if text.on or text.health else "it has no condition"
        return Rule(level=text.level or Level.VENUE, unready=unready, **common)  # type: ignore[arg-type]
    try:
        level = text.level or level_of(text.when)
        when = compile_query(text.when, level)
        clear = compile_query(text.clear, level) if text.clear else when.relaxed(CLEAR_SHARE)
        critical = compile_query(text.critical, level) if text.critical else None
    except QueryError as error:
        return Rule(level=text.level or Level.ASSET, unready=error.message, **common)  # type: ignore[arg-type]
    return Rule(level=level, when=when, clear=clear, critical=critical, **common)  # type: ignore[arg-type]


def _assets(only: str, settings: Settings) -> frozenset[str] | None:
    watchlist = settings.watchlists.get(only)
    return None if watchlist is None else frozenset(watchlist.assets)


def _among(only: str, settings: Settings) -> Query | None:
    watchlist = settings.watchlists.get(only)
    return None if watchlist is None or not watchlist.where else compile_query(watchlist.where, Level.ASSET)


def _version(text: RuleText) -> str:
    meaning = msgspec.structs.replace(text, notify=None, message="", summary="", group=Grouping.RULE, enabled=True)
    return hashlib.blake2b(repr(meaning).encode(), digest_size=6).hexdigest()


def in_use(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """Those that are evaluated."""
    return tuple(rule for rule in rules if rule.in_use)
