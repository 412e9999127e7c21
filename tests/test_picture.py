"""The picture and its words: the same on every server, right in every case, and legible where it is shown."""

from __future__ import annotations

import base64
import functools
import html
import re
import shutil
import subprocess
import sys
import time
from xml.etree import ElementTree

import pytest
import redis
from test_snapshot import add, play, read

from helpers import backend
from helpers import picture as module
from helpers.picture import picture, svg, words
from helpers.snapshot import Snapshot, holder, snapshot, state

SVG = "{http://www.w3.org/2000/svg}"
PRODUCTS = ("laptop", "mouse", "keyboard", "screen", "desk", "chair")


def orders(r: redis.Redis, first: int = 1) -> None:
    for n, product in enumerate(PRODUCTS, first):
        r.xadd("orders", {"order_id": 1000 + n, "product": product}, id=f"{n}-0")


# --- Scenes --------------------------------------------------------------------------------------------------------


def seed(r: redis.Redis) -> None:
    """The architecture that the course grew from."""
    orders(r)
    for group in ("processors", "analytics"):
        r.xgroup_create("orders", group, id="0")
    for _ in range(3):
        read(r, "processors", "consumer-1", 1)
        read(r, "processors", "consumer-2", 1)
    read(r, "analytics", "reports", 6, noack=True)


def trouble(r: redis.Redis) -> None:
    """Every state there is, and a poison entry."""
    seed(r)
    r.xack("orders", "processors", "1-0")
    for _ in range(2):
        r.xclaim("orders", "processors", "consumer-1", 0, ["2-0"])
    r.xdel("orders", "3-0")
    r.xgroup_setid("orders", "processors", "5-0")
    orders(r, first=7)


def empty_stream(r: redis.Redis) -> None:
    r.xgroup_create("orders", "processors", id="0", mkstream=True)


def no_group(r: redis.Redis) -> None:
    orders(r)


def no_stream(r: redis.Redis) -> None:
    pass


def twenty_consumers(r: redis.Redis) -> None:
    add(r, 30)
    r.xgroup_create("orders", "processors", id="0")
    for n in range(25):
        read(r, "processors", f"consumer-{n % 20 + 1:02}", 1)


def many_consumers(r: redis.Redis) -> None:
    add(r, 40)
    for group in ("a", "b", "c"):
        r.xgroup_create("orders", group, id="0")
        for n in range(40):
            read(r, group, f"a-consumer-with-a-long-name-{n:02}", 1)


def ten_thousand(r: redis.Redis) -> None:
    add(r, 10_000)
    r.xgroup_create("orders", "processors", id="0")
    for first in range(1, 5001, 500):
        read(r, "processors", "consumer-1", 500)
        r.xack("orders", "processors", *[f"{n}-0" for n in range(first, first + 500) if n not in (17, 4999)])


def busy_groups(r: redis.Redis) -> None:
    """Large numbers in four narrow columns."""
    add(r, 2_800)
    for group in ("alerting", "analytics", "archive-of-all-orders", "processors"):
        r.xgroup_create("orders", group, id="0")
        read(r, group, "an-important-consumer", 1_400)


def markup(r: redis.Redis) -> None:
    nasty = "<script>alert(\"1\")</script> & </text> ]]> 'x' \n\t\x00\x1b\u202e\ufffe"
    r.xadd("orders", {nasty: nasty, "日本語": "🎉 é e\u0301"}, id="1-0")
    r.xadd("orders", {"blob": "x" * 100_000}, id="2-0")
    r.xgroup_create("orders", nasty, id="0")
    r.xreadgroup(nasty, nasty, {"orders": ">"}, count=1)


def wide_characters(r: redis.Redis) -> None:
    """Each takes the room of two."""
    r.xadd("orders", {"商品": "ノートパソコン" * 9}, id="1-0")
    for group in ("注文を処理するグループ", "分析", "保管"):
        r.xgroup_create("orders", group, id="0")
        r.xreadgroup(group, "消費者の一番" * 3, {"orders": ">"}, count=1)


def nine_groups(r: redis.Redis) -> None:
    seed(r)
    for n in range(9):
        r.xgroup_create("orders", f"group-{n}", id=f"{n % 7}-0")


def long_ids(r: redis.Redis) -> None:
    for seq in range(3):
        r.xadd("orders", {"n": seq}, id=f"{2**64 - 1}-{2**64 - 9 + seq}")
    r.xgroup_create("orders", "g", id="0")
    read(r, "g", "c", 2)


def four_cursors(r: redis.Redis) -> None:
    """In a stretch that is left out, before it, at an entry that is gone, and beyond the last entry."""
    add(r, 100)
    for name, cursor in (("a", "50-0"), ("b", "0"), ("c", "60-5"), ("d", "500-0")):
        r.xgroup_create("orders", name, id=cursor)
    r.xdel("orders", "60-0")


SCENES = [
    seed,
    trouble,
    empty_stream,
    no_group,
    no_stream,
    twenty_consumers,
    many_consumers,
    ten_thousand,
    busy_groups,
    markup,
    wide_characters,
    nine_groups,
    long_ids,
    four_cursors,
]
EACH = pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)


@functools.cache
def taken_after(scene) -> Snapshot:
    """A scene on the simulator."""
    r = backend.simulated()
    scene(r)
    return snapshot(r, "orders")


def texts(document: str) -> list[tuple[float, float, str]]:
    """y, x and text of everything that is written, from the top."""
    root = ElementTree.fromstring(document)
    found = [(float(text.get("y")), float(text.get("x")), text.text or "") for text in root.iter(f"{SVG}text")]
    return sorted(found)


def rows(document: str) -> dict[str, list[str]]:
    """What is written on each line, by the first text of the line."""
    lines: dict[float, list[str]] = {}
    for y, _, text in texts(document):
        lines.setdefault(y, []).append(text)
    return {line[0]: line[1:] for line in lines.values()}


# --- What it says --------------------------------------------------------------------------------------------------


def test_the_architecture_of_the_seed_in_words():
    assert words(taken_after(seed)) == (
        "stream orders: 6 entries\n"
        "  1-0  order_id=1001 product=laptop\n"
        "  2-0  order_id=1002 product=mouse\n"
        "  3-0  order_id=1003 product=keyboard\n"
        "  4-0  order_id=1004 product=screen\n"
        "  5-0  order_id=1005 product=desk\n"
        "  6-0  order_id=1006 product=chair\n"
        "group analytics: cursor at 6-0, 0 waiting, 0 pending\n"
        "  passed: 1-0, 2-0, 3-0, 4-0, 5-0, 6-0\n"
        "group processors: cursor at 6-0, 0 waiting, 6 pending\n"
        "  consumer-1 holds 1-0, 3-0, 5-0\n"
        "  consumer-2 holds 2-0, 4-0, 6-0"
    )


def test_the_architecture_of_the_seed_as_a_picture():
    drawn = rows(svg(taken_after(seed)))
    assert drawn["stream orders"] == ["group analytics", "group processors"]
    assert drawn["6 entries, the oldest first"] == ["0 waiting, 0 pending", "0 waiting, 6 pending"]
    for n, product in enumerate(PRODUCTS, 1):
        expected = [f"order_id={1000 + n} product={product}", "passed", f"consumer-{2 - n % 2}"]
        assert drawn[f"{n}-0"] == expected
    assert drawn["cursor 6-0"] == ["cursor 6-0"]
    assert drawn["consumer-1"] == ["1-0, 3-0, 5-0"] and drawn["consumer-2"] == ["2-0, 4-0, 6-0"]
    assert "producer" in drawn and "XADD" in drawn and "XREADGROUP" in drawn


def test_every_state_in_words():
    assert words(taken_after(trouble)).splitlines()[13:] == [
        "group analytics: cursor at 6-0, 6 waiting, 0 pending",
        "  waiting: 7-0, 8-0, 9-0, 10-0, 11-0, 12-0",
        "  passed: 1-0, 2-0, 4-0, 5-0, 6-0",
        "group processors: cursor at 5-0, 7 waiting, 5 pending",
        "  waiting: 7-0, 8-0, 9-0, 10-0, 11-0, 12-0",
        "  consumer-1 holds 2-0 (delivered 3 times), 3-0 (deleted from the stream), 5-0",
        "  consumer-2 holds 4-0, 6-0 (to be delivered again)",
        "  passed: 1-0",
    ]
    assert words(taken_after(trouble)).splitlines()[:4] == [
        "stream orders: 11 entries",
        "  1-0   order_id=1001 product=laptop",
        "  2-0   order_id=1002 product=mouse",
        "  3-0   deleted, and still pending",
    ]


def test_every_state_as_a_picture():
    drawn = rows(svg(taken_after(trouble)))
    assert drawn["1-0"][1:] == ["passed", "passed"]
    assert drawn["2-0"][1:] == ["passed", "consumer-1 \N{MULTIPLICATION SIGN}3"]
    assert drawn["3-0"] == ["deleted, and still pending", "deleted", "consumer-1"]
    assert drawn["6-0"][1:] == ["passed", "consumer-2", "again"]
    assert drawn["7-0"][1:] == ["waiting", "waiting"]
    assert drawn["consumer-1"] == [] and "2-0 \N{MULTIPLICATION SIGN}3, 3-0 deleted, 5-0" in drawn
    assert any(line.startswith("again: pending, and the cursor was set back") for line in drawn)
    assert not any(line.startswith("again:") for line in rows(svg(taken_after(seed))))


def test_absent_empty_and_without_a_group():
    assert words(taken_after(no_stream)) == "stream orders: no such key"
    assert words(taken_after(empty_stream)).splitlines() == [
        "stream orders: 0 entries",
        "group processors: cursor at 0-0, 0 waiting, 0 pending",
    ]
    assert words(taken_after(no_group)).splitlines()[-1] == "no consumer group"
    assert {"no such key", "the first entry makes the stream"} <= rows(svg(taken_after(no_stream))).keys()
    assert {"empty", "the next entry", "nothing is held"} <= rows(svg(taken_after(empty_stream))).keys()
    assert "no consumer group" in {text for _, _, text in texts(svg(taken_after(no_group)))}


def test_a_long_stream_is_shown_in_part_and_says_so():
    taken = taken_after(ten_thousand)
    told, drawn = words(taken).splitlines(), rows(svg(taken))
    assert told[0] == "stream orders: 10,000 entries, 12 of them shown"
    assert "10,000 entries (12 shown), the oldest first" in drawn
    assert "group processors: cursor at 5000-0, 5,000 waiting, 2 pending" in told
    assert told.count("  …") == sum(entry.skipped for entry in taken.entries) > 1
    assert {"1-0", "17-0", "4999-0", "5000-0", "5001-0", "10000-0"} <= drawn.keys()
    assert drawn["17-0"][1:] == ["consumer-1"] and drawn["5001-0"][1:] == ["waiting"]
    assert any(line.startswith("  passed (of those shown): 1-0, ") for line in told)


def test_one_stretch_left_out_is_counted():
    taken = taken_after(twenty_consumers)
    assert "  … 18 more …" in words(taken).splitlines()
    assert "… 18 more …" in rows(svg(taken))


def test_twenty_consumers_each_with_what_it_holds():
    taken = taken_after(twenty_consumers)
    told, written = words(taken).splitlines(), [text for _, _, text in texts(svg(taken))]
    for n in range(1, 21):
        held = f"{n}-0, {n + 20}-0" if n <= 5 else f"{n}-0"
        assert f"  consumer-{n:02} holds {held}" in told
        at = len(written) - 1 - written[::-1].index(f"consumer-{n:02}")
        assert written[at + 1] == held


def test_more_consumers_and_groups_than_there_is_room_for():
    drawn = rows(svg(taken_after(many_consumers)))
    assert drawn["and 28 more"] == ["and 28 more"] * 2
    assert drawn["40-0"][1:] == ["a-consum…ng-name-39"] * 3
    root = ElementTree.fromstring(svg(taken_after(many_consumers)))
    panels = [rect for rect in root.iter(f"{SVG}rect") if rect.get("y") == str(module.TOP)]
    ends = {int(rect.get("y")) + int(rect.get("height")) for rect in panels[1:]}
    [line] = {y for y, _, text in texts(svg(taken_after(many_consumers))) if text == "and 28 more"}
    assert all(line + 4 <= end < line + 20 for end in ends)
    taken = taken_after(nine_groups)
    drawn = rows(svg(taken))
    assert "group group-3: cursor 3-0, 3 waiting, 0 pending" in drawn and "and 1 more group" in drawn
    assert "group processors: cursor at 6-0, 0 waiting, 6 pending" in words(taken)


def test_a_consumer_with_more_than_is_listed():
    r = backend.simulated()
    add(r, 300)
    r.xgroup_create("orders", "g", id="0")
    read(r, "g", "c", 250)
    taken = snapshot(r, "orders")
    ids = ", ".join(f"{n}-0" for n in range(1, 9))
    assert f"  c holds {ids}, 242 more" in words(taken)
    [line] = [text for _, _, text in texts(svg(taken)) if ", +" in text]
    named, more = re.fullmatch(r"((?:\d+-0, )+)\+(\d+)", line).groups()
    assert named.count(",") + int(more) == 250


def test_nobody_holds_what_was_released():
    from fakeredis import FakeServer

    backend.simulated()
    r = backend.client_of(FakeServer(version=(8, 8)))
    add(r, 1)
    r.xgroup_create("orders", "g", id="0")
    read(r, "g", "c", 1)
    r.execute_command("XNACK", "orders", "g", "FAIL", "IDS", 1, "1-0")
    taken = snapshot(r, "orders")
    assert "  nobody holds 1-0" in words(taken).splitlines()
    assert rows(svg(taken))["1-0"][-1] == "nobody" and "held by nobody" in rows(svg(taken))


def test_cursors_between_what_is_shown():
    taken = taken_after(four_cursors)
    found = texts(svg(taken))
    tops = {text: y for y, _, text in found}
    assert tops["cursor 0-0"] < tops["1-0"]
    assert tops["50-0"] < tops["cursor 50-0"] < tops["51-0"]
    assert tops["cursor 60-5"] < tops["61-0"]
    assert tops["100-0"] < tops["cursor 500-0"] < tops["the next entry"]


@pytest.mark.parametrize("number", range(15))
def test_each_mark_is_the_state_of_its_entry(number):
    r = backend.simulated()
    play(r, number)
    taken = snapshot(r, "orders", most=100)
    drawn = rows(svg(taken))
    for entry in taken.entries:
        expected = []
        for group in taken.groups:
            told, pending = state(group, entry), holder(group, entry)
            if pending:
                times = f" \N{MULTIPLICATION SIGN}{pending.deliveries}" if pending.deliveries > 1 else ""
                expected += [pending.consumer + times, *(["again"] if told == "again" else [])]
            else:
                expected.append({"gone": "deleted"}.get(told, told))
        assert drawn[entry.id][1:] == expected


# --- The same everywhere -------------------------------------------------------------------------------------------


@EACH
def test_the_same_bytes_on_every_server(scene, empty):
    scene(empty)
    here, there = taken_after(scene), snapshot(empty, "orders")
    assert words(there) == words(here)
    assert svg(there) == svg(here)


@pytest.mark.parametrize("number", range(100, 130))
def test_the_same_bytes_after_random_histories(number, empty):
    """With entries trimmed and deleted, where servers count lag and entries-read differently."""
    simulated = backend.simulated()
    play(simulated, number)
    play(empty, number)
    for most in (3, 12):
        here, there = snapshot(simulated, "orders", most), snapshot(empty, "orders", most)
        assert words(there) == words(here)
        assert svg(there) == svg(here)


def test_a_read_that_returns_nothing_shows_nobody(empty):
    """Since 7.2 it makes a consumer, and in 7.0 it does not."""
    pictures = []
    for r in (backend.simulated(), empty):
        add(r, 1)
        r.xgroup_create("orders", "g", id="$")
        read(r, "g", "latecomer", 1)
        taken = snapshot(r, "orders")
        pictures.append(svg(taken) + words(taken))
    assert pictures[0] == pictures[1] and "latecomer" not in pictures[0]


def test_idle_times_do_not_show():
    r = backend.simulated()
    seed(r)
    before = snapshot(r, "orders")
    time.sleep(0.02)
    after = snapshot(r, "orders")
    assert before.groups != after.groups
    assert (svg(before), words(before)) == (svg(after), words(after))


def test_ids_of_the_clock_are_numbered(empty):
    drawn = []
    for r in (backend.simulated(), empty):
        ids = [r.xadd("orders", {"order_id": 1001 + n}) for n in range(3)]
        r.xgroup_create("orders", "g", id="0")
        read(r, "g", "c", 2)
        taken = snapshot(r, "orders")
        drawn.append((svg(taken), words(taken)))
        assert not any(entry_id.split("-")[0] in svg(taken) + words(taken) for entry_id in ids)
        time.sleep(0.02)
    assert drawn[0] == drawn[1]
    picture_rows = rows(drawn[0][0])
    assert picture_rows["#1"] == ["order_id=1001", "c"] and picture_rows["#3"] == ["order_id=1003", "waiting"]
    assert "#1, #2, ... are ids that the clock made just now." in picture_rows and "cursor #2" in picture_rows
    assert "  c holds #1, #2" in drawn[0][1].splitlines()


def test_a_cursor_of_the_clock_at_no_entry():
    r = backend.simulated()
    r.xadd("orders", {"n": 1})
    r.xgroup_create("orders", "g", id="$")
    r.xtrim("orders", maxlen=0, approximate=False)
    assert "group g: cursor at (now), 0 waiting, 0 pending" in words(snapshot(r, "orders"))


def test_ids_of_another_day_are_shown_as_they_are():
    r = backend.simulated()
    r.xadd("orders", {"n": 1}, id="1700000000000-0")
    assert "1700000000000-0" in rows(svg(snapshot(r, "orders")))


# --- As it is shown ------------------------------------------------------------------------------------------------


def test_it_is_one_display_with_a_picture_and_words(monkeypatch, capsys):
    r, shown = backend.simulated(), []
    seed(r)
    monkeypatch.setattr("IPython.display.display", lambda *args, **kwargs: shown.append((args, kwargs)))
    assert picture(r, "orders") is None
    assert capsys.readouterr() == ("", "")
    [((one,), options)] = shown
    assert options == {} and repr(one) == words(snapshot(r, "orders"))
    alt, source = re.fullmatch(
        r'<img alt="([^"]+)" width="832" style="max-width: 100%" src="([^"]+)">', one._repr_html_()
    ).groups()
    assert html.unescape(alt).split("; ") == [line.strip() for line in words(snapshot(r, "orders")).splitlines()]
    kind, _, data = source.partition(",")
    assert kind == "data:image/svg+xml;base64"
    assert base64.b64decode(data).decode() == svg(snapshot(r, "orders"))


def test_a_kernel_stores_the_words_line_by_line():
    from IPython.core.interactiveshell import InteractiveShell

    r = backend.simulated()
    seed(r)
    data, _ = InteractiveShell.instance().display_formatter.format(module._Shown(snapshot(r, "orders")))
    assert set(data) == {"text/plain", "text/html"}
    assert data["text/plain"] == words(snapshot(r, "orders"))


def test_a_script_prints_the_words():
    code = (
        "from helpers import backend; from helpers.picture import picture; r = backend.simulated(); "
        "r.xadd('orders', {'n': 1}, id='1-0'); picture(r, 'orders')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "stream orders: 1 entry\n  1-0  n=1\nno consumer group\n"


@EACH
def test_it_is_xml_of_harmless_parts(scene):
    """No style sheet, script, link or id: what sanitisers take away, and what collides on a page of many pictures."""
    taken = taken_after(scene)
    root = ElementTree.fromstring(svg(taken))
    assert {part.tag.removeprefix(SVG) for part in root.iter()} <= {
        "svg",
        "title",
        "rect",
        "line",
        "path",
        "circle",
        "text",
    }
    known = {
        "x",
        "y",
        "x1",
        "y1",
        "x2",
        "y2",
        "cx",
        "cy",
        "r",
        "rx",
        "d",
        "width",
        "height",
        "viewBox",
        "fill",
        "stroke",
        "role",
    }
    known |= {
        "stroke-width",
        "stroke-dasharray",
        "font-family",
        "font-size",
        "font-weight",
        "text-anchor",
        "aria-label",
    }
    assert {name for part in root.iter() for name in part.attrib} <= known
    assert root.get("aria-label").split("; ") == [line.strip() for line in words(taken).splitlines()]
    assert root.find(f"{SVG}title").text == words(taken).splitlines()[0]
    assert root.get("viewBox") == f"0 0 {root.get('width')} {root.get('height')}"
    assert len(svg(taken)) < 60_000


def test_markup_is_text():
    taken = taken_after(markup)
    told = words(taken)
    assert "<script>alert(\"1\")</script> & </text> ]]> 'x' \\n\\t\\x00\\x1b\\u202e\\ufffe=" in told
    assert not any(not c.isprintable() for c in told.replace("\n", ""))
    assert "<script" not in svg(taken) and "&lt;script&gt;" in svg(taken)
    assert any(text.startswith("<script>alert") for _, _, text in texts(svg(taken)))
    image = module.html(taken)
    assert (image.count("<"), image.count(">")) == (1, 1)


def luminance(colour: str) -> float:
    """https://www.w3.org/TR/WCAG21/#dfn-relative-luminance"""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@EACH
def test_every_text_and_shape_stands_out_from_what_it_lies_on(scene):
    """WCAG 2.1: 4.5 for text, 3 for shapes; each lies on the last box that was drawn around it."""
    boxes, looked_at = [], 0
    for part in ElementTree.fromstring(svg(taken_after(scene))).iter():
        name = part.tag.removeprefix(SVG)
        if name == "rect" and part.get("fill") != "none":
            x, y, wide, high = (float(part.get(side)) for side in ("x", "y", "width", "height"))
            boxes.append((x, y, x + wide, y + high, part.get("fill")))
        if name == "text":
            x, y = float(part.get("x")), float(part.get("y")) - 3
            least, colour = 4.5, part.get("fill")
        elif name == "circle":
            x, y, least, colour = float(part.get("cx")), float(part.get("cy")), 3, part.get("stroke")
        elif name == "path" and part.get("fill") == "none":
            x, y = map(float, re.match(r"M(\d+) (\d+)", part.get("d")).groups())
            least, colour = 3, part.get("stroke")
        else:
            continue
        below = [fill for left, top, right, bottom, fill in boxes if left <= x <= right and top <= y <= bottom][-1]
        assert contrast(colour, below) >= least, (name, colour, below)
        looked_at += 1
    assert looked_at > 8


# --- In a browser --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def page():
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="no Playwright: pip install -r tests/requirements.txt"
    )
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("no Chromium: apt install chromium (Debian), or playwright install chromium")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser.new_page(viewport={"width": 900, "height": 900})
        browser.close()


MEASURE = """() => [...document.querySelectorAll('text')].filter(text => text.textContent.trim()).map(text => {
    const box = text.getBBox();
    return [text.textContent, box.x, box.x + box.width, box.y, box.y + box.height];
})"""
PANELS = """() => [...document.querySelectorAll('rect')].map(rect => {
    const box = rect.getBBox();
    return [box.x, box.x + box.width, box.y, box.y + box.height];
})"""


@EACH
def test_no_text_leaves_its_box_or_meets_another(scene, page):
    page.set_content(f"<body style='margin: 0'>{svg(taken_after(scene))}</body>")
    measured, boxes = page.evaluate(MEASURE), page.evaluate(PANELS)
    for at, (text, left, right, top, bottom) in enumerate(measured):
        middle = (top + bottom) / 2
        around = [box for box in boxes if box[0] <= left <= box[1] and box[2] <= middle <= box[3]]
        innermost = min(around, key=lambda box: box[1] - box[0])
        assert right <= innermost[1] + 1, f"{text!r} ends at {right:.0f}, its box at {innermost[1]:.0f}"
        for other, left2, right2, top2, bottom2 in measured[at + 1 :]:
            apart = right <= left2 + 1 or right2 <= left + 1 or bottom <= top2 + 3 or bottom2 <= top + 3
            assert apart, f"{text!r} and {other!r} overlap"


def test_it_shrinks_with_the_page_and_keeps_its_own_background(page):
    page.set_content(
        f"<body style='margin: 0; background: #111'><div style='width: 600px'>{module.html(taken_after(seed))}"
    )
    page.wait_for_function("() => document.images[0].complete && document.images[0].naturalWidth === 832")
    box = page.locator("img").bounding_box()
    assert box["width"] == 600 and box["height"] < 320
    assert page.locator("img").get_attribute("alt").startswith("stream orders: 6 entries; 1-0  order_id=1001")
