"""%%redis prints byte for byte what redis-cli --no-raw prints."""

from __future__ import annotations

import random
import shutil
import socket
import socketserver
import subprocess
import threading
from pathlib import Path

import pytest

from helpers import backend
from helpers.redis_cli import SYNTAX, _why_not, complete, redis_magic, run_session
from helpers.resp import ErrorReply, SocketConnection, Status, connect_raw, split_args

SESSIONS = Path(__file__).with_name("redis_cli_commands.txt").read_text(encoding="utf-8").split("---\n")

# What the simulator answers otherwise than Redis 7.0, outside the streams that the course is about.
SIMULATOR_DIFFERS = {
    "BLPOP l x": "the words of a malformed timeout",
    "SELECT abc": "the words of a malformed database number",
    "CLIENT GETNAME": "no name is an empty string in place of nil, before one is set",
    "SETEX k 0 v": "quotes around the command's name",
}


def in_redis_cli(lines: list[str], *where: str) -> bytes:
    """What redis-cli prints when `lines` are piped into it."""
    program = shutil.which("redis-cli") or pytest.skip("no redis-cli: apt install redis-tools, or brew install redis")
    text = "".join(line + "\n" for line in lines)
    done = subprocess.run([program, "--no-raw", *where], input=text.encode(), capture_output=True, timeout=60)
    return done.stdout


def in_a_cell(lines: list[str], client) -> bytes:
    printed: list[bytes] = []
    connection = connect_raw(client)
    run_session(connection, lines, printed.append)
    connection.close()
    return b"".join(printed)


def runnable(lines: list[str]) -> list[str]:
    """Without comments, which redis-cli does not have, and what a cell refuses to run."""

    def refused(line: str) -> bool:
        try:
            args = split_args(line.encode())
        except ValueError:
            return False
        return bool(args) and _why_not(args, in_transaction=False) is not None

    return [line for line in lines if not line.lstrip().startswith("#") and not refused(line)]


def test_there_are_several_hundred_commands():
    lines = [line for session in SESSIONS for line in runnable(session.splitlines())]
    assert len(lines) > 500
    typed = {tuple(line.upper().split()[:2]) for line in lines}
    for command in SYNTAX:
        if command.startswith("X"):
            words = tuple(command.split())
            assert any(pair[: len(words)] == words for pair in typed), command


@pytest.mark.parametrize("number", range(len(SESSIONS)))
def test_cell_prints_what_redis_cli_prints(number, server, empty):
    lines = runnable(SESSIONS[number].splitlines())
    expected = in_redis_cli(lines, "-s", server.socket)
    assert expected.count(b"\n") >= len(lines) // 2
    empty.flushall()
    assert in_a_cell(lines, empty).decode() == expected.decode()


@pytest.mark.parametrize("number", range(len(SESSIONS)))
def test_simulator_prints_what_redis_7_prints(number, redis_7, no_backend):
    client = redis_7.client()
    client.flushall()
    backend._simulator()
    lines = SESSIONS[number].splitlines()
    real, simulated = connect_raw(client), connect_raw(backend.simulated())
    for line in lines:
        outputs = []
        for connection in (real, simulated):
            printed: list[bytes] = []
            run_session(connection, [line], printed.append)
            outputs.append(b"".join(printed).decode(errors="replace"))
        if line in SIMULATOR_DIFFERS and outputs[0] != outputs[1]:
            continue
        assert outputs[1] == outputs[0], line


@pytest.mark.parametrize("line", SIMULATOR_DIFFERS)
def test_simulator_still_differs_there(line, redis_7, no_backend):
    """Fails on the day that fakeredis no longer needs the exception."""
    client = redis_7.client()
    client.flushall()
    backend._simulator()
    assert in_a_cell([line], backend.simulated()) != in_a_cell([line], client)


def _random_reply(rng: random.Random, depth: int = 0):
    kinds = ["status", "error", "int", "bulk", "nil"] + (["array"] * 3 if depth < 5 else [])
    kind = rng.choice(kinds)
    text = bytes(rng.choice(b"abc \"'\\\t\x07\x08\x00\xff\xc3\xa9()0123") for _ in range(rng.randrange(12)))
    match kind:
        case "status":
            return Status(bytes(c for c in text if c >= 32) or b"OK")
        case "error":
            return ErrorReply(b"ERR " + bytes(c for c in text if c >= 32))
        case "int":
            return rng.randrange(-(2**63), 2**63)
        case "bulk":
            return text + rng.choice([b"", b"\r\n", b"\n"])
        case "nil":
            return None
    return [_random_reply(rng, depth + 1) for _ in range(rng.choice([0, 1, 2, 3, 9, 10, 11, 101][: 8 - depth]))]


def _encoded(reply, rng: random.Random) -> bytes:
    match reply:
        case None:
            return rng.choice([b"$-1\r\n", b"*-1\r\n"])
        case Status(text):
            return b"+" + text + b"\r\n"
        case ErrorReply(text):
            return b"-" + text + b"\r\n"
        case bytes():
            return b"$%d\r\n%s\r\n" % (len(reply), reply)
        case int():
            return b":%d\r\n" % reply
    return b"*%d\r\n" % len(reply) + b"".join(_encoded(item, rng) for item in reply)


class _Scripted(socketserver.StreamRequestHandler):
    """Answers each command with the next of the server's random replies."""

    def handle(self):
        rng = random.Random(self.server.seed)
        while header := self.rfile.readline():
            args = []
            for _ in range(int(header[1:])):
                size = int(self.rfile.readline()[1:])
                args.append(self.rfile.read(size + 2)[:-2])
            if args[0].upper() == b"COMMAND":
                self.wfile.write(b"-ERR unknown command\r\n")  # redis-cli asks for help texts first
            else:
                self.wfile.write(_encoded(_random_reply(rng), rng))


@pytest.mark.parametrize("seed", range(8))
def test_random_reply_trees_look_as_in_redis_cli(seed):
    commands = ["GET key", "XRANGE s - +", "INFO", "CLIENT LIST", "MEMORY DOCTOR", "LATENCY DOCTOR"]
    lines = [commands[n % len(commands)] if n % 3 == 0 else "EVERYTHING" for n in range(60)]
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Scripted) as scripted:
        scripted.seed, scripted.daemon_threads = seed, True
        threading.Thread(target=scripted.serve_forever, daemon=True).start()
        host, port = scripted.server_address
        expected = in_redis_cli(lines, "-h", host, "-p", str(port))
        printed: list[bytes] = []
        with socket.create_connection((host, port)) as sock:
            run_session(SocketConnection(sock), lines, printed.append)
        scripted.shutdown()
    assert b"".join(printed) == expected


def test_comments_and_blank_lines_print_nothing(no_backend):
    backend._simulator()
    assert in_a_cell(["", "   ", "# a comment", "   # another", "PING"], backend.simulated()) == b"PONG\n"


@pytest.mark.parametrize(
    "line",
    [
        "SUBSCRIBE news",
        "psubscribe *",
        "SSUBSCRIBE news",
        "MONITOR",
        "SYNC",
        "PSYNC ? -1",
        "XREAD BLOCK 0 STREAMS orders $",
        "xread count 1 block 00 streams orders $",
        "XREADGROUP GROUP g c BLOCK 0 STREAMS orders >",
        "BLPOP l 0",
        "BRPOP l 0.0",
        "BLMOVE a b LEFT RIGHT 0",
        "BLMPOP 0 1 l LEFT",
        "WAIT 1 0",
        "HELLO 3",
        "CLIENT REPLY OFF",
        "CLIENT REPLY SKIP",
        "CONNECT localhost 6379",
        "HELP XADD",
        "CLEAR",
        ":set hints",
    ],
)
def test_what_would_hang_or_take_over_gets_a_sentence(line, no_backend):
    backend._simulator()
    said, pong, rest = in_a_cell([line, "PING"], backend.simulated()).partition(b"PONG\n")
    assert said.startswith(b"%%redis does not run ") and said.endswith(b".\n") and said.count(b"\n") == 1
    assert pong and not rest


def test_a_key_named_block_or_a_value_of_zero_is_not_a_blocking_read(no_backend):
    backend._simulator()
    lines = ["XADD BLOCK 1-1 BLOCK 0", "XREAD COUNT 1 STREAMS BLOCK 0", "XREAD BLOCK 10 STREAMS BLOCK 0"]
    assert b"does not run" not in in_a_cell(lines, backend.simulated())


def test_cell_needs_connect_first(no_backend, capsys):
    redis_magic("", "PING")
    assert capsys.readouterr().out == "%%redis has no server yet: run the cell with connect() first.\n"


def test_command_beside_the_magic_is_pointed_at(no_backend, capsys):
    backend.connect()
    capsys.readouterr()
    redis_magic(" PING", "PING")
    assert "takes no arguments" in capsys.readouterr().out


def test_server_that_goes_away_is_one_line(no_backend, monkeypatch, capsys):
    from conftest import Server

    with Server("redis") as server:
        monkeypatch.setenv("REDIS_URL", server.url)
        backend.connect()
        capsys.readouterr()
        redis_magic("", "PING\nSHUTDOWN NOSAVE\nPING")
        printed = capsys.readouterr().out
    assert printed.startswith("PONG\nError: ") and printed.count("\n") == 2
    redis_magic("", "PING")
    assert capsys.readouterr().out.startswith("Could not connect: ")


@pytest.mark.parametrize(
    "typed, offered",
    [
        ("XRA", ["XRANGE"]),
        ("xgroup cre", ["create", "createconsumer"]),
        ("XADD orders NO", ["NOMKSTREAM"]),
        ("XREAD ", ["COUNT", "BLOCK", "STREAMS"]),
        ("XREAD COUNT 5 ", ["BLOCK", "STREAMS"]),
        ("XREAD STREAMS ", []),
        ("SET k v KEEP", ["KEEPTTL"]),
    ],
)
def test_tab_offers_commands_and_their_options(typed, offered):
    assert complete(typed) == offered


def test_every_command_of_the_table_exists(server, empty):
    for command in SYNTAX:
        name = command.lower().replace(" ", "|")
        assert empty.execute_command("COMMAND", "INFO", name), command
