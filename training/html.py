"""Pages for people: plain, readable with and without eyes, and in need of nothing but themselves."""

from collections.abc import Iterable, Sequence
from html import escape

_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#1b1b1b;background:#fff}
h1{font-size:1.8rem}h2{font-size:1.3rem;margin-top:2.2rem;border-bottom:1px solid #ccc}
table{border-collapse:collapse;margin:.6rem 0;font-size:.9rem}th,td{padding:.25rem .6rem;text-align:left;
border-bottom:1px solid #ddd;vertical-align:top}th{background:#f3f3f3}
caption{text-align:left;font-weight:600;padding:.3rem 0}
.notice{background:#fff3cd;border-left:6px solid #8a5a00;padding:.7rem 1rem}.passed{color:#14532d}.failed{color:#8a1f11}
.inconclusive{color:#7a4d00}img{max-width:100%}code{background:#f3f3f3;padding:0 .2rem;word-break:break-all}
details{margin:.4rem 0}.wide{overflow-x:auto}
"""


def page(title: str, parts: Iterable[str]) -> str:
    """Write a whole page.

    Args:
        title: plain text, for the window.
        parts: HTML, the heading of first level among it.
    """
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body><main>\n"
        + "\n".join(parts)
        + "\n</main></body></html>\n"
    )


def section(title: str, body: str) -> str:
    """A part with its heading.

    Args:
        title: plain text.
        body: HTML.
    """
    return f"<section><h2>{escape(title)}</h2>\n{body}</section>"


def notice(text: str) -> str:
    """What must not be overlooked.

    >>> notice("1 < 2")
    '<p class="notice" role="note">1 &lt; 2</p>'
    """
    return f'<p class="notice" role="note">{escape(text)}</p>'


def bullets(lines: Iterable[str]) -> str:
    """A list of plain texts."""
    return "<ul>" + "".join(f"<li>{escape(line)}</li>" for line in lines) + "</ul>"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], caption: str = "") -> str:
    """A table of plain texts; a wide one is scrolled by itself, by keyboard, too."""
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in heads)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    told = f"<caption>{escape(caption)}</caption>" if caption else ""
    return (
        f'<div class="wide" tabindex="0"><table>{told}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    )
