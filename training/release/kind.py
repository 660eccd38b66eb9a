"""A kind of document: its words, and who writes its sections."""

from collections.abc import Callable
from dataclasses import dataclass

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
