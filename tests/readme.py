"""Keeps the README's tables in step with the code: `python -m tests.readme` writes them anew."""

from __future__ import annotations

import sys
from pathlib import Path

from fundtui.commands.metrics import markdown as metrics_table
from fundtui.commands.rules import markdown as rules_table
from fundtui.commands.venues import markdown as venues_table
from fundtui.imbalance.catalogue import CATALOGUE
from fundtui.ui.keys import KEYS
from fundtui.venues import load_all

README = Path(__file__).parent.parent / "README.md"


def keys_table() -> str:
    """Every key with what it does."""
    lines = ["| key | does |", "| --- | --- |"]
    lines += [f"| `{key.shown}` | {key.help.replace('|', chr(92) + '|')} |" for key in KEYS]
    return "\n".join(lines)


def tables() -> dict[str, str]:
    """Marker -> the table that belongs between it and its end."""
    return {
        "keys": keys_table(),
        "metrics": metrics_table([metric for metrics in CATALOGUE.values() for metric in metrics]),
        "venues": venues_table(load_all()),
        "rules": rules_table(),
    }


def renewed(text: str) -> str:
    """The README with its tables as the code has them now."""
    for name, table in tables().items():
        before, opening, rest = text.partition(f"<!-- {name} -->\n")
        _, closing, after = rest.partition(f"<!-- /{name} -->")
        if not (opening and closing):
            raise SystemExit(f"README.md needs the marker {name}")
        text = f"{before}{opening}{table}\n{closing}{after}"
    return text


if __name__ == "__main__":
    README.write_text(renewed(README.read_text(encoding="utf-8")), encoding="utf-8")
    sys.exit(0)
