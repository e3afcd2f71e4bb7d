"""When the program itself fails: a short message for the person, a report in a file that only they can read."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

_KEPT = 10
_PREFIX = "crash-"


def report_folder() -> Path:
    """Where reports go: the state folder, or the temporary one where that cannot be."""
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "fundtui"


def write_report(error: BaseException, utc_ms: int, folder: Path | None = None) -> Path | None:
    """Write a report with mode 0600 and return its path; None when no folder takes it.

    It holds the traceback without local variables, so no setting or secret ends up in it.
    """
    import tempfile

    text = _report(error)
    for place in (folder or report_folder(), Path(tempfile.gettempdir())):
        path = place / f"{_PREFIX}{utc_ms}-{os.getpid()}.txt"
        try:
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
                file.write(text)
        except OSError:
            continue
        _forget_old(place)
        return path
    return None


def _report(error: BaseException) -> str:
    import platform

    packages = "".join(f"{name} {_version(name)}\n" for name in ("fundtui", "textual", "rich", "numpy", "msgspec"))
    system = f"python {platform.python_version()} on {platform.platform()}\nTERM {os.environ.get('TERM', '-')}\n"
    import traceback

    trace = "".join(traceback.format_exception(error))
    return f"fundtui crash report\n\n{packages}{system}\n{trace}"


def _version(name: str) -> str:
    # Takes a while to import, and is needed by nobody whose program works.
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(name)
    except PackageNotFoundError:
        return "-"


def _forget_old(folder: Path) -> None:
    """Reports must not pile up: the newest few stay."""
    own = sorted(folder.glob(f"{_PREFIX}*-*.txt"))
    for path in own[:-_KEPT]:
        try:
            path.unlink()
        except OSError:
            return


def tell(error: BaseException, utc_ms: int, say: Callable[[str], object] = sys.stderr.write) -> None:
    """Two lines for the person: what failed and where the report is."""
    from fundtui.text import clean

    path = write_report(error, utc_ms)
    where = f"the report is in {path}" if path else "no report could be written"
    say(f"fundtui: stopped by an internal error ({type(error).__name__}: {clean(error, 160)})\n{where}\n")
