"""What the interface itself changes: state.toml, beside the user's own file, which is never rewritten."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fundtui.config.files import read_document, write_tree
from fundtui.config.tree import field_at

SECTIONS = frozenset({"display", "watchlists"})


def save(path: Path, changes: Mapping[str, Any]) -> None:
    """Lay changes over state.toml and write it whole. Keys are dotted (`display.theme`, `watchlists.majors.assets`).

    None takes a setting back to what the user's file says; `watchlists.majors` with None drops the whole list.
    Raises ConfigError when the present file cannot be read, OSError when it cannot be written.
    """
    tree = read_document(path, required=False).tree
    for dotted, value in changes.items():
        keys = tuple(dotted.split("."))
        whole_list = len(keys) == 2 and keys[0] == "watchlists" and value is None
        if keys[0] not in SECTIONS or not (whole_list or field_at(keys) is not None):
            raise ValueError(f"the interface does not keep {dotted}")
        _put(tree, keys, value)
    write_tree(path, tree)


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
