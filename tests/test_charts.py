"""The models behind the charts against slower, independent ones; and what a chart shows."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Sequence
from itertools import pairwise

import pytest

from helpers import charts
from helpers.charts import TRIP, Reading, blocking, delay_chart, polling

RUSH = sorted([*range(1307, 60_000, 7103), *range(30_011, 31_100, 93)])  # as in notebook 02


def tick_by_tick(arrivals: Sequence[int], until: int, every: int = 0, block: int = -1) -> Reading:
    """A server and one reader, looked at in every millisecond: polls `every` ms, or blocks for `block` ms."""
    seen_at: dict[int, int] = {}  # number of the order: ms
    calls, now, deadline = (
        0,
        0,
        None,
    )  # deadline: the call waits at the server until then; None is no call there
    coming: tuple[int, list[int]] | None = None  # when an answer reaches the reader, and the orders in it
    while True:
        if coming and now == coming[0]:
            seen_at.update(dict.fromkeys(coming[1], now))
            coming = None
        done = now >= until and len(seen_at) == len(arrivals)
        calling = now % every == 0 if block < 0 else deadline is None and coming is None
        if calling and done:
            break
        if calling:
            calls += 1
            deadline = now + max(block, 0)
        if deadline is not None:
            fresh = [n for n, at in enumerate(arrivals) if at <= now and n not in seen_at]
            if fresh or now == deadline:
                coming, deadline = (now + TRIP, fresh), None
        now += 1
    return Reading(calls, tuple(seen_at[n] - at for n, at in enumerate(arrivals)))


def schedules() -> list[list[int]]:
    chance = random.Random(2)
    drawn = [sorted(chance.choices(range(300), k=chance.randrange(1, 25))) for _ in range(40)]
    return [[0], [0, 0, 0], [299], [10, 20, 30], [10, 11, 12, 13], [50, 50, 51, 51], *drawn]


@pytest.mark.parametrize("arrivals", schedules(), ids=str)
def test_readers_are_those_of_a_server_looked_at_in_every_millisecond(arrivals):
    for every in (2, 7, 10, 100):
        assert polling(arrivals, every, until=300) == tick_by_tick(arrivals, 300, every=every)
    for block in (1, 2, 10, 33, 100, 1000):
        assert blocking(arrivals, block, until=300) == tick_by_tick(arrivals, 300, block=block)


def test_nothing_comes():
    assert polling([], 100, until=1000) == Reading(10, ())
    assert blocking([], 99, until=1000) == Reading(10, ())


def test_what_the_notebook_says_of_its_numbers():
    polled = {every: polling(RUSH, every) for every in (10, 50, 100, 500, 1000, 5000)}
    blocked = blocking(RUSH, 4000)
    assert (len(RUSH), sum(30_000 <= at < 31_100 for at in RUSH)) == (21, 12)
    assert all(reading.mean == pytest.approx(every / 2, rel=0.5) for every, reading in polled.items())
    assert all(reading.calls >= 60_000 / every for every, reading in polled.items())
    assert blocked.calls == len(RUSH) + 9  # nine timeouts
    assert set(blocked.delays) == {TRIP}


def test_a_chart_is_a_png_with_words_and_the_same_every_time(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    for _ in range(2):
        delay_chart({100: polling(RUSH, 100), 1000: polling(RUSH, 1000)}, blocking(RUSH, 4000))
    first, second = shown
    assert first.data == second.data
    assert first.data.startswith(b"\x89PNG") and b"Software" not in first.data
    assert "30 calls and 1 ms" in first.alt


def test_a_chart_brings_its_background_labels_and_a_question(monkeypatch):
    figures = []
    monkeypatch.setattr(charts, "_show", lambda figure, alt: figures.append(figure))
    delay_chart({100: polling(RUSH, 100)}, blocking(RUSH, 4000))
    [axes] = figures[0].axes
    assert figures[0].get_facecolor() == axes.get_facecolor() != (1, 1, 1, 0)
    assert "minute" in axes.get_xlabel() and "(ms)" in axes.get_ylabel()
    assert axes.get_title(loc="left").endswith("?")


def test_matplotlib_waits_for_the_first_chart():
    code = "import sys, helpers.charts; print('matplotlib' in sys.modules, 'IPython' in sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout == "False False\n"


SHARES = {"equal": {"ada": 20, "bob": 20, "cyd": 20}, "unequal": {"ada": 36, "bob": 18, "cyd": 6}}


def test_shares_are_told_by_bars_numbers_and_words(monkeypatch):
    figures = []
    monkeypatch.setattr(charts, "_show", lambda figure, alt: figures.append((figure, alt)))
    charts.share_chart(SHARES)
    [(figure, alt)] = figures
    [axes] = figure.axes
    assert axes.get_title(loc="left") == "Who gets how many of 60 orders?"
    assert [label.get_text() for label in axes.get_xticklabels()] == ["ada", "bob", "cyd"]
    assert [[bar.get_height() for bar in bars] for bars in axes.containers] == [[20, 20, 20], [36, 18, 6]]
    assert [text.get_text() for text in axes.texts] == ["20", "20", "20", "36", "18", "6"]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == list(SHARES)
    assert "orders" in axes.get_ylabel() and "consumer" in axes.get_xlabel()
    assert "ada 36, bob 18, cyd 6 (unequal)" in alt


def test_bars_side_by_side_do_not_overlap_and_differ_without_colour(monkeypatch):
    figures = []
    monkeypatch.setattr(charts, "_show", lambda figure, alt: figures.append(figure))
    for shares in (SHARES, {"only case": SHARES["equal"]}):
        charts.share_chart(shares)
        [axes] = figures.pop().axes
        bars = sorted((bar for bars in axes.containers for bar in bars), key=lambda bar: bar.get_x())
        assert all(one.get_x() + one.get_width() <= other.get_x() + 1e-9 for one, other in pairwise(bars))
        assert len({bars[0].get_hatch() for bars in axes.containers}) == len(shares)


def test_a_share_chart_is_the_same_every_time(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    for _ in range(2):
        charts.share_chart(SHARES)
    assert shown[0].data == shown[1].data and b"Software" not in shown[0].data


LENGTHS = {"not trimmed": [1, 2, 3, 4], "MAXLEN = 2": [1, 2, 2, 2], "MAXLEN ~ 2": [1, 2, 3, 2]}
SIZES = {"three fields": 31.1, "one field of JSON": 74.08, "a name of its own\nfor each value": 85.6}


def drawn(monkeypatch, chart, *args):
    """(axes, alternative text) of a chart."""
    figures = []
    monkeypatch.setattr(charts, "_show", lambda figure, alt: figures.append((figure, alt)))
    chart(*args)
    [(figure, alt)] = figures
    [axes] = figure.axes
    return axes, alt


def test_lengths_are_lines_that_differ_without_colour(monkeypatch):
    axes, alt = drawn(monkeypatch, charts.length_chart, LENGTHS)
    assert axes.get_title(loc="left") == "How long does the stream get?"
    assert [list(line.get_ydata()) for line in axes.lines] == list(LENGTHS.values())
    assert {tuple(line.get_xdata()) for line in axes.lines} == {(1, 2, 3, 4)}
    assert len({line.get_linestyle() for line in axes.lines}) == 3
    assert [text.get_text() for text in axes.get_legend().get_texts()] == list(LENGTHS)
    assert axes.get_ylim()[0] == 0 and "orders" in axes.get_ylabel() and "orders" in axes.get_xlabel()
    assert "MAXLEN ~ 2: at most 3, 2 in the end" in alt


def test_sizes_are_told_by_bars_numbers_and_words(monkeypatch):
    axes, alt = drawn(monkeypatch, charts.memory_chart, SIZES)
    assert axes.get_title(loc="left").endswith("?")
    assert [bar.get_width() for bar in axes.containers[0]] == list(SIZES.values())
    assert [text.get_text() for text in axes.texts] == ["31", "74", "86"]
    assert [label.get_text() for label in axes.get_yticklabels()] == list(SIZES)
    assert axes.yaxis_inverted() and axes.get_xlim()[0] == 0 and "bytes" in axes.get_xlabel()
    assert "three fields 31, one field of JSON 74, a name of its own for each value 86" in alt


@pytest.mark.parametrize("chart, numbers", [(charts.length_chart, LENGTHS), (charts.memory_chart, SIZES)])
def test_retention_charts_are_the_same_every_time(monkeypatch, chart, numbers):
    shown = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    for _ in range(2):
        chart(numbers)
    assert shown[0].data == shown[1].data and b"Software" not in shown[0].data


STATE = {"time": [1.0, 2.5, 50.0, 60.0, 110.0], "unread": [1, 0, 3, 2, 0], "pending": [0, 1, 4, 5, 0]}
EVENTS = {"ada dies": 55.0, "first rescue": 110.0}
WAITS = {"shared": [0.0, 0.0, 0.5, 1.0], "partitions": [0.0, 2.0, 4.0, 9.0]}
MEANS = {"4 consumers": {0.5: 0.1, 0.9: 1.2}, "1 consumer": {0.5: 0.4, 0.9: 3.1}}
COSTS = {1: (40.0, 2.0), 10: (1.0, 11.0), 60: (0.0, 61.0)}
QUEUES = [
    (charts.state_chart, (STATE, EVENTS)),
    (charts.waits_chart, (WAITS, {"shared": lambda s: 0.5**s})),
    (charts.load_chart, (MEANS, {"4 consumers": lambda load: load, "1 consumer": lambda load: 4 * load})),
    (charts.min_idle_chart, (COSTS,)),
]


def test_a_crash_and_its_recovery_are_told_by_steps_marks_and_words(monkeypatch):
    axes, alt = drawn(monkeypatch, charts.state_chart, STATE, EVENTS)
    lines = [line for line in axes.lines if line.get_drawstyle() == "steps-post"]
    assert [list(line.get_ydata()) for line in lines] == [STATE["unread"], STATE["pending"]]
    assert len({line.get_linestyle() for line in lines}) == 2
    marks = [line.get_xdata()[0] for line in axes.lines if line not in lines]
    assert marks == list(EVENTS.values()) and [text.get_text() for text in axes.texts] == list(EVENTS)
    assert axes.get_ylim()[0] == 0 and "(s)" in axes.get_xlabel() and "orders" in axes.get_ylabel()
    assert "unread: at most 3, 0 in the end; pending: at most 5, 0 in the end" in alt
    assert "ada dies in second 55: unread 3, pending 4; first rescue in second 110: unread 0, pending 0" in alt


def test_waits_are_a_histogram_of_shares_with_the_theory_over_it(monkeypatch):
    axes, alt = drawn(monkeypatch, charts.waits_chart, WAITS, {"shared": lambda s: 0.5**s})
    assert [patch.get_xy()[:, 1].max() for patch in axes.patches] == [50, 25]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == [*WAITS, "shared: theory"]
    [line] = axes.lines
    assert sum(line.get_ydata()) == pytest.approx(100 * (1 - 0.5**9))
    assert len({patch.get_hatch() for patch in axes.patches}) == 2
    assert "(s)" in axes.get_xlabel() and "%" in axes.get_ylabel() and axes.get_yscale() == "log"
    assert "shared: half wait at most 0.25 s, 99 % at most 0.98 s" in alt


def test_the_load_chart_has_points_on_lines_that_go_through_the_same_loads(monkeypatch):
    theory = {"4 consumers": lambda load: 2 * load, "1 consumer": lambda load: 4 * load}
    axes, alt = drawn(monkeypatch, charts.load_chart, MEANS, theory)
    points = [line for line in axes.lines if line.get_linestyle() == "None"]
    curves = [line for line in axes.lines if line not in points]
    assert [list(line.get_ydata()) for line in points] == [[0.1, 1.2], [0.4, 3.1]]
    assert [list(line.get_xdata()) for line in points] == [[50, 90], [50, 90]]
    assert [(line.get_ydata()[0], line.get_ydata()[-1]) for line in curves] == [(1.0, 1.8), (2.0, 3.6)]
    assert len({line.get_marker() for line in points}) == len({line.get_linestyle() for line in curves}) == 2
    assert "%" in axes.get_xlabel() and "(s)" in axes.get_ylabel()
    assert "4 consumers: 0.10 s at 50 %, 1.20 s at 90 %" in alt


def test_each_min_idle_time_is_a_named_point_of_the_curve(monkeypatch):
    axes, alt = drawn(monkeypatch, charts.min_idle_chart, COSTS)
    [line] = axes.lines
    assert list(line.get_ydata()) == [40.0, 1.0, 0.0] and list(line.get_xdata()) == [2.0, 11.0, 61.0]
    assert [text.get_text() for text in axes.texts] == ["1 s", "10 s", "60 s"]
    assert "%" in axes.get_ylabel() and "(s" in axes.get_xlabel()
    assert "10 s: 1.0 % twice, 11 s late" in alt


@pytest.mark.parametrize("chart, numbers", QUEUES, ids=lambda value: getattr(value, "__name__", ""))
def test_charts_of_queues_ask_bring_their_background_and_are_the_same_every_time(monkeypatch, chart, numbers):
    shown = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    for _ in range(2):
        chart(*numbers)
    assert shown[0].data == shown[1].data and b"Software" not in shown[0].data
    figures = []
    monkeypatch.setattr(charts, "_show", lambda figure, alt: figures.append(figure))
    chart(*numbers)
    [axes] = figures[0].axes
    assert figures[0].get_facecolor() == axes.get_facecolor() != (1, 1, 1, 0)
    assert axes.get_title(loc="left").endswith("?")


RATES = {"one at a time": 13_000.0, "pipelines of 100": 100_000.0, "the same bytes": 600_000.0}
ANCHORS = {"redis-benchmark": 550_000.0, "the server alone": 1_700_000.0}


def test_rates_are_bars_with_numbers_and_anchors_lines_across(monkeypatch):
    figures = []
    monkeypatch.setattr(charts, "_show", lambda figure, alt: figures.append((figure, alt)))
    charts.throughput_chart(RATES, ANCHORS)
    charts.throughput_chart(RATES)
    (figure, alt), (plain, _) = figures
    [axes] = figure.axes
    assert [bar.get_width() for bar in axes.patches] == list(RATES.values())
    assert [line.get_xdata()[0] for line in axes.lines] == list(ANCHORS.values())
    assert axes.yaxis_inverted() and axes.get_xscale() == "log" and axes.get_title(loc="left").endswith("?")
    assert {text.get_text() for text in axes.texts} == {"13,000", "100,000", "600,000"}
    assert "one at a time 13,000" in alt and "the server alone (a line) 1,700,000" in alt
    assert not plain.axes[0].lines and plain.axes[0].get_legend() is None


def test_latencies_are_a_line_for_each_quantile(monkeypatch):
    figures = []
    monkeypatch.setattr(charts, "_show", lambda figure, alt: figures.append((figure, alt)))
    charts.latency_chart({1: {"50 %": 0.05, "99 %": 0.2}, 100: {"50 %": 0.7, "99 %": 5.0}})
    [(figure, alt)] = figures
    [axes] = figure.axes
    assert [list(line.get_ydata()) for line in axes.lines] == [[0.05, 0.7], [0.2, 5.0]]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == [
        "50 % of the answers within",
        "99 % of the answers within",
    ]
    assert "100 in a batch: 50 % within 0.7 ms, 99 % within 5 ms" in alt
    assert "(ms)" in axes.get_ylabel() and axes.get_title(loc="left").endswith("?")


GOT = {"Pub/Sub": {"packing": 1000, "mail": 700}, "one list": {"packing": 384, "mail": 233}}


def test_three_ways_are_bars_with_their_numbers_side_by_side(monkeypatch):
    axes, alt = drawn(monkeypatch, lambda: charts.deliveries_chart(GOT, of=1000))
    assert axes.get_title(loc="left") == "Who got how many of 1,000 orders?"
    assert [[bar.get_height() for bar in bars] for bars in axes.containers] == [[1000, 700], [384, 233]]
    assert [text.get_text() for text in axes.texts] == ["1000", "700", "384", "233"]
    assert "one list: packing 384, mail 233" in alt and "of 1000" in alt
    assert [label.get_text() for label in axes.get_xticklabels()] == ["packing", "mail"]
    [line] = axes.lines
    assert list(line.get_ydata()) == [1000, 1000]

    rates = {name: {"one by one": 9_876.5, "batches": 80_000.0} for name in ("Pub/Sub", "list", "stream")}
    axes, alt = drawn(monkeypatch, charts.rates_chart, rates)
    assert axes.get_yscale() == "log" and axes.get_title(loc="left").endswith("?")
    assert "9,876" in [text.get_text() for text in axes.texts] and "stream: one by one 9,876, batches 80,000" in alt
    bars = sorted((bar for bars in axes.containers for bar in bars), key=lambda bar: bar.get_x())
    assert all(one.get_x() + one.get_width() <= other.get_x() + 1e-9 for one, other in pairwise(bars))
    assert len({bars[0].get_hatch() for bars in axes.containers}) == 3
