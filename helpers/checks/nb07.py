"""Checks of 07 Retention."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import redis

from helpers.exercises import Lab, Raised, show

KEY = "orders"
HOUR = 3_600_000  # ms
DAY = 24 * HOUR

After = Callable[[str, tuple], None]


def as_numbers(entry_id: str) -> tuple[int, int]:
    ms, number = entry_id.split("-")
    return int(ms), int(number)


def _listed(ids: Iterable[str]) -> str:
    ids = list(ids)
    if len(ids) < 7:
        return ", ".join(ids) or "nothing"
    return f"{len(ids)} orders, from {ids[0]} to {ids[-1]}"


def _text(word: Any) -> str:
    return word.decode(errors="replace") if isinstance(word, bytes) else str(word)


class _Stream:
    """The stream orders, what the answer sent to it, and what it was before the answer was called."""

    def __init__(self, lab: Lab, ids: Iterable[str] = (), after: After | None = None) -> None:
        self.sent: list[tuple] = []

        def told(name: str, args: tuple) -> None:
            self.sent.append((*name.upper().split(), *map(_text, args)))
            if after is not None:
                after(name, args)

        self.lab, self.r = lab, lab.redis(told)
        self.other = lab.another(self.r)  # whose commands are not told
        for n, entry_id in enumerate(ids, start=1):
            self.add(entry_id, {"order_id": str(1000 + n)})

    def add(self, entry_id: str, fields: dict) -> None:
        self.other.xadd(KEY, fields, id=entry_id)

    def group(self, name: str, begin: str = "0") -> None:
        self.other.xgroup_create(KEY, name, id=begin)

    def read(self, group: str, count: int, worker: str = "ada") -> list[str]:
        reply = self.other.xreadgroup(group, worker, {KEY: ">"}, count=count)
        return [entry_id for _, entries in reply for entry_id, _ in entries]

    def finish(self, group: str, *ids: str) -> None:
        if ids:
            self.other.xack(KEY, group, *ids)

    def ids(self) -> list[str]:
        return [entry_id for entry_id, _ in self.other.xrange(KEY)]

    def groups(self) -> dict[str, tuple[str, list[tuple[str, str]]]]:
        """Group: its cursor, and (id, consumer) of what is pending."""
        return {row["name"]: (row["last-delivered-id"], self.pending(row["name"])) for row in self._group_rows()}

    def pending(self, group: str) -> list[tuple[str, str]]:
        rows = self.other.xpending_range(KEY, group, "-", "+", 1000)
        return [(row["message_id"], row["consumer"]) for row in rows]

    def _group_rows(self) -> list[dict]:
        return self.other.xinfo_groups(KEY) if self.other.exists(KEY) else []

    def nodes(self) -> int:
        try:
            return self.other.xinfo_stream(KEY)["radix-tree-keys"]
        except redis.ResponseError:  # The answer has deleted the stream.
            return 0

    def used(self, *words: str) -> bool:
        """Whether some command had all these words."""
        return any(set(words) <= set(map(str.upper, command)) for command in self.sent)

    def used_about(self) -> bool:
        """Whether it trimmed by whole nodes."""
        return any("~" in command for command in self.sent if command[0] in ("XTRIM", "XADD"))

    def same_entries(self, entries: list) -> bool:
        """Whether what is left are entries of before, with their fields."""
        return all(entry in entries for entry in self.other.xrange(KEY))


# --- 7.1 ----------------------------------------------------------------------------------------------------


def keep_a_day(lab: Lab) -> None:
    border = [f"{DAY - 1}-0", f"{DAY - 1}-7", f"{DAY}-0", f"{DAY}-1", f"{DAY + 1}-0"]
    early = [f"{n * HOUR}-0" for n in range(10, 20)]
    late = [f"{n * HOUR}-0" for n in range(30, 40)]
    _day(lab, 2 * DAY, early + border + late)
    _day(lab, 2 * DAY, border)
    now = 1_700_000_000_000
    _day(lab, now, [f"{now - n * 5 * HOUR}-0" for n in range(60, 1, -1)])
    _day(lab, now, [f"{now - n * HOUR}-{n}" for n in range(23, 0, -3)])
    _day(lab, now, [f"{now - DAY - n}-0" for n in range(350, 0, -1)])
    _day_of_no_stream(lab)


def _day(lab: Lab, now: int, ids: list[str]) -> None:
    stream = _Stream(lab, ids)
    stream.group("shipping")
    stream.read("shipping", 2)
    entries, groups = stream.other.xrange(KEY), stream.groups()
    returned = lab.call(stream.r, KEY, now)
    cut = now - DAY
    young = [entry_id for entry_id in ids if as_numbers(entry_id)[0] >= cut]
    left = stream.ids()
    if not stream.other.exists(KEY) or stream.groups() != groups:
        raise lab.wrong(
            "changed the group shipping, or took it along: its cursor and pending entries should be what they were. "
            "A stream that has become empty is still there, with its groups."
        )
    if left != young:
        raise lab.wrong(_what_a_day_is(stream, now, ids, young, left))
    if not stream.same_entries(entries):
        raise lab.wrong("changed the fields of orders that stay.")
    if returned != len(ids) - len(young) or isinstance(returned, bool):
        raise lab.wrong(f"returned {show(returned)}, and it dropped {len(ids) - len(young)} orders.")


def _what_a_day_is(stream: _Stream, now: int, ids: list[str], young: list[str], left: list[str]) -> str:
    old_left = [entry_id for entry_id in left if entry_id not in young]
    gone = [entry_id for entry_id in young if entry_id not in left]
    if set(left) - set(ids):
        return f"added {_listed(sorted(set(left) - set(ids)))}; nothing is to be added."
    if stream.used("MAXLEN"):
        what = (
            f"left {_listed(old_left)}, older than a day"
            if old_left
            else f"dropped {_listed(gone)}, younger than a day"
        )
        return f"{what}. Trim by id, not by count: look at MINID."
    if old_left:
        what = f"left {_listed(old_left)}, older than a day; the oldest left should be {young[0] if young else 'none'}."
        if stream.used_about():
            return f"{what} ~ works in whole nodes, and redis-py means it unless it is told otherwise."
        if ids and left and as_numbers(left[0])[0] >= as_numbers(ids[-1])[0] - DAY:
            return f"{what} A day back from now_ms, not from the last order: a stream may have had none for hours."
        return f"{what} In which unit do ids count, and how many of these has a day?"
    if not left and as_numbers(ids[-1])[0] < now + DAY and stream.sent and _asked_a_clock(stream, now):
        return "dropped all orders. The present moment is now_ms; the clock of this machine may say something else."
    border = [entry_id for entry_id in gone if as_numbers(entry_id)[0] == now - DAY]
    if border == gone:
        return f"dropped {_listed(border)}, exactly a day old, which stays. The id in MINID is the first that is kept."
    return f"dropped {_listed(gone)}, younger than a day. In which unit do ids count, and how many of these has a day?"


def _asked_a_clock(stream: _Stream, now: int) -> bool:
    """Whether a trim named an id that is far after `now`."""
    numbers = [word.split("-")[0] for command in stream.sent for word in command if command[0] == "XTRIM"]
    return any(word.replace(".", "").isdigit() and float(word) > now + DAY for word in numbers)


def _day_of_no_stream(lab: Lab) -> None:
    stream = _Stream(lab)
    try:
        returned = lab.call(stream.r, KEY, 2 * DAY)
    except Raised as raised:
        raise lab.wrong(f"raised {type(raised.error).__name__}, and a missing stream is no error here.") from None
    if stream.other.exists(KEY):
        raise lab.wrong("created a stream where there was none.")
    if returned != 0 or isinstance(returned, bool):
        raise lab.wrong(f"returned {show(returned)} where there was no stream; nothing was dropped, so it should be 0.")


# --- 7.2 ----------------------------------------------------------------------------------------------------


def trim_done(lab: Lab) -> None:
    for scene in (
        _one_group_has_finished_some,
        _one_group_is_behind,
        _one_is_being_worked_on,
        _all_was_delivered,
        _one_has_read_nothing,
        _one_began_late,
        _ids_of_one_millisecond,
        _ids_of_one_and_two_digits,
        _all_is_finished,
        _no_group,
        _nothing_yet,
    ):
        stream, needed, hint = scene(lab)
        _trim(stream, needed, hint)
    for commands in range(1, 8):
        _worker_reads_meanwhile(lab, commands)
    for commands in range(1, 8):
        _order_comes_meanwhile(lab, commands)


Scene = tuple[_Stream, str | None, str]  # the first id that is needed (None: none is), and what it is about

NO_CURSOR = "A group that has delivered up to an id needs what comes after it, and not the entry itself."


def _numbered(first: int, last: int) -> list[str]:
    return [f"{n}-0" for n in range(first, last + 1)]


def _one_group_has_finished_some(lab: Lab) -> Scene:
    stream = _Stream(lab, _numbered(1, 8))
    stream.group("mail")
    stream.finish("mail", *stream.read("mail", 5))
    return stream, "6-0", "The group mail has read 1-0 to 5-0 and reported them."


def _one_group_is_behind(lab: Lab) -> Scene:
    stream = _Stream(lab, _numbered(1, 8))
    for group, count in (("billing", 7), ("mail", 3), ("shipping", 6)):
        stream.group(group)
        stream.finish(group, *stream.read(group, count))
    return (
        stream,
        "4-0",
        "Of three groups, mail is the slowest: it has read and reported 1-0 to 3-0. Look at all groups.",
    )


def _one_is_being_worked_on(lab: Lab) -> Scene:
    stream = _Stream(lab, _numbered(1, 8))
    for group, count in (("billing", 7), ("shipping", 6)):
        stream.group(group)
        stream.finish(group, *[entry_id for entry_id in stream.read(group, count) if entry_id != "3-0"])
    stream.finish("billing", "3-0")
    return (
        stream,
        "3-0",
        ("The cursors are at 7-0 and 6-0, and 3-0 is still pending in shipping: somebody is working on it."),
    )


def _all_was_delivered(lab: Lab) -> Scene:
    stream = _Stream(lab, _numbered(1, 8))
    stream.group("mail")
    stream.finish("mail", *stream.read("mail", 8))
    stream.group("shipping")
    stream.finish("shipping", *[entry_id for entry_id in stream.read("shipping", 8) if entry_id not in ("5-0", "7-0")])
    return stream, "5-0", "Both groups have lag 0, and 5-0 and 7-0 are pending in shipping. A lag does not count them."


def _one_has_read_nothing(lab: Lab) -> Scene:
    stream = _Stream(lab, _numbered(1, 8))
    stream.group("fraud")
    stream.group("mail")
    stream.finish("mail", *stream.read("mail", 8))
    return stream, "1-0", "The group fraud began at 0 and has read nothing yet: it needs all of them."


def _one_began_late(lab: Lab) -> Scene:
    stream = _Stream(lab, _numbered(1, 6))
    stream.group("fraud", begin="4-0")
    stream.group("mail")
    stream.finish("mail", *stream.read("mail", 6))
    return stream, "5-0", "The group fraud was created at 4-0 and has read nothing: it will never ask for 1-0 to 4-0."


def _ids_of_one_millisecond(lab: Lab) -> Scene:
    stream = _Stream(lab, ["5-0", "5-1", "5-2", "5-3", "6-0"])
    stream.group("mail")
    stream.finish("mail", *stream.read("mail", 2))
    return stream, "5-2", "mail has read 5-0 and 5-1, and the next order has the same millisecond."


def _ids_of_one_and_two_digits(lab: Lab) -> Scene:
    stream = _Stream(lab, _numbered(7, 14))
    for group, count in (("billing", 6), ("mail", 2)):
        stream.group(group)
        stream.finish(group, *stream.read(group, count))
    return stream, "9-0", "billing has finished up to 12-0 and mail up to 8-0. As text, 8-0 would be more than 12-0."


def _all_is_finished(lab: Lab) -> Scene:
    stream = _Stream(lab, _numbered(1, 4))
    for group in ("billing", "mail"):
        stream.group(group)
        stream.finish(group, *stream.read(group, 4))
    return stream, None, "Both groups have read and reported all four."


def _no_group(lab: Lab) -> Scene:
    return _Stream(lab, _numbered(1, 4)), "1-0", "The stream has no group, and so nobody is known to be done with it."


def _nothing_yet(lab: Lab) -> Scene:
    stream = _Stream(lab)
    stream.other.xgroup_create(KEY, "mail", id="0", mkstream=True)
    return stream, None, "The stream is empty, with one group."


def _trim(stream: _Stream, needed: str | None, scene: str) -> None:
    lab, before, groups = stream.lab, stream.other.xrange(KEY), stream.groups()
    try:
        returned = lab.call(stream.r, KEY)
    except Raised as raised:
        raise lab.wrong(f"raised {type(raised.error).__name__}: {show(str(raised.error), 120)}. {scene}") from None
    if not stream.other.exists(KEY) or stream.groups() != groups:
        raise lab.wrong(f"changed cursors or pending lists, or took the groups along; it should trim only. {scene}")
    ids = [entry_id for entry_id, _ in before]
    keep = [entry_id for entry_id in ids if needed and as_numbers(entry_id) >= as_numbers(needed)]
    left = stream.ids()
    if left != keep:
        raise lab.wrong(_trimmed_wrongly(stream, ids, keep, left, scene))
    if returned != len(ids) - len(keep) or isinstance(returned, bool):
        raise lab.wrong(f"returned {show(returned)}, and it dropped {len(ids) - len(keep)} orders. {scene}")


def _trimmed_wrongly(stream: _Stream, ids: list[str], keep: list[str], left: list[str], scene: str) -> str:
    lost = [entry_id for entry_id in keep if entry_id not in left]
    if lost:
        counted = stream.used("XLEN") and stream.used("MAXLEN")
        counts = " XLEN and MAXLEN count entries; which of them are needed, only ids can say." if counted else ""
        return f"dropped {_listed(lost)}, still needed. {scene}{counts}"
    kept = [entry_id for entry_id in left if entry_id not in keep]
    what = f"left {_listed(kept)}, needed by nobody. {scene}"
    if stream.used_about():
        return f"{what} ~ works in whole nodes, and redis-py means it unless it is told otherwise."
    if ids[: len(ids) - len(keep)][-1:] == kept:
        return f"{what} {NO_CURSOR}"
    return what


def _worker_reads_meanwhile(lab: Lab, commands: int) -> None:
    """Ada asks for three orders after so many commands of the answer."""
    told: list[str] = []

    def ada_reads(name: str, args: tuple) -> None:
        told.append(name)
        if len(told) == commands and name not in ("XTRIM", "XDEL"):
            stream.read("shipping", 3)

    stream = _Stream(lab, _numbered(1, 9), ada_reads)
    for group, count in (("billing", 9), ("shipping", 4)):
        stream.group(group)
        stream.finish(group, *stream.read(group, count))
    lab.call(stream.r, KEY)
    lost = [entry_id for entry_id, _ in stream.pending("shipping") if entry_id not in stream.ids()]
    if lost:
        raise lab.wrong(
            f"dropped {_listed(lost)}, which Ada read between two of your commands. When you looked at the pending "
            "list they were not on it yet, and afterwards the cursor was past them: which of the two to read first?"
        )
    if stream.ids()[0] not in ("5-0", "1-0"):
        raise lab.wrong(f"left the stream to begin at {stream.ids()[0]}, where shipping had finished 1-0 to 4-0.")


def _order_comes_meanwhile(lab: Lab, commands: int) -> None:
    """All is finished, and after so many commands of the answer the shop adds an order."""
    told: list[str] = []

    def shop_adds(name: str, args: tuple) -> None:
        told.append(name)
        if len(told) == commands and name not in ("XTRIM", "XDEL"):
            stream.add("10-0", {"order_id": "1010"})

    stream = _Stream(lab, _numbered(1, 9), shop_adds)
    for group in ("billing", "shipping"):
        stream.group(group)
        stream.finish(group, *stream.read(group, 9))
    lab.call(stream.r, KEY)
    if stream.other.xinfo_stream(KEY)["entries-added"] == 10 and stream.ids() != ["10-0"]:
        raise lab.wrong(
            f"left {_listed(stream.ids())}, where all but 10-0 was finished. The shop added 10-0 between two of your "
            "commands: a number of entries to keep is out of date by then, an id is not."
        )


# --- 7.3 ----------------------------------------------------------------------------------------------------

NODE = 4000  # bytes that each node of the stream takes, by the memory() of this check


class _Memory:
    """memory() of the exercise: what the stream takes, whatever is deleted inside of its nodes."""

    def __init__(self, stream: _Stream) -> None:
        self._stream = stream

    def __call__(self) -> int:
        return NODE * self._stream.nodes()

    def __repr__(self) -> str:
        return "memory"


def keep_within(lab: Lab) -> None:
    now, small, large = 1_700_000_000_000, "", "x" * 900
    week = [(f"{now - n * 3 * HOUR}-0", small) for n in range(99, -1, -1)]
    _within(lab, now, 7, 1_000_000, week, "All of a week fits.")
    border = [(f"{now - 2 * DAY + n}-0", small) for n in (-2, -1, 0, 1, 2)]
    _within(lab, now, 2, 1_000_000, border, "All that is young enough fits.")
    minutes = [(f"{now - n * 60_000}-0", small) for n in range(500, 0, -1)]
    scene = "The last two days are 500 small orders, {nodes} nodes: too many for the budget."
    _within(lab, now, 2, 4 * NODE, minutes, scene)
    scene = "Every second of the 400 orders was deleted by XDEL before, which freed none of the {nodes} nodes."
    _within(lab, now, 2, 3 * NODE, minutes[:400], scene, deleted=range(0, 400, 2))
    growing = [(f"{now - n * 60_000}-0", small if n > 40 else large) for n in range(240, 0, -1)]
    scene = "The oldest 200 orders are small, the newest 40 large, {nodes} nodes: no mean is right for both."
    _within(lab, now, 2, 6 * NODE, growing, scene)
    both = [(f"{now - n * 10 * 60_000}-0", small) for n in range(400, 0, -1)]
    _within(lab, now, 1, NODE, both, "Some were too old, and the rest too many for the budget.")


def _within(
    lab: Lab, now: int, days: int, budget: int, orders: list[tuple[str, str]], scene: str, deleted: Iterable[int] = ()
) -> None:
    stream = _filled(lab, orders, deleted)
    scene = scene.format(nodes=stream.nodes())
    before, cut = stream.other.xrange(KEY), now - days * DAY
    young = [entry_id for entry_id, _ in before if as_numbers(entry_id)[0] >= cut]
    too_large = NODE * stream.nodes() > budget
    needed = _drops_needed(_filled(lab, orders, deleted), cut, budget) if too_large else 0
    returned = lab.call(stream.r, KEY, now, days, budget, _Memory(stream))
    left = stream.ids()
    dropped = len(young) - len(left)
    if not stream.same_entries(before):
        raise lab.wrong("added orders, or changed some; those that stay are left as they were.")
    old = [entry_id for entry_id in left if as_numbers(entry_id)[0] < cut]
    if old:
        raise lab.wrong(f"left {_listed(old)}, older than {days} days. {_why_too_few(stream, before)}")
    if left != young[len(young) - len(left) :]:
        raise lab.wrong(
            f"left {len(left)} of {len(young)} orders, with gaps between them. {scene} The oldest are to go first; and "
            "what XDEL takes out of the middle of a node frees nothing."
        )
    if NODE * stream.nodes() > budget:
        raise lab.wrong(
            f"left {len(left)} orders that take {NODE * stream.nodes()} bytes, and the budget is {budget}. {scene} "
            "Names, ids, nodes and tombstones take room too, so drop some, ask memory() again, and go on."
        )
    if dropped > (needed + 100 if needed else 0):
        gone = f"dropped {dropped} orders that were young enough, where {needed} would do."
        raise lab.wrong(f"{gone} {scene} {_why_too_many(now, young, left, needed)}")
    if returned != dropped or isinstance(returned, bool):
        raise lab.wrong(
            f"returned {show(returned)}, and {dropped} orders were dropped although they were young enough. {scene} "
            "Those that were too old do not count."
        )


def _filled(lab: Lab, orders: list[tuple[str, str]], deleted: Iterable[int]) -> _Stream:
    stream = _Stream(lab)
    with stream.other.pipeline(transaction=False) as pipe:
        for n, (entry_id, note) in enumerate(orders):
            pipe.xadd(KEY, {"order_id": str(100_000 + n), "note": note}, id=entry_id)
        pipe.execute()
    if deleted:
        stream.other.xdel(KEY, *[orders[n][0] for n in deleted])
    return stream


def _why_too_few(stream: _Stream, before: list) -> str:
    if stream.used_about():
        return "~ is not exact, and is what redis-py means unless it is told otherwise."
    if len(stream.ids()) == len(before) and not stream.used("MINID"):
        return "The first rule holds although all of it fits in the budget."
    return "In which unit do ids count, and how many of these has a day?"


def _why_too_many(now: int, young: list[str], left: list[str], needed: int) -> str:
    if needed:
        return "Drop at most 100 at a time, and ask memory() after each step."
    if not left or as_numbers(left[0])[0] > now - DAY // 2:
        return "In which unit do ids count, and how many of these has a day?"
    exactly = len(young) - len(left) == 1
    return "An order of exactly so many days stays." if exactly else "Within the budget, only age counts."


def _drops_needed(stream: _Stream, cut: int, budget: int) -> int:
    """How many orders that are young enough have to go, or up to nine more."""
    stream.other.xtrim(KEY, minid=cut, approximate=False)
    needed, length = 0, stream.other.xlen(KEY)
    while NODE * stream.nodes() > budget:
        needed += 10
        stream.other.xtrim(KEY, maxlen=length - needed, approximate=False)
    return needed


# --- 7.4 ----------------------------------------------------------------------------------------------------

CUSTOMERS = ("c-1", "c-17", "c-7", "c-17", None, "c-17", "c-7", "c-17", "c-1")


def forget(lab: Lab) -> None:
    _forget(lab, groups=False)
    _forget(lab, groups=True)
    _forget_a_stranger(lab)
    for commands in range(1, 8):
        _forget_while_ada_reads(lab, commands)


def _customers(lab: Lab, after: After | None = None) -> _Stream:
    """Nine orders, of which 2-0, 4-0, 6-0 and 8-0 are those of c-17."""
    stream = _Stream(lab, after=after)
    for n, customer in enumerate(CUSTOMERS, start=1):
        order = {"order_id": str(1000 + n), "product": "c-17" if n == 1 else "laptop"}
        stream.add(f"{n}-0", order | ({"customer": customer} if customer else {}))
    return stream


THEIRS = ["2-0", "4-0", "6-0", "8-0"]


def _forget(lab: Lab, groups: bool) -> None:
    stream = _customers(lab)
    if groups:
        for group, count in (("fraud", 0), ("mail", 9), ("shipping", 5)):
            stream.group(group)
            if count:
                stream.read(group, count - 1)
                stream.read(group, 1, worker="bob")
        stream.finish("shipping", "1-0", "2-0")
    before, lists = stream.other.xrange(KEY), stream.groups()
    returned = _call_forget(stream, "c-17")
    _only_theirs_are_gone(stream, before)
    if groups:
        _lists_are_clean(stream, lists)
    if isinstance(returned, (list, tuple)) and sorted(returned) == THEIRS and list(returned) != THEIRS:
        raise lab.wrong(f"returned {show(returned)}; oldest first, that is {THEIRS}.")
    if not isinstance(returned, (list, tuple)) or list(returned) != THEIRS:
        raise lab.wrong(f"returned {show(returned)}; it should return the ids of c-17's orders, {THEIRS}.")


def _call_forget(stream: _Stream, customer: str) -> Any:
    try:
        return stream.lab.call(stream.r, KEY, customer)
    except Raised as raised:
        error = raised.error
        if isinstance(error, KeyError):
            hint = "One order has no field customer."
        elif "equal or smaller" in str(error):
            hint = "An id is never used twice, even when its entry is deleted; and nothing is to be added."
        elif "wrong number of arguments" in str(error):
            hint = "What if the customer has no orders?"
        else:
            raise
        raise stream.lab.wrong(f"raised {type(error).__name__}: {show(str(error), 120)}. {hint}") from None


def _only_theirs_are_gone(stream: _Stream, before: list) -> None:
    lab, left = stream.lab, stream.other.xrange(KEY)
    still = [entry_id for entry_id, fields in left if fields.get("customer") == "c-17"]
    if still:
        raise lab.wrong(f"left {_listed(still)} in the stream, orders of c-17.")
    others = [entry for entry in before if entry[1].get("customer") != "c-17"]
    added = [entry_id for entry_id, fields in left if (entry_id, fields) not in others]
    if added:
        raise lab.wrong(
            f"left {_listed(added)} in the stream, not an entry of before. Nothing is to be added or rewritten: a new "
            "entry has a new id, and is delivered to everybody."
        )
    gone = [entry_id for entry_id, fields in others if (entry_id, fields) not in left]
    if gone:
        raise lab.wrong(
            f"deleted {_listed(gone)}, which is not an order of c-17; it is the field customer that counts."
        )


def _lists_are_clean(stream: _Stream, before: dict) -> None:
    lab, after = stream.lab, stream.groups()
    if set(after) != set(before):
        raise lab.wrong(f"left the groups {sorted(after)}, where {sorted(before)} were; all of them stay.")
    for group, (cursor, held) in before.items():
        now_at, now_held = after[group]
        ghosts = [entry_id for entry_id, _ in now_held if entry_id in THEIRS]
        if ghosts:
            raise lab.wrong(
                f"left {_listed(ghosts)} on the pending list of {group}: XDEL does not acknowledge, and a group does "
                "not forget what was deleted. Its worker gets an id without an order."
            )
        if now_held != [row for row in held if row[0] not in THEIRS]:
            raise lab.wrong(
                f"changed what is pending in {group} beside c-17's orders; the others are still being handled."
            )
        if now_at != cursor:
            raise lab.wrong(
                f"moved the cursor of {group} from {cursor} to {now_at}: nothing has to be delivered for this."
            )


def _forget_a_stranger(lab: Lab) -> None:
    stream = _customers(lab)
    stream.group("mail")
    stream.read("mail", 9)
    before, lists = stream.other.xrange(KEY), stream.groups()
    returned = _call_forget(stream, "c-99")
    if stream.other.xrange(KEY) != before or stream.groups() != lists:
        raise lab.wrong("changed something, and c-99 has no orders here.")
    if not isinstance(returned, (list, tuple)) or list(returned):
        raise lab.wrong(f"returned {show(returned)}, and c-99 has no orders here: it should return [].")


def _forget_while_ada_reads(lab: Lab, commands: int) -> None:
    told: list[str] = []

    def ada_reads(name: str, args: tuple) -> None:
        told.append(name)
        if len(told) == commands:
            stream.read("mail", 9)

    stream = _customers(lab, ada_reads)
    stream.group("mail")
    stream.group("shipping")
    stream.read("shipping", 9)
    before = stream.other.xrange(KEY)
    _call_forget(stream, "c-17")
    _only_theirs_are_gone(stream, before)
    ghosts = [entry_id for entry_id, _ in stream.pending("mail") if entry_id in THEIRS]
    if ghosts:
        raise lab.wrong(
            f"left {_listed(ghosts)} on the pending list of mail: Ada read them between two of your commands, after "
            "you had looked at the list. What is in the stream can be handed out at any moment: what has to go first?"
        )


# --- 7.5 ----------------------------------------------------------------------------------------------------


def lost(lab: Lab) -> None:
    for orders, keep, read, open_ids, scene in (
        (40, 10, 30, (), "40 were added, 30 of them handled, and then the stream was trimmed to 10."),
        (40, 40, 30, (29, 30), "40 were added and all are there; 28 were handled, two are pending, ten are new."),
        (60, 20, 0, (), "60 were added, and the stream was trimmed to 20 before the group had read anything."),
        (60, 20, 10, (), "60 were added, ten handled, and then the stream was trimmed to 20."),
        (30, 8, 30, (21, 25), "30 were added and read, 28 handled; then the stream was trimmed to 23-0 to 30-0."),
        (9, 0, 9, (2,), "Nine were added and read, eight handled; then the stream was emptied."),
    ):
        _books(lab, orders, keep, read, open_ids, scene)
    _books_of_a_slow_group(lab)


def _with_other_groups(lab: Lab, fill: Callable[[_Stream], None]) -> _Stream:
    stream = _Stream(lab)
    for group in ("billing", "mail", "zero"):
        stream.other.xgroup_create(KEY, group, id="0", mkstream=True)
    fill(stream)
    stream.finish("billing", *stream.read("billing", 5))
    return stream


def _books(lab: Lab, orders: int, keep: int, read: int, open_ids: Iterable[int], scene: str) -> None:
    """The group mail has read so many, and reported all but `open_ids`, before the stream is trimmed to `keep`."""
    still_open = [f"{n}-0" for n in open_ids]

    def fill(stream: _Stream) -> None:
        for entry_id in _numbered(1, orders):
            stream.add(entry_id, {"order_id": "1001"})
        ids = stream.read("mail", read) if read else []
        stream.finish("mail", *[entry_id for entry_id in ids if entry_id not in still_open])
        stream.other.xtrim(KEY, maxlen=keep, approximate=False)

    stream = _with_other_groups(lab, fill)
    gone_open = [entry_id for entry_id in still_open if entry_id not in stream.ids()]
    gone_new = max(0, orders - keep - read)
    _balance(stream, read - len(still_open), gone_new + len(gone_open), scene, bool(gone_open))


def _books_of_a_slow_group(lab: Lab) -> None:
    """What is trimmed between two reads: lag and entries-read of 7.0 know nothing of it."""

    def fill(stream: _Stream) -> None:
        for n in range(1, 91):
            stream.add(f"{n}-0", {"order_id": "1001"})
            if n % 10 == 0:
                stream.other.xtrim(KEY, maxlen=12, approximate=False)
            if n % 30 == 0:
                stream.finish("mail", *stream.read("mail", 4))

    stream = _with_other_groups(lab, fill)
    _balance(stream, 12, 70, "Of 90, twelve were handled between trims, and eight are waiting.", False)


def _balance(stream: _Stream, handled: int, expected: int, scene: str, was_pending: bool) -> None:
    lab, before, groups = stream.lab, stream.other.xrange(KEY), stream.groups()
    returned = lab.call(stream.r, KEY, "mail", handled)
    if not stream.other.exists(KEY) or stream.other.xrange(KEY) != before or stream.groups() != groups:
        raise lab.wrong(f"changed the stream or its groups; the books are only to be read. {scene}")
    if returned == expected and not isinstance(returned, bool):
        return
    hint = _what_is_off(stream, handled, returned, was_pending)
    raise lab.wrong(f"returned {show(returned)}, and {expected} are lost. {scene} {hint}")


def _what_is_off(stream: _Stream, handled: int, returned: Any, was_pending: bool) -> str:
    info = stream.other.xinfo_stream(KEY)
    added = info["entries-added"]
    [group] = [row for row in stream.other.xinfo_groups(KEY) if row["name"] == "mail"]
    if was_pending:
        return "An order that is pending and no longer in the stream cannot be read by anybody."
    if group["pending"]:
        return "An order that is pending, and in the stream, is not lost."
    for value, hint in (
        (added - info["length"], "What is missing from XLEN may have been handled long ago."),
        (added - handled - (group["lag"] or 0), "A lag does not know what was trimmed between two reads."),
        ((group["entries-read"] or 0) - handled, "entries-read is no count of what this group was given."),
    ):
        if returned == value:
            return hint
    return "Added, less handled, less what can still be read: XINFO STREAM knows the first, and XRANGE the last."


CHECKS = {"7.1": keep_a_day, "7.2": trim_done, "7.3": keep_within, "7.4": forget, "7.5": lost}
