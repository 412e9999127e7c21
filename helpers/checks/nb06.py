"""Checks of 06 Recovery."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from helpers.exercises import Lab, Raised, show

After = Callable[[str, tuple], None]
KEY, GROUP, DEAD = "orders", "charging", "orders:dead"
MINUTE = 60_000  # ms
OLD, YOUNG = 10 * MINUTE, 5_000


class _Killed(BaseException):
    """Ends an answer as a SIGKILL ends its process: what it catches is at most an Exception."""


class _Shop:
    """A stream of orders 1001, 1002, ... with two groups, and what the exercise's group looked like before the call."""

    def __init__(self, lab: Lab, orders: int, start: int = 1, after: After | None = None) -> None:
        self.lab, self.transactions, self.plain_pipelines = lab, 0, 0
        self.r = lab.redis(after)
        self.other = lab.another(self.r)  # whose commands `after` does not hear of
        self._watch_pipelines(after)
        self.ids: dict[str, str] = {}
        # Ids of one and two digits: as text they would sort another way.
        self.add(orders, start)
        self.other.xgroup_create(KEY, "billing", id="0")
        self.other.xreadgroup("billing", "eve", {KEY: ">"}, count=2)
        self.other.xgroup_create(KEY, GROUP, id="0")

    def add(self, orders: int, start: int = 1) -> None:
        pipe = self.other.pipeline(transaction=False)
        for n in range(orders):
            order_id = str(1001 + len(self.ids))
            self.ids[order_id] = f"{start + len(self.ids)}-0"
            pipe.xadd(KEY, {"order_id": order_id, "price": str(10 + n)}, id=self.ids[order_id])
        pipe.execute()

    def _watch_pipelines(self, after: After | None) -> None:
        """A pipeline of the answer counts as one command more, named EXEC or PIPELINE."""
        original = self.r.pipeline

        def pipeline(transaction: bool = True, shard_hint: Any = None) -> Any:
            pipe = original(transaction, shard_hint)
            execute = pipe.execute

            def execute_and_tell(raise_on_error: bool = True) -> Any:
                names = {str(command[0][0]).upper() for command in pipe.command_stack}
                if not transaction and {"XADD", "XACK"} <= names:
                    self.plain_pipelines += 1
                try:
                    return execute(raise_on_error)
                finally:
                    if after is not None:
                        after("EXEC" if transaction else "PIPELINE", tuple(names))

            pipe.execute = execute_and_tell
            return pipe

        self.r.pipeline = pipeline

    def hand_out(self, consumer: str, count: int, idle: int = 0, times: int = 1) -> None:
        """`consumer` read the next orders `times` times, and the last time was `idle` ms ago."""
        [[_, entries]] = self.other.xreadgroup(GROUP, consumer, {KEY: ">"}, count=count)
        ids = [entry_id for entry_id, _ in entries]
        self.other.xclaim(KEY, GROUP, consumer, 0, ids, idle=idle, retrycount=times, justid=True)

    def touch(self, consumer: str, order_ids: list[str], idle: int = 0) -> None:
        ids = [self.ids[order_id] for order_id in order_ids]
        self.other.xclaim(KEY, GROUP, consumer, 0, ids, idle=idle, justid=True)

    def grow_old(self) -> None:
        """More time goes by than anybody waits."""
        for row in self.other.xpending_range(KEY, GROUP, "-", "+", 1000):
            self.other.xclaim(KEY, GROUP, row["consumer"], 0, [row["message_id"]], idle=OLD, justid=True)

    def finish(self, *order_ids: str) -> None:
        self.other.xack(KEY, GROUP, *[self.ids[order_id] for order_id in order_ids])

    def delete(self, *order_ids: str) -> None:
        self.other.xdel(KEY, *[self.ids[order_id] for order_id in order_ids])

    def rows(self) -> dict[str, dict]:
        """Order: its row of XPENDING."""
        orders = {entry_id: order_id for order_id, entry_id in self.ids.items()}
        rows = self.other.xpending_range(KEY, GROUP, "-", "+", 5000)
        return {orders.get(row["message_id"], row["message_id"]): row for row in rows}

    def letters(self) -> list[dict]:
        """The fields of the dead letters."""
        if self.other.type(DEAD) not in ("none", "stream"):
            raise self.lab.wrong(f"made a {self.other.type(DEAD)} of {DEAD}; it should be a stream.")
        return [fields for _, fields in self.other.xrange(DEAD)]

    def before(self) -> None:
        """What must be the same after the call."""
        self._entries, self._groups, self._cursor = self.other.xrange(KEY), self._others(), self._own_cursor()
        self.was = self.rows()

    def _others(self) -> list[tuple]:
        rows = self.other.xpending_range(KEY, "billing", "-", "+", 1000)
        held = [(row["message_id"], row["consumer"], row["times_delivered"]) for row in rows]
        cursors = {row["name"]: row["last-delivered-id"] for row in self.other.xinfo_groups(KEY)}
        return [cursors.pop("billing", None), held, sorted(cursors)]

    def _own_cursor(self) -> str | None:
        cursors = {row["name"]: row["last-delivered-id"] for row in self.other.xinfo_groups(KEY)}
        return cursors.get(GROUP)

    def same_elsewhere(self, cursor: bool = True) -> None:
        """The stream, the other group and, unless the answer is to read new orders, the cursor."""
        lab = self.lab
        entries = self.other.xrange(KEY) if self.other.type(KEY) == "stream" else []
        if entries != self._entries:
            new = [pair for pair in entries if pair not in self._entries]
            what = f"added {show(new[0])} to the stream" if new else "removed entries from the stream"
            raise lab.wrong(f"{what} {KEY}. Other groups read it as well: what changes here changes for all of them.")
        if self._own_cursor() is None:
            raise lab.wrong(f"destroyed the group {GROUP}: its cursor and all that anybody held in it are gone.")
        if cursor and self._own_cursor() != self._cursor:
            raise lab.wrong(
                "handed out new orders, or moved the cursor: > gives what nobody has had, and what somebody holds is "
                "in the pending entries list."
            )
        if self._others() != self._groups:
            raise lab.wrong("changed another group of the stream, which has nothing to do with this.")

    def same_pending(self, orders: list[str], hint: str = "", counts: bool = True) -> None:
        """These orders are held, and were delivered, as before."""
        now = self.rows()
        for order in orders:
            was = self.was[order]
            if order not in now:
                raise _gone(self.lab, order, was)
            if now[order]["consumer"] != was["consumer"]:
                raise self.lab.wrong(
                    f"took order {order} from {was['consumer']}: {_about(was)}, and has to stay. {hint}".rstrip()
                )
            if counts and now[order]["times_delivered"] != was["times_delivered"]:
                raise self.lab.wrong(
                    f"made the deliveries of order {order} {now[order]['times_delivered']}, where "
                    f"{was['times_delivered']} were; it had to stay as it was."
                )


def _gone(lab: Lab, order: str, was: dict) -> Exception:
    return lab.wrong(
        f"left order {order} neither pending nor done: {was['consumer']} held it, and now nobody will ever ask for it."
    )


def _about(row: dict) -> str:
    """How old, and how often delivered, an order was."""
    seconds = row["time_since_delivered"] // 1000
    times = row["times_delivered"]
    return f"it was idle for {seconds} seconds, and delivered {'once' if times == 1 else f'{times} times'}"


def _listed(items: list[str]) -> str:
    if len(items) < 8:
        return ", ".join(items) or "nothing"
    return f"{len(items)} of them, from {items[0]} to {items[-1]}"


# --- 6.1 -----------------------------------------------------------------------------------------------------------


class _Work:
    """What the answer calls for each order; with `slow`, 80 seconds go by, and the heart beats after 40."""

    def __init__(self, shop: _Shop, slow: bool = False) -> None:
        self.shop, self.slow = shop, slow
        self.orders: list[str] = []
        self.complaint = ""

    def __repr__(self) -> str:
        return "work"

    def __call__(self, *args: Any) -> None:
        complaint = self._examine(args)
        self.complaint = self.complaint or complaint

    def _examine(self, args: tuple) -> str:
        if len(args) != 2 or not callable(args[1]):
            return f"called work with {show(args)}; it gets the fields of an order, and a function to call."
        order, beat = args
        number = order.get("order_id") if isinstance(order, dict) else None
        if number is None:
            return f"called work({show(order)}, ...); it gets the fields of an order, and this is none."
        self.orders.append(number)
        shop, rows = self.shop, self.shop.rows()
        if number not in rows:
            return (
                f"acknowledged order {number} before its work. A crash right then loses it: nobody holds it, and "
                "nobody did it."
            )
        if number in shop.was and shop.was[number]["time_since_delivered"] < MINUTE:
            was = shop.was[number]
            return (
                f"worked on order {number}, which {was['consumer']} was given {YOUNG // 1000} seconds ago and is "
                "working on: now two do it. min_idle is the guard; with 0, or in another unit, there is none."
            )
        if rows[number]["consumer"] != "me":
            return f"worked on order {number}, which belongs to {rows[number]['consumer']}: take it over first."
        mine = [order for order, row in rows.items() if row["consumer"] == "me"]
        if unfinished := [order for order in mine if order in self.orders[:-1]]:
            return f"worked on {unfinished[0]}, and left it pending: acknowledge each order after its work."
        if len(mine) > 1:
            return (
                f"held {_listed(mine)} while it worked on {number}. The others grow old in your hands, and other "
                "rescuers have nothing to do: take one at a time."
            )
        return self._beat(number, beat, rows[number]["times_delivered"])

    def _beat(self, number: str, beat: Callable[[], Any], times: int) -> str:
        shop = self.shop
        if self.slow:
            shop.touch("me", [number], idle=40_000)
        beat()
        row = shop.rows().get(number)
        if row is None:
            return f"acknowledged order {number} by its beat, in the middle of the work."
        if row["consumer"] != "me":
            return f"gave order {number} to {row['consumer']} by its beat; {row['consumer']} does not work on it."
        if row["times_delivered"] != times:
            return (
                f"counted a delivery of order {number} by its beat: a slow order soon looks like a poison one. "
                "Which option of a claim leaves the count alone?"
            )
        if self.slow and row["time_since_delivered"] > 20_000:
            shop.touch("me", [number], idle=row["time_since_delivered"] + 40_000)
            shop.other.xclaim(KEY, GROUP, "zoe", MINUTE, [shop.ids[number]])
            return (
                f"lost order {number} to Zoe in the middle of its work, which takes 80 seconds: work had called beat "
                f"after 40, and the idle time went on. min_idle is {MINUTE} ms: a heartbeat has to reset it."
            )
        if [other for other in shop.rows() if other not in shop.was]:
            return "made orders pending by its beat that nobody held; a heart only beats for its own."
        return ""


def rescue(lab: Lab) -> None:
    shop = _Shop(lab, 4)
    shop.hand_out("ada", 2, idle=OLD)
    _rescued(shop, ["1001", "1002"])

    shop = _Shop(lab, 12, start=8)
    shop.hand_out("bob", 1, idle=YOUNG)
    shop.hand_out("ada", 1, idle=OLD)
    shop.hand_out("bob", 1, idle=YOUNG)
    shop.hand_out("cyd", 2, idle=2 * MINUTE)
    _rescued(shop, ["1002", "1004", "1005"])

    shop = _Shop(lab, 4)
    shop.hand_out("ada", 2, idle=OLD)
    _rescued(shop, ["1001", "1002"], slow=True)

    shop = _Shop(lab, 140)
    shop.hand_out("bob", 115, idle=YOUNG)
    shop.hand_out("ada", 2, idle=OLD)
    shop.hand_out("bob", 20, idle=YOUNG)
    shop.hand_out("ada", 1, idle=OLD)
    _rescued(shop, ["1116", "1117", "1138"])

    shop = _Shop(lab, 4)
    shop.hand_out("ada", 3, idle=OLD)
    shop.delete("1002")
    _rescued(shop, ["1001", "1003"])
    if "1002" in shop.rows():
        raise lab.wrong("left order 1002 pending, which was deleted: a claim clears it away, if it gets there.")

    looked: list[str] = []

    def another_rescuer(name: str, args: tuple) -> None:
        if name == "XPENDING" and not looked:
            looked.append(name)
            shop.touch("zoe", ["1001"])

    shop = _Shop(lab, 4, after=another_rescuer)
    shop.hand_out("ada", 2, idle=OLD)
    shop.before()
    work = _Work(shop)
    lab.call(shop.r, KEY, GROUP, "me", MINUTE, work)
    if looked and "1001" in work.orders:
        raise lab.wrong(
            "took order 1001 from Zoe, another rescuer, who was faster: a look is old at once. The claim has to be "
            "told min_idle too, and then takes nothing from her."
        )


def _rescued(shop: _Shop, wanted: list[str], slow: bool = False) -> None:
    lab, work = shop.lab, _Work(shop, slow)
    shop.before()
    returned = lab.call(shop.r, KEY, GROUP, "me", MINUTE, work)
    if work.complaint:
        raise lab.wrong(work.complaint)
    shop.same_elsewhere()
    held = shop.rows()
    missing = [order for order in wanted if order not in work.orders]
    if missing:
        young = sum(row["time_since_delivered"] < MINUTE for row in shop.was.values())
        hint = "They were idle for longer than min_idle."
        if young > 10:
            hint = (
                f"{len(shop.was)} are pending, many of them young. If a page brings nothing, are you through? "
                "Only the cursor 0-0 says so."
            )
        raise lab.wrong(f"worked on {_listed(work.orders)}, and not on {_listed(missing)}. {hint}")
    if work.orders != wanted:
        raise lab.wrong(f"worked on {_listed(work.orders)}, where {_listed(wanted)} was expected: oldest first, once.")
    if left := [order for order in wanted if order in held]:
        raise lab.wrong(f"worked on {left[0]}, and left it pending: acknowledge each order after its work.")
    shop.same_pending([order for order in shop.was if order not in wanted and _exists(shop, order)])
    if returned != wanted:
        raise lab.wrong(f"returned {show(returned)}, where {wanted} was expected: the order_ids, as text.")


def _exists(shop: _Shop, order: str) -> bool:
    return bool(shop.other.xrange(KEY, shop.ids[order], shop.ids[order]))


# --- 6.2 -----------------------------------------------------------------------------------------------------------


def set_aside(lab: Lab) -> None:
    shop = _Shop(lab, 7)
    shop.hand_out("ada", 2, idle=OLD, times=4)
    shop.hand_out("ada", 2, idle=OLD)
    shop.hand_out("bob", 1, idle=OLD, times=3)
    _moved(shop, ["1001", "1002", "1005"])

    shop = _Shop(lab, 14, start=7)
    shop.hand_out("ada", 2, idle=OLD, times=2)
    shop.hand_out("bob", 1, idle=YOUNG, times=7)
    shop.hand_out("ada", 1, idle=2 * MINUTE, times=5)
    shop.hand_out("bob", 2, idle=OLD, times=1)
    _moved(shop, ["1004"])

    for commands in range(2, 6):
        _killed_on_the_way(lab, commands)

    shop = _Shop(lab, 4)
    shop.hand_out("ada", 3, idle=OLD, times=3)
    shop.delete("1002")
    _moved(shop, ["1001", "1003"])
    if "1002" in shop.rows():
        raise lab.wrong("left order 1002 pending, which was deleted: take it off the list.")

    shop = _Shop(lab, 150)
    shop.hand_out("ada", 130, idle=OLD)
    shop.hand_out("bob", 3, idle=OLD, times=3)
    _moved(shop, ["1131", "1132", "1133"])

    for act in ("finishes", "beats"):
        _owner_is_back(lab, act)


def _moved(shop: _Shop, wanted: list[str]) -> None:
    lab = shop.lab
    shop.before()
    returned = lab.call(shop.r, KEY, GROUP, "me", 3, MINUTE)
    shop.same_elsewhere()
    held = shop.rows()
    letters = shop.letters()
    sources = [letter.get("source") for letter in letters]
    for order, row in shop.was.items():
        if order in wanted or (shop.ids[order] not in sources and order in held):
            continue
        if shop.ids[order] in sources:
            raise lab.wrong(f"set order {order} aside, and {_why_not(row)}")
        if _exists(shop, order):
            raise _gone(lab, order, row)
    left = [order for order in wanted if shop.ids[order] not in sources]
    if left:
        raise lab.wrong(_why_left(shop, left[0], held, letters))
    if shop.plain_pipelines:
        raise lab.wrong(
            "sent XADD and XACK in one go, but with transaction=False: a pipeline saves round trips, and a "
            "connection that breaks may leave the first half. What makes both one step?"
        )
    if pending := [order for order in wanted if order in held]:
        raise lab.wrong(f"set order {pending[0]} aside and left it pending: it would be set aside again.")
    shop.same_pending([order for order in shop.was if order not in wanted and _exists(shop, order)])
    for order in wanted:
        _letter(shop, order, [letter for letter in letters if letter.get("source") == shop.ids[order]])
    if returned != (ids := [shop.ids[order] for order in wanted]):
        raise lab.wrong(f"returned {show(returned)}, where {ids} was expected: the ids of the moved orders.")


def _why_not(row: dict) -> str:
    if row["time_since_delivered"] < MINUTE:
        return f"{_about(row)}: {row['consumer']} is working on it."
    return (
        f"{_about(row)}: it may never have been tried. A poison order has healthy neighbours: each order's own count "
        "decides, not the batch that it came in."
    )


def _why_left(shop: _Shop, order: str, held: dict, letters: list[dict]) -> str:
    number = shop.was[order]["times_delivered"]
    if any(letter.get("order_id") == order for letter in letters):
        return (
            f"set order {order} aside as {show(letters[0], 100)}: the field source, with the id {shop.ids[order]} "
            "that it had, is missing."
        )
    if order not in held:
        return f"acknowledged order {order}, and the stream {DEAD} does not have it: it is lost."
    if len(shop.was) > 100:
        return f"left order {order} where it is. {len(shop.was)} orders are pending: was that all of the pages?"
    return (
        f"left order {order} where it is, and Redis says: delivered {number} times. XPENDING knows the count; one "
        "kept in the memory of a process begins at 0 after each crash."
    )


def _letter(shop: _Shop, order: str, letters: list[dict]) -> None:
    lab = shop.lab
    if len(letters) > 1:
        raise lab.wrong(f"added order {order} to {DEAD} {len(letters)} times.")
    wanted = {
        **dict(shop._entries)[shop.ids[order]],
        "source": shop.ids[order],
        "tries": str(shop.was[order]["times_delivered"]),
    }
    if letters[0] == wanted:
        return
    hint = ""
    if letters[0].get("tries") not in (None, wanted["tries"]):
        hint = " Your own claim counts as a delivery, unless told otherwise: which number did you find?"
    raise lab.wrong(f"added {show(letters[0], 120)} to {DEAD}, where {show(wanted, 120)} was expected.{hint}")


def _killed_on_the_way(lab: Lab, commands: int) -> None:
    """The answer's process is killed after so many commands, and another one is started."""
    sent: list[str] = []

    def kill(name: str, args: tuple) -> None:
        sent.append(name)
        if len(sent) == commands:
            raise _Killed

    shop = _Shop(lab, 4, after=kill)
    shop.hand_out("ada", 2, idle=OLD, times=3)
    shop.before()
    try:
        lab.call(shop.r, KEY, GROUP, "me", 3, MINUTE)
    except _Killed:
        shop.grow_old()
        lab.call(shop.other, KEY, GROUP, "me-too", 3, MINUTE)
    _once_each(shop, ["1001", "1002"])


def _once_each(shop: _Shop, wanted: list[str]) -> None:
    """After a kill and another start."""
    lab, held = shop.lab, shop.rows()
    found = Counter(letter.get("source") for letter in shop.letters())
    for order in wanted:
        n = found[shop.ids[order]]
        if n > 1:
            raise lab.wrong(
                f"left order {order} in {DEAD} {n} times, where its process was killed between two commands and "
                "started again. XADD first doubles it, XACK first loses it: what makes both one step?"
            )
        if not n and order not in held:
            raise lab.wrong(
                f"lost order {order}, where its process was killed between two commands: it is neither pending nor "
                "in the dead letters. XACK first loses it, XADD first doubles it: what makes both one step?"
            )
        if not n or order in held:
            raise lab.wrong(
                f"left order {order} pending, where its process was killed between two commands and started again a "
                "minute later: the next start should find what the last one left."
            )


def _owner_is_back(lab: Lab, act: str) -> None:
    """Between the first look and what comes after it, Ada finishes order 1001, or her heart beats."""
    looked: list[str] = []

    def back(name: str, args: tuple) -> None:
        if name in ("XPENDING", "XRANGE", "XINFO CONSUMERS") and not looked:
            looked.append(name)
            if act == "finishes":
                shop.finish("1001")
            else:
                shop.touch("ada", ["1001"])

    shop = _Shop(lab, 4, after=back)
    shop.hand_out("ada", 2, idle=OLD, times=3)
    shop.before()
    lab.call(shop.r, KEY, GROUP, "me", 3, MINUTE)
    sources = [letter.get("source") for letter in shop.letters()]
    if looked and shop.ids["1001"] in sources:
        raise lab.wrong(
            f"set order 1001 aside, which Ada {'finished' if act == 'finishes' else 'gave a sign of life for'} between "
            "your look and your move. A look is old at once: a claim with min_idle looks again, and takes it or not."
        )
    if shop.ids["1002"] not in sources:
        raise lab.wrong(f"left order 1002 where it is, after Ada {act} with order 1001; it was to be set aside.")


# --- 6.3 -----------------------------------------------------------------------------------------------------------


class _Handle:
    """What the answer calls for each order: raises at `raises`, ends the process at `kills`, for so many times."""

    def __init__(self, shop: _Shop, raises: dict[str, int] | None = None, kills: dict[str, int] | None = None) -> None:
        self.shop, self.raises, self.kills = shop, dict(raises or {}), dict(kills or {})
        self.tried: Counter[str] = Counter()
        self.done: list[str] = []
        self.complaint = ""
        self.killed = False
        self.this_call: Counter[str] = Counter()

    def __repr__(self) -> str:
        return "handle"

    def __call__(self, order: Any) -> None:
        number = order.get("order_id") if isinstance(order, dict) else None
        if number is None:
            self._complain(f"called handle({show(order)}); it gets the fields of an order, and this is none.")
            return
        row = self.shop.rows().get(number)
        if self.killed:
            self._complain(f"handled order {number} after its process had been killed: no except runs after that.")
        if row is None:
            self._complain(
                f"acknowledged order {number} before its work. A crash right then loses it: nobody did it, and nobody "
                "will be given it."
            )
        elif row["consumer"] != "me":
            self._complain(f"handled order {number}, which {row['consumer']} holds: only what me holds, and new ones.")
        self.tried[number] += 1
        self.this_call[number] += 1
        if self.this_call[number] > 1:
            self._complain(f"tried order {number} more than once in one call: it would loop while the rest waits.")
            raise _Killed
        for faults, error in ((self.kills, _Killed()), (self.raises, ValueError("no price"))):
            if faults.get(number, 0) > 0:
                faults[number] -= 1
                self.killed = isinstance(error, _Killed)
                raise error
        self.done.append(number)

    def _complain(self, what: str) -> None:
        self.complaint = self.complaint or what

    def start(self) -> Any:
        """One life of the worker; None when it was killed."""
        shop, lab = self.shop, self.shop.lab
        self.killed = False
        self.this_call.clear()
        try:
            returned = lab.call(shop.r, KEY, GROUP, "me", self, 3)
        except _Killed:
            returned = None
        except Raised as raised:
            if isinstance(raised.error, ValueError) and str(raised.error) == "no price":
                raise lab.wrong(
                    "let out the exception that handle raised, and the orders behind it wait: one bad order blocks "
                    "all the others. Leave it pending, and go on."
                ) from None
            if self.complaint:
                raise lab.wrong(self.complaint) from None
            raise
        if self.complaint:
            raise lab.wrong(self.complaint)
        return returned


def work_off(lab: Lab) -> None:
    shop = _Shop(lab, 5)
    shop.hand_out("bob", 1, idle=OLD)
    shop.before()
    handle = _Handle(shop)
    returned = handle.start()
    shop.same_elsewhere(cursor=False)
    _done(handle, ["1002", "1003", "1004", "1005"])
    shop.same_pending(["1001"], "It is Bob's.")
    if returned != []:
        raise lab.wrong(f"returned {show(returned)}, and moved nothing: it should return an empty list.")

    _always_raises(lab)
    _always_kills(lab)
    _fails_for_a_while(lab)
    _deleted_meanwhile(lab)
    for commands in range(2, 6):
        _killed_while_burying(lab, commands)


def _done(handle: _Handle, wanted: list[str]) -> None:
    shop, lab = handle.shop, handle.shop.lab
    if missing := [order for order in wanted if order not in handle.done]:
        raise lab.wrong(f"did not finish {_listed(missing)}, where only {_listed(handle.done)} was finished.")
    for order in wanted:
        if handle.done.count(order) > 1:
            raise lab.wrong(f"finished order {order} {handle.done.count(order)} times.")
    held = shop.rows()
    if left := [order for order in wanted if order in held]:
        raise lab.wrong(f"left order {left[0]} pending, which handle had finished: acknowledge it.")


def _always_raises(lab: Lab) -> None:
    shop = _Shop(lab, 4)
    handle = _Handle(shop, raises={"1002": 99})
    for life in (1, 2, 3):
        shop.before()
        returned = handle.start()
        shop.same_elsewhere(cursor=False)
        _failed(handle, "1002", life)
        if returned != []:
            raise lab.wrong(f"returned {show(returned)} in its call {life}; nothing was to be moved yet.")
        _done(handle, [order for order in shop.ids if order != "1002"])
        shop.add(1)
    _buried(handle, "1002")


def _always_kills(lab: Lab) -> None:
    shop = _Shop(lab, 8)
    handle = _Handle(shop, kills={"1003": 99})
    for life in (1, 2, 3):
        handle.start()
        _failed(handle, "1003", life)
    _buried(handle, "1003")


def _failed(handle: _Handle, order: str, life: int) -> None:
    shop, lab = handle.shop, handle.shop.lab
    letters = [letter.get("order_id") for letter in shop.letters()]
    if healthy := [other for other in letters if other != order]:
        raise lab.wrong(_neighbour(handle, healthy[0]))
    if order in letters:
        raise lab.wrong(
            f"moved order {order} after {life} of 3 tries, in the call of its try {life}: at the next start."
        )
    if order not in shop.rows():
        raise lab.wrong(
            f"dropped order {order}: handle failed, and now it is neither pending nor a dead letter. A customer waits "
            "for it."
        )
    if handle.tried[order] != life:
        raise lab.wrong(
            f"tried order {order} {handle.tried[order]} times in {life} calls, each of which should try it once more."
        )


def _neighbour(handle: _Handle, order: str) -> str:
    times = handle.tried[order]
    return (
        f"moved order {order} to {DEAD}, which was tried {'once' if times == 1 else f'{times} times'}: it was "
        "delivered together with a poison order. A batch counts a delivery for each of its orders; one at a time, "
        "each delivery is a try."
    )


def _buried(handle: _Handle, order: str) -> None:
    """The call after the third try."""
    shop, lab = handle.shop, handle.shop.lab
    returned = handle.start()
    if handle.tried[order] > 3:
        raise lab.wrong(
            f"tried order {order} {handle.tried[order]} times, where tries is 3: it would be retried for ever. "
            "Redis counts deliveries, and that count survives a crash."
        )
    sources = [letter.get("source") for letter in shop.letters()]
    orders = {entry_id: number for number, entry_id in shop.ids.items()}
    if healthy := [orders[source] for source in sources if source in orders and orders[source] != order]:
        raise lab.wrong(_neighbour(handle, healthy[0]))
    if shop.ids[order] not in sources:
        where = "pending" if order in shop.rows() else "not pending either: it is lost"
        raise lab.wrong(
            f"did not move order {order} to {DEAD} at the start after its third try (with the field source); it is "
            f"{where}."
        )
    if shop.plain_pipelines:
        raise lab.wrong("sent XADD and XACK with transaction=False: others may come in between. Make it one step.")
    if order in shop.rows():
        raise lab.wrong(f"moved order {order} and left it pending: it would be moved again.")
    letter = next(letter for letter in shop.letters() if letter["source"] == shop.ids[order])
    entry = shop.other.xrange(KEY, shop.ids[order], shop.ids[order])[0][1]
    if {**letter, **entry, "source": shop.ids[order]} != letter:
        raise lab.wrong(f"moved order {order} as {show(letter, 120)}; its own fields belong to it.")
    _done(handle, [other for other in shop.ids if other != order])
    if returned != [shop.ids[order]]:
        raise lab.wrong(f"returned {show(returned)}, and moved {shop.ids[order]}: return the list of what was moved.")


def _fails_for_a_while(lab: Lab) -> None:
    shop = _Shop(lab, 6)
    handle = _Handle(shop, raises={"1002": 2, "1004": 1}, kills={"1005": 1})
    for _ in range(5):
        handle.start()
    if healthy := [letter.get("order_id") for letter in shop.letters()]:
        raise lab.wrong(f"moved order {healthy[0]} to {DEAD}, which would have worked at a later try, within three.")
    _done(handle, list(shop.ids))


def _deleted_meanwhile(lab: Lab) -> None:
    shop = _Shop(lab, 5)
    handle = _Handle(shop, raises={"1002": 9, "1003": 9})
    handle.start()
    shop.delete("1002")
    handle.start()
    handle.start()
    shop.delete("1003")
    handle.start()
    if left := [order for order in ("1002", "1003") if order in shop.rows()]:
        raise lab.wrong(f"left order {left[0]} pending, which was deleted: take it off the list.")
    if shop.letters():
        raise lab.wrong(f"made a dead letter of order 1002 or 1003, which were deleted: {show(shop.letters()[0])}.")


def _killed_while_burying(lab: Lab, commands: int) -> None:
    """In the call that buries, the process is killed after so many commands."""
    sent: list[str] = []
    armed: list[bool] = []

    def kill(name: str, args: tuple) -> None:
        if armed:
            sent.append(name)
            if len(sent) == commands:
                raise _Killed

    shop = _Shop(lab, 3, after=kill)
    handle = _Handle(shop, raises={"1002": 99})
    for _ in range(3):
        handle.start()
    armed.append(True)
    handle.start()
    armed.clear()
    handle.start()
    _once_each(shop, ["1002"])


# --- 6.4 -----------------------------------------------------------------------------------------------------------


def keep(lab: Lab) -> None:
    shop = _Shop(lab, 6)
    shop.hand_out("me", 3, idle=40_000)
    _kept(shop, ["1001", "1003"], ["1001", "1003"])

    shop = _Shop(lab, 14, start=6)
    shop.hand_out("me", 6, idle=40_000)
    shop.touch("bob", ["1002"], idle=YOUNG)
    shop.finish("1004")
    _kept(shop, ["1005", "1004", "1002", "1001"], ["1001", "1005"])

    shop = _Shop(lab, 6)
    shop.hand_out("me", 2, idle=40_000)
    shop.hand_out("bob", 2, idle=40_000)
    _kept(shop, ["1003", "1005"], [])
    _kept(shop, [], [])


def _kept(shop: _Shop, asked: list[str], wanted: list[str]) -> None:
    lab = shop.lab
    shop.before()
    ids = [shop.ids[order] for order in asked]
    try:
        returned = lab.call(shop.r, KEY, GROUP, "me", list(ids))
    except Raised as raised:
        if not wanted and not isinstance(raised.error, TypeError):
            raise lab.wrong(
                f"raised {type(raised.error).__name__}: {show(str(raised.error), 90)}. With nothing to keep there is "
                "nothing to claim."
            ) from None
        raise
    shop.same_elsewhere()
    now = shop.rows()
    if new := [order for order in now if order not in shop.was]:
        raise lab.wrong(f"made order {new[0]} pending again: it was acknowledged, or never read. FORCE does that.")
    for order, row in shop.was.items():
        if order not in now:
            raise _gone(lab, order, row)
        if now[order]["consumer"] != row["consumer"]:
            raise lab.wrong(
                f"took order {order} from {row['consumer']}, who has rescued it and works on it: now two do. A claim "
                "with 0 asks nobody; look first which ones are yours."
            )
        if now[order]["times_delivered"] != row["times_delivered"]:
            raise lab.wrong(
                f"counted a delivery of order {order}: a slow order soon looks like a poison one. A heartbeat is no "
                "delivery."
            )
        young = now[order]["time_since_delivered"] < 4_000
        if order in wanted and not young:
            raise lab.wrong(
                f"left order {order} idle for 40 seconds; me holds it, and its idle time should begin anew."
            )
        if order not in wanted and young:
            raise lab.wrong(f"reset the idle time of order {order}, which was not among those to keep.")
    lost = [shop.ids[order] for order in asked if order not in wanted]
    if returned != lost:
        raise lab.wrong(f"returned {show(returned)}, where {lost} was expected: what me does not hold, as in ids.")


# --- 6.5 -----------------------------------------------------------------------------------------------------------


def clear_deleted(lab: Lab) -> None:
    shop = _Shop(lab, 8)
    shop.hand_out("ada", 4, idle=OLD)
    shop.hand_out("bob", 2, idle=YOUNG)
    _cleared(shop, ["1002", "1005"])

    shop = _Shop(lab, 14, start=5)
    shop.hand_out("bob", 9, idle=YOUNG, times=2)
    _cleared(shop, [])

    shop = _Shop(lab, 320)
    shop.hand_out("ada", 150, idle=OLD)
    shop.hand_out("bob", 160, idle=YOUNG)
    _cleared(shop, [str(n) for n in range(1101, 1300)])


def _cleared(shop: _Shop, deleted: list[str]) -> None:
    lab = shop.lab
    if deleted:
        shop.delete(*deleted)
    shop.before()
    returned = lab.call(shop.r, KEY, GROUP, "me")
    shop.same_elsewhere()
    now = shop.rows()
    for order, row in shop.was.items():
        if order in deleted:
            continue
        if order not in now:
            raise lab.wrong(
                f"took order {order} off the list, which exists, and which {row['consumer']} holds: nobody will finish "
                "it."
            )
        if now[order]["consumer"] != row["consumer"]:
            raise lab.wrong(
                f"took order {order} from {row['consumer']}: {_about(row)}. A claim clears what is deleted; how old "
                "would an order have to be for it to take nothing else?"
            )
        if now[order]["times_delivered"] != row["times_delivered"]:
            raise lab.wrong(f"counted a delivery of order {order}; it had to stay as it was.")
        if abs(now[order]["time_since_delivered"] - row["time_since_delivered"]) > 3_000:
            raise lab.wrong(f"reset the idle time of order {order}; it had to stay as it was.")
    left = [order for order in deleted if order in now]
    if left:
        hint = " Was that all of the pages?" if len(left) < len(deleted) and len(deleted) > 50 else ""
        raise lab.wrong(f"left {_listed(left)} pending, deleted and held by {shop.was[left[0]]['consumer']}.{hint}")
    if returned != (ids := [shop.ids[order] for order in deleted]):
        raise lab.wrong(f"returned {show(returned)}, where {show(ids)} was expected: the cleared ids, oldest first.")


CHECKS = {
    "6.1": rescue,
    "6.2": set_aside,
    "6.3": work_off,
    "6.4": keep,
    "6.5": clear_deleted,
}
