"""`fundtui config`: init, show, validate, schema, locate."""

from __future__ import annotations

import argparse
import json
import sys

from fundtui.commands.errors import FAILURE, OK, USAGE, CommandError
from fundtui.commands.settings import inputs_of, load_settings
from fundtui.commands.writers import write_records, write_table
from fundtui.config import ConfigError, create_private, load_inputs, locate
from fundtui.config.show import default_toml, json_schema, settings_in_force
from fundtui.text import clean


def run(arguments: argparse.Namespace) -> int:
    """Run the action that was asked for."""
    return {"init": _init, "show": _show, "validate": _validate, "schema": _schema, "locate": _locate}[
        arguments.action
    ](arguments)


def _init(arguments: argparse.Namespace) -> int:
    if arguments.to_stdout:
        print(default_toml())
        return OK
    inputs = inputs_of(arguments)
    path, _ = locate(inputs.path, inputs.environment)
    try:
        create_private(path, default_toml().encode())
    except FileExistsError as error:
        raise CommandError(f"{path} is there already; it was left as it is", FAILURE) from error
    except OSError as error:
        raise CommandError(f"cannot write {path}: {error.strerror}", FAILURE) from error
    print(path)
    return OK


def _show(arguments: argparse.Namespace) -> int:
    settings = list(settings_in_force(load_settings(arguments).loaded))
    if arguments.format == "json":
        records = [{"key": one.key, "value": one.value, "origin": str(one.origin)} for one in settings]
        write_records(records, "json", ())
    else:
        rows = [(one.key, clean(one.value, 200), clean(one.origin)) for one in settings]
        write_table(("setting", "value", "from"), rows, (True, True, True))
    return OK


def _validate(arguments: argparse.Namespace) -> int:
    try:
        loaded = load_inputs(inputs_of(arguments))
    except ConfigError as error:
        for problem in error.problems:
            print(clean(problem, 400), file=sys.stderr)
        return USAGE
    for warning in loaded.warnings:
        print(clean(warning, 400), file=sys.stderr)
    print(f"{loaded.path}: {'in order' if loaded.path.exists() else 'absent, the defaults are in force'}")
    return OK


def _schema(arguments: argparse.Namespace) -> int:
    print(json.dumps(json_schema(), indent=2))
    return OK


def _locate(arguments: argparse.Namespace) -> int:
    inputs = inputs_of(arguments)
    path, _ = locate(inputs.path, inputs.environment)
    print(path)
    return OK
