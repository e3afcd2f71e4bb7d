"""A sink from its settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from fundtui.alerts.sinks.local import ExecSink, FileSink, SyslogSink, TerminalSink
from fundtui.alerts.sinks.sink import Sink
from fundtui.alerts.sinks.web import Make, WebSink, discord, ntfy, slack, telegram, webhook
from fundtui.clock import Clock
from fundtui.config.meaning import sink_kind
from fundtui.config.schema import Sink as SinkSettings
from fundtui.config.schema import SinkKind
from fundtui.config.secret import token_of, url_of
from fundtui.polling.threads import in_thread
from fundtui.polling.transport import Transport

_MAKERS: dict[SinkKind, Make] = {
    SinkKind.WEBHOOK: webhook,
    SinkKind.NTFY: ntfy,
    SinkKind.SLACK: slack,
    SinkKind.DISCORD: discord,
}


def build(
    name: str,
    settings: SinkSettings,
    *,
    transport: Transport,
    clock: Clock,
    environment: Mapping[str, str],
    show: Callable[[str, str], None],
) -> Sink:
    """The sink of that name. `show` is how the terminal is told. Raises ValueError for a sink without a kind."""
    kind = sink_kind(name, settings)
    match kind:
        case SinkKind.TERMINAL:
            return TerminalSink(name, show)
        case SinkKind.EXEC:
            return ExecSink(name, settings.command, clock, timeout_s=settings.timeout)
        case SinkKind.FILE:
            return FileSink(name, Path(settings.path).expanduser())
        case SinkKind.SYSLOG:
            return SyslogSink(name)
        case None:
            raise ValueError(f"sink {name} has no kind")
        case _:
            make = telegram(settings.chat) if kind is SinkKind.TELEGRAM else _MAKERS[kind]
    url, token = url_of(name, settings), token_of(name, settings)

    async def secrets() -> tuple[str, str]:
        # Files and commands block.
        return await in_thread(
            lambda: (url.resolve(environment) if url else "", token.resolve(environment) if token else ""),
            "fundtui-secret",
        )

    return WebSink(
        name,
        make,
        transport,
        clock,
        secrets,
        timeout_s=settings.timeout,
        allow_http=settings.allow_http,
        allow_private=settings.allow_private,
    )
