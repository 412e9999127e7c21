"""``picture(r, "orders")``: a stream, its groups and who holds what, drawn from live state; and the same in words.

Time runs down, as in the reply of XRANGE. Each group is a column that marks every entry as waiting, pending with
whom, or passed. The colours are those that people with any colour vision tell apart (M. Okabe and K. Ito,
https://jfly.uni-koeln.de/color/), darker where they write, and a shape and a word go with each.

The same state gives the same bytes, on every server. So two things are left out that `snapshot` has: idle times,
and consumers that hold nothing (a read that returns nothing makes a consumer since Redis 7.2, and none before). Ids
made by the clock just now are shown as #1, #2, ... because they differ from run to run.

The SVG uses attributes only, no style sheet, link, id or script, so that it survives where notebooks are sanitised.
"""

from __future__ import annotations

import base64
import math
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate
from xml.sax.saxutils import escape, quoteattr

import redis

from helpers.snapshot import Consumer, Entry, Group, Pending, Snapshot, as_numbers, holder, snapshot, state

JUST_NOW = 3_600_000  # ms: an id as close as this to the snapshot's moment was made by the clock
LISTED = 8  # ids in words of what one consumer holds


def picture(r: redis.Redis, key: str, most: int = 12) -> None:
    """Shows the state of the stream `key`, as it is now, as a picture of 832 by about 450 pixels.

    Args:
        key: a stream; when there is no such key, the picture says so.
        most: how many entries, at most, of a long stream: see `snapshot`.

    Raises:
        NotAStream: the key holds another type.
    """
    from IPython.display import display

    display(_Shown(snapshot(r, key, most)))


@dataclass(frozen=True)
class _Shown:
    """What IPython displays as a picture, and anything else as words."""

    taken: Snapshot

    def _repr_html_(self) -> str:
        return html(self.taken)

    def __repr__(self) -> str:
        return words(self.taken)


# --- In words ------------------------------------------------------------------------------------------------------


def words(taken: Snapshot) -> str:
    """What the picture shows, as lines of plain text."""
    name = _names(taken)
    lines = [_headline(taken)]
    width = max((len(name(entry.id)) for entry in taken.entries), default=0)
    for entry in taken.entries:
        lines += [f"  {_left_out(taken)}"] if entry.skipped else []
        lines.append(f"  {name(entry.id):{width}}  {_fields(entry)}")
    for group in taken.groups:
        lines.append(f"group {_plain(group.name)}: cursor at {name(group.cursor)}, {_counts(group)}")
        waiting = [name(entry.id) for entry in taken.entries if state(group, entry) == "waiting"]
        lines += [f"  waiting{_of_those_shown(taken)}: {', '.join(waiting)}"] if waiting else []
        for consumer in group.consumers:
            held = [pending for pending in group.held if pending.consumer == consumer.name]
            if consumer.pending:
                lines.append(f"  {_plain(consumer.name)} holds {_listed(taken, group, held, consumer.pending)}")
        nobodys = [pending for pending in group.held if not pending.consumer]
        lines += [f"  nobody holds {_listed(taken, group, nobodys, len(nobodys))}"] if nobodys else []
        passed = [name(entry.id) for entry in taken.entries if state(group, entry) == "passed"]
        lines += [f"  passed{_of_those_shown(taken)}: {', '.join(passed)}"] if passed else []
    lines += ["no consumer group"] if taken.exists and not taken.groups else []
    return "\n".join(line.rstrip() for line in lines)


def _headline(taken: Snapshot) -> str:
    if not taken.exists:
        return f"stream {_plain(taken.key)}: no such key"
    shown = sum(not entry.deleted for entry in taken.entries)
    part = f", {shown} of them shown" if shown < taken.length else ""
    return f"stream {_plain(taken.key)}: {_count(taken.length, 'entry', 'entries')}{part}"


def _of_those_shown(taken: Snapshot) -> str:
    return " (of those shown)" if any(entry.skipped for entry in taken.entries) else ""


def _counts(group: Group) -> str:
    waiting = "many" if group.waiting is None else f"{group.waiting:,}"
    return f"{waiting} waiting, {group.pending:,} pending"


def _count(number: int, one: str, several: str) -> str:
    return f"{number:,} {one if number == 1 else several}"


def _listed(taken: Snapshot, group: Group, held: list[Pending], total: int) -> str:
    name, entries = _names(taken), {entry.id: entry for entry in taken.entries}
    listed = []
    for pending in held[:LISTED]:
        remarks = [f"delivered {pending.deliveries} times"] if pending.deliveries > 1 else []
        remarks += ["deleted from the stream"] if pending.deleted else []
        entry = entries.get(pending.id, Entry(pending.id, {}, pending.deleted))
        remarks += ["to be delivered again"] if state(group, entry) == "again" else []
        listed.append(name(pending.id) + (f" ({', '.join(remarks)})" if remarks else ""))
    listed += [f"{total - len(listed):,} more"] if total > len(listed) else []
    return ", ".join(listed)


def _fields(entry: Entry) -> str:
    if entry.deleted:
        return "deleted, and still pending"
    return _cut(" ".join(f"{_plain(name)}={_plain(value)}" for name, value in entry.fields.items()), 100)


def _names(taken: Snapshot) -> Callable[[str], str]:
    """How to call an id: as it is; or #1, #2, ... when the clock made it just now."""
    known = {entry.id for entry in taken.entries} | {pending.id for group in taken.groups for pending in group.held}
    made_now = [entry_id for entry_id in sorted(known, key=as_numbers) if _is_now(taken, entry_id)]
    numbers = {entry_id: f"#{number}" for number, entry_id in enumerate(made_now, 1)}
    return lambda entry_id: numbers.get(entry_id, "(now)" if _is_now(taken, entry_id) else entry_id)


def _is_now(taken: Snapshot, entry_id: str) -> bool:
    return abs(as_numbers(entry_id)[0] - taken.taken) < JUST_NOW


def _plain(text: str, most: int = 1000) -> str:
    """`text` on one line, with what cannot be printed as an escape."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text[:most])


def _cells(text: str) -> int:
    """The width of `text` in a fixed-width font, in characters: those of East Asia take two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else not unicodedata.combining(c) for c in text)


def _cut(text: str, cells: int) -> str:
    """`text`, ended with … when it is wider than `cells` characters."""
    if _cells(text) <= cells:
        return text
    widths = accumulate(map(_cells, text))
    return text[: sum(width < cells for width in widths)] + "…"


# --- As a picture --------------------------------------------------------------------------------------------------

PAPER, PANEL, INK, GREY, GRID, FAINT = "#FBFBF8", "#FFFFFF", "#222222", "#595959", "#D5D5D0", "#EFEFEA"
BLUE, ORANGE, SAND, GREEN, RED = "#0072B2", "#E69F00", "#FCE8C0", "#009E73", "#B84B00"
MONO = "DejaVu Sans Mono, Menlo, Consolas, monospace"
SANS = "Helvetica, Arial, Liberation Sans, sans-serif"
ADVANCE = 0.603  # the width of a character of MONO, in font sizes

# Pixels, as all sizes below.
WIDTH, MARGIN, GAP = 832, 16, 14  # JupyterLab with its sidebar leaves 838 of a window of 1280
TOP, HEAD = 44, 48  # where the panels begin, and the height of their headings of two lines
LINE, ROW, SKIP, BAND = 14, 26, 22, 18  # a line of text, an entry, a place where some are left out, a cursor
BOX, HIGH_BOX = 24, 38  # a consumer, with the ids that it holds beside its name or below it
TAIL = 34  # the slot for the next entry, below the last one

LANES = 4  # groups that get a column; the others get a line each
BOXES, HIGH_BOXES = 24, 12  # consumers of one group that get a box


@dataclass(frozen=True)
class _Layout:
    """Where things are: the tops of entries, of places where some are left out, and of each lane's cursor."""

    lanes: tuple[Group, ...]
    top: int  # of the rows
    entries: dict[str, int]
    skips: tuple[int, ...]
    cursors: dict[str, int]
    bottom: int  # of the rows


def _layout(taken: Snapshot, log: int, wide: int) -> _Layout:
    lanes = taken.groups[:LANES]
    lines = [_lines(_extent(taken), log), *(_lines(_counts(group), wide) for group in lanes)]
    top = y = TOP + HEAD + LINE * (max(map(len, lines)) - 1)
    entries: dict[str, int] = {}
    skips: list[int] = []
    cursors: dict[str, int] = {}
    open_cursors = {group.name: as_numbers(group.cursor) for group in lanes}

    def place(before: tuple[int, int] | None) -> int:
        """Puts the cursors that come before this id here; the room they take."""
        here = [name for name, cursor in open_cursors.items() if before is None or cursor < before]
        for name in here:
            cursors[name] = y
            del open_cursors[name]
        return BAND if here else 0

    previous = (0, 0)
    for entry in taken.entries:
        this = as_numbers(entry.id)
        if entry.skipped:
            y += place((previous[0], previous[1] + 1))
            skips.append(y)
            y += SKIP
        y += place(this)
        entries[entry.id] = y
        y += ROW
        previous = this
    y += place(None)
    return _Layout(lanes, top, entries, tuple(skips), cursors, y)


def html(taken: Snapshot) -> str:
    """The picture as an image with the words as its alternative text.

    Not as image/svg+xml: JupyterLab gives that no alternative text, no limit to the page's width (printed on A4, it
    lost its right third), and does not show it in a notebook that was cloned and not yet run.
    """
    data = base64.b64encode(svg(taken).encode()).decode()
    return f'<img alt={_label(taken)} width="{WIDTH}" style="max-width: 100%" src="data:image/svg+xml;base64,{data}">'


def svg(taken: Snapshot) -> str:
    """The picture: an SVG document with the words as its label."""
    log, lefts, wide = _widths(taken, len(taken.groups[:LANES]))
    plan = _layout(taken, log, wide)
    bottom = max([plan.bottom + TAIL, *(plan.bottom + _boxes_height(taken, group, wide) for group in plan.lanes)])
    parts = [_log(taken, plan, log)]
    parts += [_lane(taken, plan, group, x, wide, bottom) for group, x in zip(plan.lanes, lefts, strict=False)]
    parts += [] if plan.lanes else [_no_lane(lefts[0], wide, bottom)]
    parts.append(_arrows(MARGIN + log, [x + wide // 2 for x in lefts]))
    y = max(bottom, plan.bottom + TAIL + 44) + 6
    notes = _notes(taken)
    parts += [_text(MARGIN, y + 16 * at, _cut(note, 130), 11, INK) for at, note in enumerate(notes, 1)]
    y += 16 * len(notes) + 12
    parts.append(_legend(MARGIN, y))
    size = f'width="{WIDTH}" height="{y + 28}" viewBox="0 0 {WIDTH} {y + 28}" font-family="{SANS}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label={_label(taken)}>',
            f"<title>{escape(_headline(taken))}</title>",
            _box(0, 0, WIDTH, y + 28, PAPER, GRID, rounded=8),
            *parts,
            "</svg>",
        ]
    )


def _label(taken: Snapshot) -> str:
    """The words on one line, quoted for an attribute."""
    return quoteattr("; ".join(line.strip() for line in words(taken).splitlines()))


def _widths(taken: Snapshot, lanes: int) -> tuple[int, list[int], int]:
    """How wide the stream is, where the lanes begin, and how wide they are: the stream gets what its text needs."""
    name = _names(taken)
    ids = max((_cells(name(entry.id)) for entry in taken.entries), default=0)
    fields = max((_cells(_fields(entry)) for entry in taken.entries), default=0)
    least = {0: 300, 1: 300, 2: 216, 3: 156}.get(lanes, 130)
    lanes = max(lanes, 1)  # Where there is no group, the place for one is shown.
    room = WIDTH - 2 * MARGIN - GAP * (lanes + 1) - least * lanes
    log = max(min(24 + 12 + _pixels(ids, 12) + _pixels(fields, 11), room), {0: 400, 1: 400, 2: 290}.get(lanes, 220))
    left = MARGIN + log + 2 * GAP
    wide = (WIDTH - MARGIN - left - GAP * (lanes - 1)) // lanes
    return log, [left + at * (wide + GAP) for at in range(lanes)], wide


def _log(taken: Snapshot, plan: _Layout, wide: int) -> str:
    """The stream: its entries from the oldest down, the slot for the next one, and the producer."""
    name, x, bottom = _names(taken), MARGIN, plan.bottom + TAIL
    parts = [_panel(x, wide, plan.top, bottom, "stream ", _plain(taken.key), _extent(taken))]
    right = x + 12 + min(max((_pixels(_cells(name(entry.id)), 12) for entry in taken.entries), default=0), wide - 24)
    for entry in taken.entries:
        y, colour = plan.entries[entry.id], RED if entry.deleted else INK
        parts.append(_line(x, y, x + wide, y, FAINT))
        parts.append(_text(x + 12, y + 17, _fit(name(entry.id), wide - 24, 12), 12, colour, MONO, "bold"))
        parts.append(_text(right + 12, y + 17, _fit(_fields(entry), x + wide - right - 20, 11), 11, colour, MONO))
        if entry.deleted:
            parts.append(_line(x + 10, y + 13, right + 4, y + 13, RED))
    parts += [_text(x + 12, y + 15, _left_out(taken), 11, GREY, SANS, "bold") for y in plan.skips]
    middle, slot = x + wide // 2, "the next entry" if taken.exists else "the first entry makes the stream"
    parts.append(_box(x + 8, plan.bottom + 5, wide - 16, TAIL - 12, "none", GREY, dashed=True))
    parts.append(_text(middle, plan.bottom + 20, slot, 11, GREY, anchor="middle"))
    parts.append(_arrow(middle, bottom + 20, middle, bottom + 2))
    parts.append(_text(middle + 8, bottom + 15, "XADD", 10, GREY))
    parts.append(_box(middle - 50, bottom + 20, 100, 24, PANEL, INK, rounded=12))
    parts.append(_text(middle, bottom + 36, "producer", 12, INK, SANS, "bold", anchor="middle"))
    return "\n".join(parts)


def _extent(taken: Snapshot) -> str:
    """How much of the stream there is to see."""
    if not taken.exists:
        return "no such key"
    if not taken.length:
        return "empty"
    shown = sum(not entry.deleted for entry in taken.entries)
    part = f" ({shown} shown)" if shown < taken.length else ""
    return f"{_count(taken.length, 'entry', 'entries')}{part}, the oldest first"


def _left_out(taken: Snapshot) -> str:
    shown = sum(not entry.deleted for entry in taken.entries)
    places = sum(entry.skipped for entry in taken.entries)
    return f"… {taken.length - shown:,} more …" if places == 1 else "…"


def _lane(taken: Snapshot, plan: _Layout, group: Group, x: int, wide: int, bottom: int) -> str:
    """A group: what each entry is to it, its cursor, and its consumers with what they hold."""
    parts, slots = (
        [_panel(x, wide, plan.top, bottom, "group ", _plain(group.name), _counts(group))],
        _slots(taken, group, wide),
    )
    for entry in taken.entries:
        y = plan.entries[entry.id]
        parts.append(_line(x, y, x + wide, y, FAINT))
        indent, chip = slots.get(entry.id, (0, wide - 16))
        parts.append(_mark(group, entry, x + 8 + indent, y + 3, min(chip, 220)))
    parts += [_text(x + 14, y + 15, "…", 11, GREY, SANS, "bold") for y in plan.skips]
    y = plan.cursors[group.name] + BAND // 2
    label = _fit("cursor " + _names(taken)(group.cursor), wide - 40, 10)
    parts.append(_line(x, y, x + wide, y, BLUE, 2))
    parts.append(_box(x + 8, y - 7, _pixels(_cells(label), 10) + 12, 14, BLUE, "none", rounded=7))
    parts.append(_text(x + 14, y + 4, label, 10, PANEL, MONO, "bold"))
    parts.append(_consumers(taken, group, x, plan.bottom, wide))
    return "\n".join(parts)


def _no_lane(x: int, wide: int, bottom: int) -> str:
    place = _box(x, TOP, wide, bottom - TOP, "none", GREY, dashed=True)
    return place + _text(x + wide // 2, (TOP + bottom) // 2 + 4, "no consumer group", 11, GREY, anchor="middle")


def _panel(x: int, wide: int, top: int, bottom: int, kind: str, name: str, what: str) -> str:
    """A box with a heading, which ends at `top`."""
    title = kind + name if _pixels(_cells(kind + name), 13) <= wide - 24 else name
    parts = [
        _box(x, TOP, wide, bottom - TOP, PANEL, INK),
        _text(x + 12, TOP + 20, _fit_name(title, wide - 24, 13), 13, INK, MONO, "bold"),
        _line(x, top, x + wide, top, GRID),
    ]
    lines = enumerate(_lines(what, wide))
    return "\n".join([*parts, *(_text(x + 12, TOP + 37 + LINE * at, line, 11, GREY) for at, line in lines)])


def _lines(what: str, wide: int) -> list[str]:
    """A heading's second line, or its parts on lines of their own where it is too long."""
    return [what] if len(what) * 5.6 <= wide - 24 else what.split(", ")


def _slots(taken: Snapshot, group: Group, wide: int) -> dict[str, tuple[int, int]]:
    """Indent and width of the pending entries' marks: a column for each consumer, when all of them fit."""
    held = {entry.id: pending for entry in taken.entries if (pending := holder(group, entry))}
    whose = sorted({pending.consumer for pending in held.values()})
    again = any(state(group, entry) == "again" for entry in taken.entries)
    needed = max((_pixels(_cells(_holder_name(pending)), 11) for pending in held.values()), default=0)
    each = (wide - 16) // max(len(whose), 1)
    if again or needed + 32 > each:
        return {}
    return {entry_id: (whose.index(pending.consumer) * each, each - 4) for entry_id, pending in held.items()}


def _mark(group: Group, entry: Entry, x: int, y: int, wide: int) -> str:
    """What the entry is to the group: a shape and a word."""
    is_now, pending = state(group, entry), holder(group, entry)
    middle = y + 10
    if is_now == "waiting":
        return _ring(x + 12, middle) + _text(x + 25, y + 14, "waiting", 11, INK)
    if is_now == "passed":
        return _tick(x + 12, middle) + _text(x + 25, y + 14, "passed", 11, GREY)
    if pending is None:
        return _text(x + 25, y + 14, "deleted", 11, GREY)
    again = is_now == "again"
    who = _fit_name(_holder_name(pending), wide - (92 if again else 28), 11)
    mark = _box(x, y, wide, 20, SAND, ORANGE) + _disc(x + 12, middle)
    mark += _text(x + 25, y + 14, who, 11, INK, MONO, "bold")
    return mark + (_ring(x + wide - 52, middle) + _text(x + wide - 42, y + 14, "again", 11, INK) if again else "")


def _holder_name(pending: Pending) -> str:
    return (_plain(pending.consumer) or "nobody") + _times(pending)


def _times(pending: Pending) -> str:
    return f" \N{MULTIPLICATION SIGN}{pending.deliveries}" if pending.deliveries > 1 else ""


def _holding(group: Group) -> list[Consumer]:
    return [consumer for consumer in group.consumers if consumer.pending]


def _boxes(taken: Snapshot, group: Group, wide: int) -> tuple[list[Consumer], int, int, bool]:
    """The consumers that get a box, the boxes' columns and width, and whether the ids stand beside the name."""
    shown = _holding(group)[:BOXES]
    columns = 2 if wide >= 340 and len(shown) > 6 else 1
    each = (wide - 16 - 8 * (columns - 1)) // columns
    longest = max((_cells(_plain(who.name)) + _cells(", ".join(_held(taken, group, who))) for who in shown), default=0)
    beside = _pixels(longest, 11) + 26 <= each or (each >= 160 and len(shown) > 6)
    return shown if beside else shown[:HIGH_BOXES], columns, each, beside


def _boxes_height(taken: Snapshot, group: Group, wide: int) -> int:
    shown, columns, _, beside = _boxes(taken, group, wide)
    high = BOX if beside else HIGH_BOX
    return 14 + high * max(-(-len(shown) // columns), 1) + (18 if len(_holding(group)) > len(shown) else 0)


def _consumers(taken: Snapshot, group: Group, x: int, y: int, wide: int) -> str:
    """The group's consumers, each with what it holds."""
    shown, columns, each, beside = _boxes(taken, group, wide)
    high = BOX if beside else HIGH_BOX
    down = -(-len(shown) // columns)
    parts = [_line(x, y + 4, x + wide, y + 4, GRID)]
    if not shown:
        parts.append(_text(x + 14, y + 26, "held by nobody" if group.pending else "nothing is held", 11, GREY))
    for at, consumer in enumerate(shown):
        left, top = x + 8 + (at // down) * (each + 8), y + 10 + (at % down) * high
        who = _fit_name(_plain(consumer.name), each - (86 if beside else 16), 11)
        start = left + 8 + (_pixels(_cells(who), 11) + 10 if beside else 0)
        held = _holds(taken, group, consumer, left + each - 6 - start)
        parts.append(_box(left, top, each, high - 4, PAPER, GREY))
        parts.append(_text(left + 8, top + 14, who, 11, INK, MONO, "bold"))
        parts.append(_text(start, top + (14 if beside else 28), held, 11, INK, MONO))
    more = len(_holding(group)) - len(shown)
    if more:
        parts.append(_text(x + 14, y + 24 + down * high, f"and {more:,} more", 11, GREY))
    return "\n".join(parts)


def _holds(taken: Snapshot, group: Group, consumer: Consumer, wide: int) -> str:
    """The ids that a consumer holds, as many as fit, and how many more."""
    ids = _held(taken, group, consumer)
    for count in range(len(ids), 0, -1):
        more = consumer.pending - count
        text = ", ".join(ids[:count]) + (f", +{more:,}" if more else "")
        if _pixels(_cells(text), 11) <= wide:
            return text
    return _fit(f"{consumer.pending:,}", wide, 11)


def _held(taken: Snapshot, group: Group, consumer: Consumer) -> list[str]:
    name, held = _names(taken), [pending for pending in group.held if pending.consumer == consumer.name]
    return [name(pending.id) + _times(pending) + (" deleted" if pending.deleted else "") for pending in held]


def _notes(taken: Snapshot) -> list[str]:
    """What the columns do not show, a line each."""
    notes = []
    further = taken.groups[LANES:]
    for group in further[:6]:
        notes.append(f"group {_plain(group.name, 60)}: cursor {_names(taken)(group.cursor)}, {_counts(group)}")
    if further[6:]:
        notes.append(f"and {_count(len(further) - 6, 'more group', 'more groups')}")
    if any(state(group, entry) == "again" for group in taken.groups[:LANES] for entry in taken.entries):
        notes.append("again: pending, and the cursor was set back, so that the next read delivers it again.")
    if any(_is_now(taken, entry.id) for entry in taken.entries):
        notes.append("#1, #2, ... are ids that the clock made just now.")
    return notes


def _arrows(x: int, ends: list[int]) -> str:
    """From the stream to the groups: each of them reads all of it."""
    y, start = TOP - 16, x - 30
    parts = [_line(start, TOP, start, y, INK), _line(start, y, ends[-1], y, INK)]
    parts += [_arrow(end, y, end, TOP - 2) for end in ends]
    parts.append(_text(start + 6, y - 5, "XREADGROUP", 10, GREY))
    return "\n".join(parts)


def _legend(x: int, y: int) -> str:
    parts = []
    for shape, meaning, wide in (
        (_ring, "waiting: after the cursor", 164),
        (_disc, "pending: read by one, not acknowledged", 230),
        (_tick, "passed: up to the cursor, held by nobody", 236),
    ):
        parts.append(shape(x + 8, y + 8) + _text(x + 20, y + 12, meaning, 11, GREY))
        x += wide
    parts.append(_line(x, y + 8, x + 16, y + 8, BLUE, 2) + _text(x + 22, y + 12, "cursor: reads go on here", 11, GREY))
    return "\n".join(parts)


# --- Shapes --------------------------------------------------------------------------------------------------------


def _pixels(cells: int, size: int) -> int:
    """The width of so many characters of MONO."""
    return math.ceil(cells * size * ADVANCE)


def _fit(text: str, wide: int, size: int) -> str:
    return _cut(text, int(wide / (size * ADVANCE)))


def _fit_name(text: str, wide: int, size: int) -> str:
    """`text` with … in its middle when it is wider: names tend to differ at their ends."""
    cells = int(wide / (size * ADVANCE))
    if _cells(text) <= cells:
        return text
    return _cut(text, cells // 2) + _cut(text[::-1], (cells + 3) // 2)[-2::-1]


def _text(
    x: int, y: int, text: str, size: int, fill: str, font: str = SANS, weight: str = "normal", anchor: str = "start"
) -> str:
    more = f' font-family="{font}"' if font != SANS else ""  # The others are the whole document's.
    more += f' text-anchor="{anchor}"' if anchor != "start" else ""
    more += f' font-weight="{weight}"' if weight != "normal" else ""
    return f'<text x="{x}" y="{y}" font-size="{size}" fill="{fill}"{more}>{escape(text)}</text>'


def _box(x: int, y: int, wide: int, high: int, fill: str, stroke: str, rounded: int = 4, dashed: bool = False) -> str:
    dash = ' stroke-dasharray="4 3"' if dashed else ""
    size = f'width="{wide}" height="{high}" rx="{rounded}"'
    return f'<rect x="{x}" y="{y}" {size} fill="{fill}" stroke="{stroke}"{dash}/>'


def _line(x1: int, y1: int, x2: int, y2: int, stroke: str, width: int = 1) -> str:
    return f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="{stroke}" stroke-width="{width}"/>'


def _arrow(x1: int, y1: int, x2: int, y2: int) -> str:
    """An upright arrow, up or down."""
    back = 7 if y2 < y1 else -7
    head = f'<path d="M{x2} {y2} l-4 {back} h8 z" fill="{INK}"/>'
    return _line(x1, y1, x2, y2 + back, INK) + head


def _ring(x: int, y: int) -> str:
    return f'<circle cx="{x}" cy="{y}" r="5" fill="{PANEL}" stroke="{INK}" stroke-width="1.5"/>'


def _disc(x: int, y: int) -> str:
    return f'<circle cx="{x}" cy="{y}" r="5.5" fill="{ORANGE}" stroke="{INK}"/>'


def _tick(x: int, y: int) -> str:
    return f'<path d="M{x - 5} {y} l4 4 l7 -8" fill="none" stroke="{GREEN}" stroke-width="2.5"/>'
