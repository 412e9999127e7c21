"""A live view of one stream in a terminal: ``python -m helpers.watch orders``, until Ctrl-C.

It shows the stream, its groups with lag and rates, and who holds which pending entry for how long. It only reads:
no key, group or consumer comes into being by watching. What it asks per frame grows with the number of groups and
never with the stream.

`Frame` is the whole picture as plain data, so that it can be drawn on any rich console without a terminal.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions
from rich.live import Live
from rich.text import Text

from helpers import backend
from helpers.resp import open_shared, shared_url
from helpers.snapshot import Entry, Group, NotAStream, Pending, Snapshot, snapshot

LONG = 10  # s: held longer than this is marked
WINDOW = 5  # s: rates are means over the last few seconds
PATIENCE = 2  # s: a server that takes longer is said not to answer
LATEST = 5  # entries
VALUE = 200  # characters of a name or value, at most
WIDE = 70  # columns: from here on there is room for words

HELD_LONG, AGAIN, UNKNOWN = "▲", "↻", "–"
QUIET, NAME, ALARM, NOTICE = "dim", "bold", "bold red", "bold magenta"  # readable on dark and on light


# --- What is seen --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Counts:
    """A group's counters, read at one moment."""

    passed: int | None  # how many of all entries ever added lie up to its cursor; None when the server cannot tell
    pending: int


@dataclass(frozen=True)
class Look:
    """A stream at one moment: its snapshot, the counters that rates come from, and its last entries."""

    stream: Snapshot
    added: int | None = None  # entries ever added, also those that are gone; None without a stream
    last_id: str = ""
    counts: dict[str, Counts] | None = None  # by group
    latest: tuple[Entry, ...] = ()  # by id


def look(r: redis.Redis, key: str) -> Look:
    """The stream `key` as it is now, in four round trips.

    Raises:
        NotAStream: the key holds another type.
    """
    stream = snapshot(r, key, most=LATEST)
    if not stream.exists:
        return Look(stream)
    with r.pipeline(transaction=True) as pipe:
        pipe.xinfo_stream(key).xinfo_groups(key).xrevrange(key, count=LATEST)
        info, groups, latest = replies = pipe.execute(raise_on_error=False)
    for reply in replies:
        if isinstance(reply, redis.ResponseError) and str(reply).startswith(("no such key", "WRONGTYPE")):
            return Look(replace(stream, exists=False))  # It went just now.
        if isinstance(reply, Exception):
            raise reply
    added = info["entries-added"]
    return Look(
        stream,
        added,
        info["last-generated-id"],
        {row["name"]: Counts(_passed(row, added), row["pending"]) for row in groups},
        tuple(Entry(entry_id, fields) for entry_id, fields in reversed(latest)),
    )


def _passed(row: dict, added: int) -> int | None:
    """How many entries lie up to a group's cursor: entries-read; where that is nil (a new group), from the lag."""
    if row["entries-read"] is not None:
        return row["entries-read"]
    return None if row["lag"] is None else added - row["lag"]


@dataclass(frozen=True)
class Rates:
    """Per second; None when unknown."""

    added: float | None
    delivered: dict[str, float | None]  # by group
    acknowledged: dict[str, float | None]


def rates(before: Look | None, now: Look, elapsed: float) -> Rates:
    """What happened between two looks that are `elapsed` seconds apart; unknown below one second.

    Delivered is how far a group's cursor moved, which counts entries that were trimmed before they were read and
    those that XGROUP SETID skipped. Acknowledged is what of it is no longer pending, which counts what was read with
    NOACK and what XGROUP DELCONSUMER threw away: no server counts either of them by itself.
    """
    old = (before.counts or {}) if before else {}
    delivered, acknowledged = {}, {}
    for name, count in (now.counts or {}).items():
        was = old.get(name, Counts(None, 0))
        delivered[name] = _per_second(was.passed, count.passed, elapsed)
        acknowledged[name] = _per_second(_done(was), _done(count), elapsed)
    return Rates(_per_second(before.added if before else None, now.added, elapsed), delivered, acknowledged)


def _done(counts: Counts) -> int | None:
    return None if counts.passed is None else counts.passed - counts.pending


def _per_second(before: int | None, now: int | None, elapsed: float) -> float | None:
    """None also when the counter went back: the stream or the group is another one, or was set back."""
    if before is None or now is None or now < before or elapsed < 1:
        return None
    return (now - before) / elapsed


# --- What is drawn -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Frame:
    """One picture, drawn by rich: `before` is an earlier look, `elapsed` seconds older, for the rates."""

    server: str
    now: Look
    before: Look | None = None
    elapsed: float = 0
    trouble: str = ""  # why `now` is not from now
    live: bool = False

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterable[Text]:
        yield from frame_lines(self, options.max_width, options.size.height if self.live else None)


@dataclass(frozen=True)
class Room:
    """How much is shown of what; the rest is counted."""

    groups: int
    details: int  # groups whose consumers and pending entries are listed
    rows: int  # of consumers, per group
    pending: int  # entries, per group
    latest: int  # entries


# From everything to what matters most; the first that fits is taken.
ROOMS = (
    Room(groups=20, details=20, rows=4, pending=5, latest=5),
    Room(groups=20, details=20, rows=2, pending=3, latest=5),
    Room(groups=16, details=10, rows=2, pending=3, latest=3),
    Room(groups=16, details=6, rows=2, pending=2, latest=3),
    Room(groups=12, details=5, rows=1, pending=1, latest=3),
    Room(groups=10, details=3, rows=1, pending=1, latest=2),
    Room(groups=6, details=2, rows=1, pending=1, latest=2),
    Room(groups=4, details=1, rows=1, pending=1, latest=1),
    Room(groups=4, details=0, rows=0, pending=0, latest=1),
)


def frame_lines(frame: Frame, width: int, height: int | None = None) -> list[Text]:
    """The frame as lines of at most `width` columns, which never wrap, and at most `height` of them."""
    stream = frame.now.stream
    title = Text.assemble((_plain(stream.key), NAME), (f"  {_plain(frame.server)}", QUIET))
    trouble = Text(_plain(frame.trouble), ALARM)
    if not stream.exists:
        body = [_plain(stream.key) + " does not exist yet.", "The first XADD makes it appear here."]
        lines = [Text(line) for line in body]
    else:
        lines = _stream_lines(frame, width, _room(stream, width, height))
    if frame.trouble:
        for line in lines:
            line.stylize(QUIET)
    lines = [title, trouble, *lines, Text(), _footer(frame, width)]
    for line in lines:
        line.no_wrap, line.overflow = True, "ellipsis"
        line.truncate(width, overflow="ellipsis")
    return lines[:height]


def _room(stream: Snapshot, width: int, height: int | None) -> Room:
    """The first that fits, counting for every group all the rows that it may take: what is pending changes from frame
    to frame, and nothing should jump for it."""
    fitting = (room for room in ROOMS if height is None or _rows(stream, room, width) <= height)
    return next(fitting, ROOMS[-1])


def _rows(stream: Snapshot, room: Room, width: int) -> int:
    detailed, more = _detailed(stream.groups, room.details)
    consumers = sum(len(_consumers(group, width, room.rows)) for group in detailed)
    details = 1 + consumers + len(detailed) * (room.pending + 1) + bool(more) if detailed else 0
    groups = 1 + min(len(stream.groups), room.groups) + (len(stream.groups) > room.groups)
    return 3 + min(stream.length, room.latest) + 1 + groups + details + 2


def _stream_lines(frame: Frame, width: int, room: Room) -> list[Text]:
    stream, speed = frame.now.stream, rates(frame.before, frame.now, frame.elapsed)
    lines = [_summary(frame.now, speed, width)]
    lines += [_entry(entry) for entry in frame.now.latest[-room.latest :]]
    lines += [Text(), *_group_table(stream.groups, speed, width, room.groups)]
    detailed, more = _detailed(stream.groups, room.details)
    if detailed:
        lines.append(Text())
    for group, rows in zip(detailed, _pending_rows(detailed, width, room.pending), strict=True):
        lines += _consumers(group, width, room.rows) + rows
    if more and room.details:
        lines.append(Text(f"and {_many(len(more), 'more group')} with consumers", QUIET))
    return lines


def _summary(now: Look, speed: Rates, width: int) -> Text:
    length, last = _many(now.stream.length, "entry", "entries"), f"   last id {now.last_id}"
    line = Text.assemble((length, NAME), f"   added {_rate(speed.added)}/s")
    return line.append(last, QUIET) if line.cell_len + cell_len(last) <= width else line


def _entry(entry: Entry) -> Text:
    fields = " ".join(f"{_plain(field)}={_plain(value)}" for field, value in list(entry.fields.items())[:20])
    return Text.assemble((f"  {entry.id}  ", QUIET), fields)


# In the order in which they are shown, and those that go, in that order, when it gets narrow.
_COLUMNS = ("group", "last delivered", "lag", "pending", "consumers", "delivered/s", "acked/s")
_DROPPED = ("acked/s", "consumers", "last delivered", "delivered/s")


def _group_table(groups: Sequence[Group], speed: Rates, width: int, most: int) -> list[Text]:
    if not groups:
        return [Text("no groups yet", QUIET)]
    cells = [[Text(label, QUIET) for label in _COLUMNS]]
    shown, rest = _in_use(groups, most)
    for group in shown:
        cells.append(
            [
                Text(_plain(group.name), NAME),
                Text(group.cursor),
                Text(_lag(group)),
                Text(f"{group.pending:,}"),
                Text(f"{len(group.consumers):,}"),
                Text(_rate(speed.delivered.get(group.name))),
                Text(_rate(speed.acknowledged.get(group.name))),
            ]
        )
    columns, gaps = list(range(len(_COLUMNS))), _gap(width)
    for label in ("", *_DROPPED):
        columns = [column for column in columns if _COLUMNS[column] != label]
        needed = sum(min(_widest(cells, column), 12 if column == 0 else 99) + gaps for column in columns)
        if needed - gaps <= width:
            break
    chosen = [[row[column] for column in columns] for row in cells]
    numbers = [n for n, column in enumerate(columns) if column > 1]
    lines = _aligned(chosen, width, flexible=0, right=numbers)
    if rest:
        pending = sum(group.pending for group in rest)
        lines.append(Text(f"and {_many(len(rest), 'more group')}, {pending:,} pending there", QUIET))
    return lines


def _lag(group: Group) -> str:
    """The server's lag; where it says nil, the count of what comes after the cursor, if that is known."""
    if group.lag is not None:
        return f"{group.lag:,}"
    return "nil" if group.waiting is None else f"nil ({group.waiting:,})"


def _in_use(groups: Sequence[Group], most: int) -> tuple[list[Group], list[Group]]:
    """The groups of the table, by name: when not all fit, those with consumers before others; and the rest."""
    return _split(groups, sorted(groups, key=lambda group: (not group.consumers, group.name))[:most])


def _detailed(groups: Sequence[Group], most: int) -> tuple[list[Group], list[Group]]:
    """The groups whose consumers are listed, by name: those with most pending; and the others with consumers."""
    used = [group for group in groups if group.consumers or group.pending]
    return _split(used, sorted(used, key=lambda group: (-group.pending, group.name))[:most])


def _split(groups: Sequence[Group], chosen: Sequence[Group]) -> tuple[list[Group], list[Group]]:
    names = {group.name for group in chosen}
    return [group for group in groups if group.name in names], [group for group in groups if group.name not in names]


def _consumers(group: Group, width: int, rows: int) -> list[Text]:
    """The group and what each consumer holds, those first that hold something; the last line counts the others."""
    chips = [
        Text.assemble(_short(consumer.name), (f" {consumer.pending:,}", NAME if consumer.pending else QUIET))
        for consumer in sorted(group.consumers, key=lambda consumer: (not consumer.pending, consumer.name))
    ]
    lines = [Text.assemble((_short(group.name), NAME))]
    for number, chip in enumerate(chips):
        more = Text(f"and {len(chips) - number:,} more", QUIET)
        # On the last line a chip must leave room to say that there are others, unless it is the last one itself.
        spare = 0 if number == len(chips) - 1 or len(lines) < rows else 3 + more.cell_len
        if lines[-1].cell_len + 3 + chip.cell_len + spare > width:
            if len(lines) == rows:
                lines[-1] = _room_for(lines[-1], 3 + more.cell_len, width).append("   ").append(more)
                return lines
            lines.append(Text())
        lines[-1].append("   ").append(chip)
    return lines


def _short(name: str) -> str:
    """A name that leaves room for what is said of it."""
    text = Text(_plain(name))
    text.truncate(24, overflow="ellipsis")
    return text.plain


def _room_for(line: Text, columns: int, width: int) -> Text:
    line.truncate(max(width - columns, 1), overflow="ellipsis")
    return line


def _pending_rows(groups: Sequence[Group], width: int, most: int) -> list[list[Text]]:
    """For each group the entries that are held longest, among the oldest that the snapshot has."""
    # sorted keeps the order of ids among those that were delivered together.
    longest = [sorted(group.held, key=lambda pending: -pending.idle)[:most] for group in groups]
    cells = [_pending(pending, width >= WIDE) for shown in longest for pending in shown]
    lines = iter(_aligned(cells, width - 2, flexible=2))
    found = []
    for group, shown in zip(groups, longest, strict=True):
        found.append([Text("  ").append(next(lines)) for _ in shown])
        if group.pending > len(shown):
            found[-1].append(Text(f"  and {group.pending - len(shown):,} more pending", QUIET))
    return found


def _pending(pending: Pending, wide: bool) -> list[Text]:
    seconds, times = pending.idle // 1000, pending.deliveries
    held, again = seconds >= LONG, times > 1
    delivered = ("once" if times == 1 else f"{times:,} times") if wide else f"{times:,}×"
    return [
        Text(f"{HELD_LONG if held else ' '} {'held ' if wide else ''}{seconds:3,} s", ALARM if held else ""),
        Text(f"{AGAIN if again else ' '} {'delivered ' if wide else ''}{delivered}", NOTICE if again else ""),
        Text(_plain(pending.consumer)) if pending.consumer else Text("nobody", QUIET),
        Text(pending.id + ("  deleted" if pending.deleted else ""), QUIET),
    ]


def _footer(frame: Frame, width: int) -> Text:
    parts = [f"{HELD_LONG} {LONG} s or longer", f"{AGAIN} again"] if frame.now.stream.groups else []
    parts += ["Ctrl-C ends"] if frame.live else []
    while sum(map(len, parts)) + 3 * (len(parts) - 1) > width:
        parts.pop(0)
    return Text("   ".join(parts), QUIET)


def _aligned(rows: Sequence[Sequence[Text]], width: int, flexible: int, right: Sequence[int] = ()) -> list[Text]:
    """Columns side by side, those in `right` to the right; the column `flexible`, of names, gives way to the others."""
    if not rows:
        return []
    gap = " " * _gap(width)
    widths = [_widest(rows, column) for column in range(len(rows[0]))]
    others = sum(widths) - widths[flexible] + len(gap) * (len(widths) - 1)
    widths[flexible] = min(widths[flexible], max(width - others, 6))
    lines = []
    for row in rows:
        cells = [cell.copy() for cell in row]
        for column, cell in enumerate(cells):
            cell.truncate(widths[column], overflow="ellipsis")
            (cell.pad_left if column in right else cell.pad_right)(widths[column] - cell.cell_len)
        lines.append(Text(gap).join(cells))
        lines[-1].rstrip()
    return lines


def _gap(width: int) -> int:
    """Columns between two columns."""
    return 3 if width >= WIDE else 2


def _widest(rows: Sequence[Sequence[Text]], column: int) -> int:
    return max(row[column].cell_len for row in rows)


def _rate(per_second: float | None) -> str:
    if per_second is None:
        return UNKNOWN
    return f"{per_second:.1f}" if 0 < per_second < 99.95 else f"{per_second:,.0f}"


def _many(count: int, one: str, several: str = "") -> str:
    return f"{count:,} {one if count == 1 else several or one + 's'}"


def _plain(text: str) -> str:
    """`text` on one line and without control characters, which would be orders to the terminal."""
    cut = text if len(text) <= VALUE else text[: VALUE - 1] + "…"
    return "".join(c if c.isprintable() else _escaped(c) for c in cut)


def _escaped(c: str) -> str:
    if "\udc80" <= c <= "\udcff":  # A byte that is not UTF-8, as "surrogateescape" keeps it.
        return f"\\x{ord(c) - 0xDC00:02x}"
    return c.encode("unicode_escape").decode()


# --- Until Ctrl-C --------------------------------------------------------------------------------------------------


class Source:
    """Where looks come from: the shared Redis, found again when it has moved."""

    def __init__(self, key: str) -> None:
        """Raises BackendError, one sentence, if there is no Redis."""
        self._key = key
        open_shared(self._open)

    def look(self) -> Look:
        """Raises NotAStream, or RedisError or BackendError while there is no answer."""
        try:
            return look(self._client, self._key)
        except redis.RedisError:
            if shared_url() == self._url:
                raise
            open_shared(self._open)  # A kernel that was started again has its simulator on another port.
            return look(self._client, self._key)

    def _open(self, url: str) -> None:
        if not url:  # Somebody is just writing it; open_redis would make a simulator in which nothing ever happens.
            raise backend.BackendError("There is no address yet: try again.")
        client, self.server = backend.open_redis(url)
        pool = client.connection_pool
        # A lesson's client waits for ever and tries ten times; a view has to say soon that nobody answers. And names
        # that are not UTF-8 must come back to the server as they were.
        ours = {"socket_timeout": PATIENCE, "socket_connect_timeout": PATIENCE, "encoding_errors": "surrogateescape"}
        options = {**pool.connection_kwargs, **ours, "retry": Retry(NoBackoff(), 0)}
        self._client = redis.Redis(connection_pool=redis.ConnectionPool(pool.connection_class, **options))
        self._url = url


def watch(source: Source, every: float, console: Console) -> Frame:
    """Draws a frame every so many seconds until KeyboardInterrupt, and returns the last one.

    Raises:
        NotAStream, RedisError: the first look failed. Later ones are told in the frame, and tried again.
    """
    first, answered = source.look(), time.monotonic()
    frame, seen = Frame(source.server, first, live=True), deque([(answered, first)])
    # No refreshing thread of rich's: a frame is drawn when there is something new to draw.
    screen = {"screen": True, "auto_refresh": False, "redirect_stdout": False, "redirect_stderr": False}
    live = Live(frame, console=console, **screen)
    try:
        live.start()
        while True:
            asked = time.monotonic()
            try:
                now = source.look()
                answered = time.monotonic()
                frame = _next_frame(source.server, seen, now, answered)
            except NotAStream as error:
                frame = replace(frame, trouble=str(error))
                seen.clear()
            except (redis.RedisError, backend.BackendError) as error:
                frame = replace(frame, trouble=_trouble(error, time.monotonic() - answered))
                seen.clear()  # Whoever answers next may count from another beginning.
            live.update(frame, refresh=True)
            # At most half of the time is spent on asking, also where the server is far away.
            time.sleep(max(every, time.monotonic() - asked))
    except KeyboardInterrupt:
        return frame
    finally:
        live.stop()  # Not by `with`: an interrupt while the first frame is drawn would leave the cursor hidden.


def _interrupt_once(*_) -> None:
    """Ends the view at the first Ctrl-C or SIGTERM; a second must not keep it from giving the cursor back."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _next_frame(server: str, seen: deque[tuple[float, Look]], now: Look, at: float) -> Frame:
    """The frame of `now`, with rates since the oldest look in `seen` that is within the window."""
    if not now.stream.exists or (seen and (seen[-1][1].added or 0) > (now.added or 0)):
        seen.clear()
    seen.append((at, now))
    while len(seen) > 2 and seen[1][0] <= at - WINDOW:
        seen.popleft()
    since, before = seen[0]
    return Frame(server, now, before, at - since, live=True)


def _trouble(error: Exception, silent: float) -> str:
    """What to say of a look that failed, `silent` seconds after the last one that did not."""
    gone = (redis.ConnectionError, redis.TimeoutError, backend.BackendError)
    spoke = (redis.exceptions.BusyLoadingError, redis.AuthenticationError)  # kinds of ConnectionError to redis-py
    if isinstance(error, gone) and not isinstance(error, spoke):
        named = os.environ.get("REDIS_URL", "").strip() not in ("", "local")
        hint = "" if named else " (a restarted notebook has to share() again)"
        return f"no answer for {max(silent, 1):,.0f} s, trying again{hint}"
    return f"the server says: {error}"


def main(arguments: list[str]) -> int:
    """``python -m helpers.watch KEY [--every SECONDS] [--once]``."""
    parser = argparse.ArgumentParser(prog="python -m helpers.watch", description="A live view of a stream.")
    parser.add_argument("key", help="the stream's key, such as orders; it need not exist yet")
    parser.add_argument("--every", type=_seconds, default=0.5, metavar="SECONDS", help="between frames (0.5)")
    parser.add_argument("--once", action="store_true", help="print one frame and end, as when this is not a terminal")
    options = parser.parse_args(arguments)
    sys.stdout.reconfigure(errors="replace")  # ▲ in a terminal or file that is not in UTF-8
    live = not options.once and sys.stdout.isatty() and not Console().is_dumb_terminal
    if live:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, _interrupt_once)
        for name in ("COLUMNS", "LINES"):  # JupyterLab's terminals set them at the start, and are made larger later.
            os.environ.pop(name, None)
    console = Console(highlight=False)
    try:
        source = Source(options.key)
        frame = watch(source, options.every, console) if live else Frame(source.server, source.look())
    except KeyboardInterrupt:
        return 0
    except (backend.BackendError, NotAStream, redis.RedisError) as error:
        print(error, file=sys.stderr)
        return 1
    console.print(replace(frame, live=False))
    return 0


def _seconds(text: str) -> float:
    if not 0.1 <= (seconds := float(text)) <= 3600:
        raise argparse.ArgumentTypeError("from 0.1 to 3600 seconds")
    return seconds


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
