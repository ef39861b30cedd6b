"""One picture of the serving table: requests a second and CPU a request, as an SVG."""

from __future__ import annotations

from html import escape

from serving import Results

WIDTH, ROW, LEFT, BAR, TOP = 860, 24, 170, 240, 64
OURS, OTHERS, STATIC = "#1769aa", "#9aa5ad", "#d3d9dd"
SHAPE, CONNECTIONS = "64 KiB Range", 32


def draw(results: Results) -> str:
    names = [(peer.name, OURS if peer.ours else STATIC if peer.static else OTHERS)
             for peer in results.peers]
    rates = {name: results.figures[name, SHAPE, CONNECTIONS].rate for name, _ in names}
    costs = {name: results.figures[name, SHAPE, CONNECTIONS].cpu for name, _ in names}
    height = TOP + ROW * len(names) + 16
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'font-family="sans-serif" font-size="13" fill="#222">',
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        f'<text x="12" y="24" font-size="15">{SHAPE} of a recording, {CONNECTIONS} connections, '
        "one machine</text>",
        f'<text x="{LEFT}" y="{TOP - 12}">requests a second</text>',
        f'<text x="{LEFT + BAR + 100}" y="{TOP - 12}">processor time a request, µs</text>',
    ]
    for row, (name, colour) in enumerate(names):
        y = TOP + ROW * row
        parts.append(f'<text x="{LEFT - 8}" y="{y + 15}" text-anchor="end">{escape(name)}</text>')
        for x, values in ((LEFT, rates), (LEFT + BAR + 100, costs)):
            wide = BAR * values[name] / max(values.values())
            parts.append(f'<rect x="{x}" y="{y + 3}" width="{wide:.0f}" height="{ROW - 8}" '
                         f'fill="{colour}"/>')
            parts.append(f'<text x="{x + wide + 6:.0f}" y="{y + 15}">{values[name]:,.0f}</text>')
    return "\n".join([*parts, "</svg>", ""])
