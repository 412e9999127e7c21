"""Checks of 04 Four terminals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import redis

from helpers.exercises import Lab, Raised, Unsolved, Wrong, show
from helpers.snapshot import Entry, Group, Snapshot, as_numbers, snapshot

After = Callable[[str, tuple], None]
KEY, GROUP = "orders", "shipping"
MINUTE = 60_000  # ms


# --- The lab in four terminals: what it left behind ----------------------------------------------------------------

LAB_GROUP = "processors"
LAB_ORDERS = (
    {"order_id": "1001", "product": "laptop", "price": "999"},
    {"order_id": "1002", "product": "mouse", "price": "29"},
    {"order_id": "1003", "product": "keyboard", "price": "79"},
)


def four_terminals(r: redis.Redis, key: str) -> None:
    """The first step that is missing, whatever was done in which order.

    Done is: three orders, a group from 0, two consumers that read and acknowledged, and one order still waiting. An
    acknowledged order leaves no trace of who had it, and a group that began at ``$`` looks like one that is through:
    the order that still waits is what tells them apart.
    """
    seen = snapshot(r, key, most=1000)
    if not seen.exists:
        raise Unsolved
    group = _lab_group(seen)
    _lab_orders(seen)
    _lab_start(seen, group)
    _lab_readers(seen, group)
    if not group.waiting:
        raise Wrong(
            "nothing waits in the group and nothing is pending. If the reads answered (nil), the group began after "
            f"the orders: XGROUP DESTROY {seen.key} {LAB_GROUP}, and create it from 0. If they showed orders, all of "
            "them are done, and the lab ends with one that waits: add another in terminal 2."
        )


def _lab_group(seen: Snapshot) -> Group:
    group = next((group for group in seen.groups if group.name == LAB_GROUP), None)
    if group is not None:
        return group
    others = ", ".join(group.name for group in seen.groups)
    found = f"has no group {LAB_GROUP}, but {others}" if others else f"has no group {LAB_GROUP} yet"
    raise Wrong(
        f"the stream {seen.key} {found}. Terminal 1 makes it: XGROUP CREATE {seen.key} {LAB_GROUP} 0 (the stream is "
        "there already; MKSTREAM does no harm)."
    )


def _lab_orders(seen: Snapshot) -> None:
    stored = [entry.fields for entry in seen.entries if not entry.deleted]
    for order in LAB_ORDERS:
        if order in stored:
            continue
        typed = f"XADD {seen.key} * " + " ".join(f"{field} {value}" for field, value in order.items())
        for fields in stored:
            if order["order_id"] in (*fields.values(), *fields):
                raise Wrong(
                    f"an order {order['order_id']} came in as {show(fields)}. Field and value take turns; an entry "
                    f"cannot be changed, so add it once more: {typed}"
                )
        raise Wrong(f"the group is there, and the order {order['order_id']} is not. In terminal 2: {typed}")


def _lab_start(seen: Snapshot, group: Group) -> None:
    passed = [entry for entry in seen.entries if as_numbers(entry.id) <= as_numbers(group.cursor)]
    if passed and not group.consumers:
        raise Wrong(
            f"nobody has read, and yet the group is past {_orders(passed)}: it was created with $ (or an id), so it "
            f"begins after what was there. XGROUP DESTROY {seen.key} {LAB_GROUP}, then create it from 0."
        )


def _lab_readers(seen: Snapshot, group: Group) -> None:
    read = "XREADGROUP GROUP {} {} COUNT 1 STREAMS {} >"
    names = [consumer.name for consumer in group.consumers]
    first, second = ((*names, "consumer1", "consumer2")[:2]) if names else ("consumer1", "consumer2")
    second = next(name for name in (second, "consumer1", "consumer2") if name != first)
    if not names or group.cursor == "0-0":
        typed = read.format(LAB_GROUP, first, seen.key)
        raise Wrong(f"group and orders are there, and nobody has read yet. In terminal 3: {typed}")
    holders = {pending.consumer for pending in group.held}
    if not group.waiting and len(holders) == 1 and len(group.held) >= len(LAB_ORDERS):
        raise Wrong(
            f"{holders.pop()} took everything, {_orders(_held_entries(seen, group))}: without COUNT 1 the first to "
            "ask gets all that waits. Acknowledge them, add two more orders in terminal 2, and let terminal 4 read "
            "one, with COUNT 1."
        )
    if group.held:
        raise Wrong(_unfinished(seen, group))
    if len(names) < 2:
        wait = "" if group.waiting else " Nothing waits just now: add two more orders in terminal 2 first."
        raise Wrong(
            f"only {first} has read. In terminal 4, under another name: "
            f"{read.format(LAB_GROUP, second, seen.key)}{'.' if wait else ''}{wait}"
        )


def _unfinished(seen: Snapshot, group: Group) -> str:
    orders = {entry.id: _order(entry) for entry in seen.entries}
    held = [f"{orders.get(pending.id, 'an order')} with {pending.consumer}" for pending in group.held[:3]]
    more = f", and {group.pending - len(held)} more" if group.pending > len(held) else ""
    return (
        f"read and not acknowledged: {', '.join(held)}{more}. XACK {seen.key} {LAB_GROUP} and the id of the entry, as "
        "its read printed it. (If XACK answered 0: that id was not pending in that group of that stream.)"
    )


def _held_entries(seen: Snapshot, group: Group) -> list[Entry]:
    held = {pending.id for pending in group.held}
    return [entry for entry in seen.entries if entry.id in held]


def _orders(entries: list[Entry]) -> str:
    names = [_order(entry) for entry in entries]
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _order(entry: Entry) -> str:
    return f"order {entry.fields.get('order_id', '?')}"


# --- What several exercises share ----------------------------------------------------------------------------------


class _Shop:
    """A stream of orders with two groups, and what the exercise's group looked like before the answer was called."""

    def __init__(
        self,
        lab: Lab,
        orders: int = 0,
        start: int = 1,
        after: After | None = None,
        ids: dict[str, str] | None = None,
        begin: str = "0",
        price: str = "999",
    ) -> None:
        self.called: set[str] = set()

        def told(name: str, args: tuple) -> None:
            self.called.add(name)
            if after is not None:
                after(name, args)

        self.lab, self.r = lab, lab.redis(told)
        self.other = lab.another(self.r)  # whose commands `after` does not hear of
        # Ids of one and two digits: as text they would sort another way.
        self.ids = ids or {str(1000 + n): f"{start + n - 1}-0" for n in range(1, orders + 1)}
        for order_id, entry_id in self.ids.items():
            self.other.xadd(KEY, {"order_id": order_id, "product": "laptop", "price": price}, id=entry_id)
        self.other.xgroup_create(KEY, "billing", id="0")
        self.other.xreadgroup("billing", "eve", {KEY: ">"}, count=1)
        self.other.xgroup_create(KEY, GROUP, id=begin)
        self.other.xgroup_createconsumer(KEY, GROUP, "zoe")  # idle, and by the alphabet the last

    def hand_out(self, consumer: str, count: int, idle: int = 0) -> None:
        """`consumer` reads the next orders, and got them `idle` ms ago."""
        [[_, entries]] = self.other.xreadgroup(GROUP, consumer, {KEY: ">"}, count=count)
        self.touch(consumer, [entry_id for entry_id, _ in entries], idle)

    def touch(self, consumer: str, ids: list[str], idle: int = 0) -> None:
        self.other.xclaim(KEY, GROUP, consumer, 0, ids, idle=idle, justid=True)

    def finish(self, *order_ids: str) -> None:
        self.other.xack(KEY, GROUP, *[self.ids[order_id] for order_id in order_ids])

    def before(self) -> None:
        """What must be the same after the call."""
        self._entries, self._cursors = self.other.xrange(KEY), self._read_cursors()
        self._held, self._names, self._times = self.held(), self.names(), self.times()
        self.called.clear()

    def held(self) -> dict[str, str]:
        """Order: who holds it."""
        orders = {entry_id: order_id for order_id, entry_id in self.ids.items()}
        rows = self.other.xpending_range(KEY, GROUP, "-", "+", 1000)
        return {orders.get(row["message_id"], row["message_id"]): row["consumer"] for row in rows}

    def times(self) -> list[int]:
        """How often each pending order was delivered."""
        return [row["times_delivered"] for row in self.other.xpending_range(KEY, GROUP, "-", "+", 1000)]

    def deliveries(self) -> int:
        return sum(self.times())

    def names(self) -> set[str]:
        return {row["name"] for row in self.other.xinfo_consumers(KEY, GROUP)}

    def text_misleads(self, order_id: str) -> bool:
        """Whether the order's id and the group's cursor compare as text another way than as numbers."""
        entry_id, cursor = self.ids[order_id], self._cursors[GROUP]
        return (entry_id > cursor) != (as_numbers(entry_id) > as_numbers(cursor))

    def cursor(self) -> str:
        return self._cursors[GROUP]

    def lost_names(self) -> str:
        return ", ".join(sorted(self._names - self.names()))

    def _read_cursors(self) -> dict[str, str]:
        return {row["name"]: row["last-delivered-id"] for row in self.other.xinfo_groups(KEY)}

    def same_stream(self, why_not: str) -> None:
        entries = self.other.xrange(KEY)
        if entries != self._entries:
            ids = ", ".join(entry_id for entry_id, _ in entries[:8])
            raise self.lab.wrong(f"changed the stream, which now has the entries {ids or 'none'}. {why_not}")

    def same_cursor(self, forward: str, backward: str) -> None:
        cursors = self._read_cursors()
        if set(cursors) != set(self._cursors):
            raise self.lab.wrong(
                f"left the groups {sorted(cursors)}, where {sorted(self._cursors)} were: no group has to be made or "
                "destroyed for this."
            )
        for name in cursors:
            if name != GROUP and cursors[name] != self._cursors[name]:
                raise self.lab.wrong(f"moved the cursor of the group {name}, which has nothing to do with this.")
        was, now = as_numbers(self._cursors[GROUP]), as_numbers(cursors[GROUP])
        if was != now:
            raise self.lab.wrong(forward if now > was else backward)

    def same_pending(self, hint: str) -> None:
        if (held := self.held()) != self._held:
            raise self.lab.wrong(f"left {_holders(held)}, where {_holders(self._held)} was expected. {hint}")

    def only_looked(self) -> None:
        """For answers that are to tell, and to change nothing."""
        self.same_stream("A look leaves it as it is.")
        self.same_cursor(
            "handed out orders by looking: whatever XREADGROUP returns with > is taken from those who wait for work. "
            "XINFO, XPENDING and XRANGE only look.",
            "set the group's cursor back; a look leaves it where it is.",
        )
        self.same_pending("XINFO, XPENDING and XRANGE look without taking.")
        if self.times() != self._times:
            raise self.lab.wrong(
                "raised the delivery counts: XREADGROUP with an id, also with 0, hands a consumer what it holds once "
                "more, and that counts as a delivery. XPENDING shows who holds what and delivers nothing."
            )
        if self.names() != self._names:
            raise self.lab.wrong(
                f"left the consumers {', '.join(sorted(self.names()))}, where {', '.join(sorted(self._names))} were: "
                "who only looks needs no consumer."
            )


def _holders(held: dict[str, str]) -> str:
    return ", ".join(f"{order} with {consumer}" for order, consumer in held.items()) or "nothing pending"


# --- 4.1 -----------------------------------------------------------------------------------------------------------


def take_over(lab: Lab) -> None:
    shop = _Shop(lab, 4)
    shop.hand_out("consumer1", 2, idle=10 * MINUTE)
    _taken(shop, {"1001": "me", "1002": "me"}, ["1001", "1002"])

    shop = _Shop(lab, 12, start=8)
    shop.hand_out("consumer2", 1, idle=5_000)
    shop.hand_out("consumer1", 1, idle=10 * MINUTE)
    shop.hand_out("consumer2", 1)
    shop.hand_out("consumer3", 2, idle=2 * MINUTE)
    held = {"1001": "consumer2", "1002": "me", "1003": "consumer2", "1004": "me", "1005": "me"}
    _taken(shop, held, ["1002", "1004", "1005"])

    shop = _Shop(lab, 2)
    shop.hand_out("consumer1", 1, idle=5_000)
    _taken(shop, {"1001": "consumer1"}, [])

    shop = _Shop(lab, 14)
    shop.hand_out("consumer1", 12, idle=10 * MINUTE)
    twelve = list(shop.ids)[:12]
    _taken(shop, dict.fromkeys(twelve, "me"), twelve)

    shop = _Shop(lab, ids={"1003": "1-0", "1001": "2-0", "1004": "3-0", "1002": "4-0"})
    shop.hand_out("consumer1", 1, idle=2 * MINUTE)
    shop.hand_out("consumer2", 1, idle=10 * MINUTE)
    shop.hand_out("consumer1", 1, idle=5 * MINUTE)
    _taken(shop, {"1003": "me", "1001": "me", "1004": "me"}, ["1003", "1001", "1004"])

    back: list[str] = []

    def comes_back(name: str, args: tuple) -> None:
        if name in ("XPENDING", "XINFO CONSUMERS") and not back:
            back.append(name)
            shop.touch("consumer1", [shop.ids["1001"]])

    shop = _Shop(lab, 3, after=comes_back)
    shop.hand_out("consumer1", 2, idle=10 * MINUTE)
    shop.before()
    returned = lab.call(shop.r, KEY, GROUP, "me", MINUTE)
    held = shop.held()
    if back and held.get("1001") == "me":
        raise lab.wrong(
            "took order 1001 from consumer1, which came back between your look and your claim. A look is old at once: "
            "the command that takes has to be told the limit too."
        )
    if returned != (real := [order for order, consumer in held.items() if consumer == "me"]):
        raise lab.wrong(
            f"returned {show(returned)}, and {real} is what was taken: meanwhile consumer1 came back. Only the answer "
            "of the command that takes says what was taken."
        )


def _taken(shop: _Shop, wanted: dict[str, str], wanted_orders: list[str]) -> None:
    lab = shop.lab
    shop.before()
    was, deliveries = shop.held(), shop.deliveries()
    returned = lab.call(shop.r, KEY, GROUP, "me", MINUTE)
    shop.same_stream(
        "An order that is added again has a new id, and every other group gets it a second time. It can change hands "
        "inside the group and stay where it is."
    )
    shop.same_cursor(
        "handed out orders that were waiting, and the lost ones are still where they were: > gives what nobody has "
        "had, under whatever name you ask. What somebody holds is in the pending entries list.",
        "set the group's cursor back. Now everything after it is delivered once more, also what others are working on.",
    )
    held = shop.held()
    if gone := [order for order in was if order not in held]:
        if lost := shop.lost_names():
            raise lab.wrong(
                f"removed {lost}, and what it held went with it: nobody holds order {gone[0]} now, and nobody will be "
                "given it."
            )
        raise lab.wrong(
            f"took order {gone[0]} off the pending entries list, as if it were done. Nobody has done it, and now "
            "nobody holds it."
        )
    if new := [order for order in held if order not in was]:
        raise lab.wrong(
            f"made order {new[0]} pending with {held[new[0]]}, and nobody held it before: it waits to be read, or is "
            "done. Only what is pending can be taken over (XCLAIM with FORCE takes anything)."
        )
    for order, consumer in held.items():
        if consumer == wanted[order]:
            continue
        if consumer == "me":
            everything = all(other == "me" for other in held.values())
            hint = (
                "Which argument says how long a consumer has to be silent, before it may lose what it holds?"
                if everything
                else f"The limit is in milliseconds: silent_ms was {MINUTE}, which is a minute."
            )
            raise lab.wrong(
                f"took order {order} from {was[order]}, who got it less than a minute ago and is working on it: now "
                f"two do the same order. {hint}"
            )
        if shop.deliveries() > deliveries and held == was:
            raise lab.wrong(
                f"read order {order}, and it still belongs to {consumer}: asking under another's name makes you that "
                "consumer, and when it comes back, two do the same work. The order has to change hands."
            )
        took = sum(consumer == "me" for consumer in held.values())
        stopped = f" You took {took} of {len(wanted_orders)} and stopped." if took >= 10 else ""
        raise lab.wrong(
            f"left order {order} with {consumer}, where it has been for longer than {MINUTE} ms; "
            f"{wanted[order]} should hold it.{stopped}"
        )
    lab.expect(returned, list, "the list of the orders that were taken, such as ['1001']")
    if returned != wanted_orders:
        raise lab.wrong(
            f"returned {show(returned)}, where {wanted_orders} was expected: the order_id of each order that was "
            "taken, as text, in the order of the stream (of their ids, not of their numbers)."
        )


# --- 4.2 -----------------------------------------------------------------------------------------------------------


def triage(lab: Lab) -> None:
    shop = _Shop(lab, 9)
    shop.hand_out("consumer1", 4)
    shop.finish("1001", "1002", "1003", "1004")
    _counted(shop, {"waiting": 5, "working": 0, "stuck": 0}, "")

    shop = _Shop(lab, 9)
    shop.hand_out("consumer1", 2, idle=10 * MINUTE)
    shop.hand_out("consumer2", 3, idle=5_000)
    shop.finish("1002", "1003")
    _counted(shop, {"waiting": 4, "working": 2, "stuck": 1}, "")

    shop = _Shop(lab, 13)
    shop.hand_out("consumer2", 4, idle=5_000)
    shop.finish("1001", "1002")
    shop.other.xdel(KEY, shop.ids["1006"], shop.ids["1008"])  # Two customers cancelled.
    _counted(shop, {"waiting": 7, "working": 2, "stuck": 0}, "nil")

    shop = _Shop(lab, 160)
    shop.hand_out("consumer1", 60, idle=10 * MINUTE)
    shop.hand_out("consumer2", 70, idle=5_000)
    _counted(shop, {"waiting": 30, "working": 70, "stuck": 60}, "")

    shop = _Shop(lab, 3)
    shop.hand_out("consumer1", 1, idle=MINUTE + 1)  # The simulator's XPENDING … IDLE leaves out the very ms.
    _counted(shop, {"waiting": 2, "working": 0, "stuck": 1}, "")

    shop = _Shop(lab, 12, start=5)
    shop.hand_out("consumer1", 4)
    shop.finish("1001", "1002", "1003", "1004")
    _counted(shop, {"waiting": 8, "working": 0, "stuck": 0}, "")

    shop = _Shop(lab, 6)
    shop.hand_out("consumer1", 2)
    shop.finish("1001", "1002")
    shop.other.xdel(KEY, shop.ids["1002"])  # Done, and cleared away: the entry at the cursor.
    _counted(shop, {"waiting": 4, "working": 0, "stuck": 0}, "nil")

    shop = _Shop(lab, 7, begin="3-0")
    shop.hand_out("consumer1", 1)
    _counted(shop, {"waiting": 3, "working": 1, "stuck": 0}, "nil")


def _counted(shop: _Shop, wanted: dict[str, int], lag: str) -> None:
    lab = shop.lab
    shop.before()
    try:
        found = lab.call(shop.r, KEY, GROUP, MINUTE)
    except Raised as raised:
        if lag and isinstance(raised.error, TypeError):
            raise lab.wrong(
                f"raised TypeError: {raised.error}. After an order was deleted the group's lag is None: the server "
                "cannot tell. What comes after the group's cursor can be counted."
            ) from None
        raise
    shop.only_looked()
    lab.expect(found, dict, 'a dictionary such as {"waiting": 5, "working": 2, "stuck": 1}')
    if set(found) != set(wanted):
        raise lab.wrong(f"returned {show(found)}; its keys should be waiting, working and stuck.")
    for name in wanted:
        if found[name] != wanted[name] or isinstance(found[name], bool):
            why = _why(shop, found, name, lag)
            raise lab.wrong(f"said {name}: {show(found[name])}, where {wanted[name]} was expected. {why}")


def _why(shop: _Shop, found: dict, name: str, lag: str) -> str:
    length, pending = shop.other.xlen(KEY), len(shop.held())
    if name != "waiting":
        if found["stuck"] == pending or found["stuck"] == "all":
            return "Pending is not stuck: an order that somebody is working on is pending too. For how long?"
        total = sum(value for key, value in found.items() if key != "waiting" and isinstance(value, int))
        if total < pending:
            return f"{pending} orders are pending. Did you ask for all of them, and are those of {MINUTE} ms counted?"
        return "stuck is what was delivered longest_ms ago or earlier, and working the rest of what is pending."
    if lag and found[name] in (0, None):
        return "A lag of nil is not zero: a deleted order keeps the server from telling. What is after the cursor?"
    groups = {row["name"]: row for row in shop.other.xinfo_groups(KEY)}
    cursor = {name: row["last-delivered-id"] for name, row in groups.items()}
    ids = [entry_id for entry_id, _ in shop.other.xrange(KEY)]
    xlen = "XLEN counts" if "XLEN" in shop.called else "That is"
    if found[name] == length:
        return f"{xlen} what the stream keeps, also what was done long ago. What has the group not handed out?"
    if found[name] == len(shop.other.xrange(KEY, min=cursor[GROUP])) and cursor[GROUP] in ids:
        return "A range includes both of its ends, and the entry at the cursor has been handed out."
    if found[name] == len(shop.other.xrange(KEY, min=f"({cursor['billing']}")):
        return "That is another group's number: the stream has two groups."
    if found[name] == length - pending and "XLEN" in shop.called:
        return "XLEN counts what is done as well, so taking away what is pending does not leave what waits."
    if found[name] == length - (groups[GROUP]["entries-read"] or 0) and "XLEN" in shop.called:
        return (
            "XLEN without the entries read goes wrong as soon as a read entry is deleted, or a group begins in the "
            "middle. What is after the cursor?"
        )
    if found[name] == sum(entry_id > cursor[GROUP] for entry_id in ids):
        return "An id is two numbers: compare as two numbers each, not as text, where 9-0 comes after 10-0."
    if found[name] == len(shop.other.xrange(KEY, min=cursor[GROUP])) - 1:
        return "The entry at the cursor is gone, so there is nothing to take away: a range can begin after an id."
    if found[name] == shop.other.xinfo_stream(KEY)["entries-added"] - (groups[GROUP]["entries-read"] or 0):
        return "The deleted orders are not waiting."
    return "What waits is what the group has not handed out: the entries after its cursor."


# --- 4.3 -----------------------------------------------------------------------------------------------------------


def where_is(lab: Lab) -> None:
    shop = _Shop(lab, 6, start=1001)  # The entry 1002-0 is order 1002 ...
    shop.hand_out("consumer1", 2)
    shop.hand_out("consumer2", 2)
    shop.finish("1001", "1003")
    for order, wanted in ((1002, "consumer1"), (1004, "consumer2"), (1001, "done"), (1005, "waiting"), (7, "unknown")):
        _found(shop, order, wanted)

    shop = _Shop(lab, 30, start=8)  # ... and here it is 9-0, which as text comes after 10-0.
    shop.hand_out("consumer1", 25)
    shop.finish(*[str(1000 + n) for n in range(1, 26) if n not in (2, 20, 21)])
    shop.touch("consumer2", [shop.ids["1020"]])
    shop.touch("zoe", [shop.ids["1021"]])
    for order, wanted in ((1002, "consumer1"), (1020, "consumer2"), (1021, "zoe"), (1001, "done"), (1030, "waiting")):
        _found(shop, order, wanted)

    shop = _Shop(lab, 30, start=5)
    shop.hand_out("consumer1", 2)
    shop.hand_out("consumer2", 22)
    shop.finish("1001")
    for order, wanted in ((1002, "consumer1"), (1023, "consumer2"), (1025, "waiting"), (1001, "done")):
        _found(shop, order, wanted)

    shop = _Shop(lab, 6)  # billing, before shipping by name, has come to 1001; warehouse, after it, to the end.
    shop.other.xgroup_create(KEY, "warehouse", id="$")
    shop.hand_out("consumer1", 4)
    shop.finish("1003")
    hint = f"That is the answer for another group: look for the row whose name is {GROUP}."
    _found(shop, 1003, "done", hint)
    _found(shop, 1005, "waiting", hint)

    shop = _Shop(lab, ids={str(1000 + n): f"5-{n}" for n in range(1, 13)})
    shop.hand_out("consumer1", 10)
    shop.finish("1002", "1009")
    hint = "An id is two numbers, milliseconds and a sequence number: 5-9, 5-10 and 5-11 are of the same millisecond."
    _found(shop, 1009, "done", hint)
    _found(shop, 1011, "waiting", hint)

    shop = _Shop(lab, 4)
    shop.hand_out("consumer1", 3)
    shop.finish("1002", "1003")
    _found(
        shop,
        1002,
        "done",
        "The highest pending id is not the cursor: what was acknowledged after it is pending no more. "
        "XINFO GROUPS tells the last-delivered-id.",
    )
    _found(shop, 1003, "done", "The entry at the cursor is the last that was handed out, so it does not wait.")

    shop = _Shop(lab, 3, price="1002")
    shop.hand_out("consumer1", 1)
    _found(shop, 1002, "waiting", "Order 1001 costs 1002: only the field order_id says which order it is.")
    _found(shop, 100, "unknown", "100 is a part of 1001, and another number: the order_id has to be equal.")


def _found(shop: _Shop, order: int, wanted: str, special: str = "") -> None:
    lab = shop.lab
    shop.before()
    answer = lab.call(shop.r, KEY, GROUP, order)
    shop.only_looked()
    if answer == wanted:
        return
    what = f"returned {show(answer)} for an order that is {wanted}"
    if special and isinstance(answer, str):
        hint = special
    elif wanted == "unknown":
        hint = "No entry of the stream has that order_id."
    elif wanted in ("done", "waiting"):
        hint = (
            "Its id and the group's cursor compare as two numbers each, not as text."
            if answer in ("done", "waiting") and shop.text_misleads(str(order))
            else "Nobody holds it, because nobody was given it: the group's cursor says how far it has come."
            if wanted == "waiting"
            else "Nobody holds it any more; it is not after the group's cursor."
        )
    else:
        what = f"returned {show(answer)} for an order that {wanted} holds"
        hint = f"The group's pending entries list has {len(shop.held())} rows, each with its consumer."
        if answer == "unknown":
            same = shop.ids[str(order)] == f"{order}-0"
            hint = "What a stream stores comes back as text." if same else "The id of the entry is not its order_id."
        elif answer in shop.names():
            hint = "Who has this one? The other holds something else: look for the entry's own row."
        elif answer == "waiting" and shop.ids[str(order)] == shop.cursor():
            hint = "The entry at the cursor is the last that was handed out, so it does not wait."
        elif answer == "done":
            hint += " Did you see all of them?"
    raise lab.wrong(f"{what}. {hint}")


# --- 4.4 -----------------------------------------------------------------------------------------------------------


class _Work:
    """What the answer calls for each order; raises at the order `fails`, as work does."""

    def __init__(self, shop: _Shop, fails: str = "", most: int = 1) -> None:
        self.shop, self.fails, self.most = shop, fails, most
        self.orders: list[str] = []
        self.complaint = ""

    def __repr__(self) -> str:
        return "work"

    def __call__(self, order: Any) -> None:
        shop = self.shop
        if not isinstance(order, dict) or "order_id" not in order:
            self.complaint = self.complaint or f"called work({show(order)}); it gets the fields of one order."
            return
        number, held = order["order_id"], shop.held()
        mine = [order for order, consumer in held.items() if consumer == "me"]
        finished = [order for order in mine if order in self.orders and order != number]
        self.orders.append(number)
        if held.get(number) != "me" and not self.complaint:
            self.complaint = (
                f"acknowledged order {number} before its work. A crash right then loses it: nobody holds it, and "
                "nobody did it."
                if number not in held
                else f"worked on order {number}, which belongs to {held[number]}."
            )
        if finished and not self.complaint:
            self.complaint = (
                f"worked on {number} while {finished[0]}, which was done, was still pending: after a crash it "
                "would be done again. Acknowledge each order right after its work."
            )
        if len(mine) > self.most and not self.complaint:
            self.complaint = (
                f"held the orders {', '.join(mine[:4])} while it worked on {number}: take one at a time, or the rest "
                "lies with you while others have nothing to do."
            )
        if number == self.fails:
            raise ValueError("the printer is on fire")


def run(lab: Lab) -> None:
    shop = _Shop(lab, 4)
    shop.hand_out("colleague", 1, idle=10 * MINUTE)
    _ran(shop, _Work(shop), ["1002", "1003", "1004"], {"1001": "colleague"})

    shop = _Shop(lab, 5)
    shop.hand_out("me", 1, idle=10 * MINUTE)
    shop.hand_out("colleague", 1)
    shop.hand_out("me", 1)
    _ran(shop, _Work(shop, most=2), ["1001", "1003", "1004", "1005"], {"1002": "colleague"})

    shop = _Shop(lab, 4)
    shop.before()
    work = _Work(shop, fails="1002")
    try:
        returned = lab.call(shop.r, KEY, GROUP, "me", work)
    except Raised as raised:
        if not isinstance(raised.error, ValueError):
            raise
    else:
        raise lab.wrong(
            f"returned {show(returned)}, though the work on order 1002 raised ValueError: let it out. Whoever "
            "swallows it goes on as if the order were done, and nobody hears of it."
        )
    if work.complaint:
        raise lab.wrong(work.complaint)
    held = shop.held()
    if "1001" in held:
        raise lab.wrong(
            "was stopped at order 1002, and order 1001, which was done, is still pending: after a restart it would be "
            "done again. Acknowledge each order right after its work."
        )
    if held != {"1002": "me"}:
        raise lab.wrong(f"was stopped at order 1002 and left {_holders(held)}; expected 1002 with me, and no more.")
    _ran(shop, _Work(shop), ["1002", "1003", "1004"], {})


def _ran(shop: _Shop, work: _Work, wanted: list[str], left: dict[str, str]) -> None:
    lab = shop.lab
    mine = [order for order, consumer in shop.held().items() if consumer == "me"]
    shop.before()
    returned = lab.call(shop.r, KEY, GROUP, "me", work)
    if taken := [order for order in left if order in work.orders]:
        raise lab.wrong(
            f"worked on order {taken[0]}, which {left[taken[0]]} has, dead or alive: what others hold stays with them."
        )
    if mine and not set(mine) & set(work.orders):
        raise lab.wrong(
            f"worked on {work.orders}, and {', '.join(mine)}, which me holds from its last life, was forgotten: > "
            "only gives what is new. What gives a consumer what it holds already?"
        )
    if work.complaint:
        raise lab.wrong(work.complaint)
    if work.orders != wanted:
        raise lab.wrong(
            f"worked on {work.orders}, where {wanted} was expected: first what me holds, then what waits, each once."
        )
    shop.same_stream("An order stays in the stream when it is done.")
    if (held := shop.held()) != left:
        raise lab.wrong(f"left {_holders(held)}, where {_holders(left)} was expected: what is done is acknowledged.")
    if returned != wanted:
        raise lab.wrong(
            f"returned {show(returned)}, where {wanted} was expected: the order_ids as they were worked on."
        )


# --- 4.5 -----------------------------------------------------------------------------------------------------------


def deal_out(lab: Lab) -> None:
    shop = _Shop(lab, 9, start=7)
    shop.hand_out("consumer1", 2, idle=10 * MINUTE)
    shop.hand_out("colleague", 1, idle=8 * MINUTE)
    shop.hand_out("consumer1", 3, idle=2 * MINUTE)
    shop.hand_out("consumer1", 1, idle=5_000)
    given = {"consumer2": ["1001", "1004", "1006"], "consumer3": ["1002", "1005"]}
    _shared(shop, ["consumer2", "consumer3"], given, {"1003": "colleague", "1007": "consumer1"})

    shop = _Shop(lab, 3)
    shop.hand_out("consumer2", 1, idle=10 * MINUTE)
    _shared(shop, ["consumer2", "zoe"], {"consumer2": [], "zoe": []}, {"1001": "consumer2"})

    back: list[str] = []

    def comes_back(name: str, args: tuple) -> None:
        if name in ("XPENDING", "XINFO CONSUMERS", "XREADGROUP") and not back:
            back.append(name)
            shop.touch("consumer1", [shop.ids["1002"]])
            shop.finish("1003")

    shop = _Shop(lab, 4, after=comes_back)
    shop.hand_out("consumer1", 4, idle=10 * MINUTE)
    shop.before()
    returned = lab.call(shop.r, KEY, GROUP, "consumer1", ["consumer2", "consumer3"], MINUTE)
    held = shop.held()
    if held.get("1002") != "consumer1":
        raise lab.wrong(
            "took order 1002 from consumer1, which came back between your look and your claim. A look is old at once: "
            "the command that takes has to be told the limit too."
        )
    real = {heir: [o for o, c in held.items() if c == heir] for heir in ("consumer2", "consumer3")}
    if returned != real:
        raise lab.wrong(
            f"returned {show(returned)}, and {show(real)} is what was handed over: meanwhile consumer1 came back, and "
            "finished 1003. Only the answer of the command that takes says what was taken."
        )


def _shared(shop: _Shop, heirs: list[str], given: dict[str, list[str]], left: dict[str, str]) -> None:
    lab = shop.lab
    shop.before()
    was = shop.held()
    returned = lab.call(shop.r, KEY, GROUP, "consumer1", list(heirs), MINUTE)
    shop.same_stream("An order changes hands inside the group, and stays where it is.")
    shop.same_cursor(
        "handed out orders that were waiting; what consumer1 holds is in the pending entries list.",
        "set the group's cursor back, so that everything after it is delivered once more.",
    )
    held = shop.held()
    if gone := [order for order in was if order not in held]:
        raise lab.wrong(
            f"left order {gone[0]} with nobody: XGROUP DELCONSUMER throws away what the consumer holds, and XACK says "
            "that it is done. It has to go to one of the others."
        )
    for order, consumer in left.items():
        if held[order] != consumer and was[order] != "consumer1":
            raise lab.wrong(
                f"took order {order} from {was[order]}, however long that has had it: only consumer1's are to be "
                "shared out. Whose orders does your command look at?"
            )
        if held[order] != consumer:
            raise lab.wrong(f"took order {order}, which consumer1 got less than {MINUTE} ms ago and may be working on.")
    if forgotten := [order for order, consumer in held.items() if consumer == "consumer1" and order not in left]:
        raise lab.wrong(f"left {', '.join(forgotten)} with consumer1, for longer than {MINUTE} ms now.")
    got = {heir: [o for o, c in held.items() if c == heir and o not in left] for heir in heirs}
    if got != given:
        raise lab.wrong(f"gave {show(got, 120)}, where {given} was expected: in turn, the oldest first.")
    if returned != given:
        raise lab.wrong(
            f"returned {show(returned, 120)}, where {given} was expected: each heir with the list of the order_ids "
            "that it was given, empty for none."
        )


CHECKS = {
    "4.1": take_over,
    "4.2": triage,
    "4.3": where_is,
    "4.4": run,
    "4.5": deal_out,
}

STREAM_CHECKS = {"4.0": four_terminals}
