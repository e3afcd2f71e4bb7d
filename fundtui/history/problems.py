"""What is wrong with a record. Apart from the database, so that who only waits for it need not import SQLite."""

from __future__ import annotations


class StoreProblem(Exception):
    """The record cannot be used, or did not keep what it was given. The text is for people."""
