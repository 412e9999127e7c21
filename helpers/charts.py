"""Every chart of the course, and the small models behind those that show no measurement.

A chart function shows one PNG and returns None. matplotlib is imported where a chart is drawn, so a notebook
without one does not pay for it. A chart brings a background of its own, so that dark themes show it as light
ones do; the notebook prints its numbers below it, for whoever cannot see it.
"""

from __future__ import annotations

import io
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Colours that people with any colour vision tell apart: M. Okabe and K. Ito, https://jfly.uni-koeln.de/color/
BLUE, ORANGE = "#0072B2", "#D55E00"
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


# --- A crash and its recovery -------------------------------------------------------------------------------


def recovery_chart(counts: Mapping[str, Sequence[int]], marks: Mapping[str, int]) -> None:
    """Shows how many orders are pending, second by second, with what happened marked.

    Args:
        counts: for one line or two, by what the legend is to call it, the number of orders in the seconds 0, 1, ...
        marks: for each event, by its name, the second in which it happened; two that are not close together.
    """
    most, last = max(map(max, counts.values())), max(map(len, counts.values())) - 1
    looks = list(zip(counts.items(), (BLUE, ORANGE), ("-", "--"), strict=False))

    def plot(axes: Axes) -> None:
        for (name, line), colour, dash in looks:
            axes.step(range(len(line)), line, where="post", color=colour, ls=dash, label=name)
        for event, second in marks.items():
            axes.axvline(second, color=INK, lw=1, ls=":")
            axes.annotate(event, (second, most * 1.02), (4, 0), textcoords="offset points", fontsize=9)
        axes.set(xlim=(0, last), ylim=(0, most * 1.12))
        axes.yaxis.get_major_locator().set_params(integer=True)
        axes.legend(loc="upper right", bbox_to_anchor=(1, 0.92))

    figure = _draw("How many orders are pending when a worker dies?", "time (s)", "orders pending", plot)
    events = ", ".join(f"{event} in second {second}" for event, second in marks.items())
    lines = "; ".join(f"{name}: at most {max(line)}, {line[-1]} in the end" for name, line in counts.items())
    held = "; ".join(
        f"{event}: " + ", ".join(f"{name} {line[second]}" for name, line in counts.items())
        for event, second in marks.items()
    )
    _show(figure, f"Orders over time, in steps; {events}. {lines}. {held}.")


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
