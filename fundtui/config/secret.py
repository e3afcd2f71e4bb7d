"""Secrets: named in the configuration, fetched when they are needed, never printed."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from fundtui.config.files import read_regular
from fundtui.config.schema import Sink

MAX_BYTES = 16 * 1024
COMMAND_TIMEOUT_S = 10.0
MASK = "***"


class SecretError(Exception):
    """A secret cannot be had. The text never contains it."""


class Secret:
    """A secret by the way to it: inline text, a variable, a private file or a command. Prints as ***."""

    __slots__ = ("_command", "_file", "_inline", "_variable", "what")

    def __init__(
        self, what: str, *, inline: str = "", variable: str = "", file: str = "", command: tuple[str, ...] = ()
    ) -> None:
        self.what = what
        self._inline = inline
        self._variable = variable
        self._file = file
        self._command = command

    def __repr__(self) -> str:
        return MASK

    __str__ = __repr__

    def __bool__(self) -> bool:
        return bool(self._inline or self._variable or self._file or self._command)

    def resolve(self, environment: Mapping[str, str]) -> str:
        """The secret, without surrounding white space. Reads a file or runs a command: not for the event loop.

        A relative file name is looked for in $CREDENTIALS_DIRECTORY (systemd). Raises SecretError.
        """
        if self._inline:
            return self._inline
        if self._variable:
            value = environment.get(self._variable, "").strip()
        elif self._file:
            value = self._from_file(environment)
        elif self._command:
            value = self._from_command()
        else:
            raise SecretError(f"{self.what} is not set")
        if not value:
            raise SecretError(f"{self.what}: {self._variable or self._file or self._command[0]} is empty")
        return value

    def _from_file(self, environment: Mapping[str, str]) -> str:
        path = Path(self._file).expanduser()
        if not path.is_absolute():
            path = Path(environment.get("CREDENTIALS_DIRECTORY", "."), path)
        try:
            raw, found = read_regular(path, MAX_BYTES)
        except OSError as error:
            raise SecretError(f"{self.what}: {path} cannot be read: {error.strerror}") from error
        if found.st_mode & 0o077:
            raise SecretError(f"{self.what}: others may use {path} (mode {found.st_mode & 0o777:03o}): chmod 600")
        if found.st_uid not in (os.geteuid(), 0):
            raise SecretError(f"{self.what}: {path} belongs to somebody else")
        return self._text(raw)

    def _from_command(self) -> str:
        try:
            done = subprocess.run(
                self._command, capture_output=True, check=True, timeout=COMMAND_TIMEOUT_S, stdin=subprocess.DEVNULL
            )
        except subprocess.CalledProcessError as error:
            raise SecretError(f"{self.what}: {self._command[0]} ended with {error.returncode}") from error
        except subprocess.TimeoutExpired as error:
            raise SecretError(f"{self.what}: {self._command[0]} took over {COMMAND_TIMEOUT_S:.0f} s") from error
        except OSError as error:
            raise SecretError(f"{self.what}: {self._command[0]}: {error.strerror}") from error
        return self._text(done.stdout[:MAX_BYTES])

    def _text(self, raw: bytes) -> str:
        try:
            return raw.decode().strip()
        except UnicodeDecodeError:
            raise SecretError(f"{self.what} is not text") from None


def token_of(name: str, sink: Sink) -> Secret:
    """A sink's token or signing key."""
    return Secret(
        f"token of {name}",
        inline=sink.token,
        variable=sink.token_env,
        file=sink.token_file,
        command=sink.token_cmd,
    )


def url_of(name: str, sink: Sink) -> Secret:
    """A sink's address, which may hold a secret itself."""
    return Secret(
        f"address of {name}", inline=sink.url, variable=sink.url_env, file=sink.url_file, command=sink.url_cmd
    )
