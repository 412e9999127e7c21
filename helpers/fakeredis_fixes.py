"""What fakeredis 2.40 does differently from Redis 7.0 where the lessons look, repaired.

Each repair is a small function in `FIXES`, named by what it mends. tests/test_fakeredis_fixes.py runs a scenario for
each on a real server and on fakeredis with and without it: the day fakeredis needs one no longer, its test fails and
the repair can go. The behaviour is that of Redis 7.0.15, observed, and of its command pages
(https://redis.io/docs/latest/commands/).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from copy import deepcopy
from typing import Any, NamedTuple

from fakeredis import _msgs
from fakeredis._command_args_parsing import Int, Timeout
from fakeredis._commands import COMMANDS_WITH_SUB, SUPPORTED_COMMANDS, Key, Signature, command
from fakeredis._core import CommandItem
from fakeredis._helpers import OK, SimpleError, SimpleString, casematch, current_time
from fakeredis._socket._base import BaseFakeSocket
from fakeredis.commands_mixins.connection_mixin import ConnectionCommandsMixin
from fakeredis.commands_mixins.generic_mixin import GenericCommandsMixin
from fakeredis.commands_mixins.list_mixin import ListCommandsMixin
from fakeredis.commands_mixins.pubsub_mixin import PubSubCommandsMixin
from fakeredis.commands_mixins.streams_mixin import StreamsCommandsMixin
from fakeredis.model import StreamEntryKey, StreamGroup, StreamRangeTest, XStream
from fakeredis.model._stream import MAX_ID_PART, MAX_KEY, MIN_KEY, PelEntry

FIXES: dict[str, Callable[[], None]] = {}
_applied = False


def apply(without: Collection[str] = ()) -> None:
    """Repairs fakeredis in this process, once; `without` leaves the repairs of those names out.

    Raises:
        RuntimeError: this fakeredis no longer has what a repair replaces.
    """
    global _applied
    if _applied:
        return
    _applied = True
    for name, repair in FIXES.items():
        if name not in without:
            repair()


def _fix(name: str) -> Callable:
    def register(repair: Callable[[], None]) -> Callable[[], None]:
        FIXES[name] = repair
        return repair

    return register


def _replace(owner: Any, name: str, make: Callable[[Any], Any]) -> None:
    """Puts ``make(original)`` in the place of ``owner.name``."""
    if not hasattr(owner, name):
        raise RuntimeError(f"it has no {owner.__name__}.{name}")
    setattr(owner, name, make(getattr(owner, name)))


# --- XREAD and XREADGROUP ------------------------------------------------------------------------------------------

_UNBALANCED = "ERR Unbalanced XREAD list of streams: for each stream key an ID or '$' must be specified."
_ONLY_IN_GROUP = "ERR The {} option is only supported by XREADGROUP. You called XREAD instead."
_NEW_WITHOUT_GROUP = (
    "ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option."
)
_DOLLAR_IN_GROUP = (
    "ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by "
    "specifying a proper ID, or use the > ID to get new messages. The $ ID would just return an empty result set."
)


class _Read(NamedTuple):
    """A parsed XREAD or XREADGROUP: count None is no limit, block None is not blocking (ms)."""

    streams: list[tuple[bytes, bytes]]  # key and id, as typed
    count: int | None
    block: int | None
    group: bytes | None
    consumer: bytes | None
    noack: bool


@_fix("XREAD and XREADGROUP")
def _repair_reads() -> None:
    """Options in any order, the server's own errors, BLOCK with XREADGROUP, nil for nothing."""
    _replace(StreamsCommandsMixin, "xread", lambda _: _xread)
    _replace(StreamsCommandsMixin, "xreadgroup", lambda _: _xreadgroup)

    def waking(original: Callable) -> Callable:
        def xgroup_destroy(self: StreamsCommandsMixin, key: CommandItem, group: bytes) -> int:
            gone = key.value.group_get(group) if key.value is not None else None
            destroyed = original(self, key, group)
            if destroyed:
                gone.destroyed = True
                self._db.wake_all()  # Its blocked readers have to hear of it.
            return destroyed

        return xgroup_destroy

    _replace(StreamsCommandsMixin, "xgroup_destroy", waking)


def _xread(self: StreamsCommandsMixin, *args: bytes) -> Any:
    read = _parse_read(args, "xread")
    starts = [(key, _start_of(self, key, start)) for key, start in read.streams]

    def serve(_first_pass: bool) -> list | None:
        found = [[key, _entries_after(self, key, start, read.count)] for key, start in starts]
        return [pair for pair in found if pair[1]] or None

    return _answer(self, read, serve)


def _start_of(self: StreamsCommandsMixin, key: bytes, start: bytes) -> StreamRangeTest:
    stream = _stream(self, key)
    if start == b"$":
        return StreamRangeTest(stream.last_id if stream else MIN_KEY, exclusive=True)
    if start == b">":
        raise SimpleError(_NEW_WITHOUT_GROUP)
    return StreamRangeTest(StreamEntryKey.parse_str(start), exclusive=True)


def _entries_after(self: StreamsCommandsMixin, key: bytes, start: StreamRangeTest, count: int | None) -> list:
    item = self._db.get(key)
    if item is None or not isinstance(item.value, XStream):  # Also while waiting: DEL and SET wake no XREAD.
        return []
    return item.value.irange(start, StreamRangeTest.decode(b"+"), reverse=False, count=count)


def _xreadgroup(self: StreamsCommandsMixin, *args: bytes) -> Any:
    read = _parse_read(args, "xreadgroup")
    groups = []
    for key, start in read.streams:
        stream = _stream(self, key)
        group = stream.group_get(read.group) if stream is not None else None
        if group is None:
            names = key.decode(errors="replace"), read.group.decode(errors="replace")
            raise SimpleError(_msgs.XREADGROUP_KEY_OR_GROUP_NOT_FOUND_MSG.format(*names))
        if start == b"$":
            raise SimpleError(_DOLLAR_IN_GROUP)
        if start != b">":
            StreamEntryKey.parse_str(start)
        groups.append((key, start, group))

    def serve(first_pass: bool) -> list | SimpleError | None:
        if not first_pass and (gone := _gone(self, read.group, groups)):
            return gone
        found = [
            [
                key,
                start,
                _stream(self, key).group_get(read.group).group_read(read.consumer, start, read.count, read.noack),
            ]
            for key, start, _ in groups
        ]
        return [[key, entries] for key, start, entries in found if entries or start != b">"] or None

    return _answer(self, read, serve)


def _gone(self: StreamsCommandsMixin, name: bytes, groups: list) -> SimpleError | None:
    """What a blocked reader hears when its stream or its group is taken away."""
    for key, _, group in groups:
        item = self._db.get(key)
        if item is None or not isinstance(item.value, XStream):
            return SimpleError("UNBLOCKED the stream key no longer exists")
        if item.value.group_get(name) is None or getattr(group, "destroyed", False):
            return SimpleError("NOGROUP the consumer group this client was blocked on no longer exists")
    return None


def _answer(self: StreamsCommandsMixin, read: _Read, serve: Callable[[bool], list | SimpleError | None]) -> Any:
    def shape(found: list | SimpleError | None) -> list | dict | SimpleError | None:
        return dict(found) if isinstance(found, list) and self._client_info.protocol_version == 3 else found

    if read.block is None:
        return shape(serve(True))
    served: list = []

    def serve_now() -> bool:
        waits = self._blocked and self._unblock_reason is None  # A client that hung up takes nothing.
        answer = serve(False) if waits and not served else None
        if answer is not None:
            served.append(answer)
        return bool(served)

    waiting = vars(self._db).setdefault("_waiting_reads", [])  # in the order in which they began to wait
    waiting.append(serve_now)
    try:
        answer = self._blocking(read.block / 1000, lambda first: served[0] if served else serve(first), shape)
    finally:
        waiting.remove(serve_now)
    return shape(served[0]) if served and answer is None else answer


@_fix("waiting readers")
def _repair_waiting() -> None:
    """The command that brings an entry answers the readers that wait for it, before the next command runs."""

    def serving(original: Callable) -> Callable:
        def _run_command(self: BaseFakeSocket, func: Any, sig: Signature, args: list, from_script: bool) -> Any:
            result = original(self, func, sig, args, from_script)
            if not self._in_transaction and not from_script and self._server:
                for db in self._server.dbs.values():
                    served = [serve_now() for serve_now in vars(db).get("_waiting_reads", ())]
                    if any(served):
                        db.wake_all()
            return result

        return _run_command

    _replace(BaseFakeSocket, "_run_command", serving)


def _parse_read(args: tuple[bytes, ...], name: str) -> _Read:
    grouped = name == "xreadgroup"
    count = block = group = consumer = None
    noack, at = False, 0
    while at < len(args):
        option, more = args[at], len(args) - at - 1
        if casematch(option, b"BLOCK") and more:
            at += 1
            block = Int.decode(args[at], "ERR timeout is not an integer or out of range")
            if block < 0:
                raise SimpleError(_msgs.TIMEOUT_NEGATIVE_MSG)
        elif casematch(option, b"COUNT") and more:
            at += 1
            count = Int.decode(args[at])
        elif casematch(option, b"STREAMS") and more:
            break
        elif casematch(option, b"GROUP") and more >= 2:
            if not grouped:
                raise SimpleError(_ONLY_IN_GROUP.format("GROUP"))
            group, consumer = args[at + 1 : at + 3]
            at += 2
        elif casematch(option, b"NOACK"):
            if not grouped:
                raise SimpleError(_ONLY_IN_GROUP.format("NOACK"))
            noack = True
        else:
            raise SimpleError(_msgs.SYNTAX_ERROR_MSG)
        at += 1
    rest = args[at + 1 :]
    if not rest:
        raise SimpleError(_msgs.SYNTAX_ERROR_MSG)
    if len(rest) % 2:
        raise SimpleError(_UNBALANCED)
    if grouped and group is None:
        raise SimpleError("ERR Missing GROUP option for XREADGROUP")
    half = len(rest) // 2
    streams = list(zip(rest[:half], rest[half:], strict=True))
    return _Read(streams, count if count and count > 0 else None, block, group, consumer, noack)


def _stream(self: StreamsCommandsMixin, key: bytes) -> XStream | None:
    return self._stream_value(CommandItem(key, self._db, item=self._db.get(key), default=None))


@_fix("history reads")
def _repair_history() -> None:
    """Reading one's pending entries again starts their idle time anew, and counts no delivery of a deleted entry."""

    def repaired(original: Callable) -> Callable:
        def group_read(self: StreamGroup, consumer: bytes, start: bytes, count: int | None, noack: bool) -> list:
            before = dict(self.pel) if start != b">" else {}
            found = original(self, consumer, start, count, noack)
            for entry_id, fields in found if start != b">" else []:
                key, now = StreamEntryKey.parse_str(entry_id), current_time()
                self.pel[key] = before[key] if fields is None else self.pel[key]._replace(time_read=now)
            return found

        return group_read

    _replace(StreamGroup, "group_read", repaired)


# --- Ranges, deleting, acknowledging -------------------------------------------------------------------------------


@_fix("XRANGE and XREVRANGE")
def _repair_ranges() -> None:
    """COUNT 0 answers nil, and an exclusive end beyond the last possible id is an error."""

    def repaired(original: Callable) -> Callable:
        def _xrange(stream, start, end, reverse, count):
            if start.exclusive and start.value == MAX_KEY:
                raise SimpleError("ERR invalid start ID for the interval")
            if end.exclusive and end.value == MIN_KEY:
                raise SimpleError("ERR invalid end ID for the interval")
            if stream is not None and count is not None and count <= 0:
                return None
            return original(stream, start, end, reverse, count)

        return staticmethod(_xrange)

    _replace(StreamsCommandsMixin, "_xrange", repaired)


@_fix("XDEL and XACK")
def _repair_ids() -> None:
    """One malformed id refuses the whole command, before anything is deleted or acknowledged."""

    def strict(original: Callable) -> Callable:
        def checked(self: Any, *args: Any) -> int:
            for entry_id in args[-1]:
                StreamEntryKey.parse_str(entry_id)
            return original(self, *args)

        return checked

    _replace(XStream, "delete", strict)
    _replace(StreamGroup, "ack", strict)


@_fix("WATCH")
def _repair_watch() -> None:
    """XDEL breaks a WATCH on its stream; a group that is created on a stream that was there does not."""

    def noticed(original: Callable) -> Callable:
        def xdel(self: StreamsCommandsMixin, key: CommandItem, *args: bytes) -> int:
            deleted = original(self, key, *args)
            if deleted:
                key.db.notify_watch(key.key)
            return deleted

        return xdel

    def unnoticed(original: Callable) -> Callable:
        def xgroup_create(self: StreamsCommandsMixin, key: CommandItem, *args: bytes) -> SimpleString:
            was_there = key.value is not None
            created = original(self, key, *args)
            key._modified = key._modified and not was_there
            return created

        return xgroup_create

    _replace(StreamsCommandsMixin, "xdel", noticed)
    _replace(StreamsCommandsMixin, "xgroup_create", unnoticed)


@_fix("idle times")
def _repair_idle() -> None:
    """XACK and claims leave the idle times of consumers alone (and take no time for each pending entry)."""
    _replace(StreamGroup, "_calc_consumer_last_time", lambda _: lambda self: None)


@_fix("XPENDING")
def _repair_pending() -> None:
    """The summary has consumers by name with their counts as strings; IDLE n includes n ms; a negative COUNT is 0."""

    def summary(original: Callable) -> Callable:
        def pending_summary(self: StreamGroup) -> list:
            total, first, last, consumers = original(self)
            return [total, first, last, [[name, b"%d" % count] for name, count in sorted(consumers)] or None]

        return pending_summary

    def detail(original: Callable) -> Callable:
        def pending(self, idle, start, end, count, consumer):
            return original(self, None if idle is None else idle - 1, start, end, max(count or 0, 0), consumer)

        return pending

    _replace(StreamGroup, "pending_summary", summary)
    _replace(StreamGroup, "pending", detail)


@_fix("consumers")
def _repair_consumers() -> None:
    """A read that finds nothing new makes no consumer and no consumer less idle; pending is what a consumer holds."""

    def reading(original: Callable) -> Callable:
        def group_read(self: StreamGroup, consumer: bytes, start: bytes, count: int | None, noack: bool) -> list:
            if start == b">" and not self.stream.stream_read(self.last_delivered_key, 1):
                return []
            return original(self, consumer, start, count, noack)

        return group_read

    def counted(original: Callable) -> Callable:
        def consumers_info(self: StreamGroup) -> list[dict]:
            held = Counter(entry.consumer_name for entry in self.pel.values())
            return [row | {"pending": held[row["name"]]} for row in original(self)]

        return consumers_info

    _replace(StreamGroup, "group_read", reading)
    _replace(StreamGroup, "consumers_info", counted)


@_fix("entries-read")
def _repair_entries_read() -> None:
    """A group counts what it read, and XINFO what is left, as Redis 7.0 does: also where deletions make it wrong."""

    def counting(original: Callable) -> Callable:
        def _mark_delivered(self: StreamGroup, key: StreamEntryKey) -> None:
            stream = self.stream
            if self.entries_read is not None and not stream.has_tombstones_from(key):
                self.entries_read += 1
            elif stream.entries_added:
                self.entries_read = stream.estimate_entries_read(key)
            self.last_delivered_key = key

        return _mark_delivered

    def estimating(original: Callable) -> Callable:
        def estimate_entries_read(self: XStream, key: StreamEntryKey) -> int | None:
            begins_whole = self._ids and (self._max_deleted_id == MIN_KEY or self._max_deleted_id < self.first_id)
            if begins_whole and key < self.first_id:
                return self._entries_added - len(self._ids)
            return self._entries_added if key == self._last_id else original(self, key)

        return estimate_entries_read

    def looking(original: Callable) -> Callable:
        return lambda self, start: original(self, start) and self.first_id <= self._max_deleted_id

    _replace(StreamGroup, "_mark_delivered", counting)
    _replace(XStream, "has_tombstones_from", looking)
    _replace(XStream, "estimate_entries_read", estimating)


@_fix("XCLAIM and XAUTOCLAIM")
def _repair_claims() -> None:
    """As t_stream.c of Redis 7.0: the server's errors and order, LASTID, a bounded scan, deleted entries let go."""

    def xclaim(self, key: CommandItem, group_name: bytes, consumer: bytes, min_idle: bytes, *args: bytes) -> list:
        idle = Int.decode(min_idle, "ERR Invalid min-idle-time argument for XCLAIM")
        asked, options = _claim_options(args)
        group, now = _group(key, group_name), current_time()
        if options.last_id is not None:
            group.last_delivered_key = max(group.last_delivered_key, options.last_id)
        claimed = []
        for entry_id in asked:
            if entry_id not in key.value:
                group.pel.pop(entry_id, None)
                continue
            held = group.pel.get(entry_id)
            if held is None and options.force:
                held = PelEntry(
                    consumer, now - idle, 1
                )  # What is not pending has no idle time that could be too short.
            if held is not None and now - held.time_read >= idle:
                _hand_over(group, entry_id, held, consumer, options)
                claimed.append(entry_id)
        return _told(key, claimed, options.justid)

    def xautoclaim(self, key: CommandItem, group_name: bytes, consumer: bytes, min_idle: bytes, start: bytes, *args):
        idle = Int.decode(min_idle, "ERR Invalid min-idle-time argument for XAUTOCLAIM")
        first, (count, justid) = _cursor(start), _autoclaim_options(args)
        group, now = _group(key, group_name), current_time()
        options = _Claim(now, None, False, justid, None)
        ahead = sorted(entry_id for entry_id in group.pel if entry_id >= first)
        claimed, gone, scanned = [], [], 0
        while scanned < min(len(ahead), count * 10) and len(claimed) + len(gone) < count:
            entry_id = ahead[scanned]
            scanned += 1
            if entry_id not in key.value:
                del group.pel[entry_id]
                gone.append(entry_id)
            elif now - group.pel[entry_id].time_read >= idle:
                _hand_over(group, entry_id, group.pel[entry_id], consumer, options)
                claimed.append(entry_id)
        cursor = ahead[scanned] if scanned < len(ahead) else MIN_KEY
        return [cursor.encode(), _told(key, claimed, justid), [entry_id.encode() for entry_id in gone]]

    _replace(StreamsCommandsMixin, "xclaim", lambda _: xclaim)
    _replace(StreamsCommandsMixin, "xautoclaim", lambda _: xautoclaim)
    for name in ("xclaim", "xautoclaim"):
        signature = SUPPORTED_COMMANDS[name]
        signature.fixed = tuple(bytes if kind is Int else kind for kind in signature.fixed)


class _Claim(NamedTuple):
    """The options of a claim: the delivery time that it sets (ms), and how it counts."""

    time: int
    retries: int | None
    force: bool
    justid: bool
    last_id: StreamEntryKey | None


def _claim_options(args: tuple[bytes, ...]) -> tuple[list[StreamEntryKey], _Claim]:
    at, now = 0, current_time()
    while at < len(args) and _is_id(args[at]):
        at += 1
    asked = [StreamEntryKey.parse_str(entry_id) for entry_id in args[:at]]
    when, retries, force, justid, last_id = now, None, False, False, None
    while at < len(args):
        option, more = args[at].upper(), at + 1 < len(args)
        if option in (b"IDLE", b"TIME", b"RETRYCOUNT") and more:
            at += 1
            value = Int.decode(args[at], f"ERR Invalid {option.decode()} option argument for XCLAIM")
            if option == b"RETRYCOUNT":
                retries = value if value >= 0 else None
            else:
                when = value if option == b"TIME" else now - value
        elif option == b"LASTID" and more:
            at += 1
            last_id = StreamEntryKey.parse_str(args[at])
        elif option == b"FORCE":
            force = True
        elif option == b"JUSTID":
            justid = True
        else:
            raise SimpleError(f"ERR Unrecognized XCLAIM option '{args[at].decode(errors='replace')}'")
        at += 1
    return asked, _Claim(when if 0 <= when <= now else now, retries, force, justid, last_id)


def _autoclaim_options(args: tuple[bytes, ...]) -> tuple[int, bool]:
    count, justid, at = 100, False, 0
    while at < len(args):
        if casematch(args[at], b"COUNT") and at + 1 < len(args):
            at += 1
            count = Int.decode(args[at], "ERR COUNT must be > 0")
            if count <= 0:
                raise SimpleError("ERR COUNT must be > 0")
        elif casematch(args[at], b"JUSTID"):
            justid = True
        else:
            raise SimpleError(_msgs.SYNTAX_ERROR_MSG)
        at += 1
    return count, justid


def _group(key: CommandItem, name: bytes) -> StreamGroup:
    group = key.value.group_get(name) if key.value is not None else None
    if group is None:
        names = key.key.decode(errors="replace"), name.decode(errors="replace")
        raise SimpleError(_msgs.XNACK_NOGROUP_MSG.format(*names))
    return group


def _hand_over(group: StreamGroup, entry_id: StreamEntryKey, held: PelEntry, to: bytes, options: _Claim) -> None:
    group.add_consumer(to)
    group.consumers[to].last_attempt = group.consumers[to].last_success = current_time()
    times = held.times_delivered + (not options.justid) if options.retries is None else options.retries
    group.pel[entry_id] = PelEntry(to, options.time, times)


def _told(key: CommandItem, claimed: list[StreamEntryKey], justid: bool) -> list:
    return [entry_id.encode() if justid else key.value.format_record(entry_id) for entry_id in claimed]


def _is_id(text: bytes) -> bool:
    return StreamRangeTest.valid_key(text)


def _cursor(start: bytes) -> StreamEntryKey:
    """XAUTOCLAIM's start as the first id that it may claim."""
    if start == b"-":
        return MIN_KEY
    key = StreamEntryKey.parse_str(start.removeprefix(b"("))
    if start[:1] != b"(":
        return key
    return StreamEntryKey(*((key.ts, key.seq + 1) if key.seq < MAX_ID_PART else (key.ts + 1, 0)))


# --- XSETID, XINFO, help -------------------------------------------------------------------------------------------


@_fix("XSETID")
def _add_xsetid() -> None:
    """A command that fakeredis lacks: the repair after an id from the future."""

    def xsetid(self, key: CommandItem, last_id: bytes, *args: bytes) -> SimpleString:
        new = StreamEntryKey.parse_str(last_id)
        added, deleted = _xsetid_options(args, new)
        stream = key.value
        if stream is None:
            raise SimpleError(_msgs.NO_KEY_MSG)
        if len(stream) and new < stream._ids[-1]:
            raise SimpleError("ERR The ID specified in XSETID is smaller than the target stream top item")
        if added is not None and added < len(stream):
            raise SimpleError("ERR The entries_added specified in XSETID is smaller than the target stream length")
        stream._last_id = new
        stream._entries_added = stream._entries_added if added is None else added
        if deleted is not None and deleted != MIN_KEY:
            stream._max_deleted_id = deleted
        return OK

    StreamsCommandsMixin.xsetid = command(
        name="XSETID", fixed=(Key(XStream), bytes), repeat=(bytes,), flags=_msgs.FLAG_DO_NOT_CREATE
    )(xsetid)


def _xsetid_options(args: tuple[bytes, ...], new: StreamEntryKey) -> tuple[int | None, StreamEntryKey | None]:
    added = deleted = None
    for option, value in zip(args[::2], args[1::2], strict=False):
        if casematch(option, b"ENTRIESADDED"):
            added = Int.decode(value)
            if added < 0:
                raise SimpleError("ERR entries_added must be positive")
        elif casematch(option, b"MAXDELETEDID"):
            deleted = StreamEntryKey.parse_str(value)
            if new < deleted:
                raise SimpleError("ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id")
        else:
            raise SimpleError(_msgs.SYNTAX_ERROR_MSG)
    if len(args) % 2:
        raise SimpleError(_msgs.SYNTAX_ERROR_MSG)
    return added, deleted


_INFO_ORDER = (
    "length radix-tree-keys radix-tree-nodes last-generated-id max-deleted-entry-id entries-added "
    "recorded-first-entry-id groups first-entry last-entry"
)


@_fix("XINFO")
def _repair_info() -> None:
    """The fields of Redis 7.0 in their order; groups and consumers by name."""

    def in_order(original: Callable) -> Callable:
        def stream_info(self: XStream, full: bool, trim_aware_lag: bool) -> list:
            flat = original(self, full, trim_aware_lag)
            fields = dict(zip(flat[::2], flat[1::2], strict=True))
            fields[b"radix-tree-nodes"] = fields[b"radix-tree-keys"] + 1
            order = _INFO_ORDER.encode().split()
            return [item for name in order for item in (name, fields[name])]

        return stream_info

    def sorted_groups(original: Callable) -> Callable:
        return lambda self, trim_aware_lag: sorted(original(self, trim_aware_lag), key=lambda row: row[b"name"])

    def sorted_consumers(original: Callable) -> Callable:
        def consumers_info(self: StreamGroup) -> list:
            rows = sorted(original(self), key=lambda row: row["name"])
            return [{name: row[name] for name in ("name", "pending", "idle")} for row in rows]

        return consumers_info

    _replace(XStream, "stream_info", in_order)
    _replace(XStream, "groups_info", sorted_groups)
    _replace(StreamGroup, "consumers_info", sorted_consumers)


@_fix("XINFO STREAM FULL")
def _add_full_info() -> None:
    """The whole state with the fields of Redis 7.0; COUNT bounds entries and pending entries (10; 0 is all)."""

    def repaired(original: Callable) -> Callable:
        def xinfo_stream(self: StreamsCommandsMixin, key: CommandItem, *args: bytes) -> list:
            if not args or not casematch(args[0], b"FULL"):
                return original(self, key, *args)
            if len(args) == 2 or len(args) > 3 or (len(args) == 3 and not casematch(args[1], b"COUNT")):
                raise SimpleError(_msgs.SYNTAX_ERROR_MSG)
            most = Int.decode(args[2]) if len(args) == 3 else 10
            if key.value is None:
                raise SimpleError(_msgs.NO_KEY_MSG)
            return _full_info(key.value, most if most > 0 else None if most == 0 else 10)

        return xinfo_stream

    _replace(StreamsCommandsMixin, "xinfo_stream", repaired)


def _full_info(stream: XStream, most: int | None) -> list:
    flat = stream.stream_info(False, False)
    fields = dict(zip(flat[::2], flat[1::2], strict=True))
    for summary in (b"groups", b"first-entry", b"last-entry"):
        del fields[summary]
    fields[b"entries"] = [stream.format_record(entry_id) for entry_id in stream._ids[:most]]
    fields[b"groups"] = [_full_group(group, most) for _, group in sorted(stream._groups.items())]
    return [item for pair in fields.items() for item in pair]


def _full_group(group: StreamGroup, most: int | None) -> dict:
    def held(by: bytes | None) -> list:
        rows = sorted((entry_id, entry) for entry_id, entry in group.pel.items() if by in (None, entry.consumer_name))
        who = [[entry.consumer_name] if by is None else [] for _, entry in rows]
        return [
            [entry_id.encode(), *name, entry.time_read, entry.times_delivered]
            for (entry_id, entry), name in zip(rows, who, strict=True)
        ]

    pending = held(None)
    return {
        b"name": group.name,
        b"last-delivered-id": group.last_delivered_key.encode(),
        b"entries-read": group.entries_read,
        b"lag": group.lag(False),
        b"pel-count": len(pending),
        b"pending": pending[:most],
        b"consumers": [
            {
                b"name": name,
                b"seen-time": consumer.last_attempt,
                b"pel-count": len(held(name)),
                b"pending": held(name)[:most],
            }
            for name, consumer in sorted(group.consumers.items())
        ],
    }


_XGROUP_HELP = """XGROUP <subcommand> [<arg> [value] [opt] ...]. Subcommands are:
CREATE <key> <groupname> <id|$> [option]
    Create a new consumer group. Options are:
    * MKSTREAM
      Create the empty stream if it does not exist.
    * ENTRIESREAD entries_read
      Set the group's entries_read counter (internal use).
CREATECONSUMER <key> <groupname> <consumer>
    Create a new consumer in the specified group.
DELCONSUMER <key> <groupname> <consumer>
    Remove the specified consumer.
DESTROY <key> <groupname>
    Remove the specified group.
SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read]
    Set the current group ID and entries_read counter.
HELP
    Prints this help."""

_XINFO_HELP = """XINFO <subcommand> [<arg> [value] [opt] ...]. Subcommands are:
CONSUMERS <key> <groupname>
    Show consumers of <groupname>.
GROUPS <key>
    Show the stream consumer groups.
STREAM <key> [FULL [COUNT <count>]
    Show information about the stream.
HELP
    Prints this help."""


@_fix("HELP")
def _add_help() -> None:
    """XGROUP HELP and XINFO HELP, with the words of Redis 7.0."""
    for name, text in (("xgroup_help", _XGROUP_HELP), ("xinfo_help", _XINFO_HELP)):
        lines = [SimpleString(line.encode()) for line in text.splitlines()]
        method = command(name=name.replace("_", " "), fixed=())(_named(name, lambda self, lines=lines: lines))
        setattr(StreamsCommandsMixin, name, method)


def _named(name: str, function: Callable) -> Callable:
    function.__name__ = name
    return function


@_fix("LMOVE and BLMOVE")
def _repair_moves() -> None:
    """BLMOVE waits for a list that is not there yet; neither moves what an empty list does not have."""

    def sides(wherefrom: bytes, whereto: bytes) -> list[bool]:
        if not all(casematch(side, b"LEFT") or casematch(side, b"RIGHT") for side in (wherefrom, whereto)):
            raise SimpleError(_msgs.SYNTAX_ERROR_MSG)
        return [casematch(side, b"LEFT") for side in (wherefrom, whereto)]

    def move(self, source: bytes, destination: bytes, ends: list[bool], first_pass: bool) -> bytes | None:
        taken = CommandItem(source, self._db, item=self._db.get(source), default=[])
        if not isinstance(taken.value, list):
            if first_pass:
                raise SimpleError(_msgs.WRONGTYPE_MSG)
            return None
        if not taken.value:
            return None
        same = source == destination
        given = taken if same else CommandItem(destination, self._db, item=self._db.get(destination), default=[])
        if not isinstance(given.value, list):
            raise SimpleError(_msgs.WRONGTYPE_MSG)
        from_left, to_left = ends
        element = taken.value.pop(0 if from_left else -1)
        given.value.insert(0 if to_left else len(given.value), element)
        for item in (taken,) if same else (taken, given):
            item.updated()
            item.writeback()
        return element

    def lmove(self, source: bytes, destination: bytes, wherefrom: bytes, whereto: bytes) -> bytes | None:
        return move(self, source, destination, sides(wherefrom, whereto), True)

    def blmove(
        self, source: bytes, destination: bytes, wherefrom: bytes, whereto: bytes, timeout: float
    ) -> bytes | None:
        ends = sides(wherefrom, whereto)
        return self._blocking(timeout, lambda first_pass: move(self, source, destination, ends, first_pass))

    four = (bytes, bytes, bytes, bytes)
    ListCommandsMixin.lmove = command(name="LMOVE", fixed=four)(lmove)
    ListCommandsMixin.blmove = command(name="BLMOVE", fixed=(*four, Timeout), flags=_msgs.FLAG_NO_SCRIPT)(blmove)


@_fix("PUBSUB CHANNELS")
def _repair_channels() -> None:
    """A channel is listed while somebody subscribes, and not after the last connection has gone."""

    def repaired(original: Callable) -> Callable:
        def _channels(self: PubSubCommandsMixin, subscribers: dict, *patterns: bytes) -> list[bytes]:
            return original(self, {channel: who for channel, who in subscribers.items() if who}, *patterns)

        return _channels

    _replace(PubSubCommandsMixin, "_channels", repaired)


@_fix("COPY")
def _repair_copy() -> None:
    """The copy is a key of its own: what is added to it or read from it leaves the original alone."""

    def repaired(original: Callable) -> Callable:
        def copy(self: GenericCommandsMixin, key: CommandItem, newkey: CommandItem, *args: bytes) -> int:
            copied = original(self, key, newkey, *args)
            if copied:
                newkey.value = deepcopy(key.value)
            return copied

        return copy

    _replace(GenericCommandsMixin, "copy", repaired)


@_fix("HELLO")
def _repair_hello() -> None:
    """Names the version that the simulator behaves as, and changes no protocol unless asked to."""

    def repaired(original: Callable) -> Callable:
        def hello(self: ConnectionCommandsMixin, *args: bytes) -> dict:
            spoken = self._client_info["resp"]
            answer = original(self, *args)
            if not args:
                self._client_info["resp"] = spoken
            return answer | {
                "server": self.server_type,
                "version": ".".join(map(str, self.version)),
                "proto": self._client_info["resp"],
            }

        return hello

    _replace(ConnectionCommandsMixin, "hello", repaired)


# --- Errors of any command -----------------------------------------------------------------------------------------

# How many arguments a command takes at least, its own name not counted (COMMAND INFO).
_FEWEST = {"xadd": 4, "xtrim": 3, "xdel": 2, "xack": 3, "xread": 3, "xreadgroup": 6, "xpending": 2}


@_fix("wrong number of arguments")
def _repair_arity() -> None:
    """Checked before MULTI queues a command, and subcommands are named like xgroup|create."""

    def repaired(original: Callable) -> Callable:
        def check_arity(self: Signature, args: Any, version: Any) -> None:
            wrong = SimpleError(_msgs.WRONG_ARGS_MSG6.format(self.name.replace(" ", "|")))
            if len(args) < _FEWEST.get(self.name, 0):
                raise wrong
            try:
                original(self, args, version)
            except SimpleError as error:
                about_arity = error.value in (_msgs.WRONG_ARGS_MSG6.format(self.name), _msgs.WRONG_ARGS_MSG7)
                raise wrong if about_arity else error from None

        return check_arity

    _replace(Signature, "check_arity", repaired)
    for name in ("xread", "xreadgroup"):
        # The server's count of arguments covers all of them; their meaning is the command's own affair.
        SUPPORTED_COMMANDS[name].fixed = ()
        SUPPORTED_COMMANDS[name].repeat = (bytes,)


@_fix("unknown commands")
def _repair_unknown() -> None:
    """The error quotes what was typed, and an unknown subcommand names its HELP."""

    def remember(original: Callable) -> Callable:
        def _process_command(self: BaseFakeSocket, fields: list[bytes]) -> None:
            self._typed = fields
            original(self, fields)

        return _process_command

    def repaired(original: Callable) -> Callable:
        def _unknown_command(self: BaseFakeSocket, name: str, args: str | None = None) -> SimpleError:
            typed = [field.decode(errors="replace") for field in getattr(self, "_typed", [])]
            if not typed or self.server_type != "redis":
                return original(self, name, args)
            if typed[0].lower() in COMMANDS_WITH_SUB:
                if len(typed) == 1:
                    return SimpleError(_msgs.WRONG_ARGS_MSG6.format(typed[0].lower()))
                return SimpleError(f"ERR unknown subcommand '{typed[1][:128]}'. Try {typed[0].upper()} HELP.")
            quoted = ""
            for argument in typed[1:]:
                if len(quoted) < 128:
                    quoted += f"'{argument[: 128 - len(quoted)]}' "
            return SimpleError(f"ERR unknown command '{typed[0][:128]}', with args beginning with: {quoted}")

        return _unknown_command

    _replace(BaseFakeSocket, "_process_command", remember)
    _replace(BaseFakeSocket, "_unknown_command", repaired)


@_fix("error texts")
def _repair_texts() -> None:
    """BUSYGROUP without ERR, a full millisecond's own error, and the HELP of XGROUP CREATE and XINFO STREAM."""
    _replace(_msgs, "XGROUP_BUSYGROUP", lambda text: text.removeprefix("ERR "))

    def naming_full_millisecond(original: Callable) -> Callable:
        def next_id(self: XStream, entry_id: StreamEntryKey | None, seq_given: bool) -> StreamEntryKey | None:
            if entry_id and not seq_given and self.last_id == (entry_id.ts, MAX_ID_PART):
                raise SimpleError("ERR Elements are too large to be stored")
            return original(self, entry_id, seq_given)

        return next_id

    _replace(XStream, "next_id", naming_full_millisecond)

    def naming_help(container: str, subcommand: str) -> Callable:
        text = f"ERR unknown subcommand or wrong number of arguments for '{subcommand}'. Try {container} HELP."

        def repaired(original: Callable) -> Callable:
            def call(self: StreamsCommandsMixin, *args: Any) -> Any:
                try:
                    return original(self, *args)
                except SimpleError as error:
                    raise SimpleError(text) if error.value == _msgs.SYNTAX_ERROR_MSG else error from None

            return call

        return repaired

    _replace(StreamsCommandsMixin, "xgroup_create", naming_help("XGROUP", "CREATE"))
    _replace(StreamsCommandsMixin, "xinfo_stream", naming_help("XINFO", "STREAM"))
