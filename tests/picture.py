"""Makes the README's pictures from the real program over the simulated market: `python -m tests.picture`."""

from __future__ import annotations

import asyncio
import os
import re
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

# A good terminal, whatever this runs in; read when the interface is imported.
os.environ |= {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"}
os.environ.pop("NO_COLOR", None)

from fundtui.assembly import Alerts, open_source
from fundtui.config import Inputs, Watcher
from fundtui.sources import parse_source
from fundtui.ui.app import FundtuiApp
from fundtui.ui.options import Options

FOLDER = Path(__file__).parent / "pictures"
SPEED = 30.0
"""The demo's first minutes pass in seconds, so that sparklines and the journal have something to show."""
WATCHED_S = 12.0


POSITIONS = """
[positions.btc-hedge]
venue = "binance"
symbol = "BTCUSDT"
side = "short"
size = 1.5
entry = 95000
leverage = 3
[positions.sol-long]
venue = "bybit"
symbol = "SOLUSDT"
side = "long"
size = 400
entry = 150
leverage = 5
"""


class Picture(NamedTuple):
    """One picture: its file's name, the terminal's size, the keys pressed before it, and the theme."""

    name: str
    size: tuple[int, int]
    keys: tuple[str, ...] = ()
    theme: str = "dusk"


PICTURES = (
    Picture("main-120x40", (120, 40)),
    Picture("main-80x24", (80, 24)),
    Picture("main-200x50", (200, 50)),
    Picture("explain-120x40", (120, 40), ("right", "right", "x")),
    Picture("light-120x40", (120, 40), theme="paper"),
    Picture("matrix-120x40", (120, 40), ("2",)),
    Picture("pairs-120x40", (120, 40), ("3",)),
    Picture("calendar-120x40", (120, 40), ("5",)),
    Picture("alerts-120x40", (120, 40), ("6",)),
    Picture("venues-120x40", (120, 40), ("7",)),
    Picture("journal-120x40", (120, 40), ("8",)),
    Picture("positions-120x40", (120, 40), ("9",)),
    Picture("asset-120x40", (120, 40), ("/", "B", "T", "C", "enter", "enter", "tab")),
    Picture("size-120x40", (120, 40), ("/", "B", "T", "C", "enter", "enter", "shift+tab")),
    Picture("columns-120x40", (120, 40), ("C", "j", "j")),
    Picture("settings-120x40", (120, 40), ("0",)),
)


async def take(picture: Picture) -> None:
    """Run the demo, press the keys and write the screen as SVG, without links to anywhere."""
    # The very first start is greeted, which would be on every picture.
    seen = {"FUNDTUI_DISPLAY__WELCOME": "false"}
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
        file.write(POSITIONS)
        file.flush()
        watcher = Watcher(Inputs(path=Path(file.name), flags={"display.theme": picture.theme}, environment=seen))
    engine = open_source(parse_source("demo", speed=SPEED), watcher, alerts=Alerts(terminal=False))
    app = FundtuiApp(engine, Options())
    async with app.run_test(size=picture.size) as pilot:
        await engine.settled(20)
        await asyncio.sleep(WATCHED_S)
        await pilot.press(*picture.keys)
        await pilot.pause(1.0)
        svg = app.export_screenshot(title=f"fundtui, simulated market, {picture.size[0]}x{picture.size[1]}")
    svg = re.sub(r"@font-face \{.*?\}", "", svg, flags=re.S)
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{picture.name}.svg").write_text(svg, encoding="utf-8")
    await engine.stop()


def main() -> int:
    wanted = set(sys.argv[1:])
    for picture in PICTURES:
        if not wanted or picture.name in wanted:
            asyncio.run(take(picture))
            print(FOLDER / f"{picture.name}.svg")
    return 0


if __name__ == "__main__":
    sys.exit(main())
