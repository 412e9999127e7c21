"""``python -m helpers.watch``: what the frame shows, that watching only reads, and that it outlives servers."""

from __future__ import annotations

import contextlib
import io
import os
import re
import signal
import subprocess
import sys
import textwrap
from dataclasses import replace

import pexpect
import pytest
import redis
from conftest import Server
from rich.cells import cell_len
from rich.console import Console

from helpers import backend, watch
from helpers.resp import serve
from helpers.snapshot import Consumer, Entry, Group, NotAStream, Pending, Snapshot
from helpers.watch import Counts, Frame, Look, frame_lines, look, rates


@pytest.fixture(params=["simulator", "redis", "redis-8.2"])
def url(request, no_backend):
    """The address of each back end in turn, empty."""
    if request.param == "simulator":
        yield serve(backend.simulated().connection_pool.connection_kwargs["server"])
    else:
        with Server(request.param) as server:
            yield server.url


@pytest.fixture
def r(url) -> redis.Redis:
    with contextlib.closing(redis.Redis.from_url(url, **backend.CLIENT)) as client:
        yield client


def a_shop(r: redis.Redis) -> None:
    """A stream with a group behind, a group with pending entries, one delivered twice, and one without readers."""
    for n in range(1, 9):
        r.xadd("orders", {"order_id": 1000 + n, "item": "[bold]lamp[/]"}, id=f"1-{n}")
    for name in ("analytics", "mailing", "shipping"):
        r.xgroup_create("orders", name, "0")
    r.xreadgroup("shipping", "alice", {"orders": ">"}, count=2)
    r.xreadgroup("shipping", "bob", {"orders": ">"}, count=6)
    r.xack("orders", "shipping", "1-1")
    r.xclaim("orders", "shipping", "bob", 0, ["1-2"], idle=42_000, retrycount=3)
    r.xreadgroup("mailing", "mailer", {"orders": ">"}, count=5)
    r.xack("orders", "mailing", *(f"1-{n}" for n in range(1, 6)))


def drawn(frame: Frame, width: int = 100, height: int | None = None) -> str:
    return "".join(line.plain.rstrip() + "\n" for line in frame_lines(frame, width, height))


# --- One frame -----------------------------------------------------------------------------------------------------

SHOP = """\
orders  SERVER

8 entries   added –/s   last id 1-8
  1-4  order_id=1004 item=[bold]lamp[/]
  1-5  order_id=1005 item=[bold]lamp[/]
  1-6  order_id=1006 item=[bold]lamp[/]
  1-7  order_id=1007 item=[bold]lamp[/]
  1-8  order_id=1008 item=[bold]lamp[/]

group       last delivered   lag   pending   consumers   delivered/s   acked/s
analytics   0-0                8         0           0             –         –
mailing     1-5                3         0           1             –         –
shipping    1-8                0         7           2             –         –

mailing   mailer 0
shipping   bob 7   alice 0
  ▲ held  42 s   ↻ delivered 3 times   bob   1-2
    held   N s     delivered once      bob   1-3
    held   N s     delivered once      bob   1-4
    held   N s     delivered once      bob   1-5
    held   N s     delivered once      bob   1-6
  and 2 more pending

▲ 10 s or longer   ↻ again
"""

NARROW = """\
orders  SERVER

8 entries   added –/s   last id 1-8
  1-4  order_id=1004 item=[bold]lamp[/]
  1-5  order_id=1005 item=[bold]lamp[/]
  1-6  order_id=1006 item=[bold]lamp[/]
  1-7  order_id=1007 item=[bold]lamp[/]
  1-8  order_id=1008 item=[bold]lamp[/]

group      lag  pending  delivered/s
analytics    8        0            –
mailing      3        0            –
shipping     0        7            –

mailing   mailer 0
shipping   bob 7   alice 0
  ▲  42 s  ↻ 3×  bob  1-2
      N s    1×  bob  1-3
      N s    1×  bob  1-4
      N s    1×  bob  1-5
      N s    1×  bob  1-6
  and 2 more pending

▲ 10 s or longer   ↻ again
"""


def masked(printed: str) -> str:
    """Without the server's address and the ages that pass meanwhile."""
    printed = re.sub(r"(?<=^orders  ).*", "SERVER", printed)
    printed = re.sub(r"\b4\d s", "42 s", printed)
    return re.sub(r"\b\d s(?! or)", "N s", re.sub(r"\b[1-3]\d s(?! or)", " N s", printed))


def once(url: str, key: str = "orders", **env: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "helpers.watch", key, "--once"]
    env = {**os.environ, "REDIS_URL": url, **env}
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("columns, expected", [("100", SHOP), ("40", NARROW)])
def test_one_frame_is_the_same_on_every_back_end(r, url, columns, expected):
    a_shop(r)
    done = once(url, COLUMNS=columns)
    assert (done.returncode, done.stderr) == (0, "")
    unpadded = "".join(line.rstrip() + "\n" for line in done.stdout.splitlines())
    assert masked(unpadded) == expected
    assert max(map(cell_len, done.stdout.splitlines())) <= int(columns)


def test_without_a_terminal_it_is_one_frame(r, url):
    a_shop(r)
    command = [sys.executable, "-m", "helpers.watch", "orders"]
    env = {**os.environ, "REDIS_URL": url, "COLUMNS": "100", "FORCE_COLOR": "1", "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and "bob\x1b[1m 7" in done.stdout and "\x1b[?1049h" not in done.stdout


def test_missing_stream_then_created_then_deleted(r):
    frame = Frame("Redis", look(r, "orders"))
    assert "orders does not exist yet.\nThe first XADD makes it appear here.\n" in drawn(frame)
    r.xgroup_create("orders", "shipping", "$", mkstream=True)
    assert "0 entries   added –/s   last id 0-0\n\ngroup" in drawn(Frame("Redis", look(r, "orders")))
    r.xadd("orders", {"order_id": 1001}, id="1-1")
    assert "1 entry " in drawn(Frame("Redis", look(r, "orders")))
    r.delete("orders")
    assert "does not exist yet" in drawn(Frame("Redis", look(r, "orders")))


def test_another_type_is_one_sentence(r, url):
    r.rpush("orders", "not", "a", "stream")
    with pytest.raises(NotAStream):
        look(r, "orders")
    done = once(url)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "'orders' holds a list, not a stream.\n")


def test_no_redis_is_one_sentence(tmp_path):
    done = once("", JUPYTER_RUNTIME_DIR=str(tmp_path))
    assert (done.returncode, done.stdout) == (1, "") and done.stderr.startswith("No notebook shares its Redis yet")
    (tmp_path / "redis-streams-course.url").write_text("redis://127.0.0.1:1/0")
    done = once("", JUPYTER_RUNTIME_DIR=str(tmp_path))
    assert (done.returncode, done.stdout) == (1, "") and done.stderr.count("\n") == 1
    (tmp_path / "redis-streams-course.url").write_text("")
    assert once("", JUPYTER_RUNTIME_DIR=str(tmp_path)).returncode == 1
    done = once("redis://127.0.0.1:1/0")
    assert (done.returncode, done.stdout) == (1, "") and "has no server listening" in done.stderr


@pytest.mark.parametrize("every", ["0", "-1", "nan", "soon", "1e9"])
def test_every_needs_a_sensible_time(every, capsys):
    with pytest.raises(SystemExit):
        watch.main(["orders", "--every", every])
    assert "--every" in capsys.readouterr().err


def test_what_is_not_text_and_orders_to_the_terminal_are_shown_as_text(r, url):
    r.xadd("orders", {"raw": b"\xff\xfe", "esc": "a\x1b[31mb\nc", "markup": "[red]x[/red] :smile:"}, id="1-1")
    r.xgroup_create("orders", b"g\xff", "0")
    with redis.Redis.from_url(url) as undecoded:
        undecoded.xreadgroup(b"g\xff", b"c\xfe", {"orders": ">"})
    done = once(url, COLUMNS="100")
    assert "\ng\\xff   c\\xfe 1\n" in re.sub(" +\n", "\n", done.stdout)
    assert r"  1-1  raw=\xff\xfe esc=a\x1b[31mb\nc markup=[red]x[/red] :smile:" in done.stdout
    assert "\x1b" not in done.stdout


def test_pending_entry_that_was_deleted_says_so(r):
    r.xadd("orders", {"order_id": 1001}, id="1-1")
    r.xgroup_create("orders", "shipping", "0")
    r.xreadgroup("shipping", "alice", {"orders": ">"})
    r.xdel("orders", "1-1")
    assert "alice   1-1  deleted" in drawn(Frame("Redis", look(r, "orders")))


def test_group_at_an_arbitrary_id_has_no_lag(r):
    for n in range(1, 4):
        r.xadd("orders", {"order_id": n}, id=f"1-{n}")
    r.xgroup_create("orders", "late", "1-2")
    seen = look(r, "orders")
    assert seen.counts["late"].passed is None
    assert re.search(r"late +1-2 +nil \(1\) ", drawn(Frame("Redis", seen, seen, 5)))


# --- Rates ---------------------------------------------------------------------------------------------------------


def test_rates_between_two_looks_at_a_real_stream(r):
    a_shop(r)
    before = look(r, "orders")
    for n in range(9, 19):
        r.xadd("orders", {"order_id": 1000 + n}, id=f"1-{n}")
    r.xreadgroup("shipping", "bob", {"orders": ">"}, count=4)
    r.xack("orders", "shipping", *(f"1-{n}" for n in range(2, 10)))
    r.xreadgroup("analytics", "batch", {"orders": ">"}, count=6)
    now = rates(before, look(r, "orders"), 2.0)
    assert now.added == 5
    assert now.delivered == {"analytics": 3, "mailing": 0, "shipping": 2}
    assert now.acknowledged == {"analytics": 0, "mailing": 0, "shipping": 4}


def test_rates_are_unknown_at_first_and_when_a_counter_went_back():
    stream = Snapshot("orders", True, 0, 5, (), ())
    seen = Look(stream, 5, "1-5", {"g": Counts(5, 1)})
    unknown = watch.Rates(None, {"g": None}, {"g": None})
    assert rates(None, seen, 0) == rates(seen, seen, 0.5) == unknown
    assert rates(Look(stream, 9, "1-9", {"g": Counts(9, 1)}), seen, 2) == unknown
    assert rates(Look(replace(stream, exists=False)), seen, 2) == unknown
    assert rates(Look(stream, 3, "1-3", {"g": Counts(None, 1)}), seen, 2) == watch.Rates(1, {"g": None}, {"g": None})


@pytest.mark.parametrize(
    "rate, text", [(None, "–"), (0, "0"), (0.04, "0.0"), (12.34, "12.3"), (99.97, "100"), (12345.6, "12,346")]
)
def test_rate_as_text(rate, text):
    assert watch._rate(rate) == text


def test_window_is_a_few_seconds_and_starts_again_with_another_stream():
    from collections import deque

    def at(added: int, exists: bool = True) -> Look:
        return Look(Snapshot("orders", exists, 0, added, (), ()), added if exists else None, "", {})

    seen: deque = deque()
    frames = [watch._next_frame("Redis", seen, at(10 * t), float(t)) for t in range(20)]
    assert [frame.elapsed for frame in frames[:8]] == [0, 1, 2, 3, 4, 5, 5, 5] and len(seen) <= 7
    assert rates(frames[-1].before, frames[-1].now, frames[-1].elapsed).added == 10
    assert watch._next_frame("Redis", seen, at(3), 20.0).elapsed == 0
    assert watch._next_frame("Redis", seen, at(0, exists=False), 21.0).elapsed == 0
    slow = [watch._next_frame("Redis", seen, at(t), float(t)) for t in (30, 60, 90)]
    assert slow[-1].elapsed == 30


# --- Little room ---------------------------------------------------------------------------------------------------


def a_crowd(groups: int, consumers: int, pending: int) -> Frame:
    held = tuple(Pending(f"1732378000000-{n}", f"worker-{n % 20:02}", 1, 1000) for n in range(pending))
    names = tuple(Consumer(f"worker-{n:02}", pending // 20 if consumers else 0) for n in range(consumers))
    idle, busy = (0, (), ()), (pending, names, held)
    every = tuple(
        Group(f"group-{n:02}", "1732378000000-9", 5, 5, *(busy if n >= groups // 2 else idle)) for n in range(groups)
    )
    latest = tuple(Entry(f"1732378000000-{n}", {"item": "lamp" * 100}) for n in range(5))
    counts = {group.name: Counts(5, group.pending) for group in every}
    stream = Snapshot("orders", True, 0, 12_345_678, latest, every)
    seen = Look(stream, 12_345_678, "1732378000000-9", counts, latest)
    return Frame("Redis 7.0.15 at redis://localhost:6379/0", seen, seen, 5, live=True)


@pytest.mark.parametrize("width", [20, 40, 60, 80, 100, 200])
@pytest.mark.parametrize("height", [8, 15, 24, 30, 60])
@pytest.mark.parametrize("crowd", [(0, 0, 0), (1, 20, 40), (3, 3, 100), (60, 20, 40)], ids=str)
def test_it_fits_and_no_line_wraps(width, height, crowd):
    frame = a_crowd(*crowd)
    lines = frame_lines(frame, width, height)
    assert len(lines) <= height and max(line.cell_len for line in lines) <= width
    console = Console(file=io.StringIO(), width=width, height=height, highlight=False)
    console.print(frame)
    assert [line.rstrip() for line in console.file.getvalue().splitlines()] == [line.plain.rstrip() for line in lines]
    if height >= 15 and width >= 40:
        assert lines[-1].plain.endswith("Ctrl-C ends"), "the picture was cut where it should have been made smaller"


def test_what_is_not_shown_is_counted():
    printed = drawn(a_crowd(60, 20, 40), 100, 30)
    shown = set(re.findall(r"^(group-\d\d) +1732378000000-9", printed, re.M))
    [(hidden, pending)] = re.findall(r"^and (\d+) more groups, ([\d,]+) pending there$", printed, re.M)
    assert len(shown) + int(hidden) == 60 and int(pending.replace(",", "")) == 40 * (30 - len(shown))
    assert min(shown) >= "group-30", "groups that somebody reads come before those that nobody reads"
    [(listed, more)] = re.findall(r"^group-30((?:   worker-\d\d 2)+)   and (\d+) more$", printed, re.M)
    assert listed.count("worker") + int(more) == 20
    detailed, others = printed.count("and 39 more pending"), re.search(r"and (\d+) more groups with consumers", printed)
    assert detailed > 0 and detailed + int(others[1]) == 30


def test_all_consumers_are_listed_where_there_is_room():
    printed = drawn(a_crowd(1, 20, 40), 100, 60)
    assert all(f"worker-{n:02} 2" in printed for n in range(20))
    assert "12,345,678 entries   added 0/s" in printed


def test_long_names_give_way():
    name = "a-very-long-name-" * 20
    group = Group(name, "1-1", 0, 0, 1, (Consumer(name, 1),), (Pending("1-1", name, 2, 11_000),))
    seen = Look(Snapshot(name, True, 0, 1, (), (group,)), 1, "1-1", {name: Counts(1, 1)})
    lines = frame_lines(Frame(name, seen), 40)
    assert max(line.cell_len for line in lines) <= 40
    printed = "\n".join(line.plain for line in lines)
    assert "▲  11 s  ↻ 2×  a-very-long-name-…  1-1" in printed and re.search(r"a-v\S*…  +0 +1 +–", printed)
    assert "a-very-long-name-a-very… 1\n" in printed, "what a consumer holds is not cut off with its name"


def test_old_and_repeated_are_marked_by_sign_and_colour():
    held = (Pending("1-1", "", 1, 9_999), Pending("1-2", "bob", 2, 10_000))
    group = Group("shipping", "1-2", 0, 0, 2, (Consumer("bob", 1),), held)
    seen = Look(Snapshot("orders", True, 0, 2, (), (group,)), 2, "1-2", {"shipping": Counts(2, 2)})
    console = Console(file=io.StringIO(), width=100, force_terminal=True, color_system="standard", highlight=False)
    console.print(Frame("Redis", seen))
    old, young = [line for line in console.file.getvalue().splitlines() if "held" in line]
    assert "\x1b[1;31m▲ held  10 s\x1b[0m" in old and "\x1b[1;35m↻ delivered 2 times\x1b[0m" in old
    assert "▲" not in young and "↻" not in young and "\x1b[1;3" not in young and "nobody" in young


def test_last_frame_stays_under_trouble():
    frame = replace(a_crowd(1, 1, 1), trouble="no answer for 3 s, trying again")
    lines = frame_lines(frame, 40)
    assert lines[1].plain == "no answer for 3 s, trying again" and lines[2].plain.startswith("12,345,678 entries")


# --- Read-only -----------------------------------------------------------------------------------------------------

READS = {
    *("type", "xinfo|stream", "xinfo|groups", "xinfo|consumers", "xpending", "xrange", "xrevrange", "multi", "exec"),
    *("hello", "client|setinfo", "select", "info", "config|resetstat", "ping"),
}


def test_watching_only_reads(server, empty):
    a_shop(empty)

    def state() -> tuple:
        groups = [row["name"] for row in empty.xinfo_groups("orders")]
        consumers = [(group, row["name"]) for group in groups for row in empty.xinfo_consumers("orders", group)]
        return empty.keys(), empty.dump("orders") if server.name == "redis" else None, consumers

    before = state()
    empty.config_resetstat()
    for key in ("orders", "nothing-there"):
        assert once(server.url, key).returncode == 0
    sent = {name.removeprefix("cmdstat_") for name in empty.info("commandstats")}
    assert state() == before
    assert {"xinfo|stream", "xpending"} <= sent <= READS


def test_what_is_asked_does_not_grow_with_the_stream(server, empty):
    asked = []
    for length in (100, 5_000):
        pipe = empty.pipeline()
        for n in range(length):
            pipe.xadd("orders", {"n": n})
        pipe.execute()
        if length == 100:
            empty.xgroup_create("orders", "shipping", "0")
            empty.xreadgroup("shipping", "alice", {"orders": ">"}, count=30)
        empty.config_resetstat()
        look(empty, "orders")
        stats = empty.info("commandstats")
        asked.append(sum(row["calls"] for name, row in stats.items() if "x" in name.partition("_")[2]))
    assert asked[0] == asked[1] < 40


# --- In a terminal -------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def watching(*arguments: str, **env: str):
    """The program in a pseudo-terminal of 100 columns and 30 rows."""
    env = {**os.environ, "TERM": "xterm-256color", **env}
    command = ["-m", "helpers.watch", "orders", "--every", "0.1", *arguments]
    child = pexpect.spawn(sys.executable, command, env=env, dimensions=(30, 100), encoding="utf-8", timeout=60)
    try:
        yield child
    finally:
        child.close(force=True)


def ends_quietly(child: pexpect.spawn) -> str:
    """Presses Ctrl-C; what was written from then on."""
    child.sendintr()
    child.expect(pexpect.EOF)
    child.close()
    assert (child.exitstatus, child.signalstatus) == (0, None)
    return child.before


def test_ctrl_c_ends_quietly_and_leaves_the_last_frame(r, url):
    with watching(REDIS_URL=url) as child:
        child.expect("does not exist yet")
        r.xadd("orders", {"order_id": 1001}, id="1-1")
        child.expect("order_id=1001")
        r.delete("orders")
        child.expect("does not exist yet")
        r.set("orders", "a string")
        child.expect("holds a string, not a stream")
        r.delete("orders")
        a_shop(r)
        child.expect("delivered 3 times")
        for n in range(9, 12):
            r.xadd("orders", {"order_id": n}, id=f"1-{n}")
            child.expect(f"order_id={n}")
        child.expect(r"added 0\.\d/s")
        written = ends_quietly(child)
    assert "\x1b[?1049l" in written and "\x1b[?25h" in written, "the screen and the cursor are given back"
    after = written.rpartition("\x1b[?25h")[2]
    assert "order_id=11" in after and "Traceback" not in written and "Ctrl-C ends" not in after


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_it_quietly(server, empty, number):
    with watching(REDIS_URL=server.url) as child:
        child.expect("does not exist yet")
        child.kill(number)
        child.expect(pexpect.EOF)
        child.close()
        assert child.exitstatus == 0 and "Traceback" not in child.before and "\x1b[?25h" in child.before


@pytest.mark.parametrize("name", ["redis", "redis-8.2"])
def test_server_that_dies_and_comes_back(name):
    with Server(name) as server:
        server.client().xadd("orders", {"order_id": 1001}, id="1-1")
        with watching(REDIS_URL=server.url) as child:
            child.expect("order_id=1001")
            server.kill()
            child.expect(r"no answer for \d+ s, trying again")
            child.expect("no answer for 2 s, trying again")
            os.environ["REDIS_SERVER_BIN"] = server_bin(name)
            try:
                server.start()
            finally:
                del os.environ["REDIS_SERVER_BIN"]
            child.expect("does not exist yet")
            server.client().xadd("orders", {"order_id": 1002}, id="1-1")
            child.expect("order_id=1002")
            ends_quietly(child)


def server_bin(name: str) -> str:
    from conftest import server_program

    return server_program(name)


def test_server_that_hangs(server, empty):
    """It does not answer, and does not hang up either."""
    empty.xadd("orders", {"order_id": 1001}, id="1-1")
    pid = empty.info("server")["process_id"]
    with watching(REDIS_URL=server.url) as child:
        child.expect("order_id=1001")
        os.kill(pid, signal.SIGSTOP)
        try:
            child.expect(r"no answer for \d+ s, trying again")
        finally:
            os.kill(pid, signal.SIGCONT)
        empty.xadd("orders", {"order_id": 1002}, id="1-2")
        child.expect("order_id=1002")
        ends_quietly(child)


KERNEL = """
    from helpers import connect, share
    r = connect("orders")
    r.xadd("orders", {"order_id": ORDER}, id="1-1")
    share(r)
    print("shared", flush=True)
    input()
"""


def test_kernel_that_is_started_again_on_another_port(tmp_path):
    env = {**os.environ, "JUPYTER_RUNTIME_DIR": str(tmp_path)}

    def kernel(order: int) -> subprocess.Popen:
        code = textwrap.dedent(KERNEL).replace("ORDER", str(order))
        started = subprocess.Popen(
            [sys.executable, "-c", code], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        while "shared" not in started.stdout.readline():
            assert started.poll() is None
        return started

    first = kernel(1001)
    with first, watching(JUPYTER_RUNTIME_DIR=str(tmp_path)) as child:
        child.expect("order_id=1001")
        first.kill()
        child.expect("no answer for .* trying again .a restarted notebook has to share.. again")
        with kernel(1002) as second:
            child.expect("order_id=1002")
            second.kill()
        ends_quietly(child)


def test_ctrl_c_while_the_server_is_away():
    with Server("redis") as server, watching(REDIS_URL=server.url) as child:
        child.expect("does not exist yet")
        server.kill()
        child.expect("no answer for")
        assert "no answer for" in ends_quietly(child)


def test_terminal_that_is_made_narrow(r, url):
    """In JupyterLab's terminals, which set COLUMNS and LINES to what they are at the start."""
    a_shop(r)
    with watching(REDIS_URL=url, COLUMNS="100", LINES="30") as child:
        child.expect("delivered 3 times")
        child.setwinsize(24, 40)
        child.expect("↻ 3×")
        ends_quietly(child)
