"""One stream's state as plain data: entries, groups with their cursors, and who holds which pending entry.

What is asked grows with the number of groups and never with the stream: a few entries are read where something
happens (at both ends, around each group's cursor, the pending ones), and the rest is only counted.

The commands are XINFO, XPENDING and XRANGE (https://redis.io/docs/latest/commands/?group=stream); nothing is written.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
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
    """The state of the stream `key`, in three round trips.

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


def _as_text(entry_id: Id) -> str:
    return "{}-{}".format(*entry_id)


# --- Asking --------------------------------------------------------------------------------------------------------


def _snapshot_of_bytes(r: redis.Redis, key: str, most: int) -> Snapshot:
    """The same, by a client that shows what is not UTF-8 as ``\\xff``."""
    pool = r.connection_pool
    options = {**pool.connection_kwargs, "decode_responses": True, "encoding_errors": "backslashreplace"}
    with redis.Redis(connection_pool=redis.ConnectionPool(pool.connection_class, **options)) as reader:
        try:
            return _snapshot(reader, key, most)
        finally:
            reader.connection_pool.disconnect()


def _snapshot(r: redis.Redis, key: str, most: int) -> Snapshot:
    most, taken = max(most, 2), int(time.time() * 1000)
    missing = Snapshot(key, False, taken, 0, (), ())
    kind, cursors = _first_look(r, key)
    if kind == "none":
        return missing
    if kind != "stream":
        raise NotAStream(f"{key!r} holds a {kind}, not a stream: DEL {key} removes it, another name leaves it alone.")
    look = _Look(r, key, cursors, most)
    if look.info is None:  # Somebody deleted the key just now.
        return missing
    shown = look.choose(most)
    look.look_up(r, shown)
    return Snapshot(key, True, taken, look.info["length"], look.entries(shown), look.groups())


def _first_look(r: redis.Redis, key: str) -> tuple[str, dict[str, str]]:
    """The type of `key`, and each group's cursor."""
    with r.pipeline() as pipe:
        kind, groups = pipe.type(key).xinfo_groups(key).execute(raise_on_error=False)
    return kind, {group["name"]: group["last-delivered-id"] for group in _rows(groups)}


def _rows(reply: Any) -> list:
    """A reply's rows; none when the server had nothing, or an error: what we asked for has gone since."""
    return [] if reply is None or isinstance(reply, redis.ResponseError) else reply


class _Look:
    """What the server said: the second round trip is made by the constructor, the third by `look_up`."""

    def __init__(self, r: redis.Redis, key: str, cursors: dict[str, str], most: int) -> None:
        self.key, self.most, self.cursors = key, most, cursors
        with r.pipeline(transaction=True) as pipe:
            pipe.xinfo_stream(key).xinfo_groups(key)
            pipe.xrange(key, count=most).xrevrange(key, count=most)
            for name, cursor in cursors.items():
                pipe.xinfo_consumers(key, name).xpending(key, name).xpending_range(key, name, "-", "+", HELD)
                pipe.xrange(key, min=f"({cursor}", count=most).xrevrange(key, max=cursor, count=most)
            info, groups, head, tail, *rest = pipe.execute(raise_on_error=False)
        self.info = None if isinstance(info, redis.ResponseError) else info
        self.rows = {row["name"]: row for row in _rows(groups) if row["name"] in cursors}
        self.head, self.tail = _rows(head), _rows(tail)
        asked = dict(zip(cursors, zip(*[iter(rest)] * 5, strict=True), strict=True))
        asked = {name: asked[name] for name in sorted(self.rows)}  # Others were destroyed since.
        self.consumers = {name: [row["name"] for row in _rows(replies[0])] for name, replies in asked.items()}
        self.summaries = {name: replies[1] for name, replies in asked.items()}
        self.held = {name: {as_numbers(row["message_id"]): row for row in replies[2]} for name, replies in asked.items()}
        self.after = {name: _rows(replies[3]) for name, replies in asked.items()}
        self.upto = {name: _rows(replies[4]) for name, replies in asked.items()}
        self.fields: dict[Id, dict | None] = {}  # None: asked for, and the stream does not have it
        for window in (self.head, self.tail, *self.after.values(), *self.upto.values()):
            self.fields |= {as_numbers(entry_id): fields for entry_id, fields in window}
        self.gaps: set[Id] = set()  # shown entries before which others are not shown

    @property
    def complete(self) -> bool:
        """Whether the whole stream was read."""
        return self.info["length"] <= self.most

    def choose(self, most: int) -> list[Id]:
        """The ids to show, at most `most`: taken in turn from both ends, and each group's cursor and pending."""
        first, last = ([as_numbers(entry_id) for entry_id, _ in window] for window in (self.head, self.tail))
        sources = [_in_turn(first, last)]
        for name, held in self.held.items():
            after, upto = ([as_numbers(entry_id) for entry_id, _ in w] for w in (self.after[name], self.upto[name]))
            sources += [_in_turn(after, upto), _most_telling(held)]
        wanted = dict.fromkeys([*first[:1], *last[:1], *_in_turn(*sources)])
        return sorted(list(wanted)[:most])

    def look_up(self, r: redis.Redis, shown: list[Id]) -> None:
        """Asks for what the windows did not show: entries by id, gaps between the shown, who holds the shown."""
        held = {entry_id for rows in self.held.values() for entry_id in rows}
        unknown = sorted(i for i in {*shown, *held} - self.fields.keys() if i in shown or not self._surely_there(i))
        pairs = [] if self.complete else list(pairwise(shown))
        # Beyond the oldest HELD, who holds an entry is asked entry by entry.
        beyond = [
            (name, entry_id)
            for name, rows in self.held.items()
            if self.summaries[name]["pending"] > len(rows)
            for entry_id in shown
            if entry_id not in rows and entry_id > max(rows)
        ]
        with r.pipeline(transaction=False) as pipe:
            for entry_id in unknown:
                pipe.xrange(self.key, _as_text(entry_id), _as_text(entry_id))
            for one, other in pairs:
                pipe.xrange(self.key, f"({_as_text(one)}", f"({_as_text(other)}", count=1)
            for name, entry_id in beyond:
                pipe.xpending_range(self.key, name, _as_text(entry_id), _as_text(entry_id), 1)
            replies = iter(pipe.execute(raise_on_error=False))
        for entry_id in unknown:
            found = _rows(next(replies))
            self.fields[entry_id] = found[0][1] if found else None
        self.gaps = {other for _, other in pairs if _rows(next(replies))}
        for name, entry_id in beyond:
            self.held[name] |= {entry_id: row for row in _rows(next(replies))}

    def _surely_there(self, entry_id: Id) -> bool:
        """Whether a pending entry that was not read is in the stream: it is no older than the first entry and
        younger than any that XDEL ever took."""
        oldest = as_numbers(self.head[0][0]) if self.head else (2**64, 0)
        return entry_id >= oldest and entry_id > as_numbers(self.info["max-deleted-entry-id"])

    def _is_deleted(self, entry_id: Id) -> bool:
        return entry_id in self.fields and self.fields[entry_id] is None

    def entries(self, shown: list[Id]) -> tuple[Entry, ...]:
        return tuple(
            Entry(_as_text(i), self.fields[i] or {}, deleted=self._is_deleted(i), skipped=i in self.gaps) for i in shown
        )

    def groups(self) -> tuple[Group, ...]:
        return tuple(self._group(name) for name in self.held)

    def _group(self, name: str) -> Group:
        row, summary = self.rows[name], self.summaries[name]
        # Not XINFO CONSUMERS' counts: fakeredis leaves them behind when entries are delivered again.
        holding = {consumer["name"]: int(consumer["pending"]) for consumer in summary["consumers"]}
        held = [
            Pending(
                _as_text(entry_id),
                pending["consumer"],
                pending["times_delivered"],
                pending["time_since_delivered"],
                self._is_deleted(entry_id),
            )
            for entry_id, pending in sorted(self.held[name].items())
        ]
        return Group(
            name,
            row["last-delivered-id"],
            row.get("lag"),
            self._waiting(name, row),
            summary["pending"],
            tuple(Consumer(one, holding.get(one, 0)) for one in sorted({*self.consumers[name], *holding})),
            tuple(held),
        )

    def _waiting(self, name: str, row: dict) -> int | None:
        """How many entries come after the cursor: counted where a window reached an end of the stream, else the
        lag, which all servers count alike as long as nothing was removed."""
        length, cursor = self.info["length"], row["last-delivered-id"]
        if self.complete:
            return sum(as_numbers(entry_id) > as_numbers(cursor) for entry_id, _ in self.head)
        if cursor == self.cursors[name] and len(self.after[name]) < self.most:
            return len(self.after[name])
        if cursor == self.cursors[name] and len(self.upto[name]) < self.most:
            return length - len(self.upto[name])
        untouched = self.info["entries-added"] == length and self.info["max-deleted-entry-id"] == "0-0"
        return row.get("lag") if untouched else None


def _in_turn(*sources: Sequence[Id]) -> list[Id]:
    """The first of each source, the second of each, and so on."""
    return [entry_id for ids in zip_longest(*sources) for entry_id in ids if entry_id is not None]


def _most_telling(held: dict[Id, dict]) -> list[Id]:
    """Pending entries in the order of what they tell: the oldest of each consumer, then the most often delivered."""
    oldest = set({row["consumer"]: entry_id for entry_id, row in sorted(held.items(), reverse=True)}.values())
    return sorted(held, key=lambda entry_id: (entry_id not in oldest, -held[entry_id]["times_delivered"], entry_id))
