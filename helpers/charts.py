"""Every chart of the course, and the small models behind those that show no measurement.

A chart function shows one PNG and returns None. matplotlib is imported where a chart is drawn: a notebook without one
does not pay for it. Each chart brings a background of its own, so that dark themes show it as light ones do, and the
notebook prints its numbers, for whoever cannot see it.
"""

from __future__ import annotations

import io
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Colours that people with any colour vision can tell apart: M. Okabe and K. Ito, https://jfly.uni-koeln.de/color/.
BLUE, ORANGE, GREEN, PINK, BLACK = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000"
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
    "font.family": "DejaVu Sans",  # comes with matplotlib, so the same on every machine
    "font.size": 10,
    "grid.color": GRID,
    "legend.frameon": False,
    "lines.linewidth": 2,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}


def _draw(title: str, x: str, y: str, plot) -> Figure:
    """A figure of 7 by 4 inches with one pair of axes, drawn by ``plot(axes)``; the labels of x and y name units."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context(_STYLE):
        # Not of pyplot: it belongs to nobody else, is shown once, and needs no closing.
        figure = Figure(figsize=(7, 4), dpi=100, layout="constrained")
        axes = figure.subplots()
        axes.set(xlabel=x, ylabel=y)
        axes.set_title(title)
        plot(axes)
    return figure


def _show(figure: Figure, alt: str) -> None:
    """Displays `figure` as a PNG without date or version in it: the same bytes on every run."""
    from IPython.display import Image, display

    png = io.BytesIO()
    figure.savefig(png, format="png", metadata={"Software": None})
    display(Image(png.getvalue(), alt=alt))


# --- Polling against blocking --------------------------------------------------------------------------------------

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

    A call made at t is answered at t + `TRIP` with the orders that came at t or before. The reader reads for `until`
    ms, and then until it has seen the last order.

    Args:
        arrivals: when each order comes, in ms from 0, ascending; n of them.
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

    A call made at t that finds orders is answered at t + `TRIP`; one that finds none waits, and is answered `TRIP`
    after the next order comes, or `TRIP` after t + `block`, with nothing. Arguments and result as of `polling`.
    """
    now, calls, delays = 0, 0, []
    while now < until or len(delays) < len(arrivals):
        calls += 1
        seen = len(delays)
        if seen < len(arrivals):
            now = max(now, min(arrivals[seen], now + block))
        else:
            now += block
        come = bisect_right(arrivals, now)
        now += TRIP
        delays += [now - at for at in arrivals[seen:come]]
    return Reading(calls, tuple(delays))


def delay_chart(polled: Mapping[int, Reading], blocked: Reading) -> None:
    """Shows the mean delay over the calls of a minute: readers that poll every so many ms, and one that waits."""

    def plot(axes: Axes) -> None:
        calls = [reading.calls for reading in polled.values()]
        means = [reading.mean for reading in polled.values()]
        axes.loglog(calls, means, color=ORANGE, marker="o", label="polling: XREAD, again and again")
        for every, at_calls, mean in zip(polled, calls, means, strict=True):
            axes.annotate(
                f"every {every} ms",
                (at_calls, mean),
                (8, 4),
                textcoords="offset points",
                color=INK,
                fontsize=9,
            )
        axes.loglog(
            blocked.calls,
            blocked.mean,
            color=BLUE,
            marker="D",
            markersize=9,
            linestyle="",
            label="XREAD BLOCK",
        )
        axes.margins(x=0.18, y=0.12)
        axes.legend()

    title = "How long does an order wait, and how many calls does it take?"
    figure = _draw(title, "calls in one minute", "mean delay until the reader has it (ms)", plot)
    _show(
        figure,
        "Mean delay over calls in one minute, both axes logarithmic. The readers that poll lie on a falling line: fewer "
        f"calls, longer delays. XREAD BLOCK lies far below it, at {blocked.calls} calls and {blocked.mean:.0f} ms.",
    )
