"""`fundtui rules`: every alert rule, whether it is in use, and what it would have done on the record."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from typing import Any

from fundtui.alerts.rule import Rule, rules_of
from fundtui.commands.errors import OK
from fundtui.commands.settings import load_settings
from fundtui.commands.writers import write_records, write_table
from fundtui.config.schema import Settings
from fundtui.units import format_duration

HEADS = ("rule", "state", "level", "severity", "condition", "for", "notifies")
LEFT = [True] * len(HEADS)


def run(arguments: argparse.Namespace) -> int:
    """List the rules, or test them."""
    if arguments.action == "test":
        from fundtui.commands.rules_test import test

        return test(arguments)
    found = rules_of(load_settings(arguments).loaded.settings)
    if arguments.format == "json":
        write_records([_record(rule) for rule in found], "json", ())
    elif arguments.format == "markdown":
        print(markdown(found))
    else:
        write_table(HEADS, [_cells(rule) for rule in found], LEFT)
    return OK


def state_of(rule: Rule) -> str:
    """on; quiet: shown and told to nobody; off: by the configuration; or what it waits for."""
    if not rule.text.enabled:
        return "off"
    if rule.unready:
        return f"cannot be used: {rule.unready}"
    return "on" if rule.notify else "quiet"


def _condition(rule: Rule) -> str:
    return rule.text.when or rule.text.summary


def _cells(rule: Rule) -> Sequence[str]:
    severity = rule.severity.value
    if rule.text.critical:
        severity += f", critical if {rule.text.critical}"
    wait = format_duration(rule.text.wait_s) if rule.text.wait_s else "-"
    return rule.name, state_of(rule), rule.level, severity, _condition(rule), wait, ", ".join(rule.notify) or "-"


def _record(rule: Rule) -> dict[str, Any]:
    text = rule.text
    return {
        "rule": rule.name,
        "state": state_of(rule).partition(":")[0],
        "reason": rule.unready or None,
        "built_in": rule.built_in,
        "methodology": text.number or None,
        "summary": text.summary or None,
        "level": rule.level.value,
        "severity": rule.severity.value,
        "when": text.when or None,
        "clear": text.clear or None,
        "critical": text.critical or None,
        "for_s": text.wait_s,
        "keep_firing_s": text.keep_firing_s,
        "until": "settlement" if text.until_settlement else None,
        "only": text.only or None,
        "notify": list(rule.notify),
        "group": rule.group.value,
    }


def markdown(rules: Iterable[Rule] | None = None) -> str:
    """The rule table of the README."""
    lines = ["| rule | no. | tells | condition | for | default |", "|" + " --- |" * 6]
    for rule in rules_of(Settings()) if rules is None else rules:
        text = rule.text
        critical = f"; critical: `{text.critical}`" if text.critical else ""
        condition = f"`{text.when}`{critical}" if text.when else "-"
        wait = format_duration(text.wait_s) if text.wait_s else "-"
        cells = (f"`{rule.name}`", str(text.number or "-"), text.summary, condition, wait, state_of(rule))
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)
