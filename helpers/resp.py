"""RESP2, the protocol of Redis, as redis-cli speaks and prints it.

Replies are plain data: ``bytes`` (a bulk string), ``int``, ``None``, ``list``, and `Status` and `ErrorReply`,
which redis-py folds into strings and exceptions and which redis-cli prints differently.

Sources: https://redis.io/docs/latest/develop/reference/protocol-spec/ and the observed output of
``redis-cli --no-raw`` (tests/test_redis_cli.py compares the two byte for byte).
"""

from __future__ import annotations

import contextlib
import functools
import os
import queue
import socket
import socketserver
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import redis
from fakeredis import FakeServer
from fakeredis._helpers import SimpleError, SimpleString
from fakeredis._socket import FakeSocket
from jupyter_core.paths import jupyter_runtime_dir

from helpers import backend


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

    def read(self) -> Reply: ...

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
        return self.read()

    def read(self) -> Reply:
        """The next reply or, after SUBSCRIBE, the next message."""
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
        return self.read()

    def read(self) -> Reply:
        """The next reply or, after SUBSCRIBE, the next message."""
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


# --- The simulator on a port ---------------------------------------------------------------------------------------


def share(client: redis.Redis) -> str:
    """Makes the Redis of `client` reachable from terminals and child processes, and leaves its address for them.

    Returns:
        A URL for redis-cli -u, REDIS_URL or any client: the simulator's port, or the server's own address.
    """
    simulator = client.connection_pool.connection_kwargs.get("server")
    url = serve(simulator) if isinstance(simulator, FakeServer) else backend.server_url()
    address = _address_file()
    address.parent.mkdir(parents=True, exist_ok=True)
    draft = address.with_suffix(".new")
    draft.touch(mode=0o600)  # The URL of somebody's server may hold a password.
    draft.write_text(url)
    draft.replace(address)  # At once: a terminal must not read half of it.
    return url


def shared_url() -> str:
    """Where a terminal finds Redis: REDIS_URL if it names a server, else what a notebook has shared.

    Raises:
        BackendError: neither is there.
    """
    named = os.environ.get("REDIS_URL", "").strip()
    if named and named != "local":
        return named
    if not _address_file().exists():
        raise backend.BackendError(
            "No notebook shares its Redis yet: run the cell with share() in the notebook, or set REDIS_URL here."
        )
    return _address_file().read_text()


def open_shared(open_url: Callable[[str], Any]) -> Any:
    """What `open_url` makes of `shared_url()`; a notebook that is gone gets a sentence of its own.

    Raises:
        BackendError: nothing is shared, or nothing answers there.
    """
    url = shared_url()
    try:
        return open_url(url)
    except backend.BackendError:
        if url == os.environ.get("REDIS_URL", "").strip():
            raise
        raise backend.BackendError(
            "The notebook that shared its Redis is gone; run its cell with share() again."
        ) from None


def _address_file() -> Path:
    return Path(jupyter_runtime_dir()) / "redis-streams-course.url"


@functools.cache
def serve(simulator: FakeServer) -> str:
    """Opens a loopback port on which `simulator` answers redis-cli and every other client as a Redis 7.0 does.

    Child processes and terminals reach the simulator through it. Its threads end with this process.

    Returns:
        The URL, such as ``redis://127.0.0.1:41234/0``.
    """
    door = _Door(("127.0.0.1", 0), _Visit)
    door.simulator = simulator
    threading.Thread(target=door.serve_forever, name="simulator's port", daemon=True).start()
    return f"redis://127.0.0.1:{door.server_address[1]}/0"


class _Door(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128
    simulator: FakeServer


class _Visit(socketserver.BaseRequestHandler):
    """One client: this thread reads its commands, one runs them, and one writes the replies.

    A command may block for minutes, a client may hang up meanwhile, and messages of Pub/Sub come unasked: hence
    three threads.
    """

    def setup(self) -> None:
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._fake = _ServedSocket(self.server.simulator, client_class=redis.Redis, db=0, client_info={"resp": 2})
        self._replies = self._fake.responses
        self._commands: queue.SimpleQueue[list[bytes] | None] = queue.SimpleQueue()
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._run, self._write)]
        for thread in self._threads:
            thread.start()

    def handle(self) -> None:
        with self.request.makefile("rb") as requests, contextlib.suppress(ConnectionError, OSError):
            while (args := _read_command(requests)) is not None:
                self._commands.put(args)

    def finish(self) -> None:
        self._commands.put(None)
        self._fake.hang_up()

    def _run(self) -> None:
        while (args := self._commands.get()) is not None:
            if isinstance(args, ErrorReply) or args[0].upper() == b"QUIT":
                self._replies.put(args if isinstance(args, ErrorReply) else Status(b"OK"))
                break
            try:
                self._fake._process_command(args)
            except Exception as error:  # A fault of the simulator must not look like a dead server.
                self._replies.put(ErrorReply(f"ERR {type(error).__name__}: {error}".encode()))
        self._fake.close()
        self._replies.put(_END)

    def _write(self) -> None:
        with contextlib.suppress(ConnectionError, OSError):
            while (reply := self._replies.get()) is not _END:
                self.request.sendall(encode_reply(reply, self._fake._client_info.protocol_version))
        with contextlib.suppress(OSError):
            self.request.shutdown(socket.SHUT_RDWR)


_END = object()
NULL_ARRAY = object()  # RESP2 has two kinds of nil; only the wire tells them apart.

# Commands whose nil is an array's.
_NULL_ARRAYS = {b"XREAD", b"XREADGROUP", b"EXEC", b"BLPOP", b"BRPOP", b"BLMPOP", b"LMPOP", b"BZPOPMIN", b"BZPOPMAX"}


class _ServedSocket(_TypedFakeSocket):
    """A typed connection whose client may hang up while a command of its blocks."""

    def put_response(self, message: object) -> None:
        if message is None and self._typed[0].upper() in _NULL_ARRAYS:
            message = NULL_ARRAY
        super().put_response(message)

    def hang_up(self) -> None:
        """Ends a blocking command, so that it takes no entry for a client that is gone."""
        server = self._server
        if server is None:
            return
        with server.lock:
            self._unblock_reason = b"timeout"
            if self._db is not None:
                self._db.condition.notify_all()


def _read_command(requests: BinaryIO) -> list[bytes] | ErrorReply | None:
    """The next command that a client sent, as an array or typed inline; None at the end of the connection."""
    while line := requests.readline():
        if not line.startswith(b"*"):
            try:
                args = split_args(line.rstrip(b"\r\n"))
            except ValueError:
                return ErrorReply(b"ERR Protocol error: unbalanced quotes in request")
            if args:
                return args
            continue
        args = []
        for _ in range(int(line[1:])):
            size = requests.readline()
            if not size.startswith(b"$"):
                return ErrorReply(b"ERR Protocol error: expected '$', got '%s'" % size[:1])
            args.append(requests.read(int(size[1:]) + 2)[:-2])
        if args:
            return args
    return None


_PUSHED = {b"message", b"pmessage", b"subscribe", b"unsubscribe", b"psubscribe", b"punsubscribe"}


def encode_reply(reply: object, protocol: int = 2) -> bytes:
    """A reply on the wire, in RESP2 or, for a client that asked for it with ``HELLO 3``, in RESP3."""
    match reply:
        case None:
            return b"_\r\n" if protocol == 3 else b"$-1\r\n"
        case Status(text):
            return b"+" + text + b"\r\n"
        case ErrorReply(text):
            return b"-" + text + b"\r\n"
        case bool():
            return (b"#t\r\n" if reply else b"#f\r\n") if protocol == 3 else b":%d\r\n" % reply
        case int():
            return b":%d\r\n" % reply
        case float():
            text = f"{reply:.17g}".encode()
            return b",%s\r\n" % text if protocol == 3 else b"$%d\r\n%s\r\n" % (len(text), text)
        case str():
            return encode_reply(reply.encode(), protocol)
        case bytes():
            return b"$%d\r\n%s\r\n" % (len(reply), reply)
        case dict() if protocol == 3:
            items = [encode_reply(item, 3) for pair in reply.items() for item in pair]
            return b"%%%d\r\n" % len(reply) + b"".join(items)
        case dict():
            return encode_reply([item for pair in reply.items() for item in pair])
        case list() | tuple():
            pushed = protocol == 3 and reply and isinstance(reply[0], bytes) and reply[0] in _PUSHED
            kind = b">" if pushed else b"*"
            return kind + b"%d\r\n" % len(reply) + b"".join(encode_reply(item, protocol) for item in reply)
    return b"_\r\n" if protocol == 3 else b"*-1\r\n"


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
