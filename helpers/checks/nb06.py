"""Checks of 06 Recovery."""

from __future__ import annotations

import inspect
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from helpers.exercises import Lab, Raised, show

After = Callable[[str, tuple], None]
KEY, GROUP, DEAD = "orders", "charging", "orders:dead"
MINUTE = 60_000  # ms
OLD, YOUNG = 10 * MINUTE, 5_000


class _Killed(BaseException):
    """Ends an answer as a SIGKILL ends its process: what it catches is at most an Exception."""


class _Shop:
    """A stream of orders 1001, 1002, ... with two groups, and what the exercise's group looked like before the call.

    `after` hears of each command of the answer (name, arguments); what a pipeline executes is one, EXEC or PIPELINE.
    """

    def __init__(
        self, lab: Lab, orders: int, start: int = 1, after: After | None = None, per_ms: int = 1, key: str = KEY
    ) -> None:
        self.lab, self.key, self.dead, self.after = lab, key, f"{key}:dead", after
        self.start, self.per_ms = start, per_ms
        self.plain_pipelines, self.killed, self.later, self.kept = 0, False, 0, 0
        self.sent: list[str] = []
        self.other = lab.redis()  # whose commands `after` does not hear of
        self.r = self.client()
        self.ids: dict[str, str] = {}
        # Ids of one and two digits: as text they would sort another way.
        self.add(orders)
        self.other.xgroup_create(key, "billing", id="0")
        self.other.xreadgroup("billing", "eve", {key: ">"}, count=2)
        self.other.xgroup_create(key, GROUP, id="0")

    def add(self, orders: int) -> None:
        pipe = self.other.pipeline(transaction=False)
        for n in range(orders):
            at = len(self.ids)
            order_id = str(1001 + at)
            self.ids[order_id] = f"{self.start + at // self.per_ms}-{at % self.per_ms}"
            pipe.xadd(self.key, {"order_id": order_id, "price": str(10 + n)}, id=self.ids[order_id])
        pipe.execute()

    def client(self) -> Any:
        """A client for one life of the answer: once the process is killed, it sends nothing more."""
        r = self.lab.another(self.other)
        r.execute_command = self._told(r.execute_command)
        original, idle = r.pipeline, r.response_callbacks["XINFO CONSUMERS"]

        def pipeline(transaction: bool = True, shard_hint: Any = None) -> Any:
            pipe = original(transaction, shard_hint)
            pipe.immediate_execute_command = self._told(pipe.immediate_execute_command)
            execute = pipe.execute

            def execute_and_tell(raise_on_error: bool = True) -> Any:
                names = {str(command[0][0]).upper() for command in pipe.command_stack}
                if not transaction and {"XADD", "XACK"} <= names:
                    self.plain_pipelines += 1
                return self._told(lambda *_: execute(raise_on_error))("EXEC" if transaction else "PIPELINE", *names)

            pipe.execute = execute_and_tell
            return pipe

        def aged(*args: Any, **options: Any) -> Any:
            rows = idle(*args, **options)
            return [{**row, "idle": row["idle"] + self.later * (row["name"] != "me")} for row in rows]

        r.pipeline = pipeline
        r.set_response_callback("XINFO CONSUMERS", aged)
        return r

    def _told(self, execute: Callable[..., Any]) -> Callable[..., Any]:
        def execute_and_tell(name: str, *args: Any, **options: Any) -> Any:
            if self.killed:
                raise _Killed
            try:
                return execute(name, *args, **options)
            finally:
                self.sent.append(name.upper())
                if self.after is not None:
                    self.after(name.upper(), args)

        return execute_and_tell

    def call(self, *args: Any) -> Any:
        """Calls the answer with r, key, group, "me" and what is given."""
        returned = self.lab.call(self.r, self.key, GROUP, "me", *args)
        if inspect.isgenerator(returned):
            raise self.lab.wrong(
                "returned a generator, for it has a yield: nothing of the function runs until somebody asks for its "
                "values, and nobody does. Collect them in a list."
            )
        return returned

    def hand_out(self, consumer: str, count: int, idle: int = 0, times: int = 1) -> None:
        """`consumer` read the next orders `times` times, and the last time was `idle` ms ago."""
        [[_, entries]] = self.other.xreadgroup(GROUP, consumer, {self.key: ">"}, count=count)
        ids = [entry_id for entry_id, _ in entries]
        self.other.xclaim(self.key, GROUP, consumer, 0, ids, idle=idle, retrycount=times, justid=True)

    def touch(self, consumer: str, order_ids: list[str], idle: int = 0) -> None:
        ids = [self.ids[order_id] for order_id in order_ids]
        self.other.xclaim(self.key, GROUP, consumer, 0, ids, idle=idle, justid=True)

    def grow_old(self) -> None:
        """More time goes by than anybody waits."""
        for row in self.other.xpending_range(self.key, GROUP, "-", "+", 1000):
            self.other.xclaim(self.key, GROUP, row["consumer"], 0, [row["message_id"]], idle=OLD, justid=True)

    def finish(self, *order_ids: str) -> None:
        self.other.xack(self.key, GROUP, *[self.ids[order_id] for order_id in order_ids])

    def row(self, order: str, group: str = GROUP) -> dict | None:
        """The row of XPENDING of one order."""
        entry_id = self.ids.get(order, "0-1")
        return next(iter(self.other.xpending_range(self.key, group, entry_id, entry_id, 1)), None)

    def rescued_by(self, consumer: str, order: str) -> bool:
        """Whether somebody takes an order over from `me`, after it has been idle for long."""
        row = self.row(order)
        mine = row is not None and row["consumer"] == "me"
        return mine and bool(self.other.xclaim(self.key, GROUP, consumer, 0, [self.ids[order]], justid=True))

    def exists(self, order: str) -> bool:
        return bool(self.other.xrange(self.key, self.ids[order], self.ids[order]))

    def delete(self, *order_ids: str) -> None:
        self.other.xdel(self.key, *[self.ids[order_id] for order_id in order_ids])

    def rows(self) -> dict[str, dict]:
        """Order: its row of XPENDING."""
        orders = {entry_id: order_id for order_id, entry_id in self.ids.items()}
        rows = self.other.xpending_range(self.key, GROUP, "-", "+", 5000)
        return {orders.get(row["message_id"], row["message_id"]): row for row in rows}

    def letters(self) -> list[dict]:
        """The fields of the dead letters."""
        if self.other.type(self.dead) not in ("none", "stream"):
            raise self.lab.wrong(f"made a {self.other.type(self.dead)} of {self.dead}; it should be a stream.")
        return [fields for _, fields in self.other.xrange(self.dead)]

    def before(self) -> None:
        """What must be the same after the call."""
        self._entries, self._groups, self._cursor = self.other.xrange(self.key), self._others(), self._own_cursor()
        self.was = self.rows()

    def _others(self) -> list[tuple]:
        rows = self.other.xpending_range(self.key, "billing", "-", "+", 1000)
        held = [(row["message_id"], row["consumer"], row["times_delivered"]) for row in rows]
        cursors = {row["name"]: row["last-delivered-id"] for row in self.other.xinfo_groups(self.key)}
        return [cursors.pop("billing", None), held, sorted(cursors)]

    def _own_cursor(self) -> str | None:
        cursors = {row["name"]: row["last-delivered-id"] for row in self.other.xinfo_groups(self.key)}
        return cursors.get(GROUP)

    def same_elsewhere(self, cursor: bool = True) -> None:
        """The stream, the other group and, unless the answer is to read new orders, the cursor."""
        lab = self.lab
        entries = self.other.xrange(self.key) if self.other.type(self.key) == "stream" else []
        if entries != self._entries:
            new = [pair for pair in entries if pair not in self._entries]
            what = f"added {show(new[0])} to the stream" if new else "removed entries from the stream"
            raise lab.wrong(
                f"{what} {self.key}. Other groups read it as well: what changes here changes for all of them."
            )
        if self._own_cursor() is None:
            raise lab.wrong(f"destroyed the group {GROUP}: its cursor and all that anybody held in it are gone.")
        if cursor and self._own_cursor() != self._cursor:
            raise lab.wrong(
                "handed out new orders, or moved the cursor: > gives what nobody has had, and what somebody holds is "
                "in the pending entries list."
            )
        if self._others() != self._groups:
            raise lab.wrong("changed another group of the stream, which has nothing to do with this.")

    def same_pending(self, orders: list[str], hint: str = "") -> None:
        """These orders are held, and were delivered, as before."""
        now = self.rows()
        for order in orders:
            was = self.was[order]
            if order not in now:
                raise _gone(self, order, hint)
            if now[order]["consumer"] != was["consumer"]:
                raise self.lab.wrong(
                    f"took order {order} from {was['consumer']}: {_about(was)}, and has to stay. {hint}".rstrip()
                )
            if now[order]["times_delivered"] != was["times_delivered"]:
                raise self.lab.wrong(
                    f"made the deliveries of order {order} {now[order]['times_delivered']}, where "
                    f"{was['times_delivered']} were; it had to stay as it was."
                )


def _gone(shop: _Shop, order: str, hint: str = "") -> Exception:
    holder = shop.was[order]["consumer"]
    if holder not in [row["name"] for row in shop.other.xinfo_consumers(shop.key, GROUP)]:
        return shop.lab.wrong(
            f"removed the consumer {holder}, and with it order {order}, which it still held: what is pending with a "
            "consumer goes with it, and nobody will ever ask for it."
        )
    if hint:
        return shop.lab.wrong(f"took order {order} from {holder}, and it is not pending any more. {hint}")
    return shop.lab.wrong(
        f"left order {order} neither pending nor done: {holder} held it, and now nobody will ever ask for it."
    )


def _out_of_order(returned: Any, ids: list[str]) -> str:
    """Why a list with the right ids is not the right list."""
    if not isinstance(returned, list) or returned == ids or Counter(map(str, returned)) != Counter(ids):
        return ""
    if returned == sorted(returned):
        return f" As text, {returned[0]} comes before {returned[-1]}; an id is two numbers."
    return " Lowest first, whoever held them."


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
    """What the answer calls for each order.

    With `slow`, 80 seconds go by, and the heart beats three times. `light` only notes the order. `during` is what
    others do in the middle of an order's work, and `gone` what to say if an order is worked on that is not there.
    """

    def __init__(
        self,
        shop: _Shop,
        slow: bool = False,
        light: bool = False,
        during: dict[str, Callable[[], Any]] | None = None,
        gone: dict[str, str] | None = None,
    ) -> None:
        self.shop, self.slow, self.light = shop, slow, light
        self.during, self.gone = during or {}, gone or {}
        self.orders: list[str] = []
        self.finished: list[str] = []
        self.holders: dict[str, str | None] = {}
        self.complaint = ""

    def __repr__(self) -> str:
        return "work"

    def __call__(self, *args: Any) -> None:
        complaint = self._examine(args)
        self.complaint = self.complaint or complaint
        self.finished += self.orders[-1:]
        if self.slow:
            self.shop.later += 80_000

    def watch(self, name: str, args: tuple) -> None:
        """After each command of the answer: what is done is acknowledged before the next is taken over."""
        if self.complaint or name not in ("XCLAIM", "XAUTOCLAIM", "XREADGROUP", "EXEC", "PIPELINE"):
            return
        mine = [order for order, row in self.shop.rows().items() if row["consumer"] == "me"]
        done = [order for order in mine if order in self.finished]
        if done and len(mine) > len(done):
            self.complaint = (
                f"took over the next order while {done[0]}, whose work was done, was still pending: a crash right "
                "then has it done twice. Do acknowledge each order after its work, and then look for the next."
            )

    def _examine(self, args: tuple) -> str:
        if len(args) != 2 or not callable(args[1]):
            return f"called work with {show(args)}; it gets the fields of an order, and a function to call."
        order, beat = args
        number = order.get("order_id") if isinstance(order, dict) else None
        if number is None:
            return f"called work({show(order)}, ...); it gets the fields of an order, and this is none."
        self.orders.append(number)
        if number in self.gone:
            return f"worked on order {number}, {self.gone[number]}"
        shop = self.shop
        if number in shop.was and shop.was[number]["time_since_delivered"] < MINUTE:
            was = shop.was[number]
            return (
                f"worked on order {number}, which {was['consumer']} was given {YOUNG // 1000} seconds ago and is "
                "working on: now two do it. min_idle is the guard; with 0, or in another unit, there is none."
            )
        if self.light:
            return ""
        rows = shop.rows()
        self.holders[number] = rows[number]["consumer"] if number in rows else None
        if number not in rows:
            return (
                f"acknowledged order {number} before its work. A crash right then loses it: nobody holds it, and "
                "nobody did it."
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
        if number in self.during:
            self.during[number]()
        if shop.row(number) is None:
            return self._beat_for_nothing(number, beat)
        for beats, idle in enumerate((40_000, 40_000, 20_000) if self.slow else (0,), 1):
            if complaint := self._beat(number, beat, beats, idle):
                return complaint
        return ""

    def _beat_for_nothing(self, number: str, beat: Callable[[], Any]) -> str:
        """Its old holder has finished it: there is nothing left to beat for."""
        before = self.shop.rows()
        with suppress(Exception):
            beat()
        if number in self.shop.rows():
            return (
                f"made order {number} pending again by its beat, after Ada had finished it in the middle of the work: "
                "who asks a claim for FORCE also gets what is acknowledged, and somebody does it once more."
            )
        return self._others_touched(number, before)

    def _beat(self, number: str, beat: Callable[[], Any], beats: int, idle: int) -> str:
        shop = self.shop
        if idle:
            shop.touch("me", [number], idle=idle)
        before = shop.rows()
        times = before[number]["times_delivered"]
        beat()
        row = shop.row(number)
        if row is None:
            return f"acknowledged order {number} by its beat, in the middle of the work."
        if row["consumer"] != "me":
            return f"gave order {number} to {row['consumer']} by its beat; {row['consumer']} does not work on it."
        if row["times_delivered"] > times:
            return (
                f"counted a delivery of order {number} by its beat: a slow order soon looks like a poison one. "
                "Which option of a claim leaves the count alone?"
            )
        if row["times_delivered"] != times:
            return (
                f"changed the count of order {number} from {times} to {row['times_delivered']} by its beat: a poison "
                "order soon looks like a new one. Which option of a claim leaves the count alone?"
            )
        if complaint := self._others_touched(number, before):
            return complaint
        if not idle or row["time_since_delivered"] < idle:
            return ""
        if beats == 1:
            shop.touch("me", [number], idle=80_000)
            shop.other.xclaim(shop.key, GROUP, "zoe", MINUTE, [shop.ids[number]])
            return (
                f"lost order {number} to Zoe in the middle of its work, which takes 80 seconds: work had called beat "
                f"after 40, and the idle time went on. min_idle is {MINUTE} ms: a heartbeat has to reset it."
            )
        again = "the first call did that, and this one did nothing" if beats == 2 else "this call left it as it was"
        return (
            f"left order {number} idle for {idle // 1000} seconds at call {beats} of its beat: {again}. work calls it "
            "often, and each call should begin the idle time anew."
        )

    def _others_touched(self, number: str, before: dict[str, dict]) -> str:
        """What a beat did to other orders than its own."""
        now = self.shop.rows()
        for other, was in before.items():
            if other == number:
                continue
            row = now.get(other)
            if row is None:
                return f"took order {other} off the list by the beat of order {number}."
            if row["consumer"] != was["consumer"]:
                return (
                    f"took order {other} from {was['consumer']} by the beat of order {number}: a heart beats for one "
                    "order. Which id does your beat name, at the moment when it is called?"
                )
            if row["times_delivered"] != was["times_delivered"] or (
                row["time_since_delivered"] < was["time_since_delivered"] - 1_000
            ):
                return f"changed order {other} by the beat of order {number}: a heart beats for one order."
        if any(other not in before for other in now if other != number):
            return "made orders pending by its beat that nobody held; a heart only beats for its own."
        return ""


def rescue(lab: Lab) -> None:
    shop = _Shop(lab, 4)
    shop.hand_out("ada", 2, idle=OLD)
    _rescued(shop, ["1001", "1002"])

    shop = _Shop(lab, 12, start=8)
    shop.hand_out("bob", 1, idle=YOUNG)
    shop.hand_out("cyd", 1, idle=OLD)
    shop.hand_out("bob", 1, idle=YOUNG)
    shop.hand_out("ada", 1, idle=OLD)
    shop.hand_out("cyd", 1, idle=2 * MINUTE)
    _rescued(shop, ["1002", "1004", "1005"])

    shop = _Shop(lab, 4)
    shop.hand_out("ada", 2, idle=OLD)
    shop.hand_out("bob", 1, idle=YOUNG)
    _rescued(shop, ["1001", "1002"], slow=True)

    shop = _Shop(lab, 140)
    shop.hand_out("bob", 115, idle=YOUNG)
    shop.hand_out("ada", 2, idle=OLD)
    shop.hand_out("bob", 20, idle=YOUNG)
    shop.hand_out("ada", 1, idle=OLD)
    _rescued(shop, ["1116", "1117", "1138"])

    _many_to_rescue(lab)
    _many_to_rescue(lab, per_ms=1000)
    _changed_during_the_work(lab)

    shop = _Shop(lab, 4)
    shop.hand_out("ada", 3, idle=OLD)
    shop.delete("1002")
    _rescued(shop, ["1001", "1003"])
    if "1002" in shop.rows():
        raise lab.wrong("left order 1002 pending, which was deleted: a claim clears it away, if it gets there.")

    for another in (_zoe_is_faster, _ada_finishes):
        for commands in range(1, 4):
            if not another(lab, commands):
                break


def _many_to_rescue(lab: Lab, per_ms: int = 1) -> None:
    """More than a page of old orders, and more than two pages in all."""
    shop = _Shop(lab, 250, per_ms=per_ms)
    shop.hand_out("bob", 90, idle=YOUNG)
    shop.hand_out("ada", 60, idle=OLD)
    shop.hand_out("bob", 40, idle=YOUNG)
    shop.hand_out("cyd", 55, idle=OLD)
    _rescued(shop, [str(n) for n in (*range(1091, 1151), *range(1191, 1246))], light=True)


def _changed_during_the_work(lab: Lab) -> None:
    shop = _Shop(lab, 4)
    shop.hand_out("ada", 1, idle=OLD)
    shop.hand_out("bob", 2, idle=YOUNG)
    _worked(shop, _Work(shop, during={"1001": lambda: shop.finish("1001")}))
    shop.same_pending(["1002", "1003"])

    shop = _Shop(lab, 4)
    shop.hand_out("ada", 3, idle=OLD)
    gone = {"1002": "which was deleted during the work on 1001. A claim of it takes nothing: look at what it returns."}
    work = _Work(shop, during={"1001": lambda: shop.delete("1002")}, gone=gone)
    _worked(shop, work)
    if "1002" in shop.rows():
        raise lab.wrong(
            "left order 1002 pending, which was deleted during the work on 1001: a claim clears it away, if it gets "
            "there."
        )
    if "1003" not in work.orders:
        raise lab.wrong("worked on 1001, and not on 1003, after 1002 had been deleted between them.")


def _worked(shop: _Shop, work: _Work) -> Any:
    shop.before()
    returned = shop.call(MINUTE, work)
    if work.complaint:
        raise shop.lab.wrong(work.complaint)
    return returned


def _between(shop: _Shop, commands: int, act: Callable[[], Any]) -> list[str]:
    """After so many commands of the answer, and while Ada still holds order 1001, somebody else acts."""
    sent, acted = [], []

    def hook(name: str, args: tuple) -> None:
        sent.append(name)
        if len(sent) == commands and (row := shop.row("1001")) and row["consumer"] == "ada":
            acted.append(name)
            act()

    shop.after = hook
    return acted


def _zoe_is_faster(lab: Lab, commands: int) -> list[str]:
    shop = _Shop(lab, 4)
    shop.hand_out("ada", 2, idle=OLD)
    acted = _between(shop, commands, lambda: shop.touch("zoe", ["1001"]))
    shop.before()
    work = _Work(shop)
    shop.call(MINUTE, work)
    if acted and work.holders.get("1001") == "zoe":
        raise lab.wrong(
            "worked on order 1001, which Zoe, another rescuer, took over after your look: your claim took nothing. "
            "Look at what it returns."
        )
    if acted and "1001" in work.orders:
        raise lab.wrong(
            "took order 1001 from Zoe, another rescuer, who was faster: a look is old at once. The claim has to be "
            "told min_idle too, and then takes nothing from her."
        )
    return acted


def _ada_finishes(lab: Lab, commands: int) -> list[str]:
    shop = _Shop(lab, 4)
    shop.hand_out("ada", 2, idle=OLD)
    acted = _between(shop, commands, lambda: shop.finish("1001"))
    shop.before()
    work = _Work(shop)
    shop.call(MINUTE, work)
    if acted and "1001" in work.orders:
        if work.holders.get("1001"):
            raise lab.wrong(
                "brought back order 1001, which Ada finished after your look, and worked on it once more: FORCE claims "
                "what is acknowledged as well."
            )
        raise lab.wrong(
            "worked on order 1001, which Ada finished after your look: your claim took nothing. Look at what it "
            "returns."
        )
    return acted


def _rescued(shop: _Shop, wanted: list[str], slow: bool = False, light: bool = False) -> None:
    lab, work = shop.lab, _Work(shop, slow, light)
    if not light:
        shop.after = work.watch
    returned = _worked(shop, work)
    shop.same_elsewhere()
    held = shop.rows()
    if missing := [order for order in wanted if order not in work.orders]:
        raise lab.wrong(
            f"worked on {_listed(work.orders)}, and not on {_listed(missing)}. {_why_missing(shop, missing)}"
        )
    if work.orders != wanted:
        again = "once each" if len(work.orders) > len(wanted) else "whoever holds them"
        raise lab.wrong(
            f"worked on {_listed(work.orders)}, where {_listed(wanted)} was expected: lowest id first, {again}."
        )
    if left := [order for order in wanted if order in held]:
        raise lab.wrong(f"worked on {left[0]}, and left it pending: acknowledge each order after its work.")
    shop.same_pending([order for order in shop.was if order not in wanted and shop.exists(order)])
    if returned != wanted:
        raise lab.wrong(f"returned {show(returned)}, where {show(wanted)} was expected: the order_ids, as text.")


def _why_missing(shop: _Shop, missing: list[str]) -> str:
    if shop.per_ms > 1:
        return _same_millisecond(shop, missing)
    if len(shop.was) > 100:
        return (
            f"{len(shop.was)} are pending, many of them young. If a page brings nothing, or not all, are you through? "
            "The cursor 0-0 says so (XAUTOCLAIM), or a page with no rows (XPENDING)."
        )
    return "They were idle for longer than min_idle."


def _same_millisecond(shop: _Shop, orders: list[str]) -> str:
    return (
        f"All were added within one millisecond: {shop.ids[orders[0]]} is among them, and the page before ended with "
        "the same number in front of the dash. Where does the next page begin?"
    )


# --- 6.2 -----------------------------------------------------------------------------------------------------------


def set_aside(lab: Lab) -> None:
    shop = _Shop(lab, 7)
    shop.hand_out("ada", 1, idle=OLD, times=4)
    shop.hand_out("bob", 1, idle=OLD, times=3)
    shop.hand_out("ada", 1, idle=OLD)
    shop.hand_out("ada", 1, idle=OLD, times=4)
    shop.hand_out("bob", 1, idle=OLD)
    _moved(shop, ["1001", "1002", "1004"])

    shop = _Shop(lab, 14, start=7)
    shop.hand_out("ada", 2, idle=OLD, times=2)
    shop.hand_out("ada", 1, idle=2 * MINUTE, times=5)
    shop.hand_out("bob", 1, idle=YOUNG, times=7)
    shop.hand_out("ada", 1, idle=2 * MINUTE, times=5)
    shop.hand_out("bob", 2, idle=OLD, times=1)
    _moved(shop, ["1003", "1005"])

    for commands in range(2, 6):
        for restarted in ("me-too", "me"):
            _killed_on_the_way(lab, commands, restarted)

    shop = _Shop(lab, 4)
    shop.hand_out("ada", 3, idle=OLD, times=3)
    shop.delete("1002")
    _moved(shop, ["1001", "1003"])
    if "1002" in shop.rows():
        raise lab.wrong("left order 1002 pending, which was deleted: take it off the list.")

    for per_ms in (1, 1000):
        shop = _Shop(lab, 150, per_ms=per_ms)
        shop.hand_out("ada", 130, idle=OLD)
        shop.hand_out("bob", 3, idle=OLD, times=3)
        _moved(shop, ["1131", "1132", "1133"])

    for act in ("finishes", "beats"):
        for commands in range(1, 7):
            if not _owner_is_back(lab, act, commands):
                break

    _seen_between_commands(lab)

    shop = _Shop(lab, 5)
    shop.hand_out("me", 1, idle=YOUNG, times=7)
    shop.hand_out("ada", 2, idle=OLD, times=3)
    _moved(shop, ["1002", "1003"])

    shop = _Shop(lab, 5, key="returns")
    shop.hand_out("ada", 2, idle=OLD, times=3)
    _dead_before(shop, 120)
    _moved(shop, ["1001", "1002"])


def _dead_before(shop: _Shop, letters: int) -> None:
    """Dead letters of another time."""
    pipe = shop.other.pipeline(transaction=False)
    for n in range(letters):
        pipe.xadd(shop.dead, {"kept": n})
    pipe.execute()
    shop.kept = letters


def _moved(shop: _Shop, wanted: list[str]) -> None:
    lab = shop.lab
    shop.before()
    returned = shop.call(3, MINUTE)
    shop.same_elsewhere()
    held = shop.rows()
    letters = shop.letters()
    if (kept := sum("kept" in letter for letter in letters)) != shop.kept:
        raise lab.wrong(f"left {kept} of the {shop.kept} dead letters that were there before: who has looked at them?")
    letters = [letter for letter in letters if "kept" not in letter]
    sources = [letter.get("source") for letter in letters]
    for order, row in shop.was.items():
        if order in wanted or (shop.ids[order] not in sources and order in held):
            continue
        if shop.ids[order] in sources:
            if not shop.exists(order):
                raise lab.wrong(
                    f"set order {order} aside as {show(letters[sources.index(shop.ids[order])])}: it was deleted, and "
                    "without its fields nobody can do anything with it. Only take it off the list."
                )
            raise lab.wrong(f"set order {order} aside, and {_why_not(row)}")
        if shop.exists(order):
            raise _gone(shop, order)
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
    shop.same_pending([order for order in shop.was if order not in wanted and shop.exists(order)])
    for order in wanted:
        _letter(shop, order, [letter for letter in letters if letter.get("source") == shop.ids[order]])
    _ids_of_the_server(shop)
    if returned != (ids := [shop.ids[order] for order in wanted]):
        raise lab.wrong(
            f"returned {show(returned)}, where {ids} was expected: the ids of the moved orders."
            f"{_out_of_order(returned, ids)}"
        )


def _ids_of_the_server(shop: _Shop) -> None:
    """An id of the server is the time of day in milliseconds; those of the orders are small."""
    for entry_id, fields in shop.other.xrange(shop.dead):
        if int(entry_id.split("-")[0]) < 10**12:
            raise shop.lab.wrong(
                f"added the dead letter of {fields.get('source')} under the id {entry_id}, which the server did not "
                "choose: a stream refuses an id that is not above its last, and then nothing can be moved."
            )


def _why_not(row: dict) -> str:
    if row["time_since_delivered"] < MINUTE:
        if row["consumer"] == "me":
            return (
                f"{_about(row)}: me holds it, and min_idle is for those too. Another process of that name may be "
                "working on it."
            )
        return f"{_about(row)}: {row['consumer']} is working on it."
    return (
        f"{_about(row)}: it may never have been tried. A poison order has healthy neighbours: each order's own count "
        "decides, not the batch that it came in."
    )


def _why_left(shop: _Shop, order: str, held: dict, letters: list[dict]) -> str:
    number = shop.was[order]["times_delivered"]
    if shop.dead != DEAD and shop.other.exists(DEAD):
        return f"added to {DEAD}, where the key is {shop.key}: the dead letters belong to <key>:dead."
    if any(letter.get("order_id") == order for letter in letters):
        return (
            f"set order {order} aside as {show(letters[0], 100)}: the field source, with the id {shop.ids[order]} "
            "that it had, is missing."
        )
    if order not in held:
        return f"acknowledged order {order}, and the stream {shop.dead} does not have it: it is lost."
    if len(shop.was) > 100:
        if shop.per_ms > 1:
            return f"left order {order} where it is. {_same_millisecond(shop, [order])}"
        return f"left order {order} where it is. {len(shop.was)} orders are pending: was that all of the pages?"
    said = f"left order {order} where it is, and Redis says: delivered {number} times"
    if letters:
        return f"{said}. tries is 3, and others were set aside: that many, or more."
    return f"{said}. XPENDING knows the count; one kept in the memory of a process begins at 0 after each crash."


def _letter(shop: _Shop, order: str, letters: list[dict]) -> None:
    lab = shop.lab
    if len(letters) > 1:
        raise lab.wrong(f"added order {order} to {shop.dead} {len(letters)} times.")
    wanted = {
        **dict(shop._entries)[shop.ids[order]],
        "source": shop.ids[order],
        "tries": str(shop.was[order]["times_delivered"]),
    }
    if letters[0] == wanted:
        return
    hint, tries = "", letters[0].get("tries")
    if tries == "3":
        hint = " The parameter tries is the limit; the field says how often this order was delivered."
    elif tries not in (None, wanted["tries"]):
        hint = " Your own claim counts as a delivery, unless told otherwise: which number did you find?"
    raise lab.wrong(f"added {show(letters[0], 120)} to {shop.dead}, where {show(wanted, 120)} was expected.{hint}")


def _killed_on_the_way(lab: Lab, commands: int, restarted: str) -> None:
    """The answer's process is killed after so many commands, and started again, by that name or another."""
    shop = _Shop(lab, 4)
    shop.after = _kill_after(shop, commands)
    shop.hand_out("ada", 2, idle=OLD, times=3)
    shop.before()
    try:
        shop.call(3, MINUTE)
    except _Killed:
        shop.grow_old()
        lab.call(shop.other, shop.key, GROUP, restarted, 3, MINUTE)
    _once_each(shop, ["1001", "1002"], " under the same name" if restarted == "me" else "")


def _kill_after(shop: _Shop, commands: int) -> After:
    sent: list[str] = []

    def kill(name: str, args: tuple) -> None:
        sent.append(name)
        if len(sent) == commands:
            shop.killed = True
            raise _Killed

    return kill


def _once_each(shop: _Shop, wanted: list[str], name: str = "") -> None:
    """After a kill and another start."""
    lab, held = shop.lab, shop.rows()
    found = Counter(letter.get("source") for letter in shop.letters())
    for order in wanted:
        n = found[shop.ids[order]]
        if n > 1:
            raise lab.wrong(
                f"left order {order} in {shop.dead} {n} times, where its process was killed between two commands and "
                "started again. XADD first doubles it, XACK first loses it: what makes both one step?"
            )
        if not n and order not in held:
            raise lab.wrong(
                f"lost order {order}, where its process was killed between two commands: it is neither pending nor "
                "in the dead letters. XACK first loses it, XADD first doubles it: what makes both one step?"
            )
        if not n or order in held:
            raise lab.wrong(
                f"left order {order} pending, where its process was killed between two commands and started again"
                f"{name} a minute later: the next start should find what the last one left."
            )


def _seen_between_commands(lab: Lab) -> None:
    """What somebody else can see after each command: no order in both places, and no other order moved about."""
    shop = _Shop(lab, 5)
    shop.hand_out("bob", 1, idle=OLD)
    shop.hand_out("ada", 2, idle=OLD, times=3)
    seen: list[str] = []

    def look(name: str, args: tuple) -> None:
        rows = shop.rows()
        if rows.get("1001", {}).get("consumer") != "bob":
            seen.append(
                "took order 1001 from bob, and meant to give it back: it was delivered once, and has to stay. Who is "
                "killed in between keeps it, and bob's idle time is lost. Look at the count before."
            )
        dead = {letter.get("source") for letter in shop.letters()}
        for order in ("1002", "1003"):
            if shop.ids[order] in dead and order in rows:
                seen.append(
                    f"left order {order} in {shop.dead} and pending at once, between two commands: somebody may finish "
                    "it there and then, or be killed. What makes both one step?"
                )

    shop.after = look
    shop.before()
    shop.call(3, MINUTE)
    if seen:
        raise lab.wrong(seen[0])


def _owner_is_back(lab: Lab, act: str, commands: int) -> list[str]:
    """After so many commands, and before it is taken over, Ada finishes order 1001, or her heart beats."""
    shop = _Shop(lab, 4)
    shop.hand_out("ada", 2, idle=OLD, times=3)
    shop.before()
    finishes = act == "finishes"
    acted = _between(shop, commands, lambda: shop.finish("1001") if finishes else shop.touch("ada", ["1001"]))
    back: list[str] = []
    between = shop.after

    def look(name: str, args: tuple) -> None:
        if acted and finishes and shop.row("1001"):
            back.append(name)
        between(name, args)

    shop.after = look
    shop.call(3, MINUTE)
    sources = [letter.get("source") for letter in shop.letters()]
    if back:
        raise lab.wrong(
            "made order 1001 pending again, which Ada had finished after your look: FORCE brings back what was "
            "acknowledged."
        )
    if acted and shop.ids["1001"] in sources:
        last = "only a claim looks and takes in one" if commands > 1 else "a claim with min_idle looks again"
        raise lab.wrong(
            f"set order 1001 aside, which Ada {'finished' if finishes else 'gave a sign of life for'} between "
            f"your {'last ' if commands > 1 else ''}look and your move. A look is old at once: {last}, and takes it or "
            "not."
        )
    if shop.ids["1002"] not in sources:
        raise lab.wrong(f"left order 1002 where it is, after Ada {act} with order 1001; it was to be set aside.")
    return acted


# --- 6.3 -----------------------------------------------------------------------------------------------------------


class OutOfStock(Exception):
    """An exception of the shop's own, which no answer can know by name."""


class _Handle:
    """What the answer calls for each order; `faults` says what goes wrong at an order's first, second, ... try.

    r raises a ValueError, s an exception of the shop's own, k kills the process. `during` is what others do in the
    middle of an order's work, and `gone` what to say if an order is handled that is not there.
    """

    def __init__(self, shop: _Shop, faults: dict[str, str] | None = None, group: str = GROUP, tries: int = 3) -> None:
        self.shop, self.faults, self.group, self.tries = shop, faults or {}, group, tries
        self.during: dict[str, Callable[[], Any]] = {}
        self.gone: dict[str, str] = {}
        self.tried: Counter[str] = Counter()
        self.done: list[str] = []
        self.this_call: list[str] = []
        self.complaint = ""
        self.raised: Exception | None = None

    def __repr__(self) -> str:
        return "handle"

    def __call__(self, order: Any) -> None:
        number = order.get("order_id") if isinstance(order, dict) else None
        if number is None:
            self._complain(f"called handle({show(order)}); it gets the fields of an order, and this is none.")
            return
        if self.shop.killed:
            self._complain(f"handled order {number} after its process had been killed: no except runs after that.")
        self._look_at(number)
        self.tried[number] += 1
        if number in self.this_call:
            self._complain(f"tried order {number} more than once in one call: it would loop while the rest waits.")
            raise _Killed
        self.this_call.append(number)
        if number in self.during:
            self.during.pop(number)()
        fault = self.faults.get(number, "")[self.tried[number] - 1 : self.tried[number]]
        if fault == "k":
            self.shop.killed = True
            raise _Killed
        if fault:
            self.raised = ValueError("no price") if fault == "r" else OutOfStock("none left")
            raise self.raised
        self.done.append(number)

    def _look_at(self, number: str) -> None:
        row = self.shop.row(number, self.group)
        if number in self.gone and (row is None or row["consumer"] == "me"):
            self._complain(f"{'handled' if row is None else 'brought back'} order {number}{self.gone[number]}")
        elif row is None:
            self._complain(
                f"acknowledged order {number} before its work. A crash right then loses it: nobody did it, and nobody "
                "will be given it."
            )
        elif row["consumer"] != "me":
            self._complain(f"handled order {number}, which {row['consumer']} holds: only what me holds, and new ones.")

    def _complain(self, what: str) -> None:
        self.complaint = self.complaint or what

    def start(self) -> Any:
        """One life of the worker, with a client of its own; None when it was killed."""
        shop, lab = self.shop, self.shop.lab
        shop.killed = False
        shop.r = shop.client()
        self.this_call = []
        try:
            returned = lab.call(shop.r, shop.key, self.group, "me", self, self.tries)
        except _Killed:
            returned = None
        except Raised as raised:
            if raised.error is self.raised:
                raise lab.wrong(self._let_out()) from None
            if self.complaint:
                raise lab.wrong(self.complaint) from None
            raise
        if self.complaint:
            raise lab.wrong(self.complaint)
        if inspect.isgenerator(returned):
            raise lab.wrong("returned a generator, for it has a yield: nothing of it runs until somebody asks.")
        return returned

    def _let_out(self) -> str:
        if isinstance(self.raised, OutOfStock):
            return (
                "let out an OutOfStock that handle raised, and the orders behind it wait. Which exceptions a handle "
                "raises, nobody knows beforehand."
            )
        return (
            "let out the exception that handle raised, and the orders behind it wait: one bad order blocks all the "
            "others. Leave it pending, and go on."
        )


def work_off(lab: Lab) -> None:
    shop = _Shop(lab, 6)
    shop.hand_out("bob", 1, idle=OLD)
    shop.hand_out("bob", 1, idle=OLD, times=5)
    shop.before()
    handle = _Handle(shop)
    returned = handle.start()
    shop.same_elsewhere(cursor=False)
    _done(handle, ["1003", "1004", "1005", "1006"])
    shop.same_pending(["1001", "1002"], "What others hold stays with them, however often it was delivered.")
    if returned != []:
        raise lab.wrong(f"returned {show(returned)}, and moved nothing: it should return an empty list.")

    _remembers(lab)
    _always_raises(lab)
    _always_kills(lab)
    _one_try(lab)
    _neighbours(lab)
    _fails_for_a_while(lab)
    _two_at_once(lab)
    _deleted_meanwhile(lab)
    for commands in range(2, 6):
        _killed_while_burying(lab, commands)
    _another_group(lab)
    _finished_meanwhile(lab)
    _rescued_meanwhile(lab)
    _rescued_before_the_move(lab)
    _many_held(lab)
    _many_with_others(lab)


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


def _remembers(lab: Lab) -> None:
    """The same two lives, before and after the worker has met an order of that id elsewhere."""
    seen = []
    for _ in range(2):
        shop = _Shop(lab, 2)
        handle = _Handle(shop, {"1001": "rrrr"})
        handle.start()
        handle.start()
        seen.append((handle.tried["1001"], len(shop.letters())))
        handle.start()
    if seen[0] != seen[1]:
        raise lab.wrong(
            "does something else with order 1001 than in a Redis before, where all that Redis knows was the same: it "
            "remembers something itself. A count in the memory of a process is gone after each crash, which is the "
            "very thing to be counted."
        )


def _always_raises(lab: Lab) -> None:
    shop = _Shop(lab, 4)
    handle = _Handle(shop, {"1002": "rsrsrsrs"})
    for life in (1, 2, 3):
        shop.before()
        returned = handle.start()
        shop.same_elsewhere(cursor=False)
        _failed(handle, "1002", life)
        if returned != []:
            raise lab.wrong(f"returned {show(returned)} in its call {life}; nothing was to be moved yet.")
        _done(handle, [order for order in shop.ids if order != "1002"])
        if handle.this_call[0] != "1002" and life > 1:
            raise lab.wrong(
                f"handled the new order {handle.this_call[0]} before order 1002, which me still held: first what is "
                "left, and then new ones."
            )
        shop.add(1)
    _buried(handle, "1002")


def _always_kills(lab: Lab) -> None:
    shop = _Shop(lab, 8)
    handle = _Handle(shop, {"1003": "k" * 9})
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
        if handle.tried[order] < life:
            raise lab.wrong(
                f"moved order {order} when {handle.tried[order]} of 3 tries had begun: one was left. What does the "
                "count say before your claim, and what after it?"
            )
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
    begun = {0: "was never tried", 1: "was tried once"}.get(times, f"was tried {times} times")
    return (
        f"moved order {order} to {handle.shop.dead}, which {begun}: it was delivered together with a poison order. A "
        "batch counts a delivery for each of its orders; one at a time, each delivery is a try."
    )


def _buried(handle: _Handle, order: str) -> None:
    """The call after the third try."""
    shop, lab = handle.shop, handle.shop.lab
    counted = shop.rows()[order]["times_delivered"]
    returned = handle.start()
    if handle.tried[order] > 3:
        raise lab.wrong(f"tried order {order} a fourth time. {_too_often(handle, order, counted)}")
    sources = [letter.get("source") for letter in shop.letters()]
    orders = {entry_id: number for number, entry_id in shop.ids.items()}
    if healthy := [orders[source] for source in sources if source in orders and orders[source] != order]:
        raise lab.wrong(_neighbour(handle, healthy[0]))
    if shop.ids[order] not in sources:
        where = "pending" if order in shop.rows() else "not pending either: it is lost"
        raise lab.wrong(
            f"did not move order {order} to {shop.dead} at the start after its third try (with the field source); it "
            f"is {where}."
        )
    if shop.plain_pipelines:
        raise lab.wrong("sent XADD and XACK with transaction=False: others may come in between. Make it one step.")
    if order in shop.rows():
        raise lab.wrong(f"moved order {order} and left it pending: it would be moved again.")
    letter = next(letter for letter in shop.letters() if letter.get("source") == shop.ids[order])
    entry = shop.other.xrange(shop.key, shop.ids[order], shop.ids[order])[0][1]
    if {**letter, **entry, "source": shop.ids[order]} != letter:
        raise lab.wrong(f"moved order {order} as {show(letter, 120)}; its own fields belong to it.")
    _done(handle, [other for other in shop.ids if other != order])
    if returned != [shop.ids[order]]:
        raise lab.wrong(f"returned {show(returned)}, and moved {shop.ids[order]}: return the list of what was moved.")


def _too_often(handle: _Handle, order: str, counted: int) -> str:
    begun = "3 tries had begun: move it instead of trying again."
    if counted >= 3:
        return f"{begun} Redis says: delivered {counted} times, and that count survives a crash."
    if "k" in handle.faults[order]:
        return f"{begun} Each of them killed the process: what counts a try after handle never came to it."
    return (
        f"{begun} Redis says: delivered {counted} times. Running handle again without a claim counts nothing there, "
        "and a count in memory begins at 0 after a crash."
    )


def _one_try(lab: Lab) -> None:
    """With one try, those behind a killer in the same batch count as tried before they are."""
    shop = _Shop(lab, 4)
    handle = _Handle(shop, {"1001": "k" * 9}, tries=1)
    handle.start()
    handle.start()
    _only_dead(handle, ["1001"])


def _neighbours(lab: Lab) -> None:
    """The killer comes back with another order behind it, which has failed once."""
    shop = _Shop(lab, 3)
    handle = _Handle(shop, {"1001": "rkk", "1002": "r"})
    for _ in range(4):
        handle.start()
    _only_dead(handle, ["1001"])


def _only_dead(handle: _Handle, wanted: list[str]) -> None:
    shop, lab = handle.shop, handle.shop.lab
    letters = [letter.get("order_id") for letter in shop.letters()]
    if healthy := [order for order in letters if order not in wanted]:
        raise lab.wrong(_neighbour(handle, healthy[0]))
    if missing := [order for order in wanted if order not in letters]:
        raise lab.wrong(
            f"did not move order {missing[0]}: {handle.tried[missing[0]]} tries had begun, and tries is {handle.tries}."
        )
    _done(handle, [order for order in shop.ids if order not in wanted])


def _fails_for_a_while(lab: Lab) -> None:
    shop = _Shop(lab, 6)
    handle = _Handle(shop, {"1002": "rr", "1004": "r", "1005": "k"})
    for _ in range(5):
        handle.start()
    if healthy := [letter.get("order_id") for letter in shop.letters()]:
        raise lab.wrong(f"moved order {healthy[0]} to {shop.dead}, which would have worked at a later try, within 3.")
    _done(handle, list(shop.ids))


def _two_at_once(lab: Lab) -> None:
    shop = _Shop(lab, 3, start=9, key="returns")
    handle = _Handle(shop, {"1001": "r" * 9, "1002": "r" * 9})
    for _ in range(4):
        returned = handle.start()
    if shop.other.exists(DEAD):
        raise lab.wrong(f"added to {DEAD}, where the key is {shop.key}: the dead letters belong to <key>:dead.")
    _only_dead(handle, ["1001", "1002"])
    if returned != (ids := [shop.ids["1001"], shop.ids["1002"]]):
        raise lab.wrong(f"returned {show(returned)}, where {ids} was expected.{_out_of_order(returned, ids)}")


def _deleted_meanwhile(lab: Lab) -> None:
    shop = _Shop(lab, 5)
    handle = _Handle(shop, {"1002": "r" * 9, "1003": "r" * 9})
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


def _finished_meanwhile(lab: Lab) -> None:
    """During a long handle, Bob rescues what comes next, and finishes it."""
    shop = _Shop(lab, 3)
    handle = _Handle(shop, {"1001": "r", "1002": "r"})
    handle.start()
    shop.grow_old()
    handle.during["1001"] = lambda: shop.rescued_by("bob", "1002") and shop.finish("1002")
    handle.gone["1002"] = (
        ", which Bob had rescued and finished during the work on 1001: a list is old after a long handle, and a claim "
        "(without FORCE) gives nothing back of what is done."
    )
    handle.start()
    _done(handle, ["1001", "1003"])


def _rescued_meanwhile(lab: Lab) -> None:
    """During a long handle, Bob rescues what comes next, and is at work on it."""
    shop = _Shop(lab, 3)
    handle = _Handle(shop, {"1001": "r", "1002": "r"})
    handle.start()
    shop.grow_old()
    handle.during["1001"] = lambda: shop.rescued_by("bob", "1002")
    handle.gone["1002"] = (
        " from Bob, who had rescued it during the work on 1001 and works on it: now two do. A claim with 0 asks "
        "nobody; how long had it been idle when you looked?"
    )
    handle.start()
    row = shop.row("1002")
    if row is None or row["consumer"] != "bob":
        raise lab.wrong("took order 1002 from Bob, who had rescued it during the work on 1001: it stays his.")


def _rescued_before_the_move(lab: Lab) -> None:
    """During the work on a new order, Bob rescues one whose tries are used up, unless it has been moved by then."""
    shop = _Shop(lab, 3)
    handle = _Handle(shop, {"1001": "r" * 9})
    for _ in range(3):
        handle.start()
    shop.grow_old()
    shop.add(1)
    rescued: list[bool] = []
    handle.during["1004"] = lambda: rescued.append(shop.rescued_by("bob", "1001"))
    handle.start()
    if any(rescued) and (shop.letters() or shop.row("1001") is None):
        raise lab.wrong(
            "moved order 1001, which Bob had rescued during the work on 1004: it was his by then, and a list is old "
            "after a long handle."
        )


def _another_group(lab: Lab) -> None:
    """Another group's worker, of the same name, has used up its tries of an order."""
    shop = _Shop(lab, 2)
    shop.other.xgroup_create(shop.key, "packing", id="0")
    packing = _Handle(shop, {"1001": "r" * 9}, group="packing")
    for _ in range(3):
        packing.start()
    handle = _Handle(shop, {"1001": "r"})
    handle.start()
    handle.start()
    if shop.letters() or "1001" not in handle.done:
        raise lab.wrong(
            f"gave up order 1001 after {handle.tried['1001']} of 3 tries: the worker of another group, packing, had "
            "tried it three times. Each group has its own tries."
        )


def _many_held(lab: Lab) -> None:
    shop = _Shop(lab, 120)
    handle = _Handle(shop, dict.fromkeys(shop.ids, "r"))
    handle.start()
    handle.start()
    if missing := [order for order in shop.ids if order not in handle.done]:
        raise lab.wrong(f"did not try {_listed(missing)} again: me holds 120. Was that all of the pages?")
    _done(handle, list(shop.ids))


def _many_with_others(lab: Lab) -> None:
    shop = _Shop(lab, 1_005)
    shop.other.xreadgroup(GROUP, "bob", {shop.key: ">"}, count=1_003)
    handle = _Handle(shop, {"2004": "r", "2005": "r"})
    handle.start()
    handle.start()
    if missing := [order for order in ("2004", "2005") if order not in handle.done]:
        raise lab.wrong(
            f"did not try {_listed(missing)} again, which me holds: 1003 orders of others come before. Whose rows do "
            "you ask for?"
        )


def _killed_while_burying(lab: Lab, commands: int) -> None:
    """In the call that buries, the process is killed after so many commands."""
    shop = _Shop(lab, 3)
    handle = _Handle(shop, {"1002": "r" * 99})
    for _ in range(3):
        handle.start()
    shop.after = _kill_after(shop, commands)
    handle.start()
    shop.after = None
    handle.start()
    _once_each(shop, ["1002"])


# --- 6.4 -----------------------------------------------------------------------------------------------------------


def keep(lab: Lab) -> None:
    shop = _Shop(lab, 6)
    shop.hand_out("me", 3, idle=40_000)
    _kept(shop, ["1001", "1003"], ["1001", "1003"])

    shop = _Shop(lab, 14, start=6)
    shop.hand_out("me", 6, idle=40_000, times=3)
    shop.touch("bob", ["1002"], idle=YOUNG)
    shop.finish("1004")
    _kept(shop, ["1005", "1004", "1002", "1001"], ["1001", "1005"])

    shop = _Shop(lab, 6)
    shop.hand_out("me", 2, idle=40_000)
    shop.hand_out("bob", 2, idle=40_000)
    _kept(shop, ["1003", "1005"], [])
    _kept(shop, [], [])

    for idle in (20_000, 100):
        shop = _Shop(lab, 4)
        shop.hand_out("me", 2, idle=idle)
        _kept(shop, ["1001"], ["1001"], idle)

    shop = _Shop(lab, 12)
    shop.hand_out("me", 12, idle=40_000)
    shop.finish("1001")
    _kept(shop, ["1001", "1012"], ["1012"])

    shop = _Shop(lab, 1_510)
    shop.hand_out("bob", 1_000, idle=YOUNG)
    shop.hand_out("me", 505, idle=40_000)
    shop.hand_out("bob", 2, idle=40_000)
    _kept(shop, ["2505", "2507", "2001", "1001"], ["2001", "2505"])


def _kept(shop: _Shop, asked: list[str], wanted: list[str], idle: int = 40_000) -> None:
    """`idle` is what the orders of `wanted` were idle for at `began`, at the latest."""
    lab, off = shop.lab, []

    def look(name: str, args: tuple) -> None:
        if gone := [order for order in wanted if shop.row(order) is None]:
            off.append(gone[0])

    shop.after = look
    shop.before()
    ids = [shop.ids[order] for order in asked]
    given = list(ids)
    began = time.monotonic()
    try:
        returned = shop.call(given)
    except Raised as raised:
        if not wanted and not isinstance(raised.error, TypeError):
            raise lab.wrong(
                f"raised {type(raised.error).__name__}: {show(str(raised.error), 90)}. With nothing to keep there is "
                "nothing to claim."
            ) from None
        raise
    shop.same_elsewhere()
    now = shop.rows()
    # What was claimed has been idle since then, and not for longer than all this took: no clock to race against.
    took = (time.monotonic() - began) * 1000
    if new := [order for order in now if order not in shop.was]:
        raise lab.wrong(f"made order {new[0]} pending again: it was acknowledged, or never read. FORCE does that.")
    for order, row in shop.was.items():
        if order not in now:
            raise _gone(shop, order)
        _same_holder(shop, order, row, now[order])
        idle_now = now[order]["time_since_delivered"]
        anew = idle_now < took + 50
        if order in wanted and not anew:
            raise lab.wrong(_not_anew(shop, order, idle, idle_now))
        if order not in wanted and row["time_since_delivered"] > idle_now + 50:
            raise lab.wrong(f"reset the idle time of order {order}, which was not among those to keep.")
    if off:
        raise lab.wrong(
            f"took order {off[0]} off the list for a moment, and put it back: who is killed in between has lost it."
        )
    if given != ids:
        raise lab.wrong("changed the list ids that it was given: it belongs to who called. Make one of your own.")
    lost = [shop.ids[order] for order in asked if order not in wanted]
    if returned != lost:
        hint = ""
        if any(entry_id in shop.ids[order] for entry_id in lost for order in shop.was):
            hint = " Is that id among your ids, or a part of one? '1-0' in '11-0' is true."
        raise lab.wrong(
            f"returned {show(returned)}, where {lost} was expected: what me does not hold, as in ids.{hint}"
        )


def _same_holder(shop: _Shop, order: str, row: dict, now: dict) -> None:
    if now["consumer"] != row["consumer"]:
        many = f" {len(shop.was)} orders are pending: did you see all of them?" if len(shop.was) > 100 else ""
        raise shop.lab.wrong(
            f"took order {order} from {row['consumer']}, who has rescued it and works on it: now two do. A claim with "
            f"0 asks nobody; what would you have to know before it?{many}"
        )
    was, times = row["times_delivered"], now["times_delivered"]
    if times > was:
        raise shop.lab.wrong(
            f"counted a delivery of order {order}: a slow order soon looks like a poison one. A heartbeat is no "
            "delivery."
        )
    if times != was:
        raise shop.lab.wrong(
            f"changed the count of order {order} from {was} to {times}: a poison order would look like a new one. A "
            "heartbeat leaves the count alone."
        )


def _not_anew(shop: _Shop, order: str, idle: int, idle_now: int) -> str:
    if idle == 40_000 and idle_now < 30_000:
        return f"left order {order} idle for {idle_now // 1000} s; its idle time should begin anew, which is at 0."
    if len(shop.was) > 100:
        mine = sum(row["consumer"] == "me" for row in shop.was.values())
        return (
            f"left order {order} idle for 40 seconds; {len(shop.was)} orders are pending, and me holds {mine} of them: "
            "was that all of the pages, and whose?"
        )
    if idle < 40_000:
        return (
            f"left order {order} as it was, {idle} ms after somebody last touched it; each beat begins the idle time "
            "anew, however young it is."
        )
    return f"left order {order} idle for 40 seconds; me holds it, and its idle time should begin anew."


# --- 6.5 -----------------------------------------------------------------------------------------------------------


def clear_deleted(lab: Lab) -> None:
    shop = _Shop(lab, 10, start=8)
    shop.hand_out("ada", 2, idle=OLD)
    shop.hand_out("bob", 1, idle=YOUNG)
    shop.hand_out("ada", 2, idle=OLD)
    shop.hand_out("me", 1, idle=OLD)
    shop.hand_out("bob", 1)
    _cleared(shop, ["1002", "1003", "1005"])
    _cleared(shop, ["1007"])

    shop = _Shop(lab, 14, start=5)
    shop.hand_out("bob", 8, idle=YOUNG, times=2)
    shop.hand_out("bob", 1, idle=2_000 * 60 * MINUTE)
    _cleared(shop, [])

    # Finished orders between the pending ones, and living ones for longer than a page of anything.
    shop = _Shop(lab, 1_500)
    for _ in range(11):
        shop.other.xreadgroup(GROUP, "ada", {KEY: ">"}, count=95)
        shop.other.xreadgroup(GROUP, "bob", {KEY: ">"}, count=15, noack=True)
    shop.hand_out("ada", 280, idle=OLD)
    _cleared(shop, [str(n) for n in range(2211, 2451)])

    shop = _Shop(lab, 320, per_ms=1000)
    shop.hand_out("ada", 150, idle=OLD)
    shop.hand_out("bob", 160, idle=YOUNG)
    _cleared(shop, [str(n) for n in range(1101, 1300)])


def _cleared(shop: _Shop, deleted: list[str]) -> None:
    lab = shop.lab
    if deleted:
        shop.delete(*deleted)
    shop.before()
    returned = shop.call()
    shop.same_elsewhere()
    now = shop.rows()
    for order, row in shop.was.items():
        if order in deleted:
            continue
        if order not in now:
            raise _lives(shop, order)
        if now[order]["consumer"] != row["consumer"]:
            raise lab.wrong(
                f"took order {order} from {row['consumer']}: {_about(row)}. A claim clears what is deleted; how old "
                "would an order have to be for it to take nothing else?"
            )
        if now[order]["times_delivered"] != row["times_delivered"]:
            hint = " Who reads a pending list by XREADGROUP is handed it out again." * ("XREADGROUP" in shop.sent)
            raise lab.wrong(f"counted a delivery of order {order}; it had to stay as it was.{hint}")
        if abs(now[order]["time_since_delivered"] - row["time_since_delivered"]) > 3_000:
            raise lab.wrong(f"reset the idle time of order {order}; it had to stay as it was.")
    left = [order for order in deleted if order in now]
    if left:
        holder = shop.was[left[0]]["consumer"]
        raise lab.wrong(f"left {_listed(left)} pending, deleted and held by {holder}.{_why_pending(shop, left)}")
    if returned != (ids := [shop.ids[order] for order in deleted]):
        raise lab.wrong(
            f"returned {show(returned)}, where {show(ids)} was expected: the cleared ids.{_out_of_order(returned, ids)}"
        )


def _lives(shop: _Shop, order: str) -> Exception:
    holder = shop.was[order]["consumer"]
    if holder not in [row["name"] for row in shop.other.xinfo_consumers(shop.key, GROUP)]:
        return _gone(shop, order)
    hint = ""
    if "XCLAIM" in shop.sent:
        hint = " A claim that takes nothing says: deleted, or too young, or not pending. Which was it?"
    elif "XRANGE" in shop.sent:
        hint = " Finished orders lie between the pending ones: did your XRANGE get as far as this one?"
    return shop.lab.wrong(
        f"took order {order} off the list, which exists, and which {holder} holds: nobody will finish it.{hint}"
    )


def _why_pending(shop: _Shop, left: list[str]) -> str:
    if shop.per_ms > 1:
        return f" {_same_millisecond(shop, left)}"
    if len(shop.was) > 100:
        return f" {len(shop.was)} are pending, and the first deleted one comes late: was that all of the pages?"
    if shop.was[left[0]]["time_since_delivered"] < MINUTE:
        return " It was young: does it matter for how long a deleted one has been idle?"
    return ""


CHECKS = {
    "6.1": rescue,
    "6.2": set_aside,
    "6.3": work_off,
    "6.4": keep,
    "6.5": clear_deleted,
}
