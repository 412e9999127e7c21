"""Raw commands, printed as ``redis-cli --no-raw`` prints them: ``%%redis`` in a notebook cell, and in a terminal
``python -m helpers.redis_cli`` for those who have no redis-cli.

A cell is one redis-cli session on a connection of its own: a MULTI opened in it ends with it.
"""

from __future__ import annotations

import contextlib
import itertools
import re
import sys
from collections.abc import Callable, Iterator

import redis
from IPython.core.completer import SimpleCompletion, context_matcher

from helpers import backend
from helpers.resp import Connection, Reply, Status, connect_raw, format_raw, format_reply, open_shared, split_args

# What may be typed, for Tab and for help: the syntax of https://redis.io/docs/latest/commands/, Redis 7.0.
SYNTAX = {
    "XADD": "key [NOMKSTREAM] [MAXLEN|MINID [=|~] threshold [LIMIT count]] *|id field value [field value ...]",
    "XTRIM": "key MAXLEN|MINID [=|~] threshold [LIMIT count]",
    "XLEN": "key",
    "XDEL": "key id [id ...]",
    "XSETID": "key last-id [ENTRIESADDED entries-added] [MAXDELETEDID max-deleted-id]",
    "XRANGE": "key start end [COUNT count]",
    "XREVRANGE": "key end start [COUNT count]",
    "XREAD": "[COUNT count] [BLOCK milliseconds] STREAMS key [key ...] id [id ...]",
    "XREADGROUP": "GROUP group consumer [COUNT count] [BLOCK milliseconds] [NOACK] STREAMS key [key ...] id [id ...]",
    "XACK": "key group id [id ...]",
    "XPENDING": "key group [[IDLE min-idle-time] start end count [consumer]]",
    "XCLAIM": "key group consumer min-idle-time id [id ...] [IDLE ms] [TIME unix-time-ms] [RETRYCOUNT count] "
    "[FORCE] [JUSTID] [LASTID lastid]",
    "XAUTOCLAIM": "key group consumer min-idle-time start [COUNT count] [JUSTID]",
    "XGROUP CREATE": "key group id|$ [MKSTREAM] [ENTRIESREAD entries-read]",
    "XGROUP SETID": "key group id|$ [ENTRIESREAD entries-read]",
    "XGROUP CREATECONSUMER": "key group consumer",
    "XGROUP DELCONSUMER": "key group consumer",
    "XGROUP DESTROY": "key group",
    "XGROUP HELP": "",
    "XINFO STREAM": "key [FULL [COUNT count]]",
    "XINFO GROUPS": "key",
    "XINFO CONSUMERS": "key group",
    "XINFO HELP": "",
    "LPUSH": "key element [element ...]",
    "RPUSH": "key element [element ...]",
    "LPOP": "key [count]",
    "RPOP": "key [count]",
    "BLPOP": "key [key ...] timeout",
    "BRPOP": "key [key ...] timeout",
    "LMOVE": "source destination LEFT|RIGHT LEFT|RIGHT",
    "BLMOVE": "source destination LEFT|RIGHT LEFT|RIGHT timeout",
    "LREM": "key count element",
    "LLEN": "key",
    "LRANGE": "key start stop",
    "PUBLISH": "channel message",
    "PUBSUB CHANNELS": "[pattern]",
    "PUBSUB NUMSUB": "[channel [channel ...]]",
    "SET": "key value [NX|XX] [GET] [EX seconds|PX milliseconds|EXAT unix-time-seconds|PXAT unix-time-ms|KEEPTTL]",
    "GET": "key",
    "INCR": "key",
    "INCRBY": "key increment",
    "HSET": "key field value [field value ...]",
    "HGET": "key field",
    "HGETALL": "key",
    "HINCRBY": "key field increment",
    "SADD": "key member [member ...]",
    "SMEMBERS": "key",
    "ZADD": "key [NX|XX] [GT|LT] [CH] [INCR] score member [score member ...]",
    "ZRANGE": "key start stop [BYSCORE|BYLEX] [REV] [LIMIT offset count] [WITHSCORES]",
    "DEL": "key [key ...]",
    "UNLINK": "key [key ...]",
    "EXISTS": "key [key ...]",
    "TYPE": "key",
    "RENAME": "key newkey",
    "COPY": "source destination [DB destination-db] [REPLACE]",
    "EXPIRE": "key seconds [NX|XX|GT|LT]",
    "TTL": "key",
    "SCAN": "cursor [MATCH pattern] [COUNT count] [TYPE type]",
    "DBSIZE": "",
    "MULTI": "",
    "EXEC": "",
    "DISCARD": "",
    "WATCH": "key [key ...]",
    "UNWATCH": "",
    "PING": "[message]",
    "ECHO": "message",
    "TIME": "",
    "INFO": "[section [section ...]]",
    "CLIENT UNBLOCK": "client-id [TIMEOUT|ERROR]",
    "CLIENT LIST": "",
    "CLIENT ID": "",
    "MEMORY USAGE": "key [SAMPLES count]",
    "CONFIG GET": "parameter [parameter ...]",
}

# Replies that are texts to be read, which redis-cli prints as they are.
_TEXT_REPLIES = re.compile(
    rb"info|lolwut|cluster (info|nodes)|client (info|list)|latency (doctor|graph)|memory (doctor|malloc-stats)",
    re.I,
)

_TAKES_OVER = {
    b"SUBSCRIBE": "it would wait for messages for ever; use r.pubsub() instead",
    b"PSUBSCRIBE": "it would wait for messages for ever; use r.pubsub() instead",
    b"SSUBSCRIBE": "it would wait for messages for ever; use r.pubsub() instead",
    b"MONITOR": "it would print every command of the server for ever; use r.monitor() or a terminal instead",
    b"SYNC": "it would turn this connection into a replica's",
    b"PSYNC": "it would turn this connection into a replica's",
    b"CONNECT": "a cell stays with the server that connect() chose; set REDIS_URL to choose another",
    b"HELP": "ask a Python cell instead: r.xadd? shows the help for XADD",
    b"?": "ask a Python cell instead: r.xadd? shows the help for XADD",
    b"CLEAR": "clear a cell's output with Jupyter's Edit menu",
    b"RESTART": "only redis-cli can restart itself",
}
_BLOCKING_READS = (b"XREAD", b"XREADGROUP")
_TIMEOUT_LAST = (b"BLPOP", b"BRPOP", b"BLMOVE", b"BRPOPLPUSH", b"BZPOPMIN", b"BZPOPMAX", b"WAIT")
_TIMEOUT_FIRST = (b"BLMPOP", b"BZMPOP")


def redis_magic(line: str, cell: str) -> None:
    """The body of a ``%%redis`` cell, one command a line; whole lines that start with # are comments."""
    client = backend.current()
    if client is None:
        print("%%redis has no server yet: run the cell with connect() first.")
        return
    if line.strip():
        print(f"%%redis takes no arguments; put commands on the lines below it, not {line.strip()!r} beside it.")
        return
    try:
        connection = connect_raw(client)
    except redis.RedisError as error:
        print(f"Could not connect: {error}")
        return
    with contextlib.closing(connection):
        run_session(connection, cell.splitlines(), lambda text: print(text.decode(errors="backslashreplace"), end=""))


def run_session(connection: Connection, lines: list[str], write: Callable[[bytes], None]) -> None:
    """Sends `lines` one after the other and writes what redis-cli would write, reply by reply."""
    in_transaction = False
    for args, times in _commands(lines, write):
        name = args[0].upper()
        if name in (b"QUIT", b"EXIT"):
            return
        if reason := _why_not(args, in_transaction):
            write(f"%%redis does not run {name.decode(errors='replace')}: {reason}.\n".encode())
            continue
        for _ in range(times):
            try:
                reply = connection.call(*args)
            except (ConnectionError, redis.ConnectionError) as error:
                write(f"Error: {error}\n".encode())
                return
            write(_format(args, reply))
        in_transaction = _still_in_transaction(name, reply, in_transaction)


def _commands(lines: list[str], write: Callable[[bytes], None]) -> Iterator[tuple[list[bytes], int]]:
    """The arguments of each command and how often it was asked for (redis-cli: ``5 INCR hits``)."""
    for line in lines:
        if line.lstrip().startswith("#"):
            continue
        try:
            args = split_args(line.encode())
        except ValueError:
            write(b"Invalid argument(s)\n")
            continue
        if not args:
            continue
        times = 1
        if len(args) > 1 and re.fullmatch(rb"\s*[+-]?\d+", args[0]):
            times = int(args.pop(0))
            if not 0 < times < 2**63:
                write(b"Invalid redis-cli repeat command option value.\n")
                continue
        yield args, times


def _why_not(args: list[bytes], in_transaction: bool) -> str | None:
    """Why this command must not be sent from a cell; None when it may."""
    name, words = args[0].upper(), [arg.upper() for arg in args]
    if name in _TAKES_OVER:
        return _TAKES_OVER[name]
    if name[:1] == b":":
        return "only redis-cli has preferences"
    if name == b"HELLO" and words[1:2] not in ([], [b"2"]):
        return "cells speak RESP2, whose replies redis-cli shows by default"
    if words[:2] == [b"CLIENT", b"REPLY"] and words[2:] != [b"ON"]:
        return "the cell would wait for a reply that never comes"
    if not in_transaction and _blocks_for_ever(name, words):
        return "a timeout of 0 waits for ever and the notebook with it; give a time, such as 2000 ms (lists: 2 s)"
    return None


def _blocks_for_ever(name: bytes, words: list[bytes]) -> bool:
    if name in _BLOCKING_READS:
        options = words[: words.index(b"STREAMS")] if b"STREAMS" in words else words
        return any(word == b"BLOCK" and _is_zero(value) for word, value in itertools.pairwise(options))
    if name in _TIMEOUT_LAST:
        return len(words) > 2 and _is_zero(words[-1])
    return name in _TIMEOUT_FIRST and _is_zero(words[1] if len(words) > 1 else b"")


def _is_zero(text: bytes) -> bool:
    try:
        return float(text) == 0
    except ValueError:
        return False


def _still_in_transaction(name: bytes, reply: Reply, before: bool) -> bool:
    if name == b"MULTI" and isinstance(reply, Status):
        return True
    return before and name not in (b"EXEC", b"DISCARD", b"RESET")


def _format(args: list[bytes], reply: Reply) -> bytes:
    if _TEXT_REPLIES.fullmatch(b" ".join(args[:2] if args[0].lower() not in (b"info", b"lolwut") else args[:1])):
        return format_raw(reply)
    return format_reply(reply)


# --- Tab ---------------------------------------------------------------------------------------------------------

_OPTION = re.compile(r"[A-Z]{2,}")


def complete(text: str) -> list[str]:
    """What may follow in the command line `text` (up to the cursor): command names, then their options."""
    words = text.split(" ")
    typed = words[-1]
    before = [word.upper() for word in words[:-1] if word]
    options = _options_after(before)
    found = [option for option in options if option.startswith(typed.upper())]
    return [option.lower() for option in found] if typed.islower() else found


def _options_after(before: list[str]) -> list[str]:
    if not before:
        return sorted({name.split()[0] for name in SYNTAX})
    subcommands = sorted(name.split()[1] for name in SYNTAX if name.startswith(before[0] + " "))
    if subcommands and len(before) == 1:
        return subcommands
    syntax = SYNTAX.get(before[0], SYNTAX.get(" ".join(before[:2]), ""))
    if "STREAMS" in before:
        return []
    return [option for option in dict.fromkeys(_OPTION.findall(syntax)) if option not in before]


@context_matcher()
def redis_matcher(context) -> dict:
    """IPython's completion inside a ``%%redis`` cell; silent in every other cell."""
    if not context.full_text.startswith("%%redis") or context.cursor_line == 0:
        return {"completions": []}
    line = context.line_with_cursor[: context.cursor_position]
    found = [SimpleCompletion(text=option, type="keyword") for option in complete(line)]
    return {"completions": found, "suppress": True, "matched_fragment": line.split(" ")[-1]}


# --- In a terminal -------------------------------------------------------------------------------------------------

_SUBSCRIBES = (b"SUBSCRIBE", b"PSUBSCRIBE", b"SSUBSCRIBE", b"MONITOR")
_WELCOME = "Connected to {}. Tab completes, HELP XADD explains, Ctrl-C stops a command that waits, QUIT leaves.\n"


class Terminal:
    """A prompt's session: it keeps its connection through errors, and makes a new one when that is gone."""

    def __init__(self, url: str, write: Callable[[bytes], None]) -> None:
        """Raises BackendError, one sentence, if nothing answers at `url`."""
        self._client, self.name = backend.open_redis(url)
        self._write, self._connection = write, None
        self.in_transaction = False

    def run(self, line: str) -> bool:
        """Runs one typed line; False when it said to leave."""
        for args, times in _commands([line], self._write):
            name = args[0].upper()
            if name in (b"QUIT", b"EXIT"):
                return False
            if name in (b"HELP", b"?"):
                self._write(explain(" ".join(arg.decode(errors="replace") for arg in args[1:])).encode())
                continue
            for _ in range(times):
                self._call(args)
        return True

    def _call(self, args: list[bytes]) -> None:
        try:
            if self._connection is None:
                self._connection = connect_raw(self._client)
            reply = self._connection.call(*args)
            self._write(_format(args, reply))
            self.in_transaction = _still_in_transaction(args[0].upper(), reply, self.in_transaction)
            while args[0].upper() in _SUBSCRIBES and not self.in_transaction:
                self._write(_format(args, self._connection.read()))
        except KeyboardInterrupt:
            self._hang_up()
            self._write(b"(stopped)\n")
        except (ConnectionError, redis.ConnectionError, redis.TimeoutError) as error:
            self._hang_up()
            self._write(f"Error: {error}. The next command connects again.\n".encode())

    def _hang_up(self) -> None:
        """A new connection for the next command; what this one had begun (MULTI, WATCH) is over."""
        if self._connection is not None:
            self._connection.close()
        self._connection, self.in_transaction = None, False


def explain(command: str) -> str:
    """What HELP prints: the syntax of one command, of a group of them, or how to ask."""
    wanted = command.upper().split()
    found = [name for name in SYNTAX if name.split()[: len(wanted)] == wanted]
    if not wanted:
        return "HELP XADD shows the syntax of XADD; HELP XGROUP that of its subcommands.\n"
    if not found:
        return f"No help for {command!r}; https://redis.io/commands has every command.\n"
    return "".join(f"{name} {SYNTAX[name]}".rstrip() + "\n" for name in found)


def main(arguments: list[str]) -> int:
    """``python -m helpers.redis_cli [URL]``."""

    def write(text: bytes) -> None:
        print(text.decode(errors="backslashreplace"), end="", flush=True)

    try:
        terminal = Terminal(arguments[0], write) if arguments else open_shared(lambda url: Terminal(url, write))
    except backend.BackendError as error:
        print(error, file=sys.stderr)
        return 1
    if sys.stdin.isatty():
        print(_WELCOME.format(terminal.name))
        lines = _prompted(terminal)
    else:
        lines = (line.rstrip("\n") for line in sys.stdin)
    for line in lines:
        if not terminal.run(line):
            break
    return 0


def _prompted(terminal: Terminal) -> Iterator[str]:
    """The lines that a person types, with history and Tab."""
    from jupyter_core.paths import jupyter_runtime_dir
    from prompt_toolkit import PromptSession
    from prompt_toolkit.completion import Completer, Completion
    from prompt_toolkit.history import FileHistory

    class Commands(Completer):
        def get_completions(self, document, _event):
            typed = document.text_before_cursor.lstrip()
            start = -len(typed.split(" ")[-1])
            return (Completion(option, start_position=start) for option in complete(typed))

    history = FileHistory(f"{jupyter_runtime_dir()}/redis-streams-course.history")
    session = PromptSession(history=history, completer=Commands(), complete_while_typing=False)
    while True:
        try:
            yield session.prompt("redis(TX)> " if terminal.in_transaction else "redis> ")
        except KeyboardInterrupt:
            continue
        except EOFError:
            return


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
