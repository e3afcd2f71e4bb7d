"""A market whose settings are real files: what the interface keeps is there after a restart."""

from __future__ import annotations

from pathlib import Path

from fundtui.alerts.defaults import NAMES as BUILT_IN_RULES
from fundtui.config import Inputs, Watcher
from tests.ui.market import FixedClock, Market


def configured(
    folder: Path,
    text: str | None = None,
    *,
    state: str | None = None,
    environment: dict[str, str] | None = None,
    flags: dict[str, object] | None = None,
    absent: bool = False,
) -> Market:
    """A market over `folder`/config.toml with this text, or as the file is; the same folder again is a restart.

    absent: there is no config.toml; `folder` is then the default place, which alone may be without one.
    """
    path = folder / "config.toml"
    if text is None and not path.exists() and not absent:
        text = ""
    for file, content in ((path, text), (folder / "state.toml", state)):
        if content is not None:
            file.write_text(content)
            file.chmod(0o600)
    inputs = Inputs(
        path=None if absent else path,
        environment=environment or {},
        flags=flags or {},
        rules=BUILT_IN_RULES,
    )
    watcher = Watcher(inputs)
    market = Market(60, clock=FixedClock(), settings=watcher.loaded.settings)
    market.watcher = watcher
    return market
