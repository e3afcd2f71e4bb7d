"""Where keys stand in a TOML text."""

from __future__ import annotations

import tomllib
from typing import Any

import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st

from fundtui.config.lines import line_numbers, line_of

TEXT = (
    '''\
top = 1
[a]
x = """
[not.a.table]
y = 2 # no comment
"""
y = [ "]", # ]
  [1, 2],
]
"quoted.key" = 'it'''
    """'
dotted.inner = { z = 1 }
[[items]]
n = 1
[a.b]
x = '''
'''
c = 1
"""
)


def test_lines_of_tables_keys_and_what_follows_long_values() -> None:
    text = TEXT
    tomllib.loads(text)
    lines = line_numbers(text)
    assert lines[("top",)] == 1
    assert lines[("a",)] == 2
    assert lines[("a", "x")] == 3
    assert lines[("a", "y")] == 7
    assert lines[("a", "quoted.key")] == 10
    assert lines[("a", "dotted", "inner")] == 11
    assert lines[("items", "n")] == 13
    assert lines[("a", "b", "c")] == 17
    assert ("not", "a", "table") not in lines
    assert line_of(lines, ("a", "dotted", "inner", "z")) == 11
    assert line_of(lines, ("nowhere",)) is None


_VALUES = st.recursive(
    st.integers(-5, 5) | st.booleans() | st.text(alphabet="ab\"'[]{}#=\n\\ .é", max_size=12),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=5,
)
_KEYS = st.text(alphabet="abc.'\" #]=é", min_size=1, max_size=5)
_TREES = st.dictionaries(_KEYS, _VALUES | st.dictionaries(_KEYS, _VALUES, max_size=3), max_size=5)


@settings(max_examples=150, deadline=None)
@given(_TREES)
def test_every_key_of_a_written_tree_is_found_where_it_stands(tree: dict[str, Any]) -> None:
    text = tomli_w.dumps(tree, multiline_strings=True)
    lines = line_numbers(text)
    written = text.split("\n")
    for path in _paths(tree, ()):
        # tomli_w quotes with double quotes and escapes; the key as text is found by reading the line's own key.
        line = written[lines[tuple(_escaped(part) for part in path)] - 1]
        assert _escaped(path[-1]) in line


def _paths(tree: dict[str, Any], path: tuple[str, ...]) -> list[tuple[str, ...]]:
    found = []
    for key, value in tree.items():
        found.append((*path, key))
        if isinstance(value, dict):
            found.extend(_paths(value, (*path, key)))
    return found


def _escaped(key: str) -> str:
    return key.replace("\\", "\\\\").replace('"', '\\"')
