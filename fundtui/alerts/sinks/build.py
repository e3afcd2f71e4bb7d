"""A sink from its settings."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import msgspec

from fundtui.alerts.message import Message
from fundtui.alerts.sinks.local import ExecSink, FileSink, SyslogSink, TerminalSink
from fundtui.alerts.sinks.sink import Sink
from fundtui.alerts.sinks.web import Make, WebSink, discord, ntfy, slack, telegram, webhook
from fundtui.clock import Clock
from fundtui.config.meaning import DEFAULT_SINKS, sink_kind
from fundtui.config.schema import Settings, SinkKind
from fundtui.config.schema import Sink as SinkSettings
from fundtui.config.secret import token_of, url_of
from fundtui.polling.threads import in_thread
from fundtui.polling.transport import Transport

_MAKERS: dict[SinkKind, Make] = {
    SinkKind.WEBHOOK: webhook,
    SinkKind.NTFY: ntfy,
    SinkKind.SLACK: slack,
    SinkKind.DISCORD: discord,
}


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What sinks need of the program they are in.

    transport   makes the HTTP transport of sinks that may (True) or may not (False) reach into the own network
    terminal    whether there is a terminal to tell; without one its sinks are left out
    close       lets go of the transports' connections
    elsewhere   whether anything but the terminal is told (a demo keeps to itself)
    """

    clock: Clock
    environment: Mapping[str, str]
    transport: Callable[[bool], Transport]
    close: Callable[[], Awaitable[None]]
    terminal: bool = True
    elsewhere: bool = True


def build_all(settings: Settings, around: Surroundings, show: Callable[[Message], None]) -> dict[str, Sink]:
    """All sinks of a configuration that are on, by name."""
    found = {name: SinkSettings() for name in DEFAULT_SINKS} | dict(settings.notify.sinks)
    made = {}
    for name, one in found.items():
        is_terminal = sink_kind(name, one) is SinkKind.TERMINAL
        if one.enabled and (around.terminal if is_terminal else around.elsewhere):
            made[name] = build(
                name,
                one,
                transport=around.transport(one.allow_private),
                clock=around.clock,
                environment=around.environment,
                show=show,
            )
    return made


def build(
    name: str,
    settings: SinkSettings,
    *,
    transport: Transport,
    clock: Clock,
    environment: Mapping[str, str],
    show: Callable[[Message], None],
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
