"""Thirty names that an exchange, or somebody in between, could send to do harm."""

from __future__ import annotations

HOSTILE = (
    "\x1b[2JCLEAR", "\x1b]0;title\x07", "\x1b]52;c;cHduZWQ=\x07", "\x1b]8;;http://evil.example\x1b\\link\x1b]8;;\x1b\\",
    "\x1b[?1049l", "\x1b[31mred", "\x1bPq#0;2;0;0;0\x1b\\", "\x9b2J", "\x9d0;c1\x9c", "\x90dcs\x9c", "\x00nul",
    "\x07bell", "\x08\x08\x08back", "line\nfeed", "carriage\rreturn", "tab\tbed", "\x7fdelete", "\u202egpj.exe",
    "\u2066iso\u2069", "\u200bzero\u200dwidth", "\ufeffbom", "Z" + "\u0301" * 400, "[/]broken", "[bold]loud[/bold]",
    "[@click=app.quit]x[/]", "[link=http://evil.example]y[/link]", "\U000e0041tag", "漢字ＷＩＤＥ",
    "\u05d0\u05d1\u05d2", "A" * 3000,
)  # fmt: skip
