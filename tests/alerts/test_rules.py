"""The built-in rules: all fifteen of methodology §7, changeable by name, and honest about what they wait for."""

from __future__ import annotations

import msgspec
import pytest

from fundtui.alerts.defaults import DEFAULTS, NAMES
from fundtui.alerts.rule import Rule, rules_of
from fundtui.config.schema import AlertRule, Alerts, Settings
from fundtui.imbalance.catalogue import Level
from fundtui.status import Severity


def rules(**own: AlertRule) -> dict[str, Rule]:
    laid = {name.replace("_", "-"): rule for name, rule in own.items()}
    return {rule.name: rule for rule in rules_of(Settings(alerts=Alerts(rules=laid)))}


def test_all_fifteen_are_there() -> None:
    assert {text.number for text in DEFAULTS} >= set(range(1, 16))
    assert len(NAMES) == len(DEFAULTS)
    assert all(text.summary for text in DEFAULTS)


def test_each_is_in_use() -> None:
    for rule in rules().values():
        assert rule.in_use, (rule.name, rule.unready)


def test_a_rule_over_an_unknown_metric_says_so() -> None:
    odd = rules(mine=AlertRule(when="moon_phase > 3"))["mine"]
    assert not odd.in_use
    assert "no metric 'moon_phase'" in odd.unready


@pytest.mark.parametrize(
    ("name", "when", "critical"),
    [
        ("extreme-funding", "abs(apr) >= 50%", "abs(apr) >= 100%"),
        ("spread", "spread >= 25% and breakeven <= 3d", ""),
        ("divergence", "abs(divergence_t) > 3 and abs(divergence) > 0.5bp/8h and coverage >= 80%", ""),
        ("crowding", "abs(crowding) >= 85 and crowding_1h > 0 or abs(crowding) >= 95", "abs(crowding) >= 95"),
        ("oi-cap", "oi_usage >= 80%", "oi_usage >= 95%"),
    ],
)
def test_thresholds_of_the_methodology(name: str, when: str, critical: str) -> None:
    text = rules()[name].text
    assert (text.when, text.critical) == (when, critical)


def test_uncalibrated_rules_are_quiet() -> None:
    for name in ("pre-settlement", "crowding", "unusual-funding", "basis"):
        assert rules()[name].notify == ()
    assert rules()["spread"].notify == ("terminal",)


def test_a_built_in_rule_is_changed_by_name() -> None:
    found = rules(spread=AlertRule(wait=0.0, severity=Severity.CRITICAL), at_cap=AlertRule(enabled=False))
    spread = found["spread"]
    assert spread.built_in
    assert (spread.timing.wait_s, spread.severity) == (0.0, Severity.CRITICAL)
    assert spread.text.when == "spread >= 25% and breakeven <= 3d"
    assert not found["at-cap"].in_use
    assert found["at-cap"].unready == ""


def test_a_new_condition_drops_what_belonged_to_the_old_one() -> None:
    changed = rules(extreme_funding=AlertRule(when="spread > 40%"))["extreme-funding"]
    assert (changed.level, changed.critical) == (Level.ASSET, None)


def test_without_the_defaults_only_own_and_changed_ones_are_left() -> None:
    own = {"mine": AlertRule(when="z > 3"), "spread": AlertRule(wait=1.0)}
    found = rules_of(Settings(alerts=Alerts(defaults=False, rules=own)))
    assert [rule.name for rule in found] == ["spread", "mine"]


def test_the_version_follows_the_meaning() -> None:
    base = AlertRule(when="z > 3")
    version = rules(mine=base)["mine"].version
    for same in ({"message": "x"}, {"notify": ()}):
        assert rules(mine=msgspec.structs.replace(base, **same))["mine"].version == version
    for other in ({"when": "z > 4"}, {"wait": 5.0}, {"clear": "z > 1"}, {"severity": Severity.CRITICAL}):
        assert rules(mine=msgspec.structs.replace(base, **other))["mine"].version != version
