"""The README says what the code does."""

from __future__ import annotations

import re
import tomllib

from fundtui.commands.parser import _build
from tests.readme import README, renewed

TEXT = README.read_text(encoding="utf-8")


def test_its_tables_are_those_of_the_code() -> None:
    assert renewed(TEXT) == TEXT, "run `python -m tests.readme`"


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((README.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = {re.split(r"[\[<>=]", one)[0] for one in project["dependencies"]}
    assert len(names) <= 7
    assert all(f"| `{name}`" in TEXT for name in names)


def test_every_command_is_named() -> None:
    commands = next(action for action in _build()._actions if action.dest == "command").choices or {}
    assert all(f"`fundtui {name}" in TEXT for name in commands)


def test_its_pictures_exist() -> None:
    pictures = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", TEXT)
    assert pictures
    assert all((README.parent / picture).is_file() for picture in pictures)


def test_its_example_configuration_is_valid(tmp_path: object) -> None:
    from pathlib import Path

    from fundtui.config import load

    example = re.search(r"```toml\n(.*?)```", TEXT, re.S)
    assert example is not None
    path = Path(str(tmp_path)) / "config.toml"
    path.write_text(example[1].replace('disable = ["gemini"]', 'disable = ["gate"]'), encoding="utf-8")
    path.chmod(0o600)
    assert load(path).settings.watchlists["majors"].assets == ("BTC", "ETH", "SOL")
