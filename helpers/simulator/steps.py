"""What a run is made of: commands, tries at messages, and what cannot be."""

from __future__ import annotations

from typing import Any, NamedTuple


class SimulationError(Exception):
    """What cannot be simulated, and why, in one sentence; a notebook shows no traceback for it."""

    def _render_traceback_(self) -> list[str]:
        return [f"{type(self).__name__}: {self}"]


class Poison(Exception):
    """A message whose work always fails."""


class Step(NamedTuple):
    """One command of a run: when (virtual seconds), by whom, its arguments, redis-py's options, and the reply."""

    time: float
    by: str
    args: tuple
    options: dict
    reply: Any


class Work(NamedTuple):
    """One try of a consumer at a message, by the message's number; `ended` is when it was to end without a crash."""

    group: str
    number: int
    by: str
    started: float
    ended: float


class Left(NamedTuple):
    """What Redis has of a group when a run is over: its cursor, and ids of entries in the stream and pending."""

    cursor: str
    kept: list[str]
    pending: list[str]


def handed_out(step: Step, key: str, group: str) -> list[str]:
    """The entries that a step delivered to a consumer of a group."""
    args = step.args
    if args[0] == "XREADGROUP" and args[2] == group and step.reply:
        return [entry_id for stream, entries in step.reply if stream == key for entry_id, _ in entries]
    if args[0] == "XCLAIM" and args[1] == key and args[2] == group:
        return [entry if isinstance(entry, str) else entry[0] for entry in step.reply]
    return []


def id_and_fields(args: tuple) -> tuple[str, dict]:
    """The entry id and the fields of an XADD, whatever options stand before them."""
    at = 2
    while "-" not in str(args[at]) and args[at] != "*":
        at += 1
    rest = args[at + 1 :]
    return args[at], dict(zip(rest[::2], rest[1::2], strict=True))


def number_of(args: tuple) -> int | None:
    """The number of the message that an XADD adds, or None where it adds something else."""
    fields = id_and_fields(args)[1]
    return int(fields["n"]) if {"n", "seconds"} <= fields.keys() else None
