"""The frontier of latency against requests, as a picture."""
import math

WIDTH, HEIGHT, LEFT, TOP, PLOT_WIDTH, PLOT_HEIGHT = 860, 460, 70, 40, 560, 350
COLOURS = ["#1b6ca8", "#c8553d", "#4c8c4a"]


def frontier(rows):
    """p50 against PUTs per GB, both logarithmic: a line for each latency of the store and rate, a point for each budget."""
    x_of, x_ticks = scale([row["put_per_gb"] for row in rows], LEFT, LEFT + PLOT_WIDTH)
    y_of, y_ticks = scale([row["p50_ms"] for row in rows], TOP + PLOT_HEIGHT, TOP)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
             f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
             text(LEFT, 22, "Acknowledgement p50 (ms) against PUTs per GB; numbers: budget in PUTs per second")]
    for tick in x_ticks:
        parts += [line(x_of(tick), TOP, x_of(tick), TOP + PLOT_HEIGHT, "#ddd"), text(x_of(tick), TOP + PLOT_HEIGHT + 18, f"{tick:g}", "middle")]
    for tick in y_ticks:
        parts += [line(LEFT, y_of(tick), LEFT + PLOT_WIDTH, y_of(tick), "#ddd"), text(LEFT - 8, y_of(tick) + 4, f"{tick:g}", "end")]
    latencies = list(dict.fromkeys(row["latency"] for row in rows))
    rates = sorted({row["rate"] for row in rows})
    for number, (latency, rate) in enumerate((latency, rate) for latency in latencies for rate in rates):
        colour, dash = COLOURS[latencies.index(latency) % len(COLOURS)], "" if rate == rates[0] else ' stroke-dasharray="5 4"'
        points = [(x_of(row["put_per_gb"]), y_of(row["p50_ms"]), row["budget"] or "none") for row in rows if (row["latency"], row["rate"]) == (latency, rate)]
        parts.append(f'<polyline fill="none" stroke="{colour}" stroke-width="1.5"{dash} points="{" ".join(f"{x:.1f},{y:.1f}" for x, y, _ in points)}"/>')
        for x, y, budget in points:
            parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>', text(x + 5, y - 5, budget)]
        y = TOP + 20 + 20 * number
        parts += [f'<line x1="{LEFT + PLOT_WIDTH + 20}" y1="{y}" x2="{LEFT + PLOT_WIDTH + 50}" y2="{y}" stroke="{colour}" stroke-width="1.5"{dash}/>',
                  text(LEFT + PLOT_WIDTH + 56, y + 4, f"{rate} MB/s, store {latency}")]
    return "\n".join([*parts, "</svg>"]) + "\n"


def scale(values, first, last):
    """A logarithmic scale over whole steps of 1, 2, 5 that holds all values; its ticks."""
    steps = [mantissa * 10.0 ** power for power in range(-2, 7) for mantissa in (1, 2, 5)]
    low = max(step for step in steps if step <= min(values))
    high = min(step for step in steps if step >= max(values) and step > low)
    span = math.log(high / low)
    return lambda value: first + (last - first) * math.log(value / low) / span, [step for step in steps if low <= step <= high]


def line(x1, y1, x2, y2, colour):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"/>'


def text(x, y, words, anchor="start"):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{words}</text>'
