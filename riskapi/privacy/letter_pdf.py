"""The letter to a person concerned as a PDF: with title, language and outline, in any script that its face holds.

Loaded by the route that hands one out alone: the library that writes PDFs is no part of a service that only scores.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Final, Literal

from fpdf import FPDF, ViewerPreferences
from fpdf.enums import WrapMode

from riskapi.privacy.letter import Block

_FACE: Final = Path(__file__).with_name("faces") / "DejaVuSans.ttf"
_NAME: Final = "face"
_SIZES: Final = {"title": 17, "heading": 13, "strong": 11}
_TEXT_SIZE: Final = 10.5
_LINE: Final = 1.5
"""Height of a line, as a multiple of the size of its letters."""
_SOFT: Final = (76, 89, 103)
_MARGIN_MM: Final = 20
_POINT_MM: Final = 25.4 / 72


def letter_pdf(blocks: Iterable[Block], language: str, direction: Literal["ltr", "rtl"]) -> bytes:
    """Write a letter.

    Args:
        blocks: of the letter; the first one is its title.
        language: of its words (BCP 47).
        direction: in which the script of that language runs; names and facts in another script run in theirs.
    """
    title, *rest = blocks
    made = _Letter(title.text, language, direction)
    made.heading(title, level=0)
    for block in rest:
        made.add(block)
    return bytes(made.output())


class _Letter(FPDF):
    """A letter in the making."""

    def __init__(self, title: str, language: str, direction: Literal["ltr", "rtl"]) -> None:
        super().__init__()
        self._align = "L" if direction == "ltr" else "R"
        self.set_title(title)
        self.set_lang(language)
        self.set_creator("riskapi")
        self.set_margin(_MARGIN_MM)
        self.set_auto_page_break(auto=True, margin=_MARGIN_MM)
        self.add_font(_NAME, fname=_FACE)
        self.set_font(_NAME, size=_TEXT_SIZE)
        self.set_text_shaping(use_shaping_engine=True)  # each paragraph runs as its first letter does
        self.viewer_preferences = ViewerPreferences(display_doc_title=True)
        self.add_page()

    def add(self, block: Block) -> None:
        """Add a block."""
        if block.kind in ("title", "heading"):
            self.heading(block, level=1)
            return
        if block.text:
            self._write(block.text, _SIZES.get(block.kind, _TEXT_SIZE))
        for item in block.items:
            self._write(f"• {item}")
        for name, value in block.facts:
            self.set_text_color(*_SOFT)
            self._write(name, _TEXT_SIZE - 1, after=0)
            self.set_text_color(0)
            self._write(value)

    def heading(self, block: Block, level: int) -> None:
        """Add a heading, and name it in the outline."""
        self.ln(2 if level else 0)
        self.start_section(block.text, level=level)
        self._write(block.text, _SIZES["heading" if level else "title"])

    def _write(self, text: str, size: float = _TEXT_SIZE, after: float = 1.5) -> None:
        self.set_font_size(size)
        height = size * _POINT_MM * _LINE
        self.multi_cell(0, height, text, align=self._align, new_x="LMARGIN", new_y="NEXT", wrapmode=WrapMode.WORD)
        self.ln(after)

    def footer(self) -> None:
        """Number the page."""
        self.set_y(-_MARGIN_MM / 2 - 5)
        self.set_font_size(_TEXT_SIZE - 2)
        self.cell(0, 5, f"{self.page_no()}", align="C")
