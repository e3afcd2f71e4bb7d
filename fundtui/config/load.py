"""Load the configuration: defaults < config.toml < state.toml < environment < flags."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path as FilePath

import msgspec

from fundtui.config import environment as variables
from fundtui.config import meaning
from fundtui.config.files import STATE_NAME, Document, Fingerprint, fingerprint, locate, read_document
from fundtui.config.kinds import WrongValue, read
from fundtui.config.lines import Path, line_numbers, line_of
from fundtui.config.problems import ConfigError, Problem
from fundtui.config.schema import RETIRED, Settings, Sink
from fundtui.config.tree import PRESENT, Report, Values, build, collect, field_at


class Layer(StrEnum):
    """Where a value comes from, weakest first."""

    DEFAULT = "default"
    FILE = "file"
    STATE = "state"
    ENVIRONMENT = "environment"
    FLAG = "flag"


class Origin(msgspec.Struct, frozen=True):
    """Where a value comes from: the layer, its file, variable or flag, and the line in a file."""

    layer: Layer = Layer.DEFAULT
    source: str = ""
    line: int | None = None

    def __str__(self) -> str:
        return self.layer.value if not self.source else self.source + (f":{self.line}" if self.line else "")


class Inputs(msgspec.Struct, frozen=True, kw_only=True):
    """What a configuration is loaded from. `flags` are settings by dotted key; `rules` names the built-in rules."""

    path: FilePath | None = None
    environment: Mapping[str, str] = {}
    flags: Mapping[str, object] = {}
    rules: frozenset[str] = frozenset()


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """A configuration in force. `origins` holds what is not a default, by dotted key."""

    settings: Settings
    origins: dict[str, Origin]
    warnings: tuple[str, ...]
    path: FilePath
    state_path: FilePath
    seen: tuple[Fingerprint, Fingerprint]


def load(
    path: FilePath | None = None,
    environment: Mapping[str, str] | None = None,
    flags: Mapping[str, object] | None = None,
    rules: frozenset[str] = frozenset(),
) -> Loaded:
    """Load from a file (None: the default place, where it may be absent), variables and flags. Raises ConfigError."""
    return load_inputs(Inputs(path=path, environment=environment or {}, flags=flags or {}, rules=rules))


def load_inputs(inputs: Inputs) -> Loaded:
    """Load. Raises ConfigError with everything that is wrong."""
    path, required = locate(inputs.path, inputs.environment)
    loading = _Loading()
    document = loading.file(path, required=required)
    state = loading.state(path.with_name(STATE_NAME))
    loading.variables(inputs.environment)
    loading.flags(inputs.flags)
    settings = build(loading.values, loading.report_merged)
    meaning.check(settings, loading.report_merged, inputs.rules)
    if loading.dropped:
        settings = build(loading.values, loading.report_merged)
    if loading.problems:
        raise ConfigError(_in_order(loading.problems))
    return Loaded(
        settings=settings,
        origins={".".join(key): origin for key, origin in loading.origins.items()},
        warnings=(*loading.warnings, *_secret_warnings(settings, document, loading.origins)),
        path=path,
        state_path=state.path,
        seen=(document.fingerprint, state.fingerprint),
    )


def _in_order(problems: list[Problem]) -> tuple[Problem, ...]:
    """Each problem once: file by file in the order of lines."""
    sources = list(dict.fromkeys(problem.source for problem in problems))
    return tuple(
        sorted(dict.fromkeys(problems), key=lambda problem: (sources.index(problem.source), problem.line or 0))
    )


def changed(loaded: Loaded) -> bool:
    """Whether the file or the interface's own file was edited since."""
    return (fingerprint(loaded.path), fingerprint(loaded.state_path)) != loaded.seen


class Watcher:
    """The configuration in force while its file is edited. A broken edit keeps the last good one and says so.

    loaded    the last good configuration
    problems  what is wrong with the file as it stands now; empty when it is in force
    """

    def __init__(self, inputs: Inputs) -> None:
        self._inputs = inputs
        self.loaded = load_inputs(inputs)
        self.problems: tuple[Problem, ...] = ()
        self._looked_at = self.loaded.seen

    def poll(self) -> bool:
        """Look at the files; True when the settings or the problems are others than before."""
        now = (fingerprint(self.loaded.path), fingerprint(self.loaded.state_path))
        if now == self._looked_at:
            return False
        self._looked_at = now
        before = (self.loaded.settings, self.problems)
        try:
            self.loaded = load_inputs(self._inputs)
            self.problems = ()
        except ConfigError as error:
            self.problems = error.problems
        return (self.loaded.settings, self.problems) != before

    def ahead(self) -> Settings:
        """The settings as the next `poll` will find them; the present ones while the file is broken."""
        try:
            return load_inputs(self._inputs).settings
        except ConfigError:
            return self.loaded.settings


class _Loading:
    """Values, origins, problems and warnings while layers are laid over one another."""

    def __init__(self) -> None:
        self.values: Values = {}
        self.origins: dict[Path, Origin] = {}
        self.problems: list[Problem] = []
        self.warnings: list[str] = []
        self.reported: set[Path] = set()
        self.dropped = False

    def lay(self, values: Values, origin_of: Mapping[Path, Origin]) -> None:
        for path, value in values.items():
            self.values[path] = value
            if value is not PRESENT or path not in self.origins:
                self.origins[path] = origin_of.get(path, Origin())

    def found(self, problem: Problem) -> None:
        """Keep what is wrong; a setting that once was one, and changed nothing, is only warned about."""
        if problem.text in RETIRED.values():
            self.warnings.append(f"{problem} (ignored)")
        else:
            self.problems.append(problem)

    def file(self, path: FilePath, *, required: bool) -> Document:
        try:
            document = read_document(path, required=required)
        except ConfigError as error:
            self.problems.extend(error.problems)
            return Document(path, fingerprint=fingerprint(path))
        lines = line_numbers(document.text)

        def report(key: Path, text: str) -> None:
            self.reported.add(key)
            self.found(Problem(text, str(path), line_of(lines, key), ".".join(key)))

        self.lay_document(document, lines, Layer.FILE, report)
        return document

    def state(self, path: FilePath) -> Document:
        # What the interface wrote must never keep the program from starting.
        try:
            document = read_document(path, required=False)
        except ConfigError as error:
            self.warnings.extend(f"{problem} (ignored)" for problem in error.problems)
            return Document(path, fingerprint=fingerprint(path))
        lines = line_numbers(document.text)

        def report(key: Path, text: str) -> None:
            self.warnings.append(f"{Problem(text, str(path), line_of(lines, key), '.'.join(key))} (ignored)")

        self.lay_document(document, lines, Layer.STATE, report)
        return document

    def lay_document(self, document: Document, lines: dict[Path, int], layer: Layer, report: Report) -> None:
        values = collect(document.tree, report)
        self.lay(values, {key: Origin(layer, str(document.path), line_of(lines, key)) for key in values})

    def variables(self, environment: Mapping[str, str]) -> None:
        def report(key: Path, text: str) -> None:
            self.found(Problem(text, key[0]))

        tables = [path for path, value in self.values.items() if value is PRESENT]
        found = variables.collect_environment(environment, tables, report)
        values = variables.read_variables(found, environment, report)
        self.lay(values, {key: Origin(Layer.ENVIRONMENT, found.get(key, "environment")) for key in values})

    def flags(self, flags: Mapping[str, object]) -> None:
        for dotted, value in flags.items():
            path = tuple(dotted.split("."))
            source = f"--{path[-1].replace('_', '-')}"
            field_type = field_at(path)
            if field_type is None:
                raise ValueError(f"no setting {dotted}")
            try:
                known = variables.read_text(value, field_type) if isinstance(value, str) else read(value, field_type)
            except WrongValue as error:
                self.problems.append(Problem(str(error), source))
            else:
                self.lay({path: known}, {path: Origin(Layer.FLAG, source)})

    def report_merged(self, path: Path, text: str) -> None:
        """Report on a merged value: where it came from is where it is wrong."""
        if any(known[: len(path)] == path or path[: len(known)] == known for known in self.reported):
            return  # A consequence of what has been said.
        found = next((path[:n] for n in range(len(path), 0, -1) if path[:n] in self.origins), path)
        origin = self.origins.get(found, Origin())
        if origin.layer is Layer.STATE:
            self.warnings.append(f"{origin}: {'.'.join(path)}: {text} (ignored)")
            self.dropped = True
            for key in [key for key in self.values if key[: len(found)] == found]:
                del self.values[key]
            return
        key_text = ".".join(path) if origin.layer in (Layer.FILE, Layer.DEFAULT) else ""
        self.problems.append(Problem(text, origin.source or "settings", origin.line, key_text))


def _secret_warnings(settings: Settings, document: Document, origins: Mapping[Path, Origin]) -> list[str]:
    inline = [
        name
        for name, sink in settings.notify.sinks.items()
        if _inline_secret(sink) and origins.get(("notify", name), Origin()).layer is Layer.FILE
    ]
    readable = bool(document.mode & (stat.S_IRWXG | stat.S_IRWXO))
    place = f"others may read {document.path} (mode {document.mode:03o}): chmod 600, or use token_env or token_file"
    advice = place if readable else "token_env or token_file keep it out of copies of the file"
    return [f"a secret of notify.{name} stands in the file; {advice}" for name in inline]


def _inline_secret(sink: Sink) -> bool:
    # The address of a Slack or Discord hook is its whole secret.
    return bool(sink.token) or any(host in sink.url for host in ("hooks.slack.com", "discord.com/api/webhooks"))
