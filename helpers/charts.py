"""Every chart of the course, and the small models behind those that show no measurement.

A chart function shows one PNG and returns None. matplotlib is imported where a chart is drawn, so a notebook
without one does not pay for it. A chart brings a background of its own, so that dark themes show it as light
ones do; the notebook prints its numbers below it, for whoever cannot see it.
"""

from __future__ import annotations

import io
import math
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Colours that people with any colour vision tell apart: M. Okabe and K. Ito, https://jfly.uni-koeln.de/color/
BLUE, ORANGE, GREEN = "#0072B2", "#D55E00", "#009E73"
PAPER, INK, GRID = "#FBFBF8", "#222222", "#D5D5D0"

_STYLE = {
    "axes.axisbelow": True,
    "axes.edgecolor": INK,
    "axes.facecolor": PAPER,
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 12,
    "axes.titleweight": "bold",
    "figure.facecolor": PAPER,
    "font.family": "DejaVu Sans",  # comes with matplotlib, so it is the same on every machine
    "font.size": 10,
    "grid.color": GRID,
    "legend.frameon": False,
    "lines.linewidth": 2,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}

_PATCH = {"facecolor": PAPER, "edgecolor": "none", "pad": 1}  # under a number, where a line may cross it


def _draw(title: str, x: str, y: str, plot: Callable[[Axes], None]) -> Figure:
    """A figure of 7 by 4 inches with one pair of axes, which ``plot`` fills; `x` and `y` name their units."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context(_STYLE):
        # Not a figure of pyplot: nothing keeps it once it is shown, so there is none to close.
        figure = Figure(figsize=(7, 4), dpi=100, layout="constrained")
        axes = figure.subplots()
        axes.set(xlabel=x, ylabel=y)
        axes.set_title(title)
        plot(axes)
    return figure


def _show(figure: Figure, alt: str) -> None:
    """Displays `figure` as a PNG without matplotlib's version in it; `alt` says in words what it shows."""
    from IPython.display import Image, display

    png = io.BytesIO()
    figure.savefig(png, format="png", metadata={"Software": None})
    display(Image(png.getvalue(), alt=alt))


# --- Polling against blocking -------------------------------------------------------------------------------

TRIP = 1  # ms from a server that has something to say to the reader that hears it


class Reading(NamedTuple):
    """What one reader of a stream did."""

    calls: int  # XREAD commands that it sent
    delays: tuple[int, ...]  # ms from each order's arrival until the reader had it, in order of arrival

    @property
    def mean(self) -> float:
        """The mean delay in ms."""
        return sum(self.delays) / len(self.delays)


def polling(arrivals: Sequence[int], every: int, until: int = 60_000) -> Reading:
    """A reader that sends XREAD without BLOCK at 0, `every`, 2 · `every`, ... ms.

    A call made at t is answered at t + `TRIP` with the orders that came at t or before. The reader reads for
    `until` ms, and then until it has the last order.

    Args:
        arrivals: when each of n orders comes, in ms from 0, ascending.
        every: ms from one call to the next, at least `TRIP`.
        until: ms.

    Returns:
        The number of calls, and n delays in ms.
    """
    now, calls, delays = 0, 0, []
    while now < until or len(delays) < len(arrivals):
        calls += 1
        come = bisect_right(arrivals, now)
        delays += [now + TRIP - at for at in arrivals[len(delays) : come]]
        now += every
    return Reading(calls, tuple(delays))


def blocking(arrivals: Sequence[int], block: int, until: int = 60_000) -> Reading:
    """A reader that sends ``XREAD BLOCK block`` at 0 ms, and again whenever it has its answer.

    A call that finds orders is answered at once, one that finds none when the next order comes or `block` ms
    have passed; the answer takes `TRIP` to the reader. Arguments and result are those of `polling`.
    """
    now, calls, delays = 0, 0, []
    while now < until or len(delays) < len(arrivals):
        calls += 1
        next_order = arrivals[len(delays)] if len(delays) < len(arrivals) else now + block
        answered = max(now, min(next_order, now + block))
        come = bisect_right(arrivals, answered)
        now = answered + TRIP
        delays += [now - at for at in arrivals[len(delays) : come]]
    return Reading(calls, tuple(delays))


def delay_chart(polled: Mapping[int, Reading], blocked: Reading) -> None:
    """Shows mean delay over calls: readers that poll every so many ms (the keys), and one that waits."""

    def plot(axes: Axes) -> None:
        calls = [reading.calls for reading in polled.values()]
        means = [reading.mean for reading in polled.values()]
        axes.loglog(calls, means, color=ORANGE, marker="o", label="XREAD again and again")
        axes.loglog(blocked.calls, blocked.mean, color=BLUE, marker="D", ms=9, ls="", label="XREAD BLOCK")
        for every, reading in polled.items():
            point = (reading.calls, reading.mean)
            axes.annotate(f"every {every} ms", point, (8, 4), textcoords="offset points", fontsize=9)
        axes.margins(x=0.16, y=0.12)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter("{x:,.0f}")
        axes.legend()

    title = "How long does an order wait, and how many calls does it take?"
    figure = _draw(title, "calls in one minute", "mean delay until the reader has it (ms)", plot)
    alt = (
        "Mean delay over calls in one minute, both axes logarithmic. Readers that poll lie on a falling "
        "line: the fewer calls, the longer the delay. XREAD BLOCK lies far below it, at "
        f"{blocked.calls} calls and {blocked.mean:.0f} ms."
    )
    _show(figure, alt)


# --- Who gets how many --------------------------------------------------------------------------------------


def share_chart(shares: Mapping[str, Mapping[str, int]]) -> None:
    """Shows how many orders each consumer of a group got, as bars side by side for one case or two.

    Args:
        shares: for each case, by what the legend is to call it, the number of orders of each consumer; the same
            consumers and the same total in each.
    """
    first = next(iter(shares.values()))
    consumers, total = list(first), sum(first.values())
    looks = list(zip(shares.items(), (BLUE, ORANGE), ("", "//"), strict=False))
    width = 0.8 / len(looks)

    def plot(axes: Axes) -> None:
        for at, ((case, got), colour, hatch) in enumerate(looks):
            middles = [place + (at - (len(looks) - 1) / 2) * width for place in range(len(consumers))]
            counts = [got[consumer] for consumer in consumers]
            bars = axes.bar(middles, counts, width * 0.94, color=colour, hatch=hatch, edgecolor=PAPER, label=case)
            axes.bar_label(bars, padding=2)
        axes.set_xticks(range(len(consumers)), consumers)
        axes.grid(visible=False, axis="x")
        axes.margins(y=0.12)
        axes.legend()

    figure = _draw(f"Who gets how many of {total} orders?", "consumer of the group", "orders delivered", plot)
    told = [", ".join(f"{name} {n}" for name, n in got.items()) + f" ({case})" for case, got in shares.items()]
    _show(figure, "Bars: orders delivered to each consumer. " + "; ".join(told) + ".")


# --- Three ways to pass a message on ------------------------------------------------------------------------


def deliveries_chart(got: Mapping[str, Mapping[str, int]], of: int) -> None:
    """Shows how many of so many messages each service got, as bars side by side for up to three ways.

    Args:
        got: for each way, by what the legend is to call it, the number of messages of each service; the same
            services in each.
        of: how many messages there were.
    """
    services = list(next(iter(got.values())))
    looks = list(zip(got.items(), (ORANGE, GREEN, BLUE), ("//", "..", ""), strict=False))

    def plot(axes: Axes) -> None:
        _side_by_side(axes, services, looks, "{:.0f}")
        axes.axhline(of, color=INK, lw=1, ls=":")
        axes.set_ylim(0, of * 1.25)
        axes.legend(loc="upper center", ncols=len(looks))

    figure = _draw(f"Who got how many of {of:,} orders?", "service that wants every order", "orders received", plot)
    _show(figure, f"Bars: orders received by each service, of {of}. {_told(got, '{:.0f}')}.")


def rates_chart(rates: Mapping[str, Mapping[str, float]]) -> None:
    """Shows messages per second of up to three ways, as bars side by side for each case, the axis logarithmic.

    Args:
        rates: for each way, by what the legend is to call it, the rate in each case; the same cases in each.
    """
    cases = list(next(iter(rates.values())))
    looks = list(zip(rates.items(), (ORANGE, GREEN, BLUE), ("//", "..", ""), strict=False))
    most = max(max(of.values()) for of in rates.values())

    def plot(axes: Axes) -> None:
        axes.set_yscale("log")
        _side_by_side(axes, cases, looks, "{:,.0f}")
        axes.set_ylim(100, most * 5)
        axes.yaxis.set_major_formatter("{x:,.0f}")
        axes.legend(loc="upper center", ncols=len(looks))

    figure = _draw("How many orders a second, from producer to done?", "how they are sent", "orders per second", plot)
    _show(figure, f"Bars, the vertical axis logarithmic: orders per second. {_told(rates, '{:,.0f}')}.")


def _side_by_side(axes: Axes, places: Sequence[str], looks: Sequence[tuple], number: str) -> None:
    """Bars for each of `places`; `looks` has ((name, value by place), colour, hatch) of each bar in a group."""
    width = 0.8 / len(looks)
    for at, ((name, values), colour, hatch) in enumerate(looks):
        middles = [place + (at - (len(looks) - 1) / 2) * width for place in range(len(places))]
        heights = [values[place] for place in places]
        bars = axes.bar(middles, heights, width * 0.94, color=colour, hatch=hatch, edgecolor=PAPER, label=name)
        axes.bar_label(bars, [number.format(height) for height in heights], padding=2, fontsize=9)
    axes.set_xticks(range(len(places)), places)
    axes.grid(visible=False, axis="x")


def _told(values: Mapping[str, Mapping[str, float]], number: str) -> str:
    """All numbers of a chart in words."""
    return "; ".join(
        f"{name}: " + ", ".join(f"{place} {number.format(value)}" for place, value in of.items())
        for name, of in values.items()
    )


# --- Queues in virtual time -------------------------------------------------------------------------------------


def state_chart(state: Mapping[str, Sequence[float]], marks: Mapping[str, float]) -> None:
    """Shows how many orders are unread and pending over virtual time, with what happened marked.

    Args:
        state: as `GroupRun.over_time` returns it: ``time``, and ``unread`` and ``pending`` after it.
        marks: for each event, by its name, the second in which it happened.
    """
    time = list(state["time"])
    lines = {"unread (no consumer has them yet)": "unread", "pending (delivered, not acknowledged)": "pending"}
    looks = list(zip(lines.items(), (ORANGE, BLUE), ("--", "-"), strict=True))
    most = max(1, *(max(state[name]) for name in lines.values()))

    def plot(axes: Axes) -> None:
        for (label, name), colour, dash in looks:
            axes.step(time, state[name], where="post", color=colour, ls=dash, label=label)
        for level, (event, second) in enumerate(marks.items()):
            axes.axvline(second, color=INK, lw=1, ls=":")
            place = (second, most * (1.22 - 0.07 * (level % 3)))
            late = second > 0.85 * time[-1]  # Its name would end beyond the picture.
            side = {"xytext": (-4, 0), "ha": "right"} if late else {"xytext": (4, 0)}
            axes.annotate(event, place, textcoords="offset points", fontsize=9, **side)
        axes.set(xlim=(0, time[-1]), ylim=(0, most * 1.3))
        axes.yaxis.get_major_locator().set_params(integer=True)
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2)

    def at(name: str, second: float) -> int:
        return int(state[name][max(0, bisect_right(time, second) - 1)])

    figure = _draw("How many orders are unread and pending?", "time (s)", "orders", plot)
    told = [f"{name}: at most {int(max(state[name]))}, {int(state[name][-1])} in the end" for name in lines.values()]
    told += [
        f"{event} in second {second:.0f}: unread {at('unread', second)}, pending {at('pending', second)}"
        for event, second in marks.items()
    ]
    _show(figure, f"Orders over time, in steps. {'; '.join(told)}.")


def waits_chart(
    waits: Mapping[str, Sequence[float]], theory: Mapping[str, Callable[[float], float]] | None = None
) -> None:
    """Shows the distribution of waiting times as a histogram, for one case or two, with the theory's curve over it.

    Args:
        waits: for each case, by what the legend is to call it, seconds.
        theory: for some of the cases, the probability that a wait exceeds so many seconds.
    """
    import numpy as np

    longest = max(max(values) for values in waits.values())
    edges = np.linspace(0, longest, 31)
    looks = list(zip(waits.items(), (BLUE, ORANGE), ("", "//"), strict=False))

    def plot(axes: Axes) -> None:
        for (case, values), colour, hatch in looks:
            weights = np.full(len(values), 100 / len(values))
            bars = {"histtype": "stepfilled", "alpha": 0.45, "hatch": hatch, "edgecolor": colour}
            axes.hist(values, edges, weights=weights, color=colour, label=case, **bars)
        for (case, _), colour, _ in looks:
            if theory and case in theory:
                expected = [100 * (theory[case](a) - theory[case](b)) for a, b in pairwise(edges)]
                expected[0] += 100 * (1 - theory[case](0))  # who does not wait at all
                middles = (edges[1:] + edges[:-1]) / 2
                axes.plot(
                    middles, expected, color=colour, ls="-." if colour == ORANGE else "-", label=f"{case}: theory"
                )
        axes.set(yscale="log", xlim=(0, longest), ylim=(20 / min(map(len, waits.values())), 150))
        axes.yaxis.set_major_formatter("{x:g}")
        axes.legend()

    title = "How long do orders wait?"
    figure = _draw(title, f"wait (s), in steps of {edges[1]:.2g} s", "share of the orders (%)", plot)
    told = [
        f"{case}: half wait at most {_quantile(v, 0.5)} s, 99 % at most {_quantile(v, 0.99)} s"
        for case, v in waits.items()
    ]
    _show(figure, f"Histogram of waits, its vertical axis logarithmic. {'; '.join(told)}.")


def _quantile(values: Sequence[float], share: float) -> str:
    import numpy as np

    return f"{np.quantile(values, share):.2f}"


def load_chart(waits: Mapping[str, Mapping[float, float]], theory: Mapping[str, Callable[[float], float]]) -> None:
    """Shows the mean wait over the load: simulated points, and the theory's line through the same loads.

    Args:
        waits: for each case, by what the legend is to call it, the mean wait in seconds at each load (0 to 1).
        theory: for each case the same as a function of the load.
    """
    import numpy as np

    looks = list(zip(waits.items(), (BLUE, ORANGE), ("-", "--"), ("o", "s"), strict=False))

    def plot(axes: Axes) -> None:
        for (case, points), colour, dash, marker in looks:
            dense = np.linspace(min(points), max(points), 200)
            axes.plot(
                100 * dense, [theory[case](load) for load in dense], color=colour, ls=dash, label=f"{case}: theory"
            )
            loads = [100 * load for load in points]
            axes.plot(
                loads, list(points.values()), color=colour, ls="", marker=marker, ms=7, label=f"{case}: simulated"
            )
        axes.set(ylim=(0, None))
        axes.legend()

    figure = _draw(
        "How does the wait grow with the load?", "load (% of what the consumers can do)", "mean wait (s)", plot
    )
    told = [
        f"{case}: " + ", ".join(f"{wait:.2f} s at {100 * load:.0f} %" for load, wait in points.items())
        for case, points in waits.items()
    ]
    _show(figure, f"Mean wait over load, points on the lines of theory. {'; '.join(told)}.")


def min_idle_chart(costs: Mapping[float, tuple[float, float]]) -> None:
    """Shows what each min-idle-time costs, as a curve from much double work to late rescues.

    Args:
        costs: for each min-idle-time in seconds, ascending, what was done twice (% of the orders), and how late (s)
            the orders of dead consumers were done.
    """

    def plot(axes: Axes) -> None:
        doubled, late = zip(*costs.values(), strict=True)
        axes.plot(late, doubled, color=BLUE, marker="o")
        for seconds, (twice, wait) in costs.items():
            axes.annotate(f"{seconds:g} s", (wait, twice), (6, 6), textcoords="offset points", fontsize=9)
        axes.set(xscale="log")
        axes.set_xticks([1, 2, 5, 10, 20, 50, 100, 200, 500])
        axes.set_xlim(min(late) / 1.3, max(late) * 1.5)
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_formatter("")
        axes.margins(y=0.15)

    title = "What does each min-idle-time cost?"
    figure = _draw(title, "done so long after it was read by who died (s, mean)", "orders worked on twice (%)", plot)
    told = [f"{seconds:g} s: {twice:.1f} % twice, {wait:.0f} s late" for seconds, (twice, wait) in costs.items()]
    _show(figure, f"A falling curve, double work over lateness, by min-idle-time. {'; '.join(told)}.")


# --- How fast -----------------------------------------------------------------------------------------------


def throughput_chart(rates: Mapping[str, float], anchors: Mapping[str, float] | None = None) -> None:
    """Shows messages a second as bars from the first, on top, to the last, on a logarithmic axis.

    Args:
        rates: for each way to do it, messages a second.
        anchors: rates to hold them against, by what the legend is to call them: a line across all bars each.
    """
    looks = list(zip((anchors or {}).items(), (ORANGE, INK), ("--", ":"), strict=False))
    everything = [*rates.values(), *(anchors or {}).values()]

    def plot(axes: Axes) -> None:
        axes.set(xscale="log", xlim=(10 ** math.floor(math.log10(min(everything) / 2)), max(everything) * 4))
        bars = axes.barh(list(rates), list(rates.values()), 0.6, color=BLUE)
        axes.bar_label(bars, [f"{rate:,.0f}" for rate in rates.values()], padding=3, bbox=_PATCH)
        for (name, rate), colour, dash in looks:
            axes.axvline(rate, color=colour, ls=dash, label=f"{name}: {rate:,.0f}")
        axes.invert_yaxis()
        axes.grid(visible=False, axis="y")
        axes.xaxis.set_major_formatter("{x:,.0f}")
        if looks:
            axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16))

    figure = _draw("How many messages a second?", "messages a second, logarithmic", "way to do it", plot)
    told = [f"{' '.join(name.split())} {rate:,.0f}" for name, rate in rates.items()]
    told += [f"{name} (a line) {rate:,.0f}" for name, rate in (anchors or {}).items()]
    _show(figure, f"Bars: messages a second. {', '.join(told)}.")


def latency_chart(latencies: Mapping[int, Mapping[str, float]]) -> None:
    """Shows how long the answer takes by the size of the batch, one line for each quantile, both axes logarithmic.

    Args:
        latencies: for each size of a batch, ascending, milliseconds by the name of the quantile, such as ``"99 %"``;
            the same names, up to three, for each size.
    """
    sizes, names = list(latencies), list(next(iter(latencies.values())))
    looks = list(zip(names, (BLUE, ORANGE, INK), ("o", "s", "^"), ("-", "--", ":"), strict=False))

    def plot(axes: Axes) -> None:
        for name, colour, marker, dash in looks:
            line = [latencies[size][name] for size in sizes]
            axes.loglog(sizes, line, color=colour, marker=marker, ls=dash, label=f"{name} of the answers within")
        axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
        axes.xaxis.set_minor_formatter("")
        axes.yaxis.set_major_formatter("{x:g}")
        axes.legend()

    figure = _draw(
        "How long does a batch keep its sender waiting?", "commands in a batch", "time until the answer (ms)", plot
    )
    told = [
        f"{size:,} in a batch: " + ", ".join(f"{name} within {ms:.2g} ms" for name, ms in line.items())
        for size, line in latencies.items()
    ]
    _show(figure, f"Rising lines, both axes logarithmic. {'; '.join(told)}.")


# --- What a stream keeps, and what it takes -----------------------------------------------------------------


def length_chart(lengths: Mapping[str, Sequence[int]]) -> None:
    """Shows how long a stream is after 1, 2, ... orders were added, for up to three ways to trim it.

    Args:
        lengths: for each way, by what the legend is to call it, its length after each order.
    """
    looks = list(zip(lengths.items(), (INK, BLUE, ORANGE), (":", "-", "--"), strict=False))

    def plot(axes: Axes) -> None:
        for (name, line), colour, dash in looks:
            axes.plot(range(1, len(line) + 1), line, color=colour, ls=dash, label=name)
        axes.set(xlim=(0, None), ylim=(0, None))
        axes.legend(loc="upper left")

    figure = _draw("How long does the stream get?", "orders added", "orders in the stream", plot)
    lines = "; ".join(f"{name}: at most {max(line)}, {line[-1]} in the end" for name, line in lengths.items())
    _show(figure, f"Lines: orders in the stream over orders added. {lines}.")


def memory_chart(sizes: Mapping[str, float]) -> None:
    """Shows how many bytes an order takes in each layout, as bars from the first, on top, to the last."""

    def plot(axes: Axes) -> None:
        bars = axes.barh(list(sizes), list(sizes.values()), 0.6, color=BLUE)
        axes.bar_label(bars, [f"{size:.0f}" for size in sizes.values()], padding=3)
        axes.invert_yaxis()
        axes.grid(visible=False, axis="y")
        axes.margins(x=0.1)

    figure = _draw("How many bytes does the same order take?", "bytes per order (MEMORY USAGE)", "layout", plot)
    told = ", ".join(f"{' '.join(layout.split())} {size:.0f}" for layout, size in sizes.items())
    _show(figure, f"Bars: bytes per order. {told}.")
