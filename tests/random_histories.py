"""Random histories of one stream with two groups, and what a Redis answers to them."""

from __future__ import annotations

import random
from typing import Any

import redis

# What no two servers agree on: times, and how much a consumer was idle.
_CLOCK = {"idle", "time_since_delivered", "seen-time"}


def history(seed: int, length: int = 60) -> list[list[str]]:
    """Commands as typed, drawn by `seed`: about one in four is refused or does nothing."""
    draw = random.Random(seed)
    top, commands = 0, []
    kinds = list(_KINDS.items())
    for _ in range(length):
        [make] = draw.choices([make for make, _ in kinds], [weight for _, weight in kinds])
        top += make is _add
        commands.append(make(draw, top).split())
    return commands


def answers(r: redis.Redis, commands: list[list[str]]) -> list[Any]:
    return [_answer(r, command) for command in commands]


def _answer(r: redis.Redis, command: list[str]) -> Any:
    try:
        if command[-1] == "FULL":
            return _without_clock(r.xinfo_stream(command[2], full=True))
        words = 2 if command[0] in ("XGROUP", "XINFO") else 1
        detail = {"parse_detail": True} if command[0] == "XPENDING" and len(command) > 3 else {}
        return _without_clock(r.execute_command(" ".join(command[:words]), *command[words:], **detail))
    except redis.ResponseError as error:
        return f"error: {error}"


def _without_clock(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _without_clock(item) for name, item in value.items() if name not in _CLOCK}
    if isinstance(value, (list, tuple)):
        return [_without_clock(item) for item in value]
    if isinstance(value, int) and value > 10**12:
        return "a time"
    return value.decode() if isinstance(value, bytes) else value


def _id(draw: random.Random, top: int) -> str:
    return f"{draw.randint(0, max(top + 1, 2))}-0"


def _group(draw: random.Random) -> str:
    return draw.choice("gh")


def _consumer(draw: random.Random) -> str:
    return draw.choice("abc")


def _maybe(draw: random.Random, chance: float, option: str) -> str:
    return option if draw.random() < chance else ""


def _add(draw: random.Random, top: int) -> str:
    trim = _maybe(draw, 0.1, f"MAXLEN {draw.choice('=~')} {draw.randint(0, 8)}")
    return f"XADD s {trim} {top}-0 n {top}"


def _create(draw: random.Random, top: int) -> str:
    return f"XGROUP CREATE s {_group(draw)} {draw.choice(['0', '$', _id(draw, top)])} MKSTREAM"


def _read(draw: random.Random, top: int) -> str:
    start = draw.choice([">", ">", ">", "0", _id(draw, top)])
    options = f"COUNT {draw.randint(1, 3)} {_maybe(draw, 0.1, 'NOACK')}"
    return f"XREADGROUP GROUP {_group(draw)} {_consumer(draw)} {options} STREAMS s {start}"


def _ack(draw: random.Random, top: int) -> str:
    return f"XACK s {_group(draw)} {_id(draw, top)} {_id(draw, top)}"


def _delete(draw: random.Random, top: int) -> str:
    return f"XDEL s {_id(draw, top)}"


def _trim(draw: random.Random, top: int) -> str:
    return "XTRIM s " + draw.choice([f"MAXLEN {draw.randint(0, 9)}", f"MINID {_id(draw, top)}"])


def _claim(draw: random.Random, top: int) -> str:
    ids = " ".join({_id(draw, top): None for _ in range(draw.randint(1, 3))})
    options = [_maybe(draw, 0.2, "JUSTID"), _maybe(draw, 0.2, "FORCE")]
    options += [_maybe(draw, 0.2, f"RETRYCOUNT {draw.randint(0, 5)}")]
    options += [_maybe(draw, 0.2, f"IDLE {draw.choice([0, 10_000, 3_600_000])}")]
    options += [_maybe(draw, 0.1, f"LASTID {_id(draw, top)}")]
    return f"XCLAIM s {_group(draw)} {_consumer(draw)} {_idle(draw)} {ids} {' '.join(options)}"


def _autoclaim(draw: random.Random, top: int) -> str:
    options = f"{_maybe(draw, 0.6, f'COUNT {draw.randint(1, 3)}')} {_maybe(draw, 0.2, 'JUSTID')}"
    start = draw.choice(["0-0", "-", _id(draw, top)])
    return f"XAUTOCLAIM s {_group(draw)} {_consumer(draw)} {_idle(draw)} {start} {options}"


def _idle(draw: random.Random) -> int:
    return draw.choice([0, 0, 0, 5_000, 1_000_000])  # far from any idle time that a history has


def _summary(draw: random.Random, top: int) -> str:
    return f"XPENDING s {_group(draw)}"


def _pending(draw: random.Random, top: int) -> str:
    idle = _maybe(draw, 0.5, f"IDLE {draw.choice([0, 5_000, 1_000_000])}")
    start, end = draw.choice(["-", _id(draw, top), "(" + _id(draw, top)]), draw.choice(["+", _id(draw, top)])
    who = _maybe(draw, 0.4, _consumer(draw))
    return f"XPENDING s {_group(draw)} {idle} {start} {end} {draw.randint(1, 10)} {who}"


def _move(draw: random.Random, top: int) -> str:
    return f"XGROUP SETID s {_group(draw)} {draw.choice(['0', '$', _id(draw, top)])}"


def _consumers(draw: random.Random, top: int) -> str:
    return f"XGROUP {draw.choice(['DELCONSUMER', 'CREATECONSUMER'])} s {_group(draw)} {_consumer(draw)}"


def _destroy(draw: random.Random, top: int) -> str:
    return draw.choice(["DEL s", f"XGROUP DESTROY s {_group(draw)}"])


def _set_id(draw: random.Random, top: int) -> str:
    return f"XSETID s {_id(draw, top)}"


def _info(draw: random.Random, top: int) -> str:
    return draw.choice(["XINFO GROUPS s", f"XINFO CONSUMERS s {_group(draw)}", "XINFO STREAM s", "XINFO STREAM s FULL"])


_KINDS = {
    _add: 20,
    _create: 7,
    _read: 15,
    _ack: 6,
    _delete: 5,
    _trim: 3,
    _claim: 8,
    _autoclaim: 8,
    _summary: 6,
    _pending: 6,
    _move: 3,
    _consumers: 4,
    _destroy: 1,
    _set_id: 0.5,
    _info: 10,
}
