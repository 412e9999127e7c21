"""Checks of 00 Start here."""

from __future__ import annotations

import time

import redis

from helpers.exercises import Lab, Raised, show

AN_HOUR = 3_600_000


def add_order(lab: Lab) -> None:
    r = lab.redis()
    _add(lab, r, "orders", 1001, "laptop")
    _add(lab, r, "orders", 1002, "mouse")
    # An id that is a minute ahead of the clock: `*` goes on from it, a clock of one's own is refused.
    ahead = int(time.time() * 1000) + 60_000
    r.xadd("orders:berlin", {"order_id": 7, "product": "cable"}, id=f"{ahead}-0")
    _add(lab, r, "orders:berlin", 1003, "laptop")


def _add(lab: Lab, r: redis.Redis, key: str, order_id: int, product: str) -> None:
    """One call, and what it left in the stream and returned."""
    others = _lengths(r, but=key)
    before = r.xrange(key)
    try:
        answer = lab.call(r, key, order_id, product)
    except Raised as raised:
        raise lab.wrong(f"raised {type(raised.error).__name__}: {raised.error}{_why(raised.error)}") from None
    if _lengths(r, but=key) != others:
        raise lab.wrong(f"changed another stream than {show(key)}: the parameter key is the stream's name.")
    after = r.xrange(key)
    added = after[len(before) :]
    if after[: len(before)] != before:
        raise lab.wrong("changed what was in the stream before; an order is added, and the others stay.")
    if len(added) != 1:
        raise lab.wrong(f"added {len(added)} entries; one order is one entry, and XADD appends it.")
    [(entry_id, fields)] = added
    if fields != {"order_id": str(order_id), "product": product}:
        raise lab.wrong(f"stored {show(fields)}; the two fields are order_id and product.")
    if abs(int(entry_id.split("-")[0]) - time.time() * 1000) > AN_HOUR:
        raise lab.wrong(f"gave the entry the id {entry_id}; the server chooses one when you say none.")
    _counted(lab, answer, entry_id, len(after))


def _lengths(r: redis.Redis, but: str) -> dict[str, int]:
    """The length of every stream, without the stream `but`."""
    return {name: r.xlen(name) for name in r.scan_iter() if name != but}


def _counted(lab: Lab, answer: object, entry_id: str, count: int) -> None:
    if answer == entry_id:
        raise lab.wrong(
            "returned the new entry's id, which is what XADD answers; it should return how many entries the "
            "stream holds now. Which command counts?"
        )
    lab.expect(answer, int, "how many entries the stream holds now, a number")
    if answer == count - 1:
        raise lab.wrong(f"returned {answer}; the stream holds {count} now. Was it counted before the XADD?")
    if answer != count:
        raise lab.wrong(f"returned {answer}; the stream holds {count} now, with what others have added.")


def _why(error: Exception) -> str:
    text = str(error)
    if "equal or smaller" in text or "Invalid stream ID" in text:
        return ". An id of one's own has to be larger than all before it: who could choose the id instead?"
    if isinstance(error, redis.DataError):
        return ". redis-py takes the fields as one dictionary: xadd(key, {name: value, ...})."
    return "."


PLAIN = [("laptop", 1), ("mouse", 12)]
REPEATED = [("laptop", 1), ("mouse", 12), ("laptop", 2), ("keyboard", 1), ("mouse", 3)]
MANY = [("laptop", 1 + n % 3) for n in range(150)]


def units_sold(lab: Lab) -> None:
    for orders in ([("laptop", 1)], PLAIN, REPEATED, MANY):
        _report(lab, orders)
    r = lab.redis()
    units = _units(lab, r, {})
    if r.dbsize():
        raise lab.wrong("created a key: there was no stream, and a report should leave none behind.")
    if units:
        raise lab.wrong(f"returned {show(units)} where there is no stream; it should return {{}}.")


def _report(lab: Lab, orders: list[tuple[str, int]]) -> None:
    r, wanted = lab.redis(), {}
    for number, (product, quantity) in enumerate(orders):
        order = {"order_id": 1001 + number, "product": product, "quantity": quantity}
        r.xadd("orders", order, id=f"1-{number + 1}")
        wanted[product] = wanted.get(product, 0) + quantity
    before = r.xrange("orders")
    units = _units(lab, r, wanted)
    if units != wanted:
        raise lab.wrong(f"returned {show(units)}; expected {wanted}. {_slip(units, orders)}")
    if r.xrange("orders") != before:
        raise lab.wrong(
            "was right, and left a stream that is not as it was: other services still have to read these "
            "orders. Reading alone takes nothing away."
        )
    again = _units(lab, r, wanted)
    if again != wanted:
        raise lab.wrong(
            f"returned {show(again)} the second time; expected {wanted} again. A group hands out each "
            "entry once: a report reads them all, every hour."
        )


def _units(lab: Lab, r: redis.Redis, wanted: dict) -> dict:
    try:
        units = lab.call(r, "orders")
    except Raised as raised:
        text, hint = str(raised.error), ""
        if "operand" in text or "concatenate" in text:
            hint = " A value comes back as text: what makes a number of it?"
        elif "tuple indices" in text:
            hint = " An entry is a pair: its id, and the dictionary of its fields."
        elif not wanted:
            hint = " There is no stream here, and XRANGE reads that as one without entries."
        raise lab.wrong(f"raised {type(raised.error).__name__}: {text}.{hint}") from None
    return lab.expect(units, dict, "a dictionary from product to units")


def _slip(units: dict, orders: list[tuple[str, int]]) -> str:
    """The hint for a dictionary that is not the right one."""
    if any(isinstance(value, str) for value in units.values()):
        return "A value comes back as text: what makes a number of it?"
    if units == {product: sum(name == product for name, _ in orders) for product, _ in orders}:
        return "Those are orders; each says in quantity how many units it is for."
    if units == dict(orders):
        return "A later order replaced the earlier ones of the same product: they add up."
    sold = sum(quantity for _, quantity in orders)
    if sum(value for value in units.values() if isinstance(value, int)) < sold:
        return "Some orders are missing: the report is over all of them, however many."
    return "Each order adds its quantity to its product, once."


CHECKS = {
    "0.1": add_order,
    "0.2": units_sold,
}
