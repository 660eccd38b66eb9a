"""The characters that part segments, elements and components: as UNA announces them, or as the message uses them."""

import re
from typing import NamedTuple

from riskapi.errors import InvalidBodyError
from riskapi.messages.base import unreadable

_SHAPE = "six characters that separate (component, element, decimal mark, release, reserved, terminator)"
_REMEDY = "Correct the UNA segment, or leave it out: without it the separators are taken from the message itself."


class Separators(NamedTuple):
    """Characters that separate; ``release`` is empty where none takes the next character as it is."""

    component: str = ":"
    element: str = "+"
    release: str = "?"
    terminator: str = "'"


PLAIN = Separators()
"""What messages have that announce nothing else."""


def announced(text: str, start: int, line: int) -> tuple[Separators, int]:
    """Read the separators that follow ``UNA``.

    Args:
        text: of the interchange.
        start: where ``UNA`` stands in it.
        line: of that place, for the error.

    Returns:
        The separators, and where the first segment begins.

    Raises:
        InvalidBodyError: UNA does not have six characters, or two that mean different things are the same.

    >>> announced("UNA:+.? 'UNB+UNOA:1'", 0, 1)
    (Separators(component=':', element='+', release='?', terminator="'"), 9)
    """
    end = start + 9
    while text[end - 2 : end] == "  ":  # blanks before the terminator, beside the one that is reserved
        end += 1
    advice = text[start + 3 : start + 8] + text[end - 1 : end]
    after = _FIRST_TAG.match(text, end)
    component, element, _decimal, release, reserved, terminator = list(advice.ljust(6))
    if after is None or any(sign.isalnum() or sign in "\r\n" for sign in advice[:5]) or terminator.isalnum():
        raise _bad(line, _SHAPE)
    if terminator in "\r\n":  # a segment a line; where nothing was reserved, five characters would look the same
        if reserved != " ":
            raise _bad(line, _SHAPE)
        terminator = "\n"
    meant = [component, element, terminator] + ([release] if release != " " else [])
    if len(set(meant)) < len(meant) or " " in meant:
        raise _bad(line, "separators that differ from each other, and of which only release may be blank")
    return Separators(component, element, release.strip(), terminator), after.start(1)


_FIRST_TAG = re.compile(r"\s*(UN[BGH]\s?[^\w \t\r\n])")


def _bad(line: int, rule: str) -> InvalidBodyError:
    return unreadable(f"segment 1 (UNA), line {line}", rule, _REMEDY)


def used(text: str, start: int, line: int) -> Separators:
    """Find out which separators a message uses, from its first segment and where the next one begins.

    Raises:
        InvalidBodyError: the first segment shows none.

    >>> used("UNB*UNOA:4*SDT:ZZ#UNH*1*PAXLST:D:02B#", 0, 1)
    Separators(component=':', element='*', release='?', terminator='#')
    """
    head = _HEAD.match(text, start)
    if head is None:
        raise unreadable(
            f"segment 1, line {line}",
            "UNB, UNG or UNH with its separators",
            "Send the message with its first segments.",
        )
    element = head[1]
    component = _component(text, start, element)
    mark = re.escape(element)
    header = rf"([^\w \t\r\n]|(?<=\S)[ \t]{{0,20}}\r?\n)\s{{0,20}}U\s{{0,2}}N\s{{0,2}}[GHT]\s?{mark}"
    first = r"([^\w \t\r\n])\s{0,20}(?:BGM|MSG)"
    following = re.compile(f"{header}|{first}").search(text, head.end())
    sign = (following[1] or following[2]).strip(" \t\r\n") if following else "'"
    terminator = (sign or "\n") if sign not in {element, component} else "'"
    release = "?" if "?" not in {element, component, terminator} else ""
    return Separators(component, element, release, terminator)


_HEAD = re.compile(r"UN[BGH]\s?([^\w \t\r\n])")


def _component(text: str, start: int, element: str) -> str:
    for pattern in (rf"UNB\s?{re.escape(element)}\w{{4}}([^\w \t\r\n])\d", r"(?:PAXLST|PNRGOV)([^\w \t\r\n])[\dD]"):
        found = re.compile(pattern).search(text, start, start + 2000)
        if found is not None and found[1] != element:
            return found[1]
    return ":" if element != ":" else "/"
