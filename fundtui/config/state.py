"""What the interface itself changes: state.toml, beside the user's own file, which is never rewritten."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from fundtui.config.files import read_document, toml_text, write_private
from fundtui.config.problems import BrokenText
from fundtui.config.schema import Settings
from fundtui.config.tree import field_at

SECTIONS = frozenset({"display", "watchlists"})


class Plan(msgspec.Struct, frozen=True):
    """What is about to be written: the file, its text before and after, and where a file that is no TOML is kept."""

    path: Path
    before: str
    after: str
    aside: Path | None = None


class Kept(msgspec.Struct, frozen=True):
    """What came of a change: the settings that hold now, and where a file that was no TOML is kept."""

    settings: Settings
    aside: Path | None = None


def plan(path: Path, changes: Mapping[str, Any]) -> Plan:
    """Lay changes over state.toml. Keys are dotted (`display.theme`, `watchlists.majors.assets`).

    None takes a setting back to what the user's file says; `watchlists.majors` with None drops the whole list. A
    present file that is no TOML counts as empty and is set aside by `carry_out`.
    Raises ConfigError when the present file may not be read, ValueError for what the interface does not keep.
    """
    aside = None
    try:
        document = read_document(path, required=False)
        before, tree = document.text, document.tree
    except BrokenText:
        before, tree, aside = "", {}, _free_name(path)
    for dotted, value in changes.items():
        keys = tuple(dotted.split("."))
        whole_list = len(keys) == 2 and keys[0] == "watchlists" and value is None
        if keys[0] not in SECTIONS or not (whole_list or field_at(keys) is not None):
            raise ValueError(f"the interface does not keep {dotted}")
        _put(tree, keys, value)
    return Plan(path, before, toml_text(tree), aside)


def carry_out(planned: Plan) -> None:
    """Write the file whole or not at all. Raises OSError."""
    if planned.aside is not None:
        planned.path.rename(planned.aside)
    write_private(planned.path, planned.after.encode())


def save(path: Path, changes: Mapping[str, Any]) -> Path | None:
    """Plan changes and write them; where a file that was no TOML is kept now. Raises as `plan` and `carry_out`."""
    planned = plan(path, changes)
    carry_out(planned)
    return planned.aside


def _free_name(path: Path) -> Path:
    """Beside the file, a name that nothing has yet."""
    number = 1
    while (free := path.with_name(f"{path.name}.broken-{number}")).exists():
        number += 1
    return free


def _put(tree: dict[str, Any], keys: tuple[str, ...], value: Any) -> None:
    first, *rest = keys
    if rest:
        inner = tree.setdefault(first, {})
        if not isinstance(inner, dict):
            inner = tree[first] = {}
        _put(inner, tuple(rest), value)
        if not inner:
            del tree[first]
    elif value is None:
        tree.pop(first, None)
    else:
        tree[first] = list(value) if isinstance(value, tuple) else value
