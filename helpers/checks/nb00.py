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
    _add(lab, r, "orders:berlin", 1003, "laptop", ", with what others have added.")
    _add(lab, r, "orders", 1002, "USB cable")  # An order can have two products, and a name capitals.
    r.xdel("orders", r.xrange("orders", count=1)[0][0])
    _add(lab, r, "orders", 1004, "mouse", ": one was deleted. What counts those that are there?")
    _add_beside_another(lab)
    r = _many_orders(lab, "orders", [("mouse", 1)] * 1110)
    _add(lab, r, "orders", 1005, "laptop", ". Was all of it counted?")


def _many_orders(lab: Lab, key: str, orders: list[tuple[str, int]]) -> redis.Redis:
    """A simulator with a stream of these products and quantities."""
    r = lab.redis()
    pipeline = r.pipeline(transaction=False)
    for number, (product, quantity) in enumerate(orders):
        order = {"order_id": 1001 + number, "product": product, "quantity": quantity}
        pipeline.xadd(key, order, id=f"1-{number + 1}")
    pipeline.execute()
    return r


def _add(lab: Lab, r: redis.Redis, key: str, order_id: int, product: str, hint: str = ". What was counted?") -> None:
    """One call, and what it left in the stream and returned."""
    others = _others(r, key)
    before = r.xrange(key)
    try:
        answer = lab.call(r, key, order_id, product)
    except Raised as raised:
        text = str(raised.error).rstrip(".")
        raise lab.wrong(f"raised {type(raised.error).__name__}: {text}{_why(raised.error)}") from None
    _alone(lab, others, _others(r, key), key)
    after = r.xrange(key)
    added = after[len(before) :]
    if after[: len(before)] != before:
        raise lab.wrong("changed what was in the stream before; an order is added, and the others stay.")
    if len(added) != 1:
        raise lab.wrong(f"added {len(added)} entries; one order is one entry, and XADD appends it.")
    [(entry_id, fields)] = added
    if fields != {"order_id": str(order_id), "product": product}:
        raise lab.wrong(f"stored {show(fields)}; the two fields are order_id and product, with the values as given.")
    if abs(int(entry_id.split("-")[0]) - time.time() * 1000) > AN_HOUR:
        raise lab.wrong(f"gave the entry the id {entry_id}; the server chooses one when you say none.")
    _counted(lab, answer, entry_id, len(after), hint)


def _others(r: redis.Redis, key: str) -> dict[str, int | str]:
    """Every other key: the length of a stream, or the type of what is none."""
    types = {name: r.type(name) for name in r.scan_iter() if name != key}
    return {name: r.xlen(name) if kind == "stream" else kind for name, kind in types.items()}


def _alone(lab: Lab, before: dict, after: dict, key: str) -> None:
    """Nothing but the stream `key` was touched."""
    for name in sorted(after):
        if isinstance(after[name], str):
            raise lab.wrong(f"left the key {show(name)} behind; the stream itself can be counted.")
    if before != after:
        raise lab.wrong(f"changed another stream than {show(key)}: the parameter key is the stream's name.")


def _counted(lab: Lab, answer: object, entry_id: str, count: int, hint: str) -> None:
    if answer == entry_id:
        raise lab.wrong(
            "returned the new entry's id, which is what XADD answers; it should return how many entries the "
            "stream holds now. Which command counts?"
        )
    lab.expect(answer, int, "how many entries the stream holds now, a number")
    if answer == count - 1:
        raise lab.wrong(f"returned {answer}; the stream holds {count} now. Was it counted before the XADD?")
    if answer != count:
        raise lab.wrong(f"returned {answer}; the stream holds {count} now{hint}")


def _add_beside_another(lab: Lab) -> None:
    """Another client adds an order after the first command of the answer."""

    def add_another(name: str, args: tuple) -> None:
        if not ids:
            ids.append(another.xadd("orders", {"order_id": 8, "product": "keyboard"}))

    ids: list[str] = []
    r = lab.redis(after=add_another)
    another = lab.another(r)
    answer, count = lab.call(r, "orders", 1001, "laptop"), another.xlen("orders")
    if answer != count:
        raise lab.wrong(
            f"returned {show(answer)}; the stream holds {count}: somebody else added an order between two of your "
            "commands. When is it right to count?"
        )


def _why(error: Exception) -> str:
    text = str(error)
    if "equal or smaller" in text or "Invalid stream ID" in text:
        return ". An id of one's own has to be larger than all before it: who could choose the id instead?"
    if "WRONGTYPE" in text:
        return ". Each type has commands of its own: LLEN counts lists; what counts a stream?"
    if isinstance(error, redis.DataError):
        return ". redis-py takes the fields as one dictionary: xadd(key, {name: value, ...})."
    return "."


PLAIN = [("laptop", 2), ("mouse", 12)]
REPEATED = [("laptop", 1), ("mouse", 12), ("laptop", 2), ("keyboard", 1), ("mouse", 3)]
CAPITALS = [("USB cable", 2), ("usb cable", 1)]
MANY = [("laptop", 1 + n % 3) for n in range(1010)]


def units_sold(lab: Lab) -> None:
    for orders in ([("laptop", 1)], PLAIN, REPEATED, CAPITALS, MANY):
        _report(lab, orders, "orders")
    _report(lab, PLAIN, "orders:berlin")
    r = lab.redis()
    units = _units(lab, r, "orders", {})
    if r.dbsize():
        raise lab.wrong("created a key: there was no stream, and a report should leave none behind.")
    if units:
        raise lab.wrong(f"returned {show(units)} where there is no stream; it should return {{}}.")


def _report(lab: Lab, orders: list[tuple[str, int]], key: str) -> None:
    r = _many_orders(lab, key, orders)
    if key != "orders":
        r.xadd("orders", {"order_id": 1, "product": "keyboard", "quantity": 7})
    wanted: dict[str, int] = {}
    for product, quantity in orders:
        wanted[product] = wanted.get(product, 0) + quantity
    before, keys = r.xrange(key), set(r.keys())
    units = _units(lab, r, key, wanted)
    if units != wanted:
        raise lab.wrong(f"returned {show(units)}; expected {wanted}. {_slip(units, orders)}")
    if not all(isinstance(value, int) for value in units.values()):
        raise lab.wrong(f"returned {show(units)}; units are whole numbers: {wanted}.")
    if r.xrange(key) != before:
        raise lab.wrong(
            "was right, and left a stream that is not as it was: other services still have to read these "
            "orders. Reading alone takes nothing away."
        )
    again = _units(lab, r, key, wanted)
    if again != wanted:
        hint = _second_slip(r, key, again, wanted)
        raise lab.wrong(f"returned {show(again)} the second time; expected {wanted} again. {hint}")
    if left := sorted(set(r.keys()) - keys):
        raise lab.wrong(f"was right, and left the key {show(left[0])} behind; a report changes nothing.")
    if r.xinfo_groups(key):
        raise lab.wrong("was right, and left a consumer group behind; a report changes nothing.")


def _units(lab: Lab, r: redis.Redis, key: str, wanted: dict) -> dict:
    try:
        units = lab.call(r, key)
    except Raised as raised:
        text = str(raised.error)
        raise lab.wrong(f"raised {type(raised.error).__name__}: {text}.{_units_why(text, wanted)}") from None
    return lab.expect(units, dict, "a dictionary from product to units")


def _units_why(text: str, wanted: dict) -> str:
    if "operand" in text or "concatenate" in text:
        return " A value comes back as text: what makes a number of it?"
    if "tuple indices" in text:
        return " An entry is a pair: its id, and the dictionary of its fields."
    if text.startswith("b'"):
        return " This client answers with text, not bytes."
    if "BUSYGROUP" in text:
        return " The first report left its group, and a group hands out each entry once: a report reads them all."
    return "" if wanted else " There is no stream here, and XRANGE reads that as one without entries."


def _slip(units: dict, orders: list[tuple[str, int]]) -> str:
    """The hint for a dictionary that is not the right one."""
    if any(isinstance(value, str) for value in units.values()):
        return "A value comes back as text: what makes a number of it?"
    if units == {"keyboard": 7}:
        return "Those are sold in the stream orders; the parameter key says which one to read."
    names = {product for product, _ in orders}
    if set(units) != names and {str(name).lower() for name in units} == {name.lower() for name in names}:
        return "A product keeps its name as it is."
    slips = {
        "Those are orders; each says in quantity how many units it is for.": [(name, 1) for name, _ in orders],
        "The quantity 12 was counted as 1: it has two digits.": [(name, int(str(n)[0])) for name, n in orders],
        "Two equal orders are two orders.": sorted(set(orders)),
    }
    for hint, counted in slips.items():
        if units == {name: sum(n for product, n in counted if product == name) for name in names}:
            return hint
    if units == dict(orders):
        return "A later order replaced the earlier ones of the same product: they add up."
    if units == {name: max(n for product, n in orders if product == name) for name in names}:
        return "The quantities of one product add up."
    sold = sum(quantity for _, quantity in orders)
    if sum(value for value in units.values() if isinstance(value, int)) < sold:
        return "Some orders are missing: the report is over all of them, however many."
    return "Each order adds its quantity to its product, once."


def _second_slip(r: redis.Redis, key: str, units: dict, wanted: dict) -> str:
    """The hint for a second report that is not like the first."""
    if r.exists(key) and r.xinfo_groups(key):
        return "A group hands out each entry once: a report reads them all, every hour."
    if sum(value for value in units.values() if isinstance(value, int)) > sum(wanted.values()):
        return "Something is kept from the first report, and counted again."
    return "Something remembers where the first report stopped: a report reads all orders, every hour."


CHECKS = {
    "0.1": add_order,
    "0.2": units_sold,
}
