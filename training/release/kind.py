"""A kind of document: its words, and who writes its sections."""

from collections.abc import Callable
from dataclasses import dataclass

from models.card import SIMULATED_NOTE, Measure
from training.release.document import Section
from training.report import Findings


@dataclass(frozen=True)
class Kind:
    """One kind of document.

    Attributes:
        title: on the page.
        form: the published form that it follows.
        write: the sections, from what a run found and from nothing else.
    """

    title: str
    form: str
    write: Callable[[Findings], tuple[Section, ...]]


def said(measure: Measure, found: Findings) -> str:
    """Write a measured number for a sentence; on simulated cases it says so."""
    return measure.text(SIMULATED_NOTE if found.packed.bundle.card.simulated and measure.value is not None else "")
