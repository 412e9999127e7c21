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
        self.dropped: Counter = Counter()  # those that a pipeline collected, and never sent
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
        return pipe

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
    if (match := re.search("unknown command '(EVAL|EVALSHA|EVAL_RO|EVALSHA_RO|SCRIPT[ A-Z]*|FCALL|FUNCTION[ A-Z]*)'", str(error))):
        raise lab.wrong(
            f"sent {match[1]}. A script would do on a server, but the simulator has no Lua: {instead}, too."
        ) from None


SET_BACK = (
    "set the group's cursor back: everything after it is handed out once more, finished or not, and what the colleagues "
    "work on, too."
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
    def __call__(self, order: Any) -> None:
        if not (number := self.number(order)):
            return
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


def drain(lab: Lab) -> None:
    _drain(lab, fails=(), deleted=())
    _drain(lab, fails=("1003",), deleted=())
    _drain(lab, fails=("1002", "1006"), deleted=(), error=KeyError)
    _drain(lab, fails=("1003",), deleted=("1004",))
    _drain(lab, fails=(), deleted=("1002", "1003", "1004", "1006"))
    _nothing_to_drain(lab)
    _long_list(lab)


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
    """More than a page, and more than a page of failures."""
    shop = _Shop(lab, 0)
    with shop.other.pipeline(transaction=False) as pipe:
        for n in range(1, 231):
            shop.ids[str(1000 + n)] = f"{n}-0"
            pipe.xadd(KEY, {"order_id": str(1000 + n)}, id=f"{n}-0")
        pipe.execute()
    shop.hand_out("me", 230)
    fails = tuple(str(1000 + n) for n in range(1, 121))
    work = _Drained(shop, fails)
    _drained(shop, work, fails, (), most=100)


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
        raise lab.wrong(_stuck(shop, work)) from None
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
        why = (
            f"The work on {last} failed, and what comes after it has nothing to do with that."
            if [order for order in work.orders if order in work.fails] == [last]
            else "One page is not the list: read on, after the last id, until a page is empty."
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


class _Till(_Shop):
    """Entries of orders by customers; sums in the hash spent."""

    def __init__(self, lab: Lab, *orders: tuple[str, str, str], after: Callable[[int, tuple], None] | None = None):
        super().__init__(lab, 0, after=after)
        self.other.hset("spent", mapping=SPENT)
        self.entries: list[tuple[str, dict]] = []
        for n, (order_id, customer, price) in enumerate(orders, start=1):
            order = {"order_id": order_id, "customer": customer, "price": price}
            self.other.xadd(KEY, order, id=f"{n}-0")
            self.entries.append((f"{n}-0", order))
            self.ids[f"{order_id} in entry {n}-0"] = f"{n}-0"
        self.other.xreadgroup(GROUP, "me", {KEY: ">"})
        self.other.xreadgroup("billing", "me", {KEY: ">"})
        self.before()

    def book(self, n: int, r: redis.Redis | None = None) -> Any:
        entry_id, order = self.entries[n]
        try:
            return self.lab.call(r or self.r, KEY, GROUP, entry_id, dict(order))
        except Raised as raised:
            if "unknown command" in str(raised.error).lower():
                hint = "A script would do on a server, but the simulator has no Lua: a transaction does it, too."
                raise self.lab.wrong(f"raised {raised.error} {hint}") from None
            raise
        except _TooOften:
            raise self.lab.wrong(
                f"was still trying after {self.steps.count} commands, and nobody disturbed it."
            ) from None

    def spent(self) -> dict[str, str]:
        kind = self.other.type("spent")
        if kind != "hash":
            raise self.lab.wrong(f"left {kind if kind != 'none' else 'nothing'} under the key spent, which was a hash.")
        return self.other.hgetall("spent")

    def sums(self, hint: str, **added: int) -> None:
        """`hint` is what to say when there is too much."""
        wanted = {name: int(value) for name, value in SPENT.items()}
        for name, value in added.items():
            wanted[name] = wanted.get(name, 0) + value
        found = self.spent()
        if found == {name: str(value) for name, value in wanted.items()}:
            return
        for name, value in wanted.items():
            had = found.get(name, "0")
            if had != str(value):
                raise self.lab.wrong(f"left {had} as the sum of {name}, and {value} was expected. {hint}")
        raise self.lab.wrong(f"left {show(found)} in spent, and {show(wanted)} was expected.")

    def acknowledged(self, n: int) -> None:
        entry_id = self.entries[n][0]
        if entry_id in [row["message_id"] for row in self.rows().values()]:
            raise self.lab.wrong(
                f"left the entry {entry_id} pending. The order is booked, by this call or before it: nothing is left "
                "to do, and it would come again for ever."
            )


def book(lab: Lab) -> None:
    _book_plainly(lab)
    _book_again(lab)
    _book_an_order_sent_twice(lab)
    for steps in range(1, 7):
        _book_and_be_killed(lab, steps)
    for steps in range(1, 7):
        _book_at_the_same_moment(lab, steps)


def _book_plainly(lab: Lab) -> None:
    orders = (("1001", "anna", "999"), ("1002", "ben", "29"), ("1003", "anna", "29"), ("1004", "cyd", "999"))
    till = _Till(lab, *orders)
    sums: Counter = Counter()
    for n, (order_id, customer, price) in enumerate(orders):
        returned = till.book(n)
        sums[customer] += int(price)
        till.same_stream()
        till.sums(
            "The price is added to what the customer has spent already, for each order_id (a customer has several).",
            **sums,
        )
        till.acknowledged(n)
        left = [row["message_id"] for row in till.rows().values()]
        if left != [entry_id for entry_id, _ in till.entries[n + 1 :]]:
            raise lab.wrong(f"left {left} pending; only its own entry is done.")
        if returned is not True:
            raise lab.wrong(f"returned {show(returned)}, and it added the price of {order_id}: it should return True.")
    others = sorted(set(till.other.keys()) - {KEY, "spent", "booked"})
    if others:
        raise lab.wrong(f"left the key {show(others[0])}; the hash booked is the only one that you may add.")
    if till.other.type("booked") not in ("hash", "none"):
        raise lab.wrong(f"left a {till.other.type('booked')} under the key booked; it is to be a hash.")
    if (seconds := till.other.ttl("booked")) >= 0:
        raise lab.wrong(f"lets booked expire in {seconds} s; an order that comes after that is booked once more.")


def _book_again(lab: Lab) -> None:
    till = _Till(lab, ("1001", "anna", "999"), ("1002", "anna", "29"))
    till.book(0)
    till.book(1)
    again = till.book(0)
    hint = (
        "The entry was handed out twice, and the price was added twice. A transaction makes its commands one step, "
        "and adds as often as it is called: has this order been booked before?"
    )
    till.sums(hint, anna=1028)
    if again is not False:
        raise lab.wrong(f"returned {show(again)} for an order that was booked already; it should return False.")


def _book_an_order_sent_twice(lab: Lab) -> None:
    till = _Till(lab, ("1001", "anna", "999"), ("1001", "anna", "999"))
    till.book(0)
    again = till.book(1)
    hint = (
        "Order 1001 has two entries, because a shop process sent it twice: two ids, one order. What do all entries of "
        "an order have in common?"
    )
    till.sums(hint, anna=999)
    till.acknowledged(1)
    if again is not False:
        raise lab.wrong(f"returned {show(again)} for an order that was booked already; it should return False.")


def _book_and_be_killed(lab: Lab, steps: int) -> None:
    """The process is killed after so many steps; what is still pending comes again."""

    def kill(at: int, args: tuple) -> None:
        if at == steps:
            till.steps.dead = True
            raise _Killed

    till = _Till(lab, ("1001", "anna", "999"), after=kill)
    try:
        till.book(0)
    except _Killed:
        pass
    else:
        return
    killed = f"was killed after its command {steps}"
    last_life = lab.another(till.r)
    if till.rows():
        till.book(0, last_life)
        when = f"{killed}, and called again for the same entry, it"
    else:
        when = f"{killed}, the entry is not pending any more, and it"
    found = till.spent()["anna"]
    if found == "1049":
        till.acknowledged(0)
        return
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


def _book_at_the_same_moment(lab: Lab, steps: int) -> None:
    """After so many steps, another worker books the order's other entry from start to end."""
    rival: list[Any] = []

    def other_worker(at: int, args: tuple) -> None:
        if at == steps and not rival:
            rival.append(None)
            called = lab.did
            rival[0] = till.book(1, lab.another(till.r))
            lab.did = called

    till = _Till(lab, ("1001", "anna", "999"), ("1001", "anna", "999"), after=other_worker)
    returned = till.book(0)
    if not rival:
        return
    hint = (
        "Two workers had an entry of the same order each, and one booked it between two commands of the other. "
        "Whoever asks first and writes later has to make sure that nothing has changed since."
    )
    till.sums(hint, anna=999)
    if left := [row["message_id"] for row in till.rows().values()]:
        raise lab.wrong(
            f"left the entry {left[0]} pending. Two workers had an entry of the same order each, and one booked it "
            "between two commands of the other. Then the other one's entry is done, too: look again, and acknowledge."
        )
    if sorted((bool(returned), bool(rival[0]))) != [False, True]:
        raise lab.wrong(
            f"returned {show(returned)} and {show(rival[0])} to two workers with an entry of the same order each; one "
            "of them added the price."
        )


# --- 5.3 -----------------------------------------------------------------------------------------------------------


class _Shift(_Work):
    """The work of one life: watches the pending list, and may end the process or bring another order."""

    def __init__(
        self, shop: _Shop, fails: tuple[str, ...] = (), killed_at: str = "", stops_at: int = 99, late: str = ""
    ) -> None:
        super().__init__(shop, fails)
        self.killed_at, self.stops_at, self.late = killed_at, stops_at, late
        self.kept = shop.mine()
        self.asked = 0

    def stop(self) -> Callable[[], bool]:
        def stopping() -> bool:
            self.asked += 1
            return len(self.orders) >= self.stops_at

        stopping.__qualname__ = "stopping"
        return _Named(stopping, "stopping")

    def __call__(self, order: Any) -> None:
        if not (number := self.number(order)):
            return
        shop, held = self.shop, self.shop.held()
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
        elif number in self.orders:
            self.complain(f"worked on order {number} again, which was done and acknowledged.")
        else:
            self.complain(
                f"worked on order {number} when it was not pending any more: acknowledged before its work, or read "
                "with NOACK. Killed in the middle of it, it is lost, for no list has it."
            )


class _Named:
    """A function that prints as its name."""

    def __init__(self, function: Callable[[], Any], name: str) -> None:
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
    _run(lab, orders=14, stops_at=3)
    _run(lab, orders=5, stops_at=0)
    for at in ("1001", "1005", "1013"):
        _run_and_be_killed(lab, at)


def _day(lab: Lab, orders: int) -> _Shop:
    """The colleague holds one order and me one, from before; then `orders` wait, from 1001 on."""
    shop = _Shop(lab, 0, start=7)
    shop.add("901", "902")
    shop.hand_out("colleague", 1, 10 * MINUTE)
    shop.hand_out("me", 1, 10 * MINUTE)
    shop.add(*[str(1000 + n) for n in range(1, orders + 1)])
    shop.before()
    return shop


def _called(shop: _Shop, work: _Shift) -> Any:
    lab = shop.lab
    try:
        return lab.call(shop.r, KEY, GROUP, "me", work, work.stop())
    except _TooOften:
        if work.complaint:
            raise lab.wrong(work.complaint) from None
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


def _run(lab: Lab, orders: int, fails: tuple[str, ...] = (), stops_at: int = 99, late: str = "") -> None:
    shop = _day(lab, orders)
    work = _Shift(shop, fails, stops_at=stops_at, late=late)
    returned = _called(shop, work)
    if work.complaint:
        raise lab.wrong(work.complaint)
    if not late:
        shop.same_stream()
    shop.others_keep()
    all_orders = [str(1000 + n) for n in range(1, orders + 1)] + (["1099"] if late else [])
    _worked(shop, work, all_orders[:stops_at], late)
    _left(shop, work, all_orders)
    _orders(lab, returned, [order for order in work.orders if order not in fails], "what is done, in that order")


def _worked(shop: _Shop, work: _Shift, wanted: list[str], late: str) -> None:
    lab = shop.lab
    if work.orders == wanted:
        return
    if late and work.orders == wanted[:-1]:
        raise lab.wrong(
            "returned, and order 1099 waits, which came while the last one was worked on. A page that is not full is "
            "no end; an empty answer is."
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
        raise lab.wrong(f"went on after the process was killed during order {at}.")
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


# --- 5.4 -----------------------------------------------------------------------------------------------------------


def holders(lab: Lab) -> None:
    for idles in (
        {"ada": [1, 2, 9], "bob": [3]},
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
    if idles:
        shop.other.xdel(KEY, next(iter(shop.ids.values())))  # what is deleted is still pending
    _reported(shop, set())


def _holders_by_the_hundred(lab: Lab) -> None:
    """250 entries of three consumers; the page of 100 ends in the middle of one's."""
    shop = _Shop(lab, 0)
    with shop.other.pipeline(transaction=False) as pipe:
        for n in range(1, 251):
            pipe.xadd(KEY, {"order_id": str(1000 + n)}, id=f"{n}-0")
        pipe.execute()
    for n in range(0, 250, 10):
        shop.hand_out(("ada", "bob", "cyd")[n // 10 % 3], 10)
    with shop.other.pipeline(transaction=False) as pipe:
        for row in shop.rows().values():
            n = int(row["message_id"].split("-")[0])
            pipe.xclaim(
                KEY, GROUP, row["consumer"], 0, [row["message_id"]], idle=(n * 37 % 251) * 5_000 + 1_000, justid=True
            )
        pipe.execute()
    asked: set[int] = set()
    execute = shop.r.execute_command

    def told(*args: Any, **options: Any) -> Any:
        if args[0] == "XPENDING" and len(args) > 5:
            asked.add(int(args[7 if str(args[3]).upper() == "IDLE" else 5]))
        return execute(*args, **options)

    shop.r.execute_command = told
    _reported(shop, asked)


def _report(shop: _Shop, rows: list[dict]) -> dict[str, dict]:
    found: dict[str, dict] = {}
    for row in sorted(rows, key=lambda row: -row["time_since_delivered"]):
        told = found.setdefault(row["consumer"], {"holds": 0, "late": 0, "oldest": row["message_id"]})
        told["holds"] += 1
        told["late"] += row["time_since_delivered"] >= 5 * MINUTE + 30_000
    return found


def _reported(shop: _Shop, asked: set[int]) -> None:
    lab = shop.lab
    late = 5 * MINUTE + 30_000
    shop.before()
    rows = shop.other.xpending_range(KEY, GROUP, "-", "+", 1000)
    wanted = _report(shop, rows)
    try:
        returned = lab.call(shop.r, KEY, GROUP, late)
    except _TooOften:
        raise lab.wrong(
            "was still asking after 1000 commands. A range that begins at the last id of the page before brings that "
            "entry again, so no page is empty. What leaves it out?"
        ) from None
    shop.only_looked()
    if asked and max(asked) > 100:
        raise lab.wrong(f"asked for {max(asked)} rows at once; at most 100, since thousands may be pending.")
    lab.expect(returned, dict, "a dictionary from names to dictionaries")
    if returned != wanted:
        raise lab.wrong(_what_differs(returned, wanted, rows))


def _what_differs(returned: dict, wanted: dict[str, dict], rows: list[dict]) -> str:
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
        return f"{what} {_why_it_differs(told, right, [row for row in rows if row['consumer'] == name], len(rows))}"
    return f"returned {show(returned)}; {show(wanted)} was expected."


def _why_it_differs(told: dict, right: dict, own: list[dict], pending: int) -> str:
    if told["holds"] != right["holds"]:
        if isinstance(told["holds"], int) and told["holds"] > right["holds"]:
            return "Something was counted twice: does the next page begin after the last id, or at it?"
        return f"{pending} are pending in all, on more than one page of 100."
    if told["late"] != right["late"]:
        return "Late is what was last delivered late_ms milliseconds ago or earlier: its idle time."
    by_id = [row["message_id"] for row in own]
    if told["oldest"] == by_id[0]:
        return (
            "The lowest id came into the stream first. The one that waits longest for its holder is the one with the "
            "longest idle time: an entry may have been handed out again."
        )
    return "The oldest is the id of the entry with the longest idle time."


# --- 5.5 -----------------------------------------------------------------------------------------------------------


def sweep(lab: Lab) -> None:
    _sweep(lab, _own_list(lab), 10, ["1003", "1005", "1007"], "")
    _sweep(lab, _own_list(lab), 2, ["1003", "1005"], "most")
    shop = _own_list(lab)
    _sweep(lab, shop, 2, ["1003", "1005"], "most")
    _sweep(lab, shop, 2, ["1007"], "second")
    _sweep(lab, shop, 2, [], "second")
    shop = _Shop(lab, 3)
    shop.hand_out("colleague", 2, 10 * MINUTE)
    _sweep(lab, shop, 5, [], "")
    _disturbed_sweep(lab)


def _own_list(lab: Lab, after: Callable[[int, tuple], None] | None = None) -> _Shop:
    """me: 1001 and 1002 young, 1003, 1005 and 1007 old; the colleague: 1004 old, 1006 young; two wait."""
    shop = _Shop(lab, 9, start=7, after=after)
    for consumer, count, idle in (
        ("me", 2, 5_000),
        ("me", 1, 10 * MINUTE),
        ("colleague", 1, 20 * MINUTE),
        ("me", 1, 3 * MINUTE),
        ("colleague", 1, 5_000),
        ("me", 1, 7 * MINUTE),
    ):
        shop.hand_out(consumer, count, idle)
    return shop


def _swept(lab: Lab, shop: _Shop, most: int) -> Any:
    try:
        return lab.call(shop.r, KEY, GROUP, "me", 2 * MINUTE, most)
    except _TooOften:
        raise lab.wrong("was still asking after 1000 commands; one look and one claim will do.") from None
    except Raised as raised:
        if isinstance(raised.error, (redis.DataError, redis.ResponseError)) and not _old(shop):
            raise lab.wrong(
                f"raised {type(raised.error).__name__}: {show(str(raised.error), 90)}. Nothing is old here, and XCLAIM "
                "needs at least one id."
            ) from None
        raise


def _old(shop: _Shop) -> list[str]:
    """Orders of me that are older than the limit."""
    rows = shop.rows().items()
    return [o for o, row in rows if row["consumer"] == "me" and row["time_since_delivered"] >= 2 * MINUTE]


def _sweep(lab: Lab, shop: _Shop, most: int, wanted: list[str], case: str) -> None:
    shop.before()
    was = shop.rows()
    returned = _swept(lab, shop, most)
    shop.same_stream()
    shop.same_cursor("handed out new orders; a sweep is for what me was given already.")
    shop.others_keep()
    now = shop.rows()
    if gone := [order for order in was if order not in now]:
        raise lab.wrong(f"acknowledged {gone[0]}; whoever gets it from the sweep still has to work on it.")
    _young_are_left_alone(shop, was, now)
    _pairs(lab, shop, returned, wanted, case, most)
    for order in wanted:
        if now[order]["time_since_delivered"] >= 2 * MINUTE:
            raise lab.wrong(
                f"returned {order}, and its idle time goes on: the next sweep, a second later, by another thread, "
                "returns it too. To look is not to take."
            )
    late = [order for order in _old(shop) if order not in wanted]
    left = [o for o, row in was.items() if row["consumer"] == "me" and row["time_since_delivered"] >= 2 * MINUTE]
    if len(late) + len(wanted) != len(left):
        raise lab.wrong(
            f"returned {show(returned)}, and made more entries young than it returned: nobody works on these, and no "
            "sweep finds them for a while. Take only what you return."
        )


def _young_are_left_alone(shop: _Shop, was: dict[str, dict], now: dict[str, dict]) -> None:
    for order, row in was.items():
        if row["consumer"] != "me" or row["time_since_delivered"] >= 2 * MINUTE:
            continue
        counted = now[order]["times_delivered"] - row["times_delivered"]
        if counted or now[order]["time_since_delivered"] < row["time_since_delivered"]:
            raise shop.lab.wrong(
                f"handed out {order} once more, which is {row['time_since_delivered'] // 1000} s old: another thread "
                "is busy with it. With an id, XREADGROUP gives all that a consumer holds, in work or not. What lists "
                "entries by their idle time, and touches none?"
            )


def _pairs(lab: Lab, shop: _Shop, returned: Any, wanted: list[str], case: str, most: int) -> None:
    lab.expect(returned, list, "a list of pairs of id and fields")
    entries = dict(shop.other.xrange(KEY))
    right = [(shop.ids[order], entries[shop.ids[order]]) for order in wanted]
    if [tuple(item) if isinstance(item, (list, tuple)) else item for item in returned] == right:
        return
    what = f"returned {show(returned)}; the orders {_listed(wanted)} were expected, as pairs of id and fields."
    ids = [item[0] if isinstance(item, (list, tuple)) and len(item) == 2 else item for item in returned]
    if len(returned) > most:
        raise lab.wrong(f"{what} At most {most}: the rest is for the next sweep.")
    if len(ids) < len(wanted) and case == "most":
        raise lab.wrong(
            f"{what} The first {most} rows of the list are young ones; the limit has to count only what is old enough."
        )
    if ids == [entry_id for entry_id, _ in right]:
        raise lab.wrong(f"{what} These are the right ids, but not pairs.")
    if case == "second" and ids:
        raise lab.wrong(f"{what} A sweep a moment ago returned the others already.")
    raise lab.wrong(f"{what} Lowest ids first, only what me holds and what is old enough.")


def _disturbed_sweep(lab: Lab) -> None:
    """After the first look, one thread finishes 1003, and another one sweeps 1005."""
    disturbed: list[str] = []

    def other_threads(at: int, args: tuple) -> None:
        if not disturbed:
            disturbed.append(str(args[0]))
            if str(args[0]).upper() == "XPENDING":
                shop.other.xack(KEY, GROUP, shop.ids["1003"])
                shop.touch("me", [shop.ids["1005"]])

    shop = _own_list(lab, after=other_threads)
    shop.before()
    returned = _swept(lab, shop, 10)
    if not disturbed or disturbed[0].upper() != "XPENDING":
        return
    ids = [item[0] if isinstance(item, (list, tuple)) and item else item for item in returned or []]
    names = {entry_id: order for order, entry_id in shop.ids.items()}
    got = [names.get(entry_id, str(entry_id)) for entry_id in ids]
    if "1003" in shop.held():
        raise lab.wrong(
            "made order 1003 pending again, which another thread finished between your two commands: FORCE puts on "
            "the list what is not on it."
        )
    if "1003" in got:
        raise lab.wrong(
            f"returned {_listed(got)}; between your two commands another thread finished 1003. The answer of the "
            "command that takes says what was taken."
        )
    if "1005" in got:
        raise lab.wrong(
            f"returned {_listed(got)}; between your two commands another thread swept 1005 and works on it. A look is "
            "old at once: the command that takes has to be told the limit, too."
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
