"""RESP2, the protocol of Redis, as redis-cli speaks and prints it.

Replies are plain data: ``bytes`` (a bulk string), ``int``, ``None``, ``list``, and `Status` and `ErrorReply`,
which redis-py folds into strings and exceptions and which redis-cli prints differently.

Sources: https://redis.io/docs/latest/develop/reference/protocol-spec/ and the observed output of
``redis-cli --no-raw`` (tests/test_redis_cli.py compares the two byte for byte).
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Protocol

import redis
from fakeredis import FakeServer
from fakeredis._helpers import SimpleError, SimpleString
from fakeredis._socket import FakeSocket


@dataclass(frozen=True)
class Status:
    """A simple string such as ``OK``: redis-cli prints it without quotes."""

    text: bytes


@dataclass(frozen=True)
class ErrorReply:
    """An error reply with its code, such as ``ERR syntax error``."""

    text: bytes


Reply = bytes | int | None | list | Status | ErrorReply


class Connection(Protocol):
    """One client's connection: what MULTI, WATCH and SELECT hold on to."""

    def call(self, *args: bytes) -> Reply: ...

    def close(self) -> None: ...


def connect_raw(client: redis.Redis) -> Connection:
    """A new RESP2 connection to the server (or simulator) that `client` talks to."""
    pool = client.connection_pool
    if isinstance(pool.connection_kwargs.get("server"), FakeServer):
        return SimulatorConnection(pool.connection_kwargs["server"], int(pool.connection_kwargs.get("db") or 0))
    connection = pool.get_connection()  # redis-py does the TLS, the password and the database number.

    def give_back() -> None:
        connection.disconnect()
        pool.release(connection)

    raw = SocketConnection(connection._sock, give_back)
    raw.call(b"HELLO", b"2")
    return raw


class SocketConnection:
    """RESP2 over a socket that is already authenticated; `on_close` is called when it is no longer used."""

    def __init__(self, sock: socket.socket, on_close: Callable[[], None] = lambda: None) -> None:
        self._sock, self._on_close = sock, on_close
        self._replies = sock.makefile("rb")

    def call(self, *args: bytes) -> Reply:
        self._sock.sendall(encode_command(args))
        return read_reply(self._replies)

    def close(self) -> None:
        self._replies.close()
        self._on_close()


class SimulatorConnection:
    """The same, to a FakeServer in this process."""

    def __init__(self, server: FakeServer, db: int) -> None:
        self._sock = _TypedFakeSocket(
            server,
            client_class=redis.Redis,
            db=db,
            lua_modules=None,
            client_info={"protocol_version": 2, "resp": 2, "db": db, "user": "default"},
        )

    def call(self, *args: bytes) -> Reply:
        self._sock.sendall(encode_command(args))
        return self._sock.responses.get()

    def close(self) -> None:
        self._sock.close()


class _TypedFakeSocket(FakeSocket):
    """A fakeredis connection that keeps status, bulk string and error apart, as they are on the wire."""

    def _decode_result(self, result):
        if isinstance(result, (list, tuple)):
            return [self._decode_result(item) for item in result]
        if isinstance(result, SimpleString):
            return Status(result.value)
        if isinstance(result, SimpleError):
            return ErrorReply(result.value.encode())
        return result


def encode_command(args: Sequence[bytes]) -> bytes:
    """A command as an array of bulk strings."""
    return b"*%d\r\n" % len(args) + b"".join(b"$%d\r\n%s\r\n" % (len(arg), arg) for arg in args)


def read_reply(replies: BinaryIO) -> Reply:
    """The next reply of a RESP2 stream; ConnectionError when the server closed it."""
    line = replies.readline()
    if not line.endswith(b"\r\n"):
        raise ConnectionError("Server closed the connection")
    kind, rest = line[:1], line[1:-2]
    if kind == b"+":
        return Status(rest)
    if kind == b"-":
        return ErrorReply(rest)
    if kind == b":":
        return int(rest)
    if kind not in (b"$", b"*"):
        raise ConnectionError(f"Protocol error, got {kind!r} as reply type byte")
    size = int(rest)
    if size < 0:
        return None
    if kind == b"*":
        return [read_reply(replies) for _ in range(size)]
    text = replies.read(size + 2)
    if len(text) < size + 2:
        raise ConnectionError("Server closed the connection")
    return text[:-2]


def format_reply(reply: Reply, prefix: bytes = b"") -> bytes:
    """`reply` as ``redis-cli --no-raw`` prints it, with the line's end."""
    match reply:
        case None:
            return b"(nil)\n"
        case Status(text):
            return text + b"\n"
        case ErrorReply(text):
            return b"(error) " + text + b"\n"
        case bytes():
            return quote(reply) + b"\n"
        case int():
            return b"(integer) %d\n" % reply
        case []:
            return b"(empty array)\n"
    width = len(str(len(reply)))
    inner = prefix + b" " * (width + 2)
    lines = []
    for number, item in enumerate(reply, 1):
        index = str(number).rjust(width).encode()
        lines.append((prefix if number > 1 else b"") + index + b") " + format_reply(item, inner))
    return b"".join(lines)


def format_raw(reply: Reply) -> bytes:
    """`reply` as redis-cli prints the texts that are meant to be read, such as INFO's."""
    match reply:
        case None:
            return b""
        case ErrorReply(text):
            return text + b"\n"
        case Status(text):
            return text
        case bytes():
            return reply
        case int():
            return b"%d" % reply
    return b"\n".join(format_raw(item) for item in reply)


_ESCAPES = {0x5C: b"\\\\", 0x22: b'\\"', 0x0A: b"\\n", 0x0D: b"\\r", 0x09: b"\\t", 0x07: b"\\a", 0x08: b"\\b"}
_UNESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"a": b"\a"}


def quote(text: bytes) -> bytes:
    """A bulk string in redis-cli's double quotes."""
    return b'"' + b"".join(_ESCAPES.get(c) or (b"%c" % c if 32 <= c < 127 else b"\\x%02x" % c) for c in text) + b'"'


_HEX = b"0123456789abcdefABCDEF"
_BLANKS = b" \n\r\t\v\f\0"


def split_args(line: bytes) -> list[bytes]:
    """A typed line as redis-cli splits it into arguments.

    Double quotes take the escapes of C and ``\\xHH``, single quotes only ``\\'``.

    Raises:
        ValueError: quotes that do not close, or that close in the middle of a word.
    """
    args, at = [], 0
    while True:
        while line[at : at + 1] and line[at] in b" \n\r\t\v\f":
            at += 1
        if at >= len(line):
            return args
        arg, at = _read_arg(line, at)
        args.append(arg)


def _read_arg(line: bytes, at: int) -> tuple[bytes, int]:
    """The argument that starts at `at`, and where it ends."""
    arg = b""
    while at < len(line):
        c = line[at : at + 1]
        if c in (b'"', b"'"):
            part, at = _read_quoted(line, at + 1, c)
            arg += part
            if at < len(line) and line[at] not in _BLANKS:
                raise ValueError("closing quote in the middle of a word")
            return arg, at
        if c[0] in b" \n\r\t\0":
            return arg, at + (c == b"\0")
        arg += c
        at += 1
    return arg, at


def _read_quoted(line: bytes, at: int, closing: bytes) -> tuple[bytes, int]:
    """The text up to the closing quote, and the place after that quote."""
    text = b""
    while at < len(line):
        c, following = line[at : at + 1], line[at + 1 : at + 2]
        if c == closing:
            return text, at + 1
        if closing == b'"' and c == b"\\" and following == b"x" and _is_hex(line[at + 2 : at + 4]):
            text += bytes([int(line[at + 2 : at + 4], 16)])
            at += 4
        elif closing == b'"' and c == b"\\" and following:
            text += _UNESCAPES.get(following, following)
            at += 2
        elif closing == b"'" and c == b"\\" and following == b"'":
            text += b"'"
            at += 2
        else:
            text += c
            at += 1
    raise ValueError("quote without its closing quote")


def _is_hex(text: bytes) -> bool:
    return len(text) == 2 and all(c in _HEX for c in text)
