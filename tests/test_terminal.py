"""``python -m helpers.redis_cli``: the terminal program for those who have no redis-cli."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest
from conftest import Server

from helpers import backend
from helpers.redis_cli import SYNTAX, Terminal, explain
from helpers.resp import serve


@pytest.fixture
def url(no_backend) -> str:
    return serve(backend.simulated().connection_pool.connection_kwargs["server"])


def piped(text: str, **env: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "helpers.redis_cli"],
        input=text,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_piped_commands_are_answered_to_the_end_or_to_quit(url):
    done = piped("XADD orders 1-1 order_id 1001\nXADD orders 1-1 a b\n\nXLEN orders\nQUIT\nPING\n", REDIS_URL=url)
    assert done.stdout == (
        '"1-1"\n(error) ERR The ID specified in XADD is equal or smaller than the target stream top item\n(integer) 1\n'
    )
    assert done.returncode == 0 and not done.stderr


def test_it_finds_the_redis_that_a_notebook_shares(tmp_path, no_backend, monkeypatch):
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path))
    from helpers import connect, share

    r = connect("orders")
    share(r)
    assert piped("XADD orders 1-1 order_id 1001\n").stdout == '"1-1"\n'
    assert r.xlen("orders") == 1


def test_nobody_shares_or_nobody_answers_is_one_sentence(tmp_path):
    done = piped("PING\n", JUPYTER_RUNTIME_DIR=str(tmp_path))
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr == (
        "No notebook shares its Redis yet: run the cell with share() in the notebook, or set REDIS_URL here.\n"
    )
    (tmp_path / "redis-streams-course.url").write_text("redis://127.0.0.1:1/0")
    done = piped("PING\n", JUPYTER_RUNTIME_DIR=str(tmp_path))
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert "The notebook that shared its Redis is gone" in done.stderr


def test_an_error_loses_neither_transaction_nor_connection(url):
    printed: list[bytes] = []
    terminal = Terminal(url, printed.append)
    for line in ("MULTI", "XADD orders 1-1 order_id 1001", 'GET "unclosed', "EXEC", "CLIENT ID", "FOO", "CLIENT ID"):
        assert terminal.run(line)
    assert b"".join(printed[:3]) == b"OK\nQUEUED\nInvalid argument(s)\n"
    assert printed[3] == b'1) "1-1"\n'
    assert printed[4] == printed[6] and printed[5].startswith(b"(error) ERR unknown command 'FOO'")
    assert not terminal.run("quit")


def test_prompt_knows_an_open_transaction(url):
    terminal = Terminal(url, lambda text: None)
    seen = []
    for line in ("PING", "MULTI", "PING", "EXEC"):
        terminal.run(line)
        seen.append(terminal.in_transaction)
    assert seen == [False, True, True, False]


def test_a_server_that_goes_away_costs_one_command():
    printed: list[bytes] = []
    with Server("redis") as server:
        terminal = Terminal(server.url, printed.append)
        terminal.run("PING")
        server.kill()
        terminal.run("PING")
        terminal.run("PING")
        server.start()
        terminal.run("PING")
    assert printed[0] == printed[-1] == b"PONG\n"
    assert len(printed) == 4 and all(text.startswith(b"Error: ") for text in printed[1:3])


@pytest.mark.parametrize("command", SYNTAX)
def test_help_has_the_syntax_of_every_command(command):
    assert f"{command} {SYNTAX[command]}".strip() in explain(command.lower())


def test_help_of_a_group_of_nothing_and_of_nonsense():
    assert explain("xgroup").count("\n") == sum(name.startswith("XGROUP ") for name in SYNTAX)
    assert explain("").startswith("HELP XADD shows")
    assert explain("foo").startswith("No help for 'foo'")


def test_a_person_at_the_prompt(url, tmp_path):
    """In a real pseudo-terminal: prompt, Tab, an open transaction in the prompt, Ctrl-C, history, leaving."""
    pexpect = pytest.importorskip("pexpect", reason="no pexpect on Windows")
    env = {**os.environ, "REDIS_URL": url, "JUPYTER_RUNTIME_DIR": str(tmp_path)}
    env |= {"TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1"}
    child = pexpect.spawn(sys.executable, ["-m", "helpers.redis_cli"], env=env, encoding="utf-8", dimensions=(30, 100))
    child.expect("Connected to Redis 7.0 at", timeout=60)
    child.expect("redis>")
    child.send("XADD orders 1-1 order_id 1001\r")
    child.expect('"1-1"')
    child.expect("redis>")
    child.send("XLE\t")
    child.expect("XLEN")
    child.send(" orders\r")
    child.expect(r"\(integer\) 1")
    child.send("MULTI\r")
    child.expect(r"redis\(TX\)>")
    child.send("DISCARD\r")
    child.expect("redis>")
    child.send("XREAD BLOCK 0 STREAMS orders $\r")
    time.sleep(1)  # until it waits
    child.sendintr()
    child.expect(r"\(stopped\)")
    child.expect("redis>")
    child.send("\x1b[A\x1b[A\x1b[A\x1b[A\r")  # four lines up: XLEN orders
    child.expect(r"\(integer\) 1")
    child.send("quit\r")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    assert "XLEN orders" in (tmp_path / "redis-streams-course.history").read_text()
