"""The Redis that a notebook talks to: a simulator in the kernel, a private redis-server, or yours.

``REDIS_URL`` chooses: nothing set is fakeredis behaving as Redis 7.0; ``local`` is a redis-server started for this
kernel; ``redis://``, ``rediss://`` or ``unix://`` is that server, where the course behaves as a guest:

- it never sends FLUSHDB, FLUSHALL or CONFIG SET;
- it marks an empty database as its own with the hash `MARK`, and refuses one that holds keys and no mark;
- the mark lists the key names that the course claimed while they were absent; only those are ever deleted.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import os
import random
import shutil
import socket
import subprocess
import tempfile
import time
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import redis
import redis.asyncio
from redis.backoff import NoBackoff
from redis.retry import Retry

if TYPE_CHECKING:
    import fakeredis

MARK = "redis-streams-course"
OLDEST = (7, 0)
GET_A_SERVER = "apt install redis-server (Debian, Ubuntu), brew install redis (macOS), or see redis.io/downloads"
ELSEWHERE = (
    "Use another database number (the /3 in redis://localhost:6379/3), REDIS_URL=local for a private server, "
    "or unset REDIS_URL for the simulator"
)

# redis-py 8 gives up on a silent socket after 5 s, also while XREAD BLOCK 8000 is rightly waiting, and then sends
# the command again. A lesson's client waits as long as its BLOCK says.
CLIENT = {"decode_responses": True, "socket_timeout": None, "socket_connect_timeout": 5}

_current: redis.Redis | None = None
_local: PrivateRedis | None = None


class BackendError(Exception):
    """Why there is no usable Redis, and the way out, in one sentence; a notebook shows no traceback for it."""

    def _render_traceback_(self) -> list[str]:
        return [f"{type(self).__name__}: {self}"]


def connect(*keys: str, needs_server: str = "") -> redis.Redis:
    """The Redis of this notebook, with the keys that it names removed, so that it can be run again.

    Prints one line: which back end, which version, and what this notebook will skip on it.

    Args:
        keys: every key that the notebook writes. They are claimed: see the guest rules above.
        needs_server: the sections that use `private_redis()`, such as ``"section 9"``, for the printed line.

    Raises:
        BackendError: no server, no access, too old, not ours; one sentence with the way out.
    """
    global _current
    _current = None  # A cell that goes on after a refusal must not reach the server that was refused.
    url = os.environ.get("REDIS_URL", "").strip()
    client, name = open_redis(url)
    _claim(client, keys, url)
    _current = client
    skips = f"Skipped here: {needs_server} (needs a redis-server: {GET_A_SERVER})."
    print(name + ". " + (skips if needs_server and not server_program() else "Nothing is skipped."))
    return client


def connect_async() -> redis.asyncio.Redis:
    """An asyncio client of the Redis that `connect()` chose; close it with ``await client.aclose()``."""
    if _current is None:
        raise BackendError("connect_async() shares the back end of connect(): run the cell with connect() first.")
    kwargs = _current.connection_pool.connection_kwargs
    if "server" in kwargs:
        from fakeredis import FakeAsyncRedis

        return FakeAsyncRedis(server=kwargs["server"], decode_responses=True)
    return redis.asyncio.Redis.from_url(server_url(), **CLIENT)


def current() -> redis.Redis | None:
    """The client that the last `connect()` returned; None before it, or when it refused."""
    return _current


def open_redis(url: str) -> tuple[redis.Redis, str]:
    """A working client for `url`, and what to call it."""
    if not url:
        return (
            _simulator(),
            f"fakeredis {installed_version('fakeredis')} in this kernel, behaving as Redis 7.0",
        )
    if url == "local":
        client = _local_server().client()
        return client, f"redis-server {_identify(client, url)['version']} started for this kernel"
    try:
        with _probe(url) as probe:
            hello = _identify(probe, url)
    except redis.RedisError as error:
        raise BackendError(_explain(error, url)) from None
    if problem := _unsuitable(hello):
        raise BackendError(f"{_public(url)} {problem}. {ELSEWHERE}.")
    name = f"{str(hello['server']).capitalize()} {hello['version']} at {_public(url)}"
    return redis.Redis.from_url(_own_options(url), **CLIENT), name


@functools.cache
def _simulator() -> redis.Redis:
    """One FakeServer for the kernel, so that every client and thread sees the same data."""
    return simulated()


def simulated() -> redis.Redis:
    """A new, empty simulator behaving as Redis 7.0, shared with nobody."""
    try:
        from fakeredis import FakeServer  # Half of what importing the course costs: only where it is used.

        from helpers import fakeredis_fixes

        fakeredis_fixes.apply()
    except (ImportError, RuntimeError) as error:
        raise BackendError(
            f"fakeredis {installed_version('fakeredis')} is not one that the course can repair ({error}): install "
            "the versions of requirements.txt (pip install -r requirements.txt), or set REDIS_URL to a real Redis."
        ) from None
    return client_of(FakeServer(version=OLDEST))


def client_of(simulator: fakeredis.FakeServer) -> redis.Redis:
    """A new client of a simulator."""
    from fakeredis import FakeRedis

    return FakeRedis(server=simulator, decode_responses=True)


def same_server(client: redis.Redis) -> redis.Redis:
    """Another client of the Redis that `client` talks to, with the same connections."""
    if "server" in client.connection_pool.connection_kwargs:
        return client_of(client.connection_pool.connection_kwargs["server"])
    return redis.Redis(connection_pool=client.connection_pool)


def claim(client: redis.Redis, key: str) -> None:
    """Takes a key for a helper that will delete it, by the guest rules.

    Raises:
        BackendError: there is a key of that name that the course did not make.
    """
    if not _claim_one(client, key):
        raise BackendError(f"there is a key named {key!r} that the course did not make; choose another name.")
    client.delete(key)


def server_url() -> str:
    """The address of the server that REDIS_URL names or that was started for ``local``, as the lessons use it."""
    named = os.environ.get("REDIS_URL", "").strip()
    return _local_server().url if named == "local" else _own_options(named)


# --- Someone's server: is it there, is it ours? --------------------------------------------------------------------


def _probe(url: str) -> redis.Redis:
    """A client for the first question: it gives up after 5 s, where redis-py would try again for a minute."""
    try:
        parts = urlsplit(url)
        if not (parts.hostname or parts.path):
            raise ValueError("it names no host")
        return redis.Redis.from_url(
            _own_options(url), retry=Retry(NoBackoff(), 0), protocol=2, **{**CLIENT, "socket_timeout": 5}
        )
    except (ValueError, redis.RedisError) as error:
        raise BackendError(
            f"REDIS_URL={_public(url)} does not parse ({error}). It should look like redis://localhost:6379/0, "
            "rediss://user:password@host:6380/0 or unix:///run/redis.sock?db=0, or be the word local."
        ) from None


def _own_options(url: str) -> str:
    """`url` without the client options that decide what a lesson's answers look like."""
    server, _, query = url.partition("?")
    ours = {"protocol", "legacy_responses", *CLIENT}
    kept = [(name, value) for name, value in parse_qsl(query, keep_blank_values=True) if name not in ours]
    return f"{server}?{urlencode(kept)}" if kept else server


def _public(url: str) -> str:
    """`url` without its password."""
    try:
        parts = urlsplit(url)
        if parts.password is None:
            return url
    except ValueError:
        return url.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=(parts.username or "") + ":***@" + parts.netloc.rpartition("@")[2]))


def _identify(client: redis.Redis, url: str) -> dict:
    """What HELLO tells: server, version, mode (standalone, cluster, sentinel) and role (master, replica)."""
    try:
        hello = client.execute_command("HELLO")
    except redis.ResponseError as error:
        if "unknown command" in str(error).lower():
            raise BackendError(f"{_public(url)} is older than Redis 6. The course needs 7.0. {ELSEWHERE}.") from None
        raise
    return hello if isinstance(hello, dict) else dict(zip(hello[::2], hello[1::2], strict=True))


def _unsuitable(hello: dict) -> str | None:
    """What keeps a reachable server from being used, or None."""
    if tuple(int(part) for part in hello["version"].split(".")[:2]) < OLDEST:
        return f"is Redis {hello['version']}, and the course needs 7.0 or newer"
    if hello["mode"] == "cluster":
        return "is a node of a Redis Cluster, where the lessons' keys would live on different nodes"
    if hello["mode"] == "sentinel":
        return "is a Sentinel, which holds no data; ask it for the primary's address"
    if hello["role"] != "master":
        return "is a read-only replica; use its primary's address"
    return None


def _explain(error: Exception, url: str) -> str:
    """One sentence for a learner: what is wrong with `url`, and the way out."""
    text, where = str(error), _public(url)
    if isinstance(error, redis.TimeoutError) and url.startswith("rediss:"):
        return f"{where} did not answer in TLS within 5 seconds; use redis:// for a server without TLS."
    for kind, fragments, sentence in _EXPLANATIONS:
        if isinstance(error, kind) and any(fragment in text for fragment in fragments):
            return f"{where} {sentence}. Or unset REDIS_URL to use the simulator."
    return f"{where} answered: {text}. Unset REDIS_URL to use the simulator, or set REDIS_URL=local."


_EXPLANATIONS = (
    (
        redis.AuthenticationError,
        ("",),
        "refused the user name or password; put them in the URL as redis://user:password@host:port/0",
    ),
    (
        redis.exceptions.NoPermissionError,
        ("",),
        "does not grant this user what the course needs; an administrator can: ACL SETUSER <name> ~* &* +@all -@admin",
    ),
    (
        redis.ConnectionError,
        (
            "Name or service not known",
            "nodename nor servname",
            "No address",
            "getaddrinfo",
            "name resolution",
        ),
        "names a host that cannot be found; check the spelling",
    ),
    (
        redis.ConnectionError,
        ("refused", "No such file"),
        "has no server listening; start it (redis-server), check host and port, or set REDIS_URL=local",
    ),
    (
        redis.ConnectionError,
        (
            "WRONG_VERSION_NUMBER",
            "wrong version number",
            "record layer failure",
            "CERTIFICATE_VERIFY",
            "certificate",
        ),
        "did not agree on TLS; use redis:// for a server without TLS, and ?ssl_ca_certs=/path/ca.pem for a private "
        "certificate authority",
    ),
    (
        redis.ConnectionError,
        ("closed by server", "Connection reset", "EOF occurred"),
        "hung up at once; a server that expects TLS needs rediss:// in place of redis://",
    ),
    (
        redis.TimeoutError,
        ("",),
        "did not answer within 5 seconds; check host, port and firewall",
    ),
    (
        redis.ResponseError,
        ("DB index",),
        "has no database of that number; most servers have 0 to 15",
    ),
    (
        redis.exceptions.InvalidResponse,
        ("",),
        "answered, but not in the protocol of Redis; check the port",
    ),
)


def _claim(client: redis.Redis, keys: tuple[str, ...], url: str) -> None:
    """Marks the database, claims `keys` and deletes them; touches nothing else."""
    try:
        if not client.exists(MARK):
            if client.dbsize():
                raise BackendError(f"{_public(url)} holds keys that are not the course's. {ELSEWHERE}.")
            client.hset(MARK, "", "Keys that the Redis Streams course may delete; delete this hash to disown them.")
        _check_rights(client)
        foreign = [key for key in keys if not _claim_one(client, key)]
        if foreign:
            raise BackendError(
                f"{_public(url)} has a key named {foreign[0]!r} that the course did not make, and this notebook "
                f"would change it. Rename it, or: {ELSEWHERE[0].lower()}{ELSEWHERE[1:]}."
            )
        if keys:
            client.delete(*keys)
    except redis.RedisError as error:
        raise BackendError(_explain(error, url)) from None


def _claim_one(client: redis.Redis, key: str) -> bool:
    """True if `key` is the course's: claimed before, or absent and claimed now, with nobody getting in between."""

    def claim(pipe: redis.client.Pipeline) -> bool:
        ours, taken = pipe.hexists(MARK, key), pipe.exists(key)
        pipe.multi()
        if not ours and not taken:
            pipe.hset(MARK, key, "claimed")
        return bool(ours or not taken)

    return client.transaction(claim, key, MARK, value_from_callable=True)


def _check_rights(client: redis.Redis) -> None:
    """Raises NoPermissionError if the lessons' commands are not granted.

    A server checks rights before types, so a permitted command on the mark, which is a hash, answers WRONGTYPE and
    does nothing, and one that is not permitted answers NOPERM.
    """
    for command in (
        ("XADD", MARK, "NOMKSTREAM", "*", "field", "value"),
        ("XLEN", MARK),
        ("XRANGE", MARK, "-", "+"),
        ("XREVRANGE", MARK, "+", "-"),
        ("XREAD", "STREAMS", MARK, "0"),
        ("XTRIM", MARK, "MAXLEN", "0"),
        ("XDEL", MARK, "1-1"),
        ("XGROUP", "CREATE", MARK, "group", "0"),
        ("XREADGROUP", "GROUP", "group", "consumer", "STREAMS", MARK, ">"),
        ("XACK", MARK, "group", "1-1"),
        ("XINFO", "STREAM", MARK),
    ):
        try:
            client.execute_command(*command)
        except redis.exceptions.NoPermissionError:
            raise
        except redis.ResponseError:
            pass


# --- A server of one's own -----------------------------------------------------------------------------------------

# A shell that starts the server and then waits on a pipe whose other end only this process holds. When the process
# ends, however it ends, the pipe closes: the shell ends the server and removes its folder. A word sent through the
# pipe is the signal to end it with, and keeps the folder for the next start.
_WATCHER = """
folder=$1; shift
"$@" </dev/null >>"$folder/log" 2>&1 &
trap "" INT TERM HUP
read -r signal
kill -"${signal:-TERM}" $!; wait $!
[ -n "$signal" ] || rm -rf "$folder"
"""


class PrivateRedis:
    """A redis-server of this process alone, on a unix socket, gone when the process ends, however it ends.

    Nothing is written to disk unless `options` ask for it (``"--appendonly", "yes"``); then it is in a temporary
    folder that goes with the server. A context manager.
    """

    def __init__(self, *options: str) -> None:
        self._options = options
        self._folder = Path(tempfile.mkdtemp(prefix="redis-course-"))
        self.url = f"unix://{self._folder}/redis.sock"
        self._watcher: subprocess.Popen | None = None
        self.start()
        atexit.register(self.close)

    def client(self, **kwargs) -> redis.Redis:
        """A new client of this server."""
        return redis.Redis.from_url(self.url, **{**CLIENT, **kwargs})

    def start(self) -> None:
        """Starts the server; after `stop()` or `kill()`, with what it had saved."""
        server = [server_program(), "--port", "0", "--unixsocket", f"{self._folder}/redis.sock"]
        server += ["--dir", str(self._folder), "--save", "", *self._options]
        self._watcher = subprocess.Popen(
            ["/bin/sh", "-c", _WATCHER, "sh", str(self._folder), *server],
            stdin=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # The shell's word on the server that was killed.
            start_new_session=True,  # Or Jupyter's Interrupt would reach the server too.
        )
        self._wait_until_up()

    def stop(self) -> None:
        """Ends the server as SHUTDOWN does: it saves if it was told to save."""
        self._end(b"TERM\n")

    def kill(self) -> None:
        """Ends the server as a power cut does (SIGKILL)."""
        self._end(b"KILL\n")

    def close(self) -> None:
        """Ends the server and removes its folder."""
        self._end(b"")
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> PrivateRedis:
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def _end(self, word: bytes) -> None:
        if self._watcher is None:
            return
        self._watcher.communicate(word)
        self._watcher = None

    def _wait_until_up(self) -> None:
        probe, deadline = self.client(retry=Retry(NoBackoff(), 0)), time.monotonic() + 10
        while True:
            try:
                probe.ping()
                return
            except redis.AuthenticationError:  # It is up, and `options` gave it a password.
                return
            except redis.ConnectionError:
                if time.monotonic() > deadline:
                    log = (self._folder / "log").read_text(errors="replace").strip().splitlines()
                    self.close()
                    raise BackendError(f"redis-server did not start: {log[-1] if log else 'no output'}") from None
                time.sleep(0.01)


def private_redis(*options: str) -> PrivateRedis | None:
    """A server of the lesson's own to configure, restart or kill; None, with a printed sentence, without redis-server.

    Args:
        options: redis-server options, such as ``"--maxmemory", "3mb"``.
    """
    if not server_program():
        print(f"Skipped: this needs a redis-server ({GET_A_SERVER}).")
        return None
    return PrivateRedis(*options)


def free_ports(number: int) -> list[int]:
    """Loopback ports that nobody has, below those that a system gives to connections as they come."""
    ports: list[int] = []
    while len(ports) < number:
        port = random.randrange(15_000, 32_000)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            if port not in ports:
                ports.append(port)
    return ports


def server_program() -> str | None:
    """The redis-server of this machine: REDIS_SERVER_BIN, or the one on PATH; None when there is none."""
    return shutil.which(os.environ.get("REDIS_SERVER_BIN") or "redis-server") if os.name == "posix" else None


def _local_server() -> PrivateRedis:
    global _local
    if _local is None:
        if not server_program():
            raise BackendError(
                f"REDIS_URL=local needs a redis-server on this machine: {GET_A_SERVER}. "
                "Or unset REDIS_URL to use the simulator."
            )
        _local = PrivateRedis()
    return _local
