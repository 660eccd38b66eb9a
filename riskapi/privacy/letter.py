"""The letter to a person concerned: the same words, whether a page, a text or a PDF shows them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol


class Say(Protocol):
    """Says a message in some language; ``{name}`` in it stands for a value."""

    def __call__(self, message: str, **values: Any) -> str:
        """Say it."""


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a letter.

    Attributes:
        kind: what it is.
        text: of a title, heading or paragraph; what stands before a list.
        items: of a list.
        facts: names and values.
    """

    kind: Literal["title", "heading", "text", "strong", "list", "facts"]
    text: str = ""
    items: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()


def in_english(message: str, **values: Any) -> str:
    """Say a message as it is written here.

    >>> in_english("It corrects assessment {id}.", id="1")
    'It corrects assessment 1.'
    """
    return message.format(**values) if values else message


def letter(told: Mapping[str, Any], say: Say = in_english, moment: str | None = None) -> Iterator[Block]:
    """Write the letter, block by block.

    Args:
        told: by :func:`riskapi.privacy.redress.person_explanation`.
        say: the language; sentences about facts are as they were stored.
        moment: when it was assessed, as the reader's clock says it; in UTC where it is left out.
    """
    at = moment or f"{told['assessed_at'][:16].replace('T', ' ')} UTC"
    yield Block("title", say("About an assessment by {agency}", agency=told["agency"]))
    yield Block("text", say("Assessment {id}, made at {time}.", id=told["decision_id"], time=at))
    if told["note"]:
        yield Block("text", say(told["note"]))
    if told["corrects"]:
        yield Block("text", say("It corrects assessment {id}.", id=told["corrects"]))
    if told["corrected_by"]:
        yield Block("text", say("It was corrected by {ids}.", ids=", ".join(told["corrected_by"])))
    yield Block("heading", say("What the system does, and who decides"))
    yield from _texts(told["role_of_the_system"], say)
    yield Block("heading", say("What the estimate rests on"))
    yield from _estimates(told, say)
    if told["checks"]:
        yield Block("heading", say("What does not fit in your document or journey"))
        yield Block("text", say(CHECKED))
        yield Block("list", items=tuple(told["checks"]))
    yield from _facts(told, say)
    yield Block("heading", say("Asylum and protection"))
    yield from _texts((told["asylum"], told["protection"]), say)
    yield Block("heading", say("What you can do"))
    yield Block("list", items=tuple(map(say, told["your_rights"])))
    contacts = (
        (say("Ask or contest"), told["contact"]),
        (say("Data-protection officer"), told["data_protection_officer"]),
    )
    yield Block("facts", facts=tuple((name, say(value)) for name, value in contacts))
    yield Block("heading", say("How long this is kept"))
    kept = (
        (say("Your name, documents and contacts"), told["identity_kept_until"]),
        (say("Everything else"), told["everything_kept_until"]),
    )
    yield Block("facts", facts=kept)
    yield Block("text", say("Longer only while a court or an authority has asked for it."))


CHECKED = "The estimate does not rest on this. Typing errors are the usual cause; you may have them corrected."


def markdown(told: Mapping[str, Any]) -> str:
    """Write the letter as a text in Markdown, in which nothing that was submitted counts as markup."""
    return "\n\n".join(map(_marked, letter(told))) + "\n"


def _texts(texts: Iterable[str], say: Say) -> Iterator[Block]:
    for text in texts:
        yield Block("text", say(text))


def _estimates(told: Mapping[str, Any], say: Say) -> Iterator[Block]:
    if told["not_assessed"]:
        yield Block("text", say("You travelled as crew. Crew is not assessed."))
    elif not told["estimates"]:
        yield Block("text", say("The estimate is no longer kept."))
    for one in told["estimates"]:
        yield Block("strong", say(one["statement"]))
        yield Block("text", say("It fell into the band {band}.", band=say(one["band"].replace("_", " "))))
        for heading, sentences in ((say("Raised it:"), one["raised"]), (say("Lowered it:"), one["lowered"])):
            if sentences:
                yield Block("list", heading, tuple(sentences))


def _facts(told: Mapping[str, Any], say: Say) -> Iterator[Block]:
    for heading, facts in (
        ("Facts about you that were used", told["facts_used"]),
        ("Facts about you that are kept and were not used for the estimate", told["facts_kept_but_not_used"]),
    ):
        yield Block("heading", say(heading))
        if facts:
            yield Block("facts", facts=tuple((one["fact"], one["value"]) for one in facts))
        else:
            yield Block("text", say("None."))
    yield Block("text", say(told["withheld"]))
    if told["facts_not_kept"]:
        names = ", ".join(told["facts_not_kept"])
        yield Block("text", say("Received and thrown away at once: {names}.", names=names))


def _marked(block: Block) -> str:
    text = _escaped(block.text)
    if block.kind in ("title", "heading"):
        return f"{'#' if block.kind == 'title' else '##'} {text}"
    if block.kind == "strong":
        return f"**{text}**"
    lines = [f"- {_escaped(one)}" for one in block.items]
    lines += [f"- {_escaped(name)}: {_escaped(value)}" for name, value in block.facts]
    return "\n".join([*([text, ""] if text and lines else [text] if text else []), *lines])


def _escaped(text: str) -> str:
    r"""Keep what was submitted from being read as markup.

    >>> _escaped("[A](http://x) <b>")
    '\\[A\\](http://x) &lt;b&gt;'
    """
    for sign in "\\`*_[]#|":
        text = text.replace(sign, f"\\{sign}")
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
