"""One scenario for each repair of helpers/fakeredis_fixes.py; run alone it answers as the simulator does.

``python fix_scenarios.py NAME [WITHOUT]`` prints the scenario's answer on fakeredis, without that repair.
"""

from __future__ import annotations

import json
import re
import sys
import threading
import time

import redis

from helpers.redis_cli import run_session
from helpers.resp import connect_raw


def typed(r: redis.Redis, text: str) -> str:
    """What a %%redis cell prints for the commands in `text`."""
    printed: list[bytes] = []
    connection = connect_raw(r)
    try:
        run_session(connection, [line.strip() for line in text.splitlines()], printed.append)
    except Exception as error:
        printed.append(f"{type(error).__name__}".encode())
    return b"".join(printed).decode(errors="replace")


def reads(r: redis.Redis) -> list:
    r.xadd("s", {"n": 1}, id="1-1")
    r.xgroup_create("s", "g", id="0")
    seen = [r.xreadgroup("g", "c", {"s": ">"}, block=50)]
    started = time.monotonic()
    seen.append(r.xreadgroup("g", "c", {"s": ">"}, count=1, block=200))
    seen.append(time.monotonic() - started > 0.15)
    woken: list = []
    reader = threading.Thread(target=lambda: woken.append(r.xreadgroup("g", "c", {"s": ">"}, count=1, block=2000)))
    reader.start()
    time.sleep(0.1)
    r.set("another key", "changes")
    r.xadd("s", {"n": 2}, id="2-1")
    reader.join()
    return [
        *seen,
        woken,
        typed(r, "XREAD STREAMS s >\nXREAD STREAMS s $\nXREAD BLOCK -1 STREAMS s $\nXREAD STREAMS s"),
        _while_blocked(r),
    ]


def waiting(r: redis.Redis) -> list:
    """Entries reach a waiting reader although the next command, sent at once, takes them away again."""
    heard: list = []
    for take_away in (lambda: r.delete("s"), lambda: r.xtrim("s", maxlen=0), lambda: r.xadd("s", {"n": 2})):
        r.delete("s")
        reader = threading.Thread(target=lambda: heard.append(r.xread({"s": "0"}, block=1000)))
        reader.start()
        time.sleep(0.15)
        r.xadd("s", {"n": 1}, id="1-1")
        take_away()
        reader.join()
    r.xgroup_create("s", "g", id="$")
    readers = []
    for name in ("first", "second", "third"):
        readers.append(threading.Thread(target=lambda name=name: heard.append([name, _took(r, name)])))
        readers[-1].start()
        time.sleep(0.15)
    pipe = r.pipeline()
    for n in range(3):
        pipe.xadd("s", {"n": 10 + n}, id=f"99999999999999-{n}")
    pipe.execute()
    for reader in readers:
        reader.join()
    return heard[:3] + sorted(heard[3:])


def _took(r: redis.Redis, name: str) -> list:
    answer = r.xreadgroup("g", name, {"s": ">"}, block=500)
    return [fields["n"] for _, entries in answer for _, fields in entries]


def _while_blocked(r: redis.Redis) -> list:
    """What a blocked reader of a group hears when somebody takes its group, or its stream, away."""
    heard: list = []

    def wait() -> None:
        try:
            heard.append(r.xreadgroup("h", "c", {"t": ">"}, count=1, block=2000))
        except redis.ResponseError as error:
            heard.append(str(error))

    for take_away in (lambda: r.xgroup_destroy("t", "h"), lambda: r.delete("t"), lambda: r.set("t", "no stream")):
        r.delete("t")
        r.xgroup_create("t", "h", id="0", mkstream=True)
        reader = threading.Thread(target=wait)
        reader.start()
        time.sleep(0.15)
        take_away()
        reader.join()
    for key in ("t", "another"):
        r.delete(key)
        r.xgroup_create(key, "h", id="0", mkstream=True)
    reader = threading.Thread(target=wait)
    reader.start()
    time.sleep(0.15)
    r.rename("another", "t")
    r.xadd("t", {"n": 3}, id="3-1")
    reader.join()
    reader = threading.Thread(target=lambda: heard.append(r.xread({"plain": "0"}, block=300)))
    reader.start()
    time.sleep(0.1)
    r.set("plain", "no stream")
    reader.join()
    return heard


def history(r: redis.Redis) -> list:
    r.xadd("s", {"n": 1}, id="1-1")
    r.xadd("s", {"n": 2}, id="2-1")
    r.xgroup_create("s", "g", id="0")
    r.xreadgroup("g", "c", {"s": ">"})
    r.xdel("s", "2-1")
    time.sleep(0.3)
    r.xreadgroup("g", "c", {"s": "0"})
    rows = r.xpending_range("s", "g", "-", "+", 10)
    return [[row["message_id"], row["times_delivered"], row["time_since_delivered"] < 200] for row in rows]


def ranges(r: redis.Redis) -> str:
    return typed(r, "XADD s 1-1 n 1\nXRANGE s - + COUNT 0\nXRANGE s - (0-0")


def ids(r: redis.Redis) -> str:
    return typed(
        r,
        """XADD s 1-1 n 1
        XGROUP CREATE s g 0
        XREADGROUP GROUP g c STREAMS s >
        XACK s g 1-1 x
        XDEL s $
        XLEN s""",
    )


def watch(r: redis.Redis) -> list:
    """Which command on a stream breaks a WATCH on it, and does not break it when it changes nothing."""
    broken = []
    for command in (
        "XADD s * n 1",
        "XDEL s 1-1",
        "XDEL s 9-9",
        "XTRIM s MAXLEN 0",
        "XTRIM s MAXLEN 9",
        "XGROUP CREATE s h 0",
        "XGROUP CREATE new h 0 MKSTREAM",
        "XGROUP DESTROY s g",
        "XGROUP SETID s g 0",
        "XGROUP CREATECONSUMER s g d",
        "XGROUP DELCONSUMER s g c",
        "XSETID s 9-9",
        "XREADGROUP GROUP g c STREAMS s >",
        "XACK s g 1-1",
        "XCLAIM s g d 0 1-1",
        "XAUTOCLAIM s g d 0 0",
    ):
        r.delete("s", "new")
        typed(r, "XADD s 1-1 n 1\nXADD s 2-1 n 1\nXGROUP CREATE s g 0\nXREADGROUP GROUP g c COUNT 1 STREAMS s >")
        with r.pipeline() as pipe:
            pipe.watch("s", "new")
            typed(r, command)
            pipe.multi()
            pipe.ping()
            try:
                pipe.execute()
            except redis.WatchError:
                broken.append(command)
    return broken


def idle(r: redis.Redis) -> list:
    r.xadd("s", {"n": 1}, id="1-1")
    r.xadd("s", {"n": 2}, id="2-1")
    r.xgroup_create("s", "g", id="0")
    r.xreadgroup("g", "c", {"s": ">"}, count=1)
    time.sleep(0.3)
    r.xreadgroup("g", "c", {"s": ">"}, count=1)
    r.xack("s", "g", "2-1")
    return [row["idle"] < 200 for row in r.xinfo_consumers("s", "g")]


def pending(r: redis.Redis) -> str:
    return typed(
        r,
        """XADD s 1-1 n 1
        XADD s 1-2 n 1
        XGROUP CREATE s g 0
        XPENDING s g
        XREADGROUP GROUP g zoe COUNT 1 STREAMS s >
        XREADGROUP GROUP g adam COUNT 1 STREAMS s >
        XPENDING s g""",
    )


def consumers(r: redis.Redis) -> list:
    r.xadd("s", {"n": 1}, id="1-1")
    r.xgroup_create("s", "g", id="0")
    r.xreadgroup("g", "a", {"s": ">"})
    time.sleep(0.3)
    for name in ("a", "b"):
        r.xreadgroup("g", name, {"s": ">"}, count=1)
    r.xgroup_setid("s", "g", "0")
    seen = [[row["name"], row["idle"] > 250] for row in r.xinfo_consumers("s", "g")]
    r.xreadgroup("g", "c", {"s": ">"})
    return [seen, [[row["name"], row["pending"]] for row in r.xinfo_consumers("s", "g")]]


def entries_read(r: redis.Redis) -> list:
    """Lag after deletions, where Redis 7.0 has numbers that are not right, and later versions nil."""
    rows = []
    for n in range(1, 7):
        r.xadd("s", {"n": n}, id=f"{n}-0")
    r.xgroup_create("s", "g", id="0")
    r.xgroup_create("s", "h", id="0")
    for group, count in (("g", 1), ("g", 1), ("h", 5), ("g", 2)):
        r.xreadgroup(group, "a", {"s": ">"}, count=count)
        r.xdel("s", "2-0")
        rows.append([[row["entries-read"], row["lag"]] for row in r.xinfo_groups("s")])
    r.xtrim("s", maxlen=3, approximate=False)
    rows.append([[row["entries-read"], row["lag"]] for row in r.xinfo_groups("s")])
    return rows


def claims(r: redis.Redis) -> str:
    return typed(
        r,
        """XADD s 1-1 n 1
        XADD s 2-1 n 1
        XADD s 3-1 n 1
        XGROUP CREATE s h 0
        XREADGROUP GROUP h c STREAMS s >
        XCLAIM s h d 0 3-1 1-1 JUSTID
        XDEL s 1-1 2-1
        XAUTOCLAIM s h d 5000 0 COUNT 1
        XCLAIM s h d 5000 2-1
        XPENDING s h
        XCLAIM s h d 0 3-1 JUSTID LASTID 9-9
        XACK s h 3-1
        XCLAIM s h d 2000000000000 3-1 FORCE JUSTID
        DEL s
        XADD s 1-1 n 1
        XGROUP CREATE s g 0
        XREADGROUP GROUP g c STREAMS s >
        XCLAIM s g d 0 1-1 FORSE
        XCLAIM s g d soon 1-1
        XAUTOCLAIM s g d 0 - JUSTID
        XAUTOCLAIM s g d 0 0 COUNT 0""",
    )


def xsetid(r: redis.Redis) -> str:
    return typed(r, "XADD s 1-1 n 1\nXSETID s 5-5\nXADD s 5-5 n 2\nXADD s 5-* n 2\nXSETID s 1-1")


def info(r: redis.Redis) -> str:
    return typed(
        r,
        """XADD s 1-1 n 1
        XGROUP CREATE s zeta 0
        XGROUP CREATE s alpha 0
        XINFO GROUPS s
        XINFO STREAM s""",
    )


def full_info(r: redis.Redis) -> list:
    for n in (1, 2, 3):
        r.xadd("s", {"n": n}, id=f"{n}-1")
    r.xgroup_create("s", "g", id="0")
    r.xreadgroup("g", "a", {"s": ">"}, count=2)
    r.xgroup_createconsumer("s", "g", "b")
    full = typed(r, "XINFO STREAM s FULL\nXINFO STREAM s FULL COUNT 1\nXINFO STREAM s FULL COUNT")
    return [re.sub(r"\d{13}", "a time", full), list(r.xinfo_stream("s", full=True)["entries"])]


def copy(r: redis.Redis) -> list:
    r.xadd("s", {"n": 1}, id="1-1")
    r.xgroup_create("s", "g", id="0")
    copied = r.copy("s", "s2")
    r.xadd("s2", {"n": 2}, id="2-1")
    r.xreadgroup("g", "c", {"s2": ">"})
    return [copied, r.xlen("s"), r.xlen("s2"), r.xpending("s", "g")["pending"], r.xpending("s2", "g")["pending"]]


def hello(r: redis.Redis) -> list:
    answer = r.execute_command("HELLO")
    fields = answer if isinstance(answer, dict) else dict(zip(answer[::2], answer[1::2], strict=True))
    return [fields["server"], fields["version"].split(".")[:2], fields["mode"], fields["role"]]


def help_texts(r: redis.Redis) -> str:
    return typed(r, "XGROUP HELP\nXINFO HELP")


def arity(r: redis.Redis) -> str:
    return typed(r, "XGROUP CREATE s\nXREAD STREAMS s\nMULTI\nXADD s\nEXEC\nHSET h a 1 b")


def unknown(r: redis.Redis) -> str:
    return typed(r, "XAD s * n 1\nXINFO STREM s\nXINFO")


def texts(r: redis.Redis) -> str:
    return typed(
        r,
        """XGROUP CREATE s g 0 MKSTREAM
        XGROUP CREATE s g 0 MKSTREAM
        XGROUP CREATE s h 0 MAKESTREAM
        XADD s 8-18446744073709551615 n 1
        XADD s 8-* n 2""",
    )


def moves(r: redis.Redis) -> list:
    started = time.monotonic()
    seen: list = [r.blmove("from", "to", 0.2, "LEFT", "RIGHT"), time.monotonic() - started > 0.15]
    taken: list = []
    worker = threading.Thread(target=lambda: taken.append(r.blmove("from", "to", 2, "RIGHT", "LEFT")))
    worker.start()
    time.sleep(0.1)
    r.rpush("from", "1001", "1002")
    worker.join()
    r.blmpop(0.1, 1, "from", direction="LEFT", count=5)
    seen += [taken, r.lmove("from", "to", "LEFT", "LEFT"), r.blmove("from", "to", 0.1, "LEFT", "LEFT")]
    seen += [r.lrange("to", 0, -1), r.exists("from"), r.lmove("to", "to", "LEFT", "RIGHT")]
    r.rpush("to", "1003")
    seen += [r.lmove("to", "to", "LEFT", "RIGHT"), r.lrange("to", 0, -1)]
    return [
        *seen,
        typed(r, "SET text x\nLMOVE text to LEFT LEFT\nLMOVE to text LEFT LEFT\nLMOVE to to UP LEFT\nLMOVE a"),
    ]


def channels(r: redis.Redis) -> list:
    with r.pubsub() as listening:
        listening.subscribe("prices")
        listening.get_message(timeout=5)
        seen = [r.pubsub_channels("p*"), r.publish("prices", "899")]
    for _ in range(100):
        if r.publish("prices", "899") == 0:
            break
        time.sleep(0.02)
    return [*seen, r.pubsub_channels("p*"), r.publish("prices", "899")]


SCENARIOS = {
    "XREAD and XREADGROUP": reads,
    "waiting readers": waiting,
    "history reads": history,
    "XRANGE and XREVRANGE": ranges,
    "XDEL and XACK": ids,
    "WATCH": watch,
    "idle times": idle,
    "XPENDING": pending,
    "consumers": consumers,
    "entries-read": entries_read,
    "XCLAIM and XAUTOCLAIM": claims,
    "XSETID": xsetid,
    "XINFO": info,
    "XINFO STREAM FULL": full_info,
    "HELP": help_texts,
    "LMOVE and BLMOVE": moves,
    "PUBSUB CHANNELS": channels,
    "COPY": copy,
    "HELLO": hello,
    "wrong number of arguments": arity,
    "unknown commands": unknown,
    "error texts": texts,
}


def main(name: str, *without: str) -> None:
    from helpers import backend, fakeredis_fixes

    fakeredis_fixes.apply(without)
    try:
        answer = SCENARIOS[name](backend.simulated())
    except Exception as error:
        answer = f"{type(error).__name__}: {error}"
    print(json.dumps(answer))


if __name__ == "__main__":
    main(*sys.argv[1:])
