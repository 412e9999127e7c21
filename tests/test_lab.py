"""The lab in four terminals: ``check_stream("4.0", …)`` says the next step, whatever the terminals did before."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import redis

from helpers.checks.nb04 import STREAM_CHECKS
from helpers.exercises import check_stream
from helpers.redis_cli import run_session
from helpers.resp import connect_raw

GROUP = "XGROUP CREATE orders processors 0 MKSTREAM"
LAPTOP = "XADD orders 1-1 order_id 1001 product laptop price 999"
MOUSE = "XADD orders 1-2 order_id 1002 product mouse price 29"
KEYBOARD = "XADD orders 1-3 order_id 1003 product keyboard price 79"
BOTH_DONE = "XACK orders processors 1-1 1-2"
LAMP = "XADD orders 1-4 order_id 1004 product lamp price 35"
ORDERS = f"{LAPTOP}\n{MOUSE}\n{KEYBOARD}"
READ_1 = "XREADGROUP GROUP processors consumer1 COUNT 1 STREAMS orders >"
READ_2 = "XREADGROUP GROUP processors consumer2 COUNT 1 STREAMS orders >"
READ_ALL = "XREADGROUP GROUP processors consumer1 STREAMS orders >"

Say = Callable[[], str]


@pytest.fixture
def say(r, capsys) -> Say:
    """What the check's cell prints, which is one line and leaves the stream as it is."""

    def say() -> str:
        before = r.dump("orders") if "server" not in r.connection_pool.connection_kwargs else None
        check_stream("4.0", r, "orders")
        if before is not None:
            assert r.dump("orders") == before
        printed = capsys.readouterr().out
        assert printed.count("\n") == 1
        return printed.strip()

    return say


def typed(r: redis.Redis, *texts: str) -> str:
    """What the terminals show."""
    printed: list[bytes] = []
    for text in texts:  # Each from a terminal, and so on a connection, of its own.
        connection = connect_raw(r)
        run_session(connection, text.splitlines(), printed.append)
        connection.close()
    return b"".join(printed).decode()


NOT_YET = [
    ("orders before the group", [ORDERS], "has no group processors yet. Terminal 1 makes it: XGROUP CREATE orders"),
    (
        "another group's name",
        [GROUP.replace("processors", "processor"), ORDERS],
        "has no group processors, but processor.",
    ),
    ("only the group", [GROUP], "the order 1001 is not. In terminal 2: XADD orders * order_id 1001 product laptop"),
    ("two orders", [GROUP, LAPTOP, MOUSE], "the order 1003 is not. In terminal 2: XADD orders * order_id 1003"),
    ("a field is missing", [GROUP, LAPTOP, "XADD orders * order_id 1002 product mouse"], "order 1002 came in as"),
    ("no name for the field", [GROUP, "XADD orders * 1001 laptop price 999"], "order 1001 came in as"),
    ("capital letters", [GROUP, LAPTOP.replace("laptop", "Laptop")], "add it once more: XADD orders * order_id 1001"),
    ("from $", [ORDERS, "XGROUP CREATE orders processors $"], "created with $ (or an id), so it begins after"),
    ("from an id", [ORDERS, "XGROUP CREATE orders processors 1-2"], "the group is past order 1001, order 1002"),
    ("nobody has read", [GROUP, ORDERS], "nobody has read yet. In terminal 3: XREADGROUP GROUP processors consumer1"),
    ("terminal 3, not done", [GROUP, ORDERS, READ_1], "read and not acknowledged: order 1001 with consumer1. XACK"),
    (
        "terminal 3 only",
        [GROUP, ORDERS, READ_1, "XACK orders processors 1-1"],
        "only consumer1 has read. In terminal 4, under another name: XREADGROUP GROUP processors consumer2 COUNT 1",
    ),
    (
        "terminal 4 only",
        [GROUP, ORDERS, READ_2, "XACK orders processors 1-1"],
        "under another name: XREADGROUP GROUP processors consumer1 COUNT 1 STREAMS orders >",
    ),
    ("both as one", [GROUP, ORDERS, READ_1, READ_1, "XACK orders processors 1-1 1-2"], "only consumer1 has read"),
    (
        "one took all",
        [GROUP, ORDERS, READ_ALL],
        "consumer1 took everything, order 1001, order 1002, order 1003: without COUNT 1",
    ),
    (
        "one took all, and finished them",
        [GROUP, ORDERS, READ_ALL, "XACK orders processors 1-1 1-2 1-3"],
        "Nothing waits just now: add two more orders in terminal 2 first.",
    ),
    ("nobody acknowledged", [GROUP, ORDERS, READ_1, READ_2], "order 1001 with consumer1, order 1002 with consumer2"),
    (
        "one did not acknowledge",
        [GROUP, ORDERS, READ_1, READ_2, "XACK orders processors 1-1"],
        "read and not acknowledged: order 1002 with consumer2. XACK orders processors and the id",
    ),
    (
        "acknowledged another id",
        [GROUP, ORDERS, READ_1, READ_2, "XACK orders processors 1-3", "XACK orders processors 1-2"],
        "order 1001 with consumer1. XACK orders processors and the id of the entry, as its read printed it. (If XACK",
    ),
    (
        "acknowledged in another group",
        [GROUP, ORDERS, READ_1, READ_2, "XACK orders processor 1-1", "XACK orders processors 1-2"],
        "that id was not pending in that group of that stream",
    ),
    (
        "nothing is left",
        [GROUP, ORDERS, READ_1, READ_2, READ_1, "XACK orders processors 1-1 1-2 1-3"],
        "the lab ends with one that waits: add another in terminal 2",
    ),
    (
        "taken over, and not finished",
        [
            GROUP,
            ORDERS,
            LAMP,
            READ_1,
            READ_2,
            "XACK orders processors 1-2",
            "XAUTOCLAIM orders processors consumer2 0 0",
        ],
        "order 1001 with consumer2",
    ),
]


@pytest.mark.parametrize("texts, hint", [case[1:] for case in NOT_YET], ids=[case[0] for case in NOT_YET])
def test_what_is_missing(r, say, texts, hint):
    typed(r, *texts)
    line = say()
    assert line.startswith("✗ 4.0 ") and hint in line


def test_from_dollar_is_found_also_where_an_empty_read_makes_a_consumer(r, say):
    """Redis 7.2 and newer have both consumers then, and the state of a group that is through."""
    typed(r, ORDERS, "XGROUP CREATE orders processors $", READ_1, READ_2)
    line = say()
    assert line.startswith("✗ 4.0 ") and "XGROUP DESTROY orders processors" in line and "from 0" in line


DONE = {
    "terminal by terminal": [GROUP, ORDERS, READ_1, "XACK orders processors 1-1", READ_2, "XACK orders processors 1-2"],
    "orders first": [ORDERS, GROUP, READ_1, READ_2, "XACK orders processors 1-2", "XACK orders processors 1-1"],
    "terminal 4 first": [GROUP, ORDERS, READ_2, READ_1, BOTH_DONE],
    "other names": [GROUP, ORDERS, READ_1.replace("consumer1", "ada"), READ_2, BOTH_DONE],
    "with another group": [GROUP, "XGROUP CREATE orders analytics $", ORDERS, READ_1, READ_2, BOTH_DONE],
    "after one took all": [
        *(GROUP, ORDERS, READ_ALL, "XACK orders processors 1-1 1-2 1-3"),
        *(LAMP, LAMP.replace("1-4", "1-5"), READ_2, "XACK orders processors 1-4"),
    ],
    "after a wrong form": [
        *(GROUP, "XADD orders 0-1 order_id 1001", ORDERS),
        *(READ_1, READ_2, "XACK orders processors 0-1 1-1"),
    ],
    "after from $": [
        *(ORDERS, "XGROUP CREATE orders processors $", READ_1),
        *("XGROUP DESTROY orders processors", GROUP, READ_1, READ_2, BOTH_DONE),
    ],
    "and on, with a takeover": [
        *(GROUP, ORDERS, READ_1, READ_2, BOTH_DONE, LAMP, READ_1),
        *("XAUTOCLAIM orders processors consumer2 0 0", "XACK orders processors 1-3"),
    ],
}


@pytest.mark.parametrize("case", DONE)
def test_done(r, say, case):
    typed(r, *DONE[case])
    assert say() == "✓ 4.0"


def test_step_by_step_with_ids_made_by_the_clock(r, say):
    """The lab as a learner types it, with a look after every step; no line has an id in it that differs tomorrow."""
    lines = [say()]
    for text in (GROUP, ORDERS.replace("1-1", "*").replace("1-2", "*").replace("1-3", "*"), READ_1):
        typed(r, text)
        lines.append(say())
    for read, consumer in ((None, "consumer1"), (READ_2, "consumer2")):
        if read:
            typed(r, read)
            lines.append(say())
        [row] = r.xpending_range("orders", "processors", "-", "+", 10, consumername=consumer)
        assert typed(r, f"XACK orders processors {row['message_id']}") == "(integer) 1\n"
        lines.append(say())
    assert lines[0] == "○ 4.0 not begun yet" and lines[-1] == "✓ 4.0"
    assert len(set(lines)) == len(lines) and all(line.startswith("✗ 4.0 ") for line in lines[1:-1])
    assert not any(str(entry_id)[:8] in line for line in lines for entry_id, _ in r.xrange("orders"))


def test_another_type_is_one_sentence(r, say):
    r.set("orders", "not a stream")
    assert say().startswith("✗ 4.0 ") and "holds a string" in say()


def test_a_long_stream_is_no_trouble(r, say):
    typed(r, GROUP, ORDERS)
    with r.pipeline(transaction=False) as pipe:
        for n in range(3000):
            pipe.xadd("orders", {"order_id": 2000 + n}, id=f"2-{n}")
        pipe.execute()
    typed(r, READ_1, READ_2, "XACK orders processors 1-1 1-2")
    assert say() == "✓ 4.0"


def test_every_check_of_a_stream_has_a_number_of_its_own():
    from helpers.checks.nb04 import CHECKS

    assert not STREAM_CHECKS.keys() & CHECKS.keys()
