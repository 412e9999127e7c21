"""One stream's state as plain data: entries, groups with their cursors, and who holds which pending entry.

What is asked grows with the number of groups and never with the stream: a few entries are read where something
happens (at both ends, around each group's cursor, the pending ones), and the rest is only counted.

The commands are XINFO, XPENDING and XRANGE (https://redis.io/docs/latest/commands/?group=stream); nothing is written.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, zip_longest
from typing import Any

import redis

HELD = 100  # pending entries of a group that are looked at, the oldest first

Id = tuple[int, int]


class NotAStream(TypeError):
    """The key holds something else; one sentence, for which a notebook shows no traceback."""

    def _render_traceback_(self) -> list[str]:
        return [f"{type(self).__name__}: {self}"]


@dataclass(frozen=True)
class Entry:
    """An entry of the stream, or a deleted one that some group still holds as pending."""

    id: str
    fields: dict[str, str]  # {} when deleted
    deleted: bool = False
    skipped: bool = False  # whether entries lie between the one before it in the snapshot and this one


@dataclass(frozen=True)
class Pending:
    """An entry that was delivered to a consumer of the group and not acknowledged."""

    id: str
    consumer: str  # "" when nobody owns it: released by XNACK (Redis 8.8)
    deliveries: int
    idle: int  # ms since the last delivery
    deleted: bool = False  # whether the stream no longer has the entry


@dataclass(frozen=True)
class Consumer:
    name: str
    pending: int  # how many entries it holds


@dataclass(frozen=True)
class Group:
    name: str
    cursor: str  # the last-delivered-id: `>` delivers what comes after it
    lag: int | None  # as this server counts it; servers differ once entries were removed
    waiting: int | None  # entries after the cursor, the same on every server; None when only a long read could tell
    pending: int  # how many entries are pending
    consumers: tuple[Consumer, ...]  # by name, those that hold nothing too
    held: tuple[Pending, ...]  # by id: the oldest `HELD`, and those among the snapshot's entries


@dataclass(frozen=True)
class Snapshot:
    key: str
    exists: bool  # whether the stream exists: it may, and be empty
    taken: int  # when, in ms since 1970 by this machine's clock
    length: int  # entries in the stream
    entries: tuple[Entry, ...]  # by id, at most as many as were asked for
    groups: tuple[Group, ...]  # by name


def snapshot(r: redis.Redis, key: str, most: int = 12) -> Snapshot:
    """The state of the stream `key`, in at most three round trips.

    A group is consistent in itself: its cursor and what it holds are read in one MULTI.

    Args:
        key: a stream; when there is no such key, the snapshot says so (``exists=False``).
        most: how many entries, at most, of a long stream (at least 2): first and last, those around the groups'
            cursors, pending ones. Deleted entries that are still pending count as well.

    Raises:
        NotAStream: the key holds another type.
    """
    if not r.get_encoder().decode_responses:
        return _snapshot_of_bytes(r, key, most)
    try:
        return _snapshot(r, key, most)
    except UnicodeDecodeError:
        return _snapshot_of_bytes(r, key, most)


def holder(group: Group, entry: Entry) -> Pending | None:
    """Who holds the entry in this group, or None."""
    return next((pending for pending in group.held if pending.id == entry.id), None)


def state(group: Group, entry: Entry) -> str:
    """What an entry is to a group.

    - "pending": delivered, not acknowledged;
    - "again": pending, and the cursor was set back (XGROUP SETID): the next read delivers it again;
    - "waiting": after the cursor, so that a read will deliver it;
    - "passed": the cursor is beyond it and nobody holds it. It was acknowledged, or read with NOACK, or was there
      before a group that began at ``$``, or was skipped by XGROUP SETID: the server does not remember which.
    - "gone": deleted from the stream and not pending in this group.
    """
    before = as_numbers(entry.id) <= as_numbers(group.cursor)
    if holder(group, entry) is not None:
        return "pending" if before or entry.deleted else "again"
    if entry.deleted:
        return "gone"
    return "passed" if before else "waiting"


def as_numbers(entry_id: str) -> Id:
    """``"5-12"`` as ``(5, 12)``, which sorts as the stream does."""
    ms, _, seq = entry_id.partition("-")
    return int(ms), int(seq or 0)


def as_text(entry_id: Id) -> str:
    """``(5, 12)`` as ``"5-12"``."""
    return "{}-{}".format(*entry_id)


# --- Asking --------------------------------------------------------------------------------------------------------


def _snapshot_of_bytes(r: redis.Redis, key: str, most: int) -> Snapshot:
    """The same, by a client to which what is not UTF-8 is no error."""
    pool = r.connection_pool
    options = {**pool.connection_kwargs, "decode_responses": True, "encoding_errors": "surrogateescape"}
    reading = redis.ConnectionPool(pool.connection_class, **options)
    try:
        return _snapshot(redis.Redis(connection_pool=reading), key, most)
    finally:
        reading.disconnect()


def _snapshot(r: redis.Redis, key: str, most: int) -> Snapshot:
    most, taken = max(most, 2), int(time.time() * 1000)
    missing = Snapshot(key, False, taken, 0, (), ())
    kind, groups = _ask(r.pipeline().type(key).xinfo_groups(key))
    if kind == "none":
        return missing
    if kind != "stream":
        raise NotAStream(f"{key!r} holds a {kind}, not a stream.")
    look = _look(r, key, {row["name"]: row["last-delivered-id"] for row in groups or []}, most)
    if look is None:  # Somebody deleted the key just now.
        return missing
    shown = _choose(look, most)
    _look_closer(r, key, look, shown)
    return Snapshot(key, True, taken, look.length, _entries(look, shown), tuple(_group(look, g) for g in look.groups))


def _ask(pipe: redis.client.Pipeline) -> list[Any]:
    """The replies; None in place of an error that only says that what was there before has gone."""
    # As bytes, because hiredis packs text by itself, and not by the client's `encoding_errors`.
    pipe.command_stack = [((name, *map(_bytes, args)), options) for (name, *args), options in pipe.command_stack]
    with pipe:
        replies = pipe.execute(raise_on_error=False)
    for at, reply in enumerate(replies):
        if isinstance(reply, Exception):
            if not str(reply).startswith(_GONE):
                raise reply
            replies[at] = None
    return replies


def _bytes(word: Any) -> Any:
    return word.encode("utf-8", "surrogateescape") if isinstance(word, str) else word


# The last: a cursor that is the greatest id of all has nothing after it.
_GONE = ("no such key", "NOGROUP", "WRONGTYPE", "invalid start ID")


@dataclass
class _GroupLook:
    """What the server said of a group."""

    name: str
    asked: str  # the cursor that the windows were asked around
    cursor: str  # the cursor now, as are the rest
    lag: int | None
    consumers: list[str]
    pending: int
    holding: dict[str, int]  # consumer: how many entries it holds
    held: dict[Id, dict]  # id: its row of XPENDING
    after: list[Id]  # the first entries after `asked`
    upto: list[Id]  # the last entries up to `asked`, the last one first


@dataclass
class _Look:
    """What the server said of a stream."""

    length: int
    complete: bool  # whether `fields` has every entry
    untouched: bool  # whether no entry was ever removed
    max_deleted: Id
    head: list[Id]  # the first entries
    tail: list[Id]  # the last entries, the last one first
    groups: list[_GroupLook]
    fields: dict[Id, dict | None]  # of every entry that was asked for; None: the stream does not have it
    gaps: set[Id]  # entries to be shown, before which are others that are not


def _look(r: redis.Redis, key: str, cursors: dict[str, str], most: int) -> _Look | None:
    """What one MULTI tells of the stream and its groups; None when it has gone."""
    pipe = r.pipeline(transaction=True)
    pipe.xinfo_stream(key).xinfo_groups(key).xrange(key, count=most).xrevrange(key, count=most)
    for name, cursor in cursors.items():
        pipe.xinfo_consumers(key, name).xpending(key, name).xpending_range(key, name, "-", "+", HELD)
        pipe.xrange(key, f"({cursor}", "+", count=most).xrevrange(key, cursor, "-", count=most)
    info, rows, head, tail, *rest = _ask(pipe)
    if info is None:
        return None
    fields: dict[Id, dict | None] = {}

    def ids(window: list | None) -> list[Id]:
        fields.update((as_numbers(entry_id), values) for entry_id, values in window or [])
        return [as_numbers(entry_id) for entry_id, _ in window or []]

    replies = {name: rest[5 * n : 5 * n + 5] for n, name in enumerate(cursors)}
    groups = []
    for row in sorted(rows, key=lambda row: row["name"]):
        name = row["name"]
        if name not in replies:  # It was created just now.
            continue
        consumers, summary, held, after, upto = replies[name]
        groups.append(
            _GroupLook(
                name=name,
                asked=cursors[name],
                cursor=row["last-delivered-id"],
                lag=row.get("lag"),
                consumers=[consumer["name"] for consumer in consumers],
                pending=summary["pending"],
                # Not XINFO CONSUMERS' counts: fakeredis forgets to correct them when an entry is delivered again.
                holding={consumer["name"]: int(consumer["pending"]) for consumer in summary["consumers"]},
                held={as_numbers(pending["message_id"]): pending for pending in held},
                after=ids(after),
                upto=ids(upto),
            )
        )
    return _Look(
        length=info["length"],
        complete=info["length"] <= most,
        untouched=info["entries-added"] == info["length"],
        max_deleted=as_numbers(info["max-deleted-entry-id"]),
        head=ids(head),
        tail=ids(tail),
        groups=groups,
        fields=fields,
        gaps=set(),
    )


def _choose(look: _Look, most: int) -> list[Id]:
    """The ids to show: first and last entry, then in turn from both ends, each group's cursor and its pending ones."""
    sources = [_in_turn(look.head, look.tail)]
    for group in look.groups:
        sources += [_in_turn(group.after, group.upto), _by_interest(group.held)]
    wanted = dict.fromkeys([*look.head[:1], *look.tail[:1], *_in_turn(*sources)])
    return sorted(list(wanted)[:most])


def _in_turn(*sources: Sequence[Id]) -> list[Id]:
    """The first of each source, the second of each, and so on."""
    return [entry_id for ids in zip_longest(*sources) for entry_id in ids if entry_id is not None]


def _by_interest(held: dict[Id, dict]) -> list[Id]:
    """Pending entries: the oldest of each consumer, then those delivered most often, then the oldest."""
    oldest = set({row["consumer"]: entry_id for entry_id, row in sorted(held.items(), reverse=True)}.values())
    return sorted(held, key=lambda entry_id: (entry_id not in oldest, -held[entry_id]["times_delivered"], entry_id))


def _look_closer(r: redis.Redis, key: str, look: _Look, shown: list[Id]) -> None:
    """Asks for what the windows left open: pending entries by id, gaps between the shown, who holds the shown."""
    held = {entry_id for group in look.groups for entry_id in group.held}
    unread = sorted({*shown, *held} - look.fields.keys())
    look.fields.update((entry_id, None) for entry_id in unread if _is_gone(look, entry_id))
    singles = [i for i in unread if i not in look.fields and (i in shown or i <= look.max_deleted)]
    pairs = list(pairwise(shown))
    if look.complete:
        look.gaps |= {other for one, other in pairs if any(one < entry_id < other for entry_id in look.head)}
        pairs = []
    # Who holds an entry younger than the oldest HELD pending ones is asked entry by entry.
    holders = [
        (group, entry_id)
        for group in look.groups
        if group.pending > len(group.held)
        for entry_id in shown
        if entry_id > max(group.held)
    ]
    pipe = r.pipeline(transaction=False)
    for entry_id in singles:
        pipe.xrange(key, as_text(entry_id), as_text(entry_id))
    for one, other in pairs:
        pipe.xrange(key, f"({as_text(one)}", f"({as_text(other)}", count=1)
    for group, entry_id in holders:
        pipe.xpending_range(key, group.name, as_text(entry_id), as_text(entry_id), 1)
    replies = iter(_ask(pipe))
    for entry_id in singles:
        found = next(replies)
        look.fields[entry_id] = found[0][1] if found else None
    look.gaps |= {other for _, other in pairs if next(replies)}
    for group, entry_id in holders:
        group.held.update((entry_id, row) for row in next(replies) or [])


def _is_gone(look: _Look, entry_id: Id) -> bool:
    """Whether what was read is enough to say that the stream does not have the entry."""
    return look.complete or not look.head[0] <= entry_id <= look.tail[0]


def _entries(look: _Look, shown: list[Id]) -> tuple[Entry, ...]:
    entries = []
    for entry_id in shown:
        fields = {_legible(name): _legible(value) for name, value in (look.fields[entry_id] or {}).items()}
        entries.append(Entry(as_text(entry_id), fields, look.fields[entry_id] is None, entry_id in look.gaps))
    return tuple(entries)


def _legible(text: str) -> str:
    """`text` with the bytes that are not UTF-8 as ``\\xff``."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _group(look: _Look, group: _GroupLook) -> Group:
    held = [
        Pending(
            id=as_text(entry_id),
            consumer=_legible(row["consumer"]),
            deliveries=row["times_delivered"],
            idle=row["time_since_delivered"],
            # One that was not read is there: it is younger than the first entry and than all that XDEL ever took.
            deleted=look.fields.get(entry_id, {}) is None,
        )
        for entry_id, row in sorted(group.held.items())
    ]
    names = sorted({*group.consumers, *group.holding})
    consumers = tuple(Consumer(_legible(name), group.holding.get(name, 0)) for name in names)
    waiting = _waiting(look, group)
    return Group(_legible(group.name), group.cursor, group.lag, waiting, group.pending, consumers, tuple(held))


def _waiting(look: _Look, group: _GroupLook) -> int | None:
    """How many entries come after the cursor: counted where a window reached an end of the stream; else the lag,
    which all servers count alike as long as no entry was removed."""
    if look.complete:
        return sum(entry_id > as_numbers(group.cursor) for entry_id in look.head)
    most = len(look.head)
    if group.cursor == group.asked and len(group.after) < most:
        return len(group.after)
    if group.cursor == group.asked and len(group.upto) < most:
        return look.length - len(group.upto)
    return group.lag if look.untouched else None
