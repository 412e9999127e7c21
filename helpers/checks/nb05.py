"""Checks of 05 Acknowledgement."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import redis

from helpers.exercises import Lab, Raised, show

KEY, GROUP = "orders", "shipping"
MINUTE = 60_000  # ms


class _Killed(BaseException):
    """The process ends here; not an Exception, so that an answer does not catch it."""


class _TooOften(BaseException):
    """Ends an answer that would go on for ever."""


class _Waits(BaseException):
    """Ends an answer that would wait."""


def _text(arg: Any) -> str:
    return arg.decode() if isinstance(arg, bytes) else str(arg)


def _name(args: tuple) -> str:
    return _text(args[0]).upper()


class _Steps:
    """Hears of each step of a client: a command, or a pipeline as a whole when it is executed.

    `before` gets the commands of a step that is about to be sent, `after` its number and its arguments. Once `dead`,
    nothing that the client sends arrives: what ``finally`` would still do, a killed process does not.
    """

    def __init__(
        self,
        r: redis.Redis,
        after: Callable[[int, tuple], None] | None = None,
        before: Callable[[list[tuple]], None] | None = None,
        most: int = 1000,
    ) -> None:
        self.count, self.dead = 0, False
        self.sent: list[tuple] = []  # each command, those of pipelines too
        self.commands: Counter = Counter()  # how often each was sent
        self.queued: Counter = Counter()  # those that a pipeline collected, and sent together
        self.at_once: Counter = Counter()  # those that a pipeline sent at once, between WATCH and multi()
        self.dropped: Counter = Counter()  # those that a pipeline collected, and forgot when it was reset
        self._pipes: list[redis.client.Pipeline] = []
        self._after, self._before, self._most = after, before, most
        r.execute_command = self._told(r.execute_command)
        make = r.pipeline

        def pipeline(*args: Any, **options: Any) -> redis.client.Pipeline:
            return self._watched(make(*args, **options))

        r.pipeline = pipeline

    def _watched(self, pipe: redis.client.Pipeline) -> redis.client.Pipeline:
        execute, reset = pipe.execute, pipe.reset
        executing: list[bool] = []

        def told_reset() -> None:
            if not executing:
                self.dropped.update(_name(args) for args, _ in pipe.command_stack)
            reset()

        def told_execute(*args: Any, **options: Any) -> Any:
            executing.append(True)
            try:
                return execute(*args, **options)
            finally:
                executing.pop()

        pipe.immediate_execute_command = self._told(pipe.immediate_execute_command, self.at_once)
        pipe.execute = self._told(told_execute, self.queued, pipe)
        pipe.reset = told_reset
        self._pipes.append(pipe)
        return pipe

    def unsent(self) -> set[str]:
        """What pipelines collected and never sent, reset by now or not."""
        return set(self.dropped) | {_name(args) for pipe in self._pipes for args, _ in pipe.command_stack}

    def _told(
        self, do: Callable[..., Any], counter: Counter | None = None, pipe: redis.client.Pipeline | None = None
    ) -> Callable[..., Any]:
        def step(*args: Any, **options: Any) -> Any:
            if self.dead:
                raise _Killed
            if self.count == self._most:
                raise _TooOften
            self.count += 1
            at, sent = self.count, [args] if pipe is None else [args for args, _ in pipe.command_stack]
            self.sent += sent
            for counts in (self.commands, counter):
                if counts is not None:
                    counts.update(map(_name, sent))
            if self._before is not None:
                self._before(sent)
            try:
                return do(*args, **options)
            finally:
                if self._after is not None:
                    self._after(at, args)

        return step


def _no_lua(lab: Lab, error: Exception, instead: str) -> None:
    """An answer that would be right on a server."""
    if match := re.search(
        "unknown command '(EVAL|EVALSHA|EVAL_RO|EVALSHA_RO|SCRIPT[ A-Z]*|FCALL|FUNCTION[ A-Z]*)'", str(error)
    ):
        raise lab.wrong(
            f"sent {match[1]}. A script would do on a server, but the simulator has no Lua: {instead}, too."
        ) from None


SET_BACK = (
    "set the group's cursor back: everything after it is handed out once more, finished or not, and what the "
    "colleagues work on, too."
)


def _parts(entry_id: str) -> tuple[int, ...]:
    return tuple(int(part) for part in entry_id.split("-"))


class _Shop:
    """A stream of orders with the groups shipping and billing, as it was before the answer was called."""

    def __init__(
        self,
        lab: Lab,
        orders: int = 0,
        start: int = 1,
        after: Callable[[int, tuple], None] | None = None,
        before: Callable[[list[tuple]], None] | None = None,
    ) -> None:
        self.lab, self.r = lab, lab.redis()
        self.other = lab.another(self.r)
        self.steps = _Steps(self.r, after, before)
        self.fields: dict[str, dict] = {}
        # Ids of one and two digits: as text they would sort another way.
        self.ids = {str(1000 + n): f"{start + n - 1}-0" for n in range(1, orders + 1)}
        self.add(*self.ids)
        self.other.xgroup_create(KEY, "billing", id="0", mkstream=True)
        self.other.xreadgroup("billing", "me", {KEY: ">"}, count=2)
        self.other.xgroup_create(KEY, GROUP, id="0")
        for name in ("me", "zoe"):
            self.other.xgroup_createconsumer(KEY, GROUP, name)

    def add(self, *order_ids: str) -> None:
        for order_id in order_ids:
            last = self.other.xrevrange(KEY, count=1)
            after = str(int(last[0][0].split("-")[0]) + 1) + "-0" if last else "1-0"
            entry_id = self.ids.setdefault(order_id, after)
            self.other.xadd(KEY, {"order_id": order_id, "product": "laptop", "price": "999"}, id=entry_id)

    def hand_out(self, consumer: str, count: int, idle: int = 0) -> None:
        """`consumer` reads the next orders, and got them `idle` ms ago."""
        [[_, entries]] = self.other.xreadgroup(GROUP, consumer, {KEY: ">"}, count=count)
        if idle:
            self.touch(consumer, [entry_id for entry_id, _ in entries], idle)

    def touch(self, consumer: str, ids: list[str], idle: int = 0, times: int | None = None) -> None:
        self.other.xclaim(KEY, GROUP, consumer, 0, ids, idle=idle, retrycount=times, justid=True)

    def rows(self) -> dict[str, dict]:
        """Order: its row of XPENDING."""
        orders = {entry_id: order_id for order_id, entry_id in self.ids.items()}
        rows = self.other.xpending_range(KEY, GROUP, "-", "+", 1000)
        return {orders.get(row["message_id"], row["message_id"]): row for row in rows}

    def held(self) -> dict[str, str]:
        """Order: who holds it."""
        return {order: row["consumer"] for order, row in self.rows().items()}

    def holder(self, order: str) -> str | None:
        entry_id = self.ids.get(order, "0-0")
        rows = self.other.xpending_range(KEY, GROUP, entry_id, entry_id, 1)
        return rows[0]["consumer"] if rows else None

    def mine(self) -> list[str]:
        return [order for order, consumer in self.held().items() if consumer == "me"]

    def before(self) -> None:
        """What must be the same after the call."""
        self._entries, self._cursors = self.other.xrange(KEY), self._read_cursors()
        self._held, self._rows = self.held(), self.rows()
        self._billing = self.other.xpending(KEY, "billing")["pending"]
        self._names = self._read_names()
        entries = dict(self._entries)
        self.fields = {order: entries[entry_id] for order, entry_id in self.ids.items() if entry_id in entries}

    def _read_cursors(self) -> dict[str, str]:
        return {row["name"]: row["last-delivered-id"] for row in self.other.xinfo_groups(KEY)}

    def cursor(self) -> tuple[int, ...]:
        return _parts(self._read_cursors()[GROUP])

    def _read_names(self) -> set[str]:
        return {row["name"] for row in self.other.xinfo_consumers(KEY, GROUP)}

    def same_stream(self) -> None:
        """Entries, groups and what other groups hold; the exercise's own group is looked at elsewhere."""
        if self.other.type(KEY) != "stream":
            raise self.lab.wrong("left no stream under the key: orders, groups and all they knew are gone.")
        entries = self.other.xrange(KEY)
        if entries != self._entries:
            raise self.lab.wrong(
                f"changed the stream, which now has {len(entries)} entries, where {len(self._entries)} were: other "
                "groups read it. What is done stays in the stream, and is acknowledged."
            )
        cursors = self._read_cursors()
        if set(cursors) != set(self._cursors):
            raise self.lab.wrong(f"left the groups {sorted(cursors)}, where {sorted(self._cursors)} were.")
        if cursors["billing"] != self._cursors["billing"]:
            raise self.lab.wrong("moved the cursor of the group billing, which has nothing to do with this.")
        if self.other.xpending(KEY, "billing")["pending"] != self._billing:
            raise self.lab.wrong(
                "changed what is pending in the group billing. Each group has a list of its own: what is done in one "
                "is not done in the other."
            )

    def same_cursor(self, forward: str) -> None:
        was, now = self._cursors[GROUP], self._read_cursors()[GROUP]
        if was != now:
            raise self.lab.wrong(forward if _parts(now) > _parts(was) else SET_BACK)

    def others_keep(self) -> None:
        """What other consumers hold is as it was."""
        held = self.held()
        for order, consumer in self._held.items():
            if consumer == "me" or held.get(order) == consumer:
                continue
            if order not in held:
                raise self.lab.wrong(
                    f"acknowledged {order}, which {consumer} holds. XACK does not ask whose it is; you have to."
                )
            raise self.lab.wrong(
                f"took order {order} away from {consumer}, who may be busy with it: what others hold stays."
            )

    def only_looked(self) -> None:
        self.same_stream()
        self.same_cursor("handed out new orders by looking: XREADGROUP takes them from those who wait. XPENDING looks.")
        if self.held() != self._held:
            raise self.lab.wrong("changed who holds what. XPENDING tells it, and takes nothing.")
        for order, row in self.rows().items():
            was = self._rows[order]
            if (
                row["times_delivered"] != was["times_delivered"]
                or row["time_since_delivered"] < was["time_since_delivered"]
            ):
                raise self.lab.wrong(
                    f"touched order {order}: delivered {row['times_delivered']} times after {was['times_delivered']}, "
                    "or its idle time began anew. A read of history is a delivery, and a claim is the start of "
                    "another wait; XPENDING does neither."
                )
        self.same_consumers("who only looks needs no consumer.")

    def same_consumers(self, why: str) -> None:
        if (names := self._read_names()) != self._names:
            raise self.lab.wrong(f"left the consumers {sorted(names)}, where {sorted(self._names)} were; {why}")


def _listed(orders: list[str]) -> str:
    if len(orders) < 8:
        return ", ".join(orders) or "none"
    return f"{len(orders)} of them, from {orders[0]} to {orders[-1]}"


def _orders(lab: Lab, returned: Any, wanted: list[str], what: str) -> None:
    """A list of order_ids as text, as the exercise asks for."""
    lab.expect(returned, list, f"{what}, as a list such as ['1001', '1002']")
    if returned != wanted:
        hint = ""
        if [str(item) for item in returned] == wanted:
            hint = " They are the right ones, but not as text."
        elif sorted(map(str, returned)) == wanted:
            hint = " They are the right ones in another order."
        raise lab.wrong(f"returned {show(returned)}; {show(wanted)} was expected, {what}.{hint}")


class _Work:
    """What the answer calls for each order; raises at the orders in `fails`, as work does."""

    def __init__(self, shop: _Shop, fails: tuple[str, ...] = (), error: type[Exception] = ValueError) -> None:
        self.shop, self.fails, self.error = shop, fails, error
        self.orders: list[str] = []
        self.complaint = ""

    def __repr__(self) -> str:
        return "work"

    def complain(self, text: str) -> None:
        """The first complaint is the one that the learner reads."""
        self.complaint = self.complaint or text

    def number(self, order: Any) -> str:
        """The order_id; a call with anything else than fields is a complaint."""
        if not order:
            self.complain(
                f"called work({show(order)}). That entry was deleted meanwhile and comes without fields: there is "
                "nothing to work on, and it is to be acknowledged."
            )
            return ""
        if not isinstance(order, dict) or "order_id" not in order:
            self.complain(f"called work({show(order)}); it gets the fields of one order.")
            return ""
        number = order["order_id"]
        if order != self.shop.fields.get(number, order):
            self.complain(
                f"called work({show(order, 90)}); the entry of order {number} has the fields "
                f"{show(self.shop.fields[number], 90)}, and work gets these."
            )
        return number

    def finish(self, number: str) -> None:
        if number in self.fails:
            raise self.error(f"no label for {number}")


# --- 5.1 -----------------------------------------------------------------------------------------------------------


class _Drained(_Work):
    step, done = -1, ""  # at the call before: how many steps the client had made; the order that was done last

    def __call__(self, order: Any) -> None:
        if not (number := self.number(order)):
            return
        if number in self.orders and self.step == self.shop.steps.count:
            self.complain(
                f"called work for order {number} again right after it failed. One attempt for each entry: it stays "
                "pending, and the next start is its next attempt."
            )
        self.step = self.shop.steps.count
        self.orders.append(number)
        holder = self.shop.holder(number)
        if holder not in ("me", None):
            self.complain(f"worked on order {number}, which {holder} holds: only what me holds is to be drained.")
        if holder is None:
            self.complain(
                f"acknowledged order {number} before its work. A crash right then loses it: it is on no list any more."
            )
        if self.orders.count(number) == 4:
            raise _TooOften
        self.finish(number)
        if self.done and self.shop.holder(self.done) == "me":
            self.complain(
                f"finished order {number} while {self.done}, which was done before it, was still pending. Killed right "
                "then, both are done again: how late may an XACK come?"
            )
        self.done = number


def drain(lab: Lab) -> None:
    _drain(lab, fails=(), deleted=())
    _drain(lab, fails=("1003",), deleted=())
    _drain(lab, fails=("1002", "1006"), deleted=(), error=KeyError)
    _drain(lab, fails=("1003",), deleted=("1004",))
    _drain(lab, fails=(), deleted=("1002", "1003", "1004", "1006"))
    _nothing_to_drain(lab)
    _long_list(lab)
    _drain_what_was_sent_twice(lab)
    _drain_and_be_ended(lab)
    _drain_unheard(lab)


def _drain(
    lab: Lab, fails: tuple[str, ...], deleted: tuple[str, ...], error: type[Exception] = ValueError, orders: int = 9
) -> None:
    """me holds 1002, 1003, 1004 and 1006 of nine; the colleague 1001 and 1005; three wait."""
    shop = _Shop(lab, orders, start=7)
    for consumer, count in (("colleague", 1), ("me", 3), ("colleague", 1), ("me", 1)):
        shop.hand_out(consumer, count)
    if deleted:
        shop.other.xdel(KEY, *[shop.ids[order] for order in deleted])
    _drained(shop, _Drained(shop, fails, error), fails, deleted)


def _nothing_to_drain(lab: Lab) -> None:
    shop = _Shop(lab, 4)
    shop.hand_out("colleague", 2)
    _drained(shop, _Drained(shop), (), ())


def _long_list(lab: Lab) -> None:
    """A whole page of failures, a whole page of deleted entries, and orders after them."""
    shop = _Shop(lab, 0)
    with shop.other.pipeline(transaction=False) as pipe:
        for n in range(1, 231):
            shop.ids[str(1000 + n)] = f"{n}-0"
            pipe.xadd(KEY, {"order_id": str(1000 + n)}, id=f"{n}-0")
        pipe.execute()
    shop.hand_out("me", 230)
    fails = tuple(str(1000 + n) for n in range(1, 101))
    deleted = tuple(str(1000 + n) for n in range(101, 201))
    shop.other.xdel(KEY, *[shop.ids[order] for order in deleted])
    work = _Drained(shop, fails)
    _drained(shop, work, fails, deleted, most=100)


class _Heard(_Work):
    """Work that only notes what it is called for; raises at the order of `error`, as work may, or as a kill does."""

    def __init__(self, fails: tuple[str, ...] = (), error: type[BaseException] = ValueError) -> None:
        self.fails, self.error, self.orders = fails, error, []

    def __call__(self, order: Any) -> None:
        number = order["order_id"] if isinstance(order, dict) and "order_id" in order else show(order)
        self.orders.append(number)
        if len(self.orders) > 60:
            raise _TooOften
        if number in self.fails:
            raise self.error(f"no label for {number}")


def _sent_twice(lab: Lab, consumer: str = "") -> _Shop:
    """999, 1000, 1000 once more, 1001; with `consumer`, or waiting."""
    shop = _Shop(lab, 0)
    for n, order_id in enumerate(("999", "1000", "1000", "1001"), start=1):
        shop.other.xadd(KEY, {"order_id": order_id, "product": "laptop", "price": "999"}, id=f"{n}-0")
    if consumer:
        shop.hand_out(consumer, 4)
    return shop


def _each_entry(lab: Lab, work: _Heard) -> None:
    if work.orders.count("1000") == 1:
        raise lab.wrong(
            "called work once for order 1000, which has two entries: a shop process sent it twice. Each entry is to be "
            "worked on; whether an order was seen before is the work's own question, and here the first one failed."
            if "1000" in work.fails
            else "called work once for order 1000, which has two entries: a shop process sent it twice. Each entry is "
            "worked on; whether an order was seen before is the work's own question."
        )
    if work.orders != ["999", "1000", "1000", "1001"]:
        raise lab.wrong(f"worked on {_listed(work.orders)}; 999, 1000, 1000, 1001 was expected, each entry once.")


def _drain_what_was_sent_twice(lab: Lab) -> None:
    shop, work = _sent_twice(lab, "me"), _Heard(("999", "1000"))
    try:
        returned = lab.call(shop.r, KEY, GROUP, "me", work)
    except _TooOften:
        raise lab.wrong("called work again and again for orders that fail; each entry once.") from None
    _each_entry(lab, work)
    pending = list(shop.rows())
    if pending != ["1-0", "2-0", "3-0"]:
        raise lab.wrong(f"left {pending} pending; the work on 1-0, 2-0 and 3-0 failed (two entries of one order).")
    if isinstance(returned, list) and len(returned) == 2 and set(returned) == {"999", "1000"}:
        raise lab.wrong(
            f"returned {show(returned)}; three entries failed, two of them of order 1000. Each one has its place in "
            "the list, oldest first."
        )
    _orders(lab, returned, ["999", "1000", "1000"], "one for each entry whose work failed, oldest first")


def _drain_and_be_ended(lab: Lab) -> None:
    """Somebody presses Ctrl-C during the work on 1003."""
    shop, work = _Shop(lab, 5), _Heard(("1003",), KeyboardInterrupt)
    shop.hand_out("me", 5)
    try:
        lab.call(shop.r, KEY, GROUP, "me", work)
    except KeyboardInterrupt:
        if shop.holder("1003") is None:
            raise lab.wrong(
                "was ended by KeyboardInterrupt in the work on 1003, and acknowledged it on the way out: it is lost. "
                "A finally does what it says at every end."
            ) from None
        return
    raise lab.wrong(
        "took KeyboardInterrupt for a failure of order 1003, and went on: this worker cannot be ended. It is no "
        "Exception, and neither is SystemExit; what do you catch?"
    )


def _drain_unheard(lab: Lab) -> None:
    """The first XACK gets no answer in time: no failure of the work."""
    shop, work = _Shop(lab, 3, before=_first_xack_unheard()), _Heard()
    shop.hand_out("me", 3)
    try:
        returned = lab.call(shop.r, KEY, GROUP, "me", work)
    except Raised:
        return
    if isinstance(returned, list) and "1001" in returned:
        raise lab.wrong(
            f"returned {show(returned)}; the work on 1001 was done, and only its XACK raised TimeoutError. What is "
            "listed as failed has to be what work raised: what else stands in your try?"
        )


def _first_xack_unheard() -> Callable[[list[tuple]], None]:
    lost: list[bool] = []

    def lose(sent: list[tuple]) -> None:
        if not lost and any(_name(args) == "XACK" for args in sent):
            lost.append(True)
            raise redis.TimeoutError("Timeout reading from socket")

    return lose


def _drained(
    shop: _Shop, work: _Drained, fails: tuple[str, ...], deleted: tuple[str, ...], most: int | None = None
) -> None:
    lab, mine = shop.lab, shop.mine()
    wanted = [order for order in mine if order not in deleted]
    reads: list[int] = []
    if most is not None:
        _hear_reads(shop, reads)
    shop.before()
    try:
        returned = lab.call(shop.r, KEY, GROUP, "me", work)
    except _TooOften:
        raise lab.wrong(work.complaint or _stuck(shop, work)) from None
    except Raised as raised:
        raise lab.wrong(_why_raised(raised, work, deleted)) from None
    _drained_calls(shop, work, wanted, mine, returned)
    held = shop.held()
    for order in fails:
        if order not in held:
            raise lab.wrong(
                f"acknowledged order {order}, whose work failed. Now it is on no list: nobody has packed it, and "
                "nobody will. To get past it, something else has to move than the list."
            )
    for order in wanted:
        if order in held and order not in fails:
            raise lab.wrong(f"left order {order} pending, whose work was done: at the next start it is done again.")
    for order in deleted:
        if order in held:
            raise lab.wrong(
                f"left the entry of order {order} pending, which was deleted meanwhile. Nobody can work on it, and at "
                "each start it comes again: nothing is left to do but to acknowledge it."
            )
    if most is not None and any(count > most for count in reads):
        raise lab.wrong(f"read {max(reads)} entries at once; at most {most} at a time. What bounds a read?")
    _orders(lab, returned, list(fails), "the orders whose work failed, oldest first")


def _drained_calls(shop: _Shop, work: _Drained, wanted: list[str], mine: list[str], returned: Any) -> None:
    """What was handed out, and what work was called for."""
    lab = shop.lab
    shop.same_stream()
    shop.same_cursor(
        "handed out new orders. > gives what nobody has had yet; what me holds from its last life comes with an id."
    )
    if work.complaint:
        raise lab.wrong(work.complaint)
    shop.others_keep()
    if work.orders == wanted:
        return
    if not work.orders:
        raise lab.wrong(
            f"returned {show(returned)} and never called work; me holds {_listed(wanted)} from its last life. Which id "
            "asks for a consumer's own list?"
        )
    if again := [order for order, times in Counter(work.orders).items() if times > 1]:
        raise lab.wrong(
            f"called work for order {again[0]} {work.orders.count(again[0])} times; each entry once. After a failure "
            "it is still on the list: ask for what comes after it."
        )
    if work.orders == wanted[: len(work.orders)]:
        last = work.orders[-1]
        held, why = shop.held(), "One page is not the list: read on, after the last id, until a page is empty."
        if [order for order in work.orders if order in work.fails] == [last]:
            why = f"The work on {last} failed, and what comes after it has nothing to do with that."
        elif any(order not in held for order in mine if order not in wanted):
            why = (
                "Then came deleted entries, and orders after them. A page without an order is no end: what does the "
                "end of the list look like?"
            )
        raise lab.wrong(f"worked on {_listed(work.orders)} and stopped; me holds {_listed(wanted)}. {why}")
    raise lab.wrong(
        f"worked on {_listed(work.orders)}; {_listed(wanted)} was expected: what me holds, each once, oldest first."
    )


def _hear_reads(shop: _Shop, reads: list[int]) -> None:
    """Notes how many entries each XREADGROUP brings."""
    execute = shop.r.execute_command

    def told(*args: Any, **options: Any) -> Any:
        reply = execute(*args, **options)
        if str(args[0]).upper() == "XREADGROUP":
            reads.append(sum(len(entries) for _, entries in reply))
        return reply

    shop.r.execute_command = told


def _stuck(shop: _Shop, work: _Drained) -> str:
    if work.orders and work.orders.count(work.orders[-1]) > 3:
        return (
            f"called work for order {work.orders[-1]} again and again. It fails, stays pending, and so it is the "
            "first after 0 each time. The id that you ask with has to move on, past what you have seen."
        )
    return (
        f"was still asking after {shop.steps.count} commands. With an id, the answer to nothing is [['orders', []]], "
        "which is not empty; and what was not acknowledged comes again, unless the id moves on."
    )


def _why_raised(raised: Raised, work: _Drained, deleted: tuple[str, ...]) -> str:
    error = f"raised {type(raised.error).__name__}: {show(str(raised.error), 60)}."
    if isinstance(raised.error, (IndexError, ValueError)) and "label" not in str(raised.error):
        return f"{error} With an id, the answer to nothing is [['orders', []]]: a stream with no entry in it."
    if "no label" in str(raised.error):
        return (
            f"{error} The work on {work.orders[-1]} failed: that one stays pending, and the next one's turn comes. Let "
            "no Exception of work end the drain."
        )
    if deleted:
        return f"{error} An entry that was deleted while it was pending comes without fields: {{}} in redis-py."
    return error


# --- 5.2 -----------------------------------------------------------------------------------------------------------

SPENT = {"anna": "50", "ben": "7"}


MANY = 12  # others that write in between, one after the other


class _Till(_Shop):
    """Entries of orders by customers, which `hands` hold in turn; sums in the hash spent."""

    def __init__(
        self,
        lab: Lab,
        *orders: tuple[str, str, str],
        hands: tuple[str, ...] = (),
        after: Callable[[int, tuple], None] | None = None,
    ) -> None:
        super().__init__(lab, 0, after=after)
        self.other.hset("spent", mapping=SPENT)
        self.entries: list[tuple[str, dict]] = []
        for n, (order_id, customer, price) in enumerate(orders, start=1):
            order = {"order_id": order_id, "customer": customer, "price": price}
            self.other.xadd(KEY, order, id=f"{n}-0")
            self.entries.append((f"{n}-0", order))
            self.ids[f"{order_id} in entry {n}-0"] = f"{n}-0"
        for consumer in hands:
            self.other.xreadgroup(GROUP, consumer, {KEY: ">"}, count=1)
        self.other.xreadgroup(GROUP, "me", {KEY: ">"})
        self.other.xreadgroup("billing", "me", {KEY: ">"})
        self.before()

    def another(self) -> redis.Redis:
        """The client of another worker, or of the next life."""
        r = self.lab.another(self.r)
        self.its_steps = _Steps(r, most=200)
        return r

    def book(self, n: int, r: redis.Redis | None = None, stuck: str = "and nobody disturbed it.") -> Any:
        entry_id, order = self.entries[n]
        given, steps = dict(order), self.steps if r is None else self.its_steps
        try:
            returned = self.lab.call(r or self.r, KEY, GROUP, entry_id, given)
        except Raised as raised:
            _no_lua(self.lab, raised.error, "a transaction does it")
            if isinstance(raised.error, redis.WatchError):
                raise self.lab.wrong(f"raised WatchError. {_too_early(steps) or LOOK_AGAIN}") from None
            raise
        except _TooOften:
            raise self.lab.wrong(f"was still trying after {steps.count} commands, {stuck}") from None
        if given != order:
            raise self.lab.wrong(
                f"left {show(given)} of the order that it was given. Whoever called it may still need that: read it, "
                "and leave it as it is."
            )
        return returned

    def spent(self) -> dict[str, str]:
        kind = self.other.type("spent")
        if kind != "hash":
            raise self.lab.wrong(f"left {kind if kind != 'none' else 'nothing'} under the key spent, which was a hash.")
        return self.other.hgetall("spent")

    def sums(self, hint: str, low: str = "", **added: int) -> None:
        """`hint` is what to say when there is too much, `low` when there is too little."""
        wanted = {name: int(value) for name, value in SPENT.items()}
        for name, value in added.items():
            wanted[name] = wanted.get(name, 0) + value
        found = self.spent()
        if found == {name: str(value) for name, value in wanted.items()}:
            return
        for name, value in wanted.items():
            had = found.get(name, "0")
            if had != str(value):
                why = low if low and had.isdecimal() and int(had) < value else hint
                raise self.lab.wrong(f"left {had} as the sum of {name}, and {value} was expected. {why}")
        raise self.lab.wrong(f"left {show(found)} in spent, and {show(wanted)} was expected.")

    def acknowledged(self, n: int) -> None:
        entry_id = self.entries[n][0]
        if self.is_pending(entry_id):
            raise self.lab.wrong(
                f"left the entry {entry_id} pending. The order is booked, by this call or before it: nothing is left "
                f"to do, and it would come again for ever.{self._unsent('XACK')}"
            )

    def is_pending(self, entry_id: str) -> bool:
        return entry_id in [row["message_id"] for row in self.rows().values()]

    def _unsent(self, name: str) -> str:
        if name not in self.steps.unsent():
            return ""
        return (
            f" Your {name} went into a pipeline that does not watch (or no longer): such a pipeline only collects. Was "
            "it executed?"
        )

    def why_too_little(self) -> str:
        """What an answer that added nothing at all may have overlooked."""
        steps = self.steps
        if asked := [name for name in steps.queued if name in ASKING]:
            return (
                f"{asked[0]} was sent after multi(): from there on a pipeline collects, and nothing is answered before "
                "EXEC. What came back was the pipeline itself, which counts as true."
            )
        if unsent := self._unsent("HINCRBY"):
            return unsent.strip()
        return "The price is added to what the customer has spent already, for each order_id (a customer has several)."


ASKING = {"HEXISTS", "HGET", "HMGET", "HKEYS", "HGETALL", "HSTRLEN", "HLEN", "HVALS"}
LOOK_AGAIN = "Somebody else wrote in between, and nothing of yours was done: look again and try again."


def _too_early(steps: _Steps) -> str:
    """Writes of a pipeline between WATCH and multi()."""
    if not (early := [name for name in steps.at_once if name in ("HSET", "HSETNX", "HMSET", "HINCRBY")]):
        return ""
    return (
        f"{early[0]} was sent at once: after WATCH a pipeline collects nothing until multi() begins the transaction. "
        "So it was no part of one, and it changed what you watch yourself: at the next look the order was booked."
    )


def book(lab: Lab) -> None:
    _book_plainly(lab)
    _book_again(lab)
    _book_an_order_sent_twice(lab)
    for again in (False, True):
        for steps in range(1, 7):
            if not _book_and_be_killed(lab, steps, again):
                break
    for case in (_OtherEntry, _SameEntry, _OtherOrder):
        for steps in range(1, 7):
            if not case(lab).book(steps):
                break
    _book_among_many(lab)


def _book_plainly(lab: Lab) -> None:
    orders = (("1001", "anna", "999"), ("1002", "ben", "29"), ("1003", "anna", "29"), ("1004", "cyd", "999"))
    more: set[str] = set()

    def look(at: int, args: tuple) -> None:
        more.update(set(till.other.keys()) - {KEY, "spent", "booked"})

    till = _Till(lab, *orders, after=look)
    sums: Counter = Counter()
    for n, (order_id, customer, price) in enumerate(orders):
        returned = till.book(n)
        _no_other_key(till, more)
        sums[customer] += int(price)
        till.same_stream()
        till.sums(till.why_too_little(), **sums)
        till.acknowledged(n)
        left = [row["message_id"] for row in till.rows().values()]
        if left != [entry_id for entry_id, _ in till.entries[n + 1 :]]:
            raise lab.wrong(f"left {left} pending; only its own entry is done.")
        if returned is not True:
            raise lab.wrong(
                f"returned {show(returned)}, and it added the price of {order_id}: it should return True."
                f"{_why_not_true(till.steps, returned)}"
            )
    if till.other.type("booked") not in ("hash", "none"):
        raise lab.wrong(f"left a {till.other.type('booked')} under the key booked; it is to be a hash.")
    if (seconds := till.other.ttl("booked")) >= 0:
        raise lab.wrong(f"lets booked expire in {seconds} s; an order that comes after that is booked once more.")


def _no_other_key(till: _Till, more: set[str]) -> None:
    if not more:
        return
    key = min(more)
    if till.other.exists(key):
        raise till.lab.wrong(f"left the key {show(key)}; the hash booked is the only one that you may add.")
    raise till.lab.wrong(
        f"used the key {show(key)} for a while; the hash booked is the only one that you may add. (And if it is a "
        "lock: a process that is killed never unlocks.)"
    )


def _why_not_true(steps: _Steps, returned: Any) -> str:
    if isinstance(returned, list):
        return (
            " A list is the answer of EXEC. With r.transaction, it is what comes back, unless value_from_callable=True "
            "asks for what your function returned."
        )
    early = _too_early(steps)
    return f" {early}" if early else ""


def _book_again(lab: Lab) -> None:
    till = _Till(lab, ("1001", "anna", "999"), ("1002", "anna", "29"), ("1003", "ben", "0"))
    till.book(0)
    if till.spent().get("anna") == SPENT["anna"]:
        raise lab.wrong(
            "added nothing, on another Redis where nobody has booked order 1001. What did an earlier call leave in "
            "your process? No other worker sees that, and the process's next life does not, either."
        )
    till.book(1)
    again = till.book(0)
    hint = (
        "The entry was handed out twice, and the price was added twice. A transaction makes its commands one step, "
        "and adds as often as it is called: has this order been booked before?"
    )
    till.sums(hint, anna=1028)
    if again is not False:
        raise lab.wrong(f"returned {show(again)} for an order that was booked already; it should return False.")
    till.book(2)
    if (again := till.book(2)) is not False:
        raise lab.wrong(
            f"returned {show(again)} for an order that was booked already; it should return False. This one's price is "
            "0: is the mark there, or what is it worth?"
        )


def _book_an_order_sent_twice(lab: Lab) -> None:
    orders = (("1001", "anna", "999"), ("1001", "anna", "999"), ("1001", "anna", "899"))
    till = _Till(lab, *orders, hands=("me", "zoe", "me"))
    till.book(0)
    if not till.is_pending("2-0"):
        raise lab.wrong(
            "acknowledged the entry 2-0, too, which belongs to the same order. zoe holds that one and is busy with it: "
            "each call finishes the entry that it was given."
        )
    again = till.book(1)
    hint = (
        "Order 1001 has two entries, because a shop process sent it twice: two ids, one order. What do all entries of "
        "an order have in common?"
    )
    till.sums(hint, anna=999)
    till.same_stream()
    till.acknowledged(1)
    if again is not False:
        raise lab.wrong(f"returned {show(again)} for an order that was booked already; it should return False.")
    again = till.book(2)
    till.sums("Order 1001 came once more with another price. Once for each order_id, whatever else it says.", anna=999)
    if again is not False:
        raise lab.wrong(f"returned {show(again)} for an order that was booked already; it should return False.")


def _book_and_be_killed(lab: Lab, steps: int, resent: bool) -> bool:
    """The process is killed after so many steps; what is still pending comes again. False: it had fewer steps."""

    def kill(at: int, args: tuple) -> None:
        if at == steps:
            till.steps.dead = True
            raise _Killed

    till = _Till(lab, ("1001", "anna", "999"), ("1001", "anna", "999"), after=kill)
    entry = int(resent)
    if resent:
        till.book(0, till.another())
    try:
        till.book(entry)
    except _Killed:
        pass
    else:
        return False
    killed = f"was killed after its command {steps}"
    if till.is_pending(till.entries[entry][0]):
        stuck = (
            f"in its next life, when it {killed} in the one before. What did that leave behind that nobody takes away? "
            "A killed process never unlocks."
        )
        till.book(entry, till.another(), stuck)
        when = f"{killed}, and called again for the same entry, it"
    else:
        when = f"{killed}, the entry is not pending any more, and it"
    found = till.spent().get("anna", "0")
    if found == "1049":
        till.acknowledged(entry)
        return True
    if resent:
        raise lab.wrong(
            f"{when} left {found} as the sum of anna, where 1049 was expected: order 1001 was booked before, by its "
            "other entry. What is added and taken back later stays, when nobody lives to take it back."
        )
    if found == "50":
        why = (
            "The mark said booked, and the sum was not there yet: marked before the effect, an order is lost in "
            "between."
            if "called again" in when
            else "Acknowledged before the effect, it comes to nobody again."
        )
        raise lab.wrong(f"{when} has never added the price. {why} Mark and sum have to change in one step.")
    raise lab.wrong(
        f"{when} left {found} as the sum of anna, where 1049 was expected: the price was added in the first life, and "
        "nothing there said so. Mark and sum have to change in one step."
    )


class _OtherEntry:
    """After so many steps, another worker books the order's other entry from start to end."""

    orders: tuple[tuple[str, str, str], ...] = (("1001", "anna", "999"), ("1001", "anna", "999"))
    rival = 1  # the entry that the other worker has

    def __init__(self, lab: Lab) -> None:
        self.lab = lab

    def book(self, steps: int) -> bool:
        """False: the answer had fewer steps."""
        others: list[Any] = []

        def other_worker(at: int, args: tuple) -> None:
            if at == steps and not others:
                others.append(None)
                called = self.lab.did
                stuck = "while another worker was in the middle of it. What if that one is killed right there?"
                others[0] = till.book(self.rival, till.another(), stuck)
                self.lab.did = called

        till = _Till(self.lab, *self.orders, after=other_worker)
        returned = till.book(0)
        if others:
            self.look(till, returned, others[0])
        return bool(others)

    def look(self, till: _Till, returned: Any, rival: Any) -> None:
        till.sums(
            "Two workers had an entry of the same order each, and one booked it between two commands of the other. "
            "Whoever asks first and writes later has to make sure that nothing has changed since.",
            anna=999,
        )
        if left := [row["message_id"] for row in till.rows().values()]:
            raise self.lab.wrong(
                f"left the entry {left[0]} pending. Two workers had an entry of the same order each, and one booked it "
                "between two commands of the other. Then the other one's entry is done, too: look again, and "
                "acknowledge."
            )
        if sorted((bool(returned), bool(rival))) != [False, True]:
            raise self.lab.wrong(
                f"returned {show(returned)} and {show(rival)} to two workers with an entry of the same order each; one "
                "of them added the price."
            )


class _SameEntry(_OtherEntry):
    """The entry was handed out again while the first worker was still busy with it."""

    orders = (("1001", "anna", "999"),)
    rival = 0

    def look(self, till: _Till, returned: Any, rival: Any) -> None:
        till.sums(
            "The entry was handed out again while the first worker was still busy with it, so both had the same one. "
            "A mark that names the entry lets both of them in.",
            anna=999,
        )
        till.acknowledged(0)
        if sorted((bool(returned), bool(rival))) != [False, True]:
            raise self.lab.wrong(
                f"returned {show(returned)} and {show(rival)} to two workers with the same entry; one of them added "
                "the price."
            )


class _OtherOrder(_OtherEntry):
    """Another worker books another order of the same customer."""

    orders = (("1001", "anna", "999"), ("1002", "anna", "29"))

    def look(self, till: _Till, returned: Any, rival: Any) -> None:
        between = "Between two of its commands another worker booked order 1002, of the same customer"
        found = till.spent().get("anna")
        if found == "79":
            raise self.lab.wrong(
                f"has never added the price of 1001{', and acknowledged it' if not till.is_pending('1-0') else ''}. "
                f"{between}. A WatchError says that somebody wrote, not what: is your order booked now, or another "
                "one?"
            )
        till.sums(
            "Each of the two orders is added once.",
            f"{between}; its 29 are gone. The sum that was read is old "
            "by the time it is written: either nothing has changed since, or the server does the sum.",
            anna=1028,
        )
        till.acknowledged(0)
        if returned is not True or rival is not True:
            raise self.lab.wrong(
                f"returned {show(returned)}, and {show(rival)} to another worker with another order; both added one."
            )


def _book_among_many(lab: Lab) -> None:
    """After each command somebody books another order, until all of those are booked."""
    waiting = list(range(MANY, 0, -1))

    def other_workers(at: int, args: tuple) -> None:
        if waiting:
            called, n = lab.did, waiting.pop()
            till.book(n, till.another())
            lab.did = called

    orders = [(str(1001 + n), "anna" if n == 0 else "ben", "1") for n in range(MANY + 1)]
    till = _Till(lab, *orders, after=other_workers)
    returned = till.book(0)
    if till.spent().get("anna") == SPENT["anna"] or returned is not True:
        raise lab.wrong(
            f"returned {show(returned)}, and {'has not' if till.spent().get('anna') == SPENT['anna'] else 'has'} added "
            f"the price. Other workers wrote in between, again and again, {MANY} orders in all. False says that this "
            "order is booked; whoever gives up has to say something else, or does not give up."
        )
    till.acknowledged(0)


# --- 5.3 -----------------------------------------------------------------------------------------------------------


class _Shift(_Work):
    """The work of one life: watches the pending list, and may end the process or bring another order."""

    def __init__(
        self, shop: _Shop, fails: tuple[str, ...] = (), killed_at: str = "", stops_at: int = 99, late: str = ""
    ) -> None:
        super().__init__(shop, fails)
        self.killed_at, self.stops_at, self.late = killed_at, stops_at, late
        self.kept = shop.mine()
        self.asked, self.reads, self.cursor = 0, -1, shop.cursor()  # reads: how many there were when it said stop

    def stop(self) -> Callable[[], bool]:
        def stopping() -> bool:
            self.asked += 1
            self.cursor = max(self.cursor, self.shop.cursor())
            stop = len(self.orders) >= self.stops_at
            if stop and self.reads < 0:
                self.reads = self.shop.steps.commands["XREADGROUP"]
            return stop

        return _Named(stopping, "stopping")

    def __call__(self, order: Any) -> None:
        if not (number := self.number(order)):
            return
        shop, held = self.shop, self.shop.held()
        if shop.steps.dead:
            self.complain(
                f"was killed during order {self.killed_at}, and went on with {number}. You catch more than Exception: "
                "an except without a name, or BaseException, takes the end of the process (KeyboardInterrupt, "
                "SystemExit) for a failure of the work."
            )
        if not self.asked and not self.stops_at:
            self.complain(
                f"worked on order {number} without having asked stopping(), which was True from the start. After the "
                "work it is too late for the first one: ask before each order."
            )
        if len(self.orders) >= self.stops_at:
            self.complain(
                f"worked on order {number} after stopping() had become True. Ask before each order, not for each read."
            )
        if number in self.kept:
            self.complain(f"worked on order {number}, which me held before; only new orders are this loop's.")
        if held.get(number) != "me":
            self._not_mine(number, held)
        elif number in self.orders:
            self.complain(
                f"called work for order {number} again after it failed: that order stays pending, and the worker's "
                "next life tries it again. Here the next order has its turn."
            )
        unfinished = [done for done in self.orders if done in held and done not in self.fails]
        if unfinished:
            self.complain(
                f"worked on {number} while {unfinished[0]}, which was done, was still pending. Killed now, all that "
                "was done since the last XACK is done again: acknowledge each order right after its work."
            )
        waiting = [mine for mine in shop.mine() if mine not in self.kept and mine not in self.orders]
        if len(waiting) > 10:
            self.complain(f"took {len(waiting)} orders at once; 10 at a time, the rest is for the colleagues.")
        self.orders.append(number)
        if len(self.orders) > 60:
            raise _TooOften
        if self.late and number == self.late:
            shop.add("1099")
        if number == self.killed_at:
            shop.steps.dead = True
            raise _Killed
        self.finish(number)

    def _not_mine(self, number: str, held: dict[str, str]) -> None:
        if number in held:
            self.complain(f"worked on order {number}, which {held[number]} holds.")
        elif number in self.fails and number in self.orders:
            self.complain(
                f"worked on order {number} again: it failed, its entry is not pending any more, and the stream has a "
                "new entry with it, which every group gets. What failed stays where it is: pending, with its id."
            )
        elif number in self.orders:
            self.complain(f"worked on order {number} again, which was done and acknowledged.")
        else:
            self.complain(
                f"worked on order {number} when it was not pending any more: acknowledged before its work, or read "
                "with NOACK. Killed in the middle of it, it is lost, for no list has it."
            )


class _Named:
    """A function that prints as its name."""

    def __init__(self, function: Callable[..., Any], name: str) -> None:
        self._function, self._name = function, name

    def __call__(self) -> Any:
        return self._function()

    def __repr__(self) -> str:
        return self._name


def run(lab: Lab) -> None:
    _run(lab, orders=6)
    _run(lab, orders=25)
    _run(lab, orders=12, late="1012")
    _run(lab, orders=0)
    _run(lab, orders=5, fails=("1003", "1004"))
    _run(lab, orders=25, fails=tuple(str(1000 + n) for n in range(1, 12)))
    _run(lab, orders=25, stops_at=3)
    _run(lab, orders=5, stops_at=0)
    _run(lab, orders=5, deleted=("1002", "1005"))
    for at in ("1001", "1005", "1013"):
        _run_and_be_killed(lab, at)
    _run_what_was_sent_twice(lab)
    _run_and_fail_to_ask(lab)
    _run_unheard(lab)


def _no_block(sent: list[tuple]) -> None:
    for args in sent:
        if _name(args) == "XREADGROUP" and "BLOCK" in [_text(arg).upper() for arg in args]:
            raise _Waits


def _day(lab: Lab, orders: int, deleted: tuple[str, ...] = ()) -> _Shop:
    """The colleague holds one order and me one, from before; then `orders` wait, from 1001 on."""
    shop = _Shop(lab, 0, start=7, before=_no_block)
    shop.add("901", "902")
    shop.hand_out("colleague", 1, 10 * MINUTE)
    shop.hand_out("me", 1, 10 * MINUTE)
    shop.add(*[str(1000 + n) for n in range(1, orders + 1)])
    if deleted:
        shop.other.xdel(KEY, *[shop.ids[order] for order in deleted])
    shop.before()
    return shop


def _called(shop: _Shop, work: _Shift) -> Any:
    lab = shop.lab
    try:
        return lab.call(shop.r, KEY, GROUP, "me", work, work.stop())
    except _Waits:
        raise lab.wrong(
            "read with BLOCK: then the answer to 'nothing new' takes that long, and this loop does not wait. Without "
            "BLOCK it comes at once."
        ) from None
    except _TooOften:
        if work.complaint:
            raise lab.wrong(work.complaint) from None
        if _asked_about(shop):
            raise lab.wrong(
                f"was still asking after {shop.steps.count} commands, and nothing waits. {_about(shop)}"
            ) from None
        again = " An order that failed stays pending, and is for the next life." if work.fails else ""
        raise lab.wrong(f"was still reading after {shop.steps.count} commands, and nothing waits.{again}") from None
    except Raised as raised:
        if work.complaint:
            raise lab.wrong(work.complaint) from None
        if isinstance(raised.error, ValueError) and work.orders and work.orders[-1] in work.fails:
            raise lab.wrong(
                f"raised ValueError: the work on {work.orders[-1]} failed. That order stays pending; the loop goes on."
            ) from None
        if isinstance(raised.error, IndexError):
            raise lab.wrong(f"raised IndexError: {raised.error}. With nothing new, > is answered with [].") from None
        raise


def _asked_about(shop: _Shop) -> bool:
    return any(name.startswith("XINFO") for name in shop.steps.commands)


def _about(shop: _Shop) -> str:
    return (
        "XINFO speaks of every group (is what you ask about this one's?), has no lag (None) once entries were deleted, "
        "and the stream's last id is that of an entry that may be deleted. What says for certain that nothing new "
        "waits for you?"
    )


def _run(
    lab: Lab,
    orders: int,
    fails: tuple[str, ...] = (),
    stops_at: int = 99,
    late: str = "",
    deleted: tuple[str, ...] = (),
) -> None:
    shop = _day(lab, orders, deleted)
    work = _Shift(shop, fails, stops_at=stops_at, late=late)
    returned = _called(shop, work)
    if work.complaint:
        raise lab.wrong(work.complaint)
    if not late:
        shop.same_stream()
    shop.others_keep()
    _stopped(shop, work)
    all_orders = [str(1000 + n) for n in range(1, orders + 1)] + (["1099"] if late else [])
    all_orders = [order for order in all_orders if order not in deleted]
    _worked(shop, work, all_orders[:stops_at], late)
    _left(shop, work, all_orders)
    _orders(lab, returned, [order for order in work.orders if order not in fails], "what is done, in that order")


def _stopped(shop: _Shop, work: _Shift) -> None:
    """How it left the list and the cursor."""
    if work.reads >= 0 and shop.steps.commands["XREADGROUP"] > work.reads:
        held = [order for order in shop.mine() if order not in work.kept and order not in work.orders]
        raise shop.lab.wrong(
            f"read on after stopping() had become True, and holds {len(held)} orders now that nobody works on; the "
            "colleagues could have had them. At the stop the whole function returns: which loop did yours leave?"
        )
    if shop.cursor() < work.cursor:
        raise shop.lab.wrong(SET_BACK)
    for order, consumer in shop.held().items():
        if consumer not in ("me", "colleague"):
            raise shop.lab.wrong(
                f"gave order {order} to the consumer {consumer}: nobody reads under that name, and the next life of me "
                "does not find it on its list. What was not begun stays as it is."
            )


def _worked(shop: _Shop, work: _Shift, wanted: list[str], late: str) -> None:
    lab = shop.lab
    if work.orders == wanted:
        return
    if _asked_about(shop) and work.orders == wanted[: len(work.orders)]:
        raise lab.wrong(f"worked on {_listed(work.orders)}; {_listed(wanted)} was expected. {_about(shop)}")
    if late and work.orders == wanted[:-1]:
        raise lab.wrong(
            "returned, and order 1099 waits, which came while the last one was worked on. A page that is not full is "
            "no end; an empty answer is."
        )
    if len(work.orders) > 1 and all(order in work.fails for order in work.orders):
        raise lab.wrong(
            f"stopped after {work.orders[-1]}, when the work on {len(work.orders)} orders in a row had failed; more "
            "wait. That a page brought nothing done is not that nothing waits."
        )
    if work.orders and work.orders[-1] in work.fails:
        raise lab.wrong(f"stopped after {work.orders[-1]}, whose work failed; the loop goes on with the next.")
    if work.orders == wanted[: len(work.orders)]:
        raise lab.wrong(
            f"worked on {_listed(work.orders)}; {_listed(wanted)} was expected. It goes on until nothing new waits."
        )
    raise lab.wrong(f"worked on {_listed(work.orders)}; {_listed(wanted)} was expected, in the order of the stream.")


def _left(shop: _Shop, work: _Shift, all_orders: list[str]) -> None:
    """What is pending afterwards: what failed, what was read and not begun, and what me held before."""
    lab, held = shop.lab, shop.held()
    for order in work.kept:
        if held.get(order) != "me":
            raise lab.wrong(f"acknowledged order {order}, which me held before, and nobody has worked on it here.")
    for order in work.fails:
        if order not in held:
            raise lab.wrong(
                f"acknowledged order {order}, whose work failed. Done is done: without a success, no XACK, in no "
                "finally either."
            )
    for order in work.orders:
        if order in held and order not in work.fails:
            raise lab.wrong(f"left order {order} pending, whose work was done: its next life does it again.")
    cursor = next(row for row in shop.other.xinfo_groups(KEY) if row["name"] == GROUP)["last-delivered-id"]
    taken = [order for order in all_orders if int(shop.ids[order].split("-")[0]) <= int(cursor.split("-")[0])]
    for order in taken:
        if order not in work.orders and order not in held:
            raise lab.wrong(
                f"stopped before order {order}, and it is not pending: it was handed out, nobody has worked on it, and "
                "no list has it. What was not begun stays pending."
            )


def _run_and_be_killed(lab: Lab, at: str) -> None:
    """Killed when the work on order `at` is done: that one may come again, no other, and none is lost."""
    shop = _day(lab, 14)
    work = _Shift(shop, killed_at=at)
    try:
        _called(shop, work)
    except _Killed:
        pass
    else:
        raise lab.wrong(work.complaint or f"went on after the process was killed during order {at}.")
    if work.complaint:
        raise lab.wrong(work.complaint)
    held = shop.held()
    if again := [order for order in work.orders if order in held and order != at]:
        raise lab.wrong(
            f"was killed during order {at}, and {_listed(again)}, which was done before, is still pending and comes "
            "again: acknowledge each order right after its work."
        )
    if at not in held:
        raise lab.wrong(f"was killed during order {at}, and that order is not pending: it is lost.")


def _never() -> _Named:
    return _Named(lambda: False, "stopping")


def _run_what_was_sent_twice(lab: Lab) -> None:
    shop, work = _sent_twice(lab), _Heard()
    lab.call(shop.r, KEY, GROUP, "me", work, _never())
    _each_entry(lab, work)


def _run_and_fail_to_ask(lab: Lab) -> None:
    """stopping() itself raises, once, before 1002."""
    shop, work, asked = _day(lab, 4), _Heard(), []

    def stopping() -> bool:
        if "1001" in work.orders and not asked:
            asked.append(True)
            raise RuntimeError("nobody answers")
        return False

    try:
        lab.call(shop.r, KEY, GROUP, "me", work, _Named(stopping, "stopping"))
    except Raised:
        return
    if "1003" in work.orders and "1002" not in work.orders:
        raise lab.wrong(
            "worked on 1001 and 1003, and not on 1002: stopping() raised RuntimeError before it, and that passed for "
            "a failure of the work. What belongs into the try, and what does not?"
        )


def _run_unheard(lab: Lab) -> None:
    """The first XACK gets no answer in time."""
    lose = _first_xack_unheard()
    shop, work = _Shop(lab, 3, before=lose), _Heard()
    try:
        lab.call(shop.r, KEY, GROUP, "me", work, _never())
    except Raised:
        return
    if shop.holder("1001") == "me" and len(work.orders) > 1:
        raise lab.wrong(
            f"went on with {work.orders[1]} when the XACK of 1001 had raised TimeoutError, as if its work had failed: "
            "1001 is done and still pending. Killed now, more than one comes again. What belongs into the try, and "
            "what does not?"
        )


# --- 5.4 -----------------------------------------------------------------------------------------------------------


def holders(lab: Lab) -> None:
    for idles in (
        {"ada": [2, 9, 20, 4], "bob": [3]},
        {"ada": [4, 12, 2], "bob": [8, 11, 3], "cyd": [1]},
        {},
        {"ada": [2, 3], "bob": [9, 1]},
    ):
        _holders(lab, idles)
    _holders_by_the_hundred(lab)


def _holders(lab: Lab, idles: dict[str, list[int]]) -> None:
    """Minutes of idleness of what each holds; all of them read in turn."""
    shop = _Shop(lab, sum(map(len, idles.values())) + 3, start=7)
    turn = max(map(len, idles.values()), default=0)
    for at in range(turn):
        for consumer, minutes in idles.items():
            if at < len(minutes):
                shop.hand_out(consumer, 1, minutes[at] * MINUTE)
    if turn == 4:  # the last one of ada was delivered most often
        row = list(shop.rows().values())[-1]
        shop.touch(row["consumer"], [row["message_id"]], row["time_since_delivered"], times=5)
    if idles:
        shop.other.xdel(KEY, next(iter(shop.ids.values())))  # what is deleted is still pending
    _reported(shop, set())


def _holders_by_the_hundred(lab: Lab) -> None:
    """250 entries, many in one millisecond; ada holds 150, and the longest wait is on her second page."""
    shop = _Shop(lab, 0)
    ids = [f"7-{n}" if n < 150 else f"8-{n - 150}" for n in range(1, 251)]
    with shop.other.pipeline(transaction=False) as pipe:
        for n, entry_id in enumerate(ids, start=1):
            pipe.xadd(KEY, {"order_id": str(1000 + n)}, id=entry_id)
        pipe.execute()
    for n in range(0, 250, 10):
        shop.hand_out(("ada", "bob", "ada", "cyd", "ada")[n // 10 % 5], 10)
    with shop.other.pipeline(transaction=False) as pipe:
        for row in shop.rows().values():
            idle = ((ids.index(row["message_id"]) * 37 + 98) % 251) * 5_000 + 1_000
            pipe.xclaim(KEY, GROUP, row["consumer"], 0, [row["message_id"]], idle=idle, justid=True)
        pipe.execute()
    asked: set[int] = set()
    execute = shop.r.execute_command

    def told(*args: Any, **options: Any) -> Any:
        if args[0] == "XPENDING" and len(args) > 5:
            asked.add(int(args[7 if str(args[3]).upper() == "IDLE" else 5]))
        return execute(*args, **options)

    shop.r.execute_command = told
    _reported(shop, asked)


def _report(rows: list[dict]) -> dict[str, dict]:
    found: dict[str, dict] = {}
    for row in sorted(rows, key=lambda row: -row["time_since_delivered"]):
        told = found.setdefault(row["consumer"], {"holds": 0, "late": 0, "oldest": row["message_id"]})
        told["holds"] += 1
        told["late"] += row["time_since_delivered"] >= 5 * MINUTE + 30_000
    return found


def _report_of(own: list[dict]) -> dict:
    """What is to be told of one consumer with these rows."""
    return next(iter(_report(own).values()))


def _reported(shop: _Shop, asked: set[int]) -> None:
    lab = shop.lab
    late = 5 * MINUTE + 30_000
    shop.before()
    rows = shop.other.xpending_range(KEY, GROUP, "-", "+", 1000)
    wanted = _report(rows)
    try:
        returned = lab.call(shop.r, KEY, GROUP, late)
    except _TooOften:
        raise lab.wrong(
            "was still asking after 1000 commands. A range that begins at the last id of the page before brings that "
            "entry again, so no page is empty. What leaves it out?"
        ) from None
    except Raised as raised:
        if rows or not isinstance(raised.error, (IndexError, KeyError, TypeError, ValueError)):
            raise
        raise lab.wrong(
            f"raised {type(raised.error).__name__}: {show(str(raised.error), 60)}. Nothing is pending here: the page "
            "is empty, and has no first and no last row."
        ) from None
    shop.only_looked()
    if asked and max(asked) > 100:
        raise lab.wrong(f"asked for {max(asked)} rows at once; at most 100, since thousands may be pending.")
    lab.expect(returned, dict, "a dictionary from names to dictionaries")
    if returned != wanted:
        raise lab.wrong(_what_differs(returned, wanted, rows, {entry_id for entry_id, _ in shop.other.xrange(KEY)}))


def _what_differs(returned: dict, wanted: dict[str, dict], rows: list[dict], there: set[str]) -> str:
    if more := [str(name) for name in returned if name not in wanted]:
        return f"returned an item for {show(more[0])}, who holds nothing."
    if missing := [name for name in wanted if name not in returned]:
        return f"returned no item for {missing[0]}, who holds {wanted[missing[0]]['holds']}."
    for name, right in wanted.items():
        told = returned[name]
        if told == right:
            continue
        what = f"returned {show(told)} for {name}; {show(right)} was expected."
        if not isinstance(told, dict) or set(told) != set(right):
            return what
        own = [row for row in rows if row["consumer"] == name]
        if told["holds"] != right["holds"]:
            return f"{what} {_why_it_holds(told['holds'], own, rows, there, returned)}"
        return f"{what} {_why_it_differs(told, right, own)}"
    return f"returned {show(returned)}; {show(wanted)} was expected."


def _why_it_holds(holds: Any, own: list[dict], rows: list[dict], there: set[str], returned: dict) -> str:
    if isinstance(holds, int) and holds > len(own):
        return "Something was counted twice: does the next page begin after the last id, or at it?"
    if holds == sum(row["message_id"] in there for row in own) < len(own):
        return "An order that was deleted from the stream is still pending, until it is acknowledged."
    if len(rows) <= 100:
        return f"{len(own)} are pending with this one."
    seen = [told.get("holds") for told in returned.values() if isinstance(told, dict)]
    if all(isinstance(count, int) for count in seen) and sum(seen) > 100:
        return (
            f"{len(rows)} are pending in all, many of them of one millisecond: {rows[99]['message_id']} is followed by "
            f"{rows[100]['message_id']}. What comes right after the last id of a page?"
        )
    return f"{len(rows)} are pending in all, on more than one page of 100."


def _why_it_differs(told: dict, right: dict, own: list[dict]) -> str:
    oldest = {row["message_id"]: row for row in own}.get(told["oldest"])
    page = _report_of(own[:100])
    if len(own) > 100 and (told["late"] in (page["late"], 100) and told["late"] != right["late"]):
        return f"{len(own)} are pending with this one: more than a page of 100, and late ones come after it, too."
    if len(own) > 100 and told["oldest"] == page["oldest"] != right["oldest"]:
        return f"{len(own)} are pending with this one: the one that has waited longest comes after the first 100."
    if told["late"] != right["late"]:
        return "Late is what was last delivered late_ms milliseconds ago or earlier: its idle time."
    if oldest == own[0]:
        return (
            "The lowest id came into the stream first. The one that waits longest for its holder is the one with the "
            "longest idle time: an entry may have been handed out again."
        )
    if oldest and oldest["times_delivered"] > max(row["times_delivered"] for row in own if row is not oldest):
        return "That one was delivered most often. How often says nothing of how long it has waited since."
    if oldest and oldest == max(own, key=lambda row: str(row["time_since_delivered"])):
        return (
            f"Its idle time is {oldest['time_since_delivered'] // 1000} s. As text, a number that begins with 9 is "
            "above all that begin with 1 or 2."
        )
    return "The oldest is the id of the entry with the longest idle time."


# --- 5.5 -----------------------------------------------------------------------------------------------------------


SILENT = 2 * MINUTE


def sweep(lab: Lab) -> None:
    _sweep_one(lab)
    _sweep(lab, _own_list(lab), 2, ["1003", "1005"], "most")
    shop = _own_list(lab)
    _sweep(lab, shop, 2, ["1003", "1005"], "most")
    _sweep(lab, shop, 2, ["1007"], "second")
    _sweep(lab, shop, 2, [], "second")
    shop = _Shop(lab, 3)
    shop.hand_out("colleague", 2, 10 * MINUTE)
    _sweep(lab, shop, 5, [], "")
    _disturbed_sweep(lab)
    _long_sweep(lab)


def _sweep_one(lab: Lab) -> None:
    """At no moment anybody else holds what is swept."""
    away: list[str] = []

    def look(at: int, args: tuple) -> None:
        away.extend(f"{order} to {who}" for order, who in shop.held().items() if who not in ("me", "colleague"))

    shop = _own_list(lab, after=look)
    _sweep(lab, shop, 10, ["1003", "1005", "1007"], "", away)


def _own_list(
    lab: Lab,
    after: Callable[[int, tuple], None] | None = None,
    before: Callable[[list[tuple]], None] | None = None,
) -> _Shop:
    """me: 1001 and 1002 young, 1003, 1005 and 1007 old; the colleague: 1004 old, 1006 young; two wait."""
    shop = _Shop(lab, 9, start=7, after=after, before=before)
    for consumer, count, idle in (
        ("me", 2, 5_000),
        ("me", 1, 10 * MINUTE),
        ("colleague", 1, 20 * MINUTE),
        ("me", 1, 3 * MINUTE),
        ("colleague", 1, 5_000),
        ("me", 1, 7 * MINUTE),
    ):
        shop.hand_out(consumer, count, idle)
    for order, idle, times in (("1003", 10, 2), ("1005", 3, 4), ("1007", 7, 7)):
        shop.touch("me", [shop.ids[order]], idle * MINUTE, times)
    return shop


def _swept(lab: Lab, shop: _Shop, most: int) -> Any:
    try:
        return lab.call(shop.r, KEY, GROUP, "me", SILENT, most)
    except _TooOften:
        raise lab.wrong("was still asking after 1000 commands; one look and one claim will do.") from None
    except Raised as raised:
        _no_lua(lab, raised.error, "two commands do it")
        if isinstance(raised.error, (redis.DataError, redis.ResponseError)) and not _old(shop):
            raise lab.wrong(
                f"raised {type(raised.error).__name__}: {show(str(raised.error), 90)}. Nothing is old here, and XCLAIM "
                "needs at least one id."
            ) from None
        raise


def _old(shop: _Shop) -> list[str]:
    """Orders of me that are older than the limit."""
    return [order for order, row in shop.rows().items() if _is_old(row)]


def _is_old(row: dict) -> bool:
    return row["consumer"] == "me" and row["time_since_delivered"] >= SILENT


def _limits(shop: _Shop) -> list[int]:
    """The idle times that the answer gave to XPENDING and XCLAIM."""
    found = []
    for args in shop.steps.sent:
        texts = [_text(arg) for arg in args]
        is_limit = (texts[0] == "XPENDING" and texts[3:4] == ["IDLE"]) or texts[0] == "XCLAIM"
        if is_limit and len(texts) > 4 and texts[4].isdecimal():
            found.append(int(texts[4]))
    return found


def _sweep(
    lab: Lab, shop: _Shop, most: int, wanted: list[str], case: str, away: list[str] | tuple[str, ...] = ()
) -> None:
    shop.before()
    was = shop.rows()
    returned = _swept(lab, shop, most)
    shop.same_stream()
    shop.same_cursor("handed out new orders; a sweep is for what me was given already.")
    shop.others_keep()
    now = shop.rows()
    if gone := [order for order in was if order not in now]:
        raise lab.wrong(f"acknowledged {gone[0]}; whoever gets it from the sweep still has to work on it.")
    if away:
        raise lab.wrong(
            f"gave {away[0]} for a moment. Killed right then, it is on the list of a consumer that nobody is: an entry "
            "may be claimed by the one who holds it."
        )
    shop.same_consumers("a sweep needs no name of its own.")
    _young_are_left_alone(shop, was, now)
    _pairs(lab, shop, returned, wanted, case, most)
    for order in wanted:
        if now[order]["time_since_delivered"] >= SILENT:
            raise lab.wrong(
                f"returned {order}, and its idle time goes on: the next sweep, a second later, by another thread, "
                "returns it too. To look is not to take."
            )
    late, left = [order for order in _old(shop) if order not in wanted], [o for o, row in was.items() if _is_old(row)]
    if len(late) + len(wanted) != len(left):
        raise lab.wrong(
            f"returned {show(returned)}, and made more entries young than it returned: nobody works on these, and no "
            "sweep finds them for a while. Take only what you return."
        )
    _counts(lab, was, now, wanted)


def _counts(lab: Lab, was: dict[str, dict], now: dict[str, dict], wanted: list[str]) -> None:
    for order, row in was.items():
        before, after = row["times_delivered"], now[order]["times_delivered"]
        if after - before not in ((0, 1) if order in wanted else (0,)):
            raise lab.wrong(
                f"left {order} with a delivery count of {after}, and it was {before}. A sweep is one delivery, or none "
                "(each entry has a count of its own): by this count an order is found that fails again and again."
            )
        if row["consumer"] != "me" and now[order]["time_since_delivered"] < row["time_since_delivered"]:
            raise lab.wrong(
                f"made {order} young, which {row['consumer']} holds: whoever looks after that one is told "
                "that it is being worked on."
            )


def _young_are_left_alone(shop: _Shop, was: dict[str, dict], now: dict[str, dict]) -> None:
    for order, row in was.items():
        if row["consumer"] != "me" or _is_old(row):
            continue
        counted = now[order]["times_delivered"] - row["times_delivered"]
        if not counted and now[order]["time_since_delivered"] >= row["time_since_delivered"]:
            continue
        young = (
            f"{order} once more, which is {row['time_since_delivered'] // 1000} s old: another thread is busy with it."
        )
        if shop.steps.commands["XREADGROUP"]:
            raise shop.lab.wrong(
                f"handed out {young} With an id, XREADGROUP gives all that a consumer holds, in work or not. What "
                "lists entries by their idle time, and touches none?"
            )
        unit = " And what is the unit of an idle time?" if 0 < max(_limits(shop), default=0) <= SILENT // 100 else ""
        raise shop.lab.wrong(
            f"claimed {young} XCLAIM takes each id that it is given and that is older than its limit; give it those "
            f"that are old, and the limit.{unit}"
        )


def _pairs(lab: Lab, shop: _Shop, returned: Any, wanted: list[str], case: str, most: int) -> None:
    lab.expect(returned, list, "a list of pairs of id and fields")
    entries = dict(shop.other.xrange(KEY))
    right = [(shop.ids[order], entries[shop.ids[order]]) for order in wanted]
    if [tuple(item) if isinstance(item, (list, tuple)) else item for item in returned] == right:
        return
    what = f"returned {show(returned)}; the orders {_listed(wanted)} were expected, as pairs of id and fields."
    ids = [item[0] if isinstance(item, (list, tuple)) and len(item) == 2 else item for item in returned]
    if max(_limits(shop), default=0) >= 100 * SILENT:
        raise lab.wrong(
            f"{what} It asked for an idle time of {max(_limits(shop))}; silent_ms is {SILENT}. What is the unit "
            "of IDLE?"
        )
    if case == "long" and ids == [entry_id for entry_id, _ in right[: len(ids)]]:
        raise lab.wrong(
            f"returned {len(ids)} entries; {most} were asked for, and more are old enough. What bounded your look?"
        )
    if len(returned) > most:
        raise lab.wrong(f"{what} At most {most}: the rest is for the next sweep.")
    if len(ids) < len(wanted) and case == "most":
        raise lab.wrong(
            f"{what} In the list of what is pending, rows that do not count took the places of those that do: the "
            "limit has to count only what is old enough, and yours."
        )
    if ids == [entry_id for entry_id, _ in right]:
        raise lab.wrong(f"{what} These are the right ids, but not pairs.")
    if case == "second" and ids:
        raise lab.wrong(f"{what} A sweep a moment ago returned the others already.")
    raise lab.wrong(f"{what} Lowest ids first, only what me holds and what is old enough.")


def _long_sweep(lab: Lab) -> None:
    """130 old entries, and more asked for than one may think."""
    shop = _Shop(lab, 0)
    with shop.other.pipeline(transaction=False) as pipe:
        for n in range(1, 131):
            shop.ids[str(1000 + n)] = f"{n}-0"
            pipe.xadd(KEY, {"order_id": str(1000 + n)}, id=f"{n}-0")
        pipe.execute()
    shop.hand_out("me", 130, 10 * MINUTE)
    _sweep(lab, shop, 120, [str(1000 + n) for n in range(1, 121)], "long")


def _disturbed_sweep(lab: Lab) -> None:
    """Just before it is claimed, one thread finishes 1003, and another one swept 1005 while this one slept."""
    busy = SILENT * 6 // 10  # ms since that sweep: younger than the limit, older than half of it
    disturbed: set[str] = set()

    def other_threads(sent: list[tuple]) -> None:
        for args in sent:
            claimed = {_text(arg) for arg in args[5:]} if _name(args) == "XCLAIM" else set()
            for order in {"1003", "1005"} - disturbed:
                if shop.ids[order] not in claimed:
                    continue
                disturbed.add(order)
                if order == "1003":
                    shop.other.xack(KEY, GROUP, shop.ids["1003"])
                else:
                    shop.touch("me", [shop.ids["1005"]], busy)

    shop = _own_list(lab, before=other_threads)
    shop.before()
    returned = _swept(lab, shop, 10)
    if not disturbed:
        return
    ids = [item[0] if isinstance(item, (list, tuple)) and item else item for item in returned or []]
    names = {entry_id: order for order, entry_id in shop.ids.items()}
    got = [names.get(entry_id, str(entry_id)) for entry_id in ids]
    rows = shop.rows()
    if "1003" in rows:
        raise lab.wrong(
            "made order 1003 pending again, which another thread finished between your two commands: FORCE puts on "
            "the list what is not on it."
        )
    if "1003" in got:
        raise lab.wrong(
            f"returned {_listed(got)}; between your two commands another thread finished 1003. The answer of the "
            "command that takes says what was taken."
        )
    if "1005" in got or rows["1005"]["time_since_delivered"] < busy:
        raise lab.wrong(
            f"took 1005, too: between your last look and your claim another thread swept it, and has worked on it for "
            f"{busy // 1000} s. A look is old at once, however often it is repeated: the command that takes has to be "
            "told the limit, too, the whole of it."
        )
    if got != ["1007"]:
        raise lab.wrong(f"returned {_listed(got)}, where 1007 was expected: 1003 and 1005 were others' meanwhile.")


CHECKS = {
    "5.1": drain,
    "5.2": book,
    "5.3": run,
    "5.4": holders,
    "5.5": sweep,
}
