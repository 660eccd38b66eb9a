"""Messages made for the tests: lists, bookings and zones of people who do not exist, clean or as mail leaves them."""

from dataclasses import dataclass, replace

MARKED = "SECRET4711"
"""Stands where something is never stored; it must appear nowhere."""


@dataclass(frozen=True)
class Signs:
    """Separators of a message."""

    component: str = ":"
    element: str = "+"
    release: str = "?"
    terminator: str = "'"

    @property
    def una(self) -> str:
        """The segment that announces them."""
        return f"UNA{self.component}{self.element}.{self.release or ' '} {self.terminator}"


PLAIN = Signs()
STARS = Signs(":", "*", "?", "$")
DASHES = Signs(":", "-", "?", "*")
BRACKETS = Signs(":", "(", "?", ")")


def written(segments, signs=PLAIN, *, line="", una=True):
    """Write segments, which are made with the plain signs, with others."""
    text = ""
    for segment in segments:
        for sign in (signs.element, signs.component, signs.terminator, signs.release):
            if sign and sign not in ":+?'":
                segment = segment.replace(sign, signs.release + sign)  # noqa: PLW2901 - the next sign goes on with it
        table = str.maketrans({":": signs.component, "+": signs.element})
        text += segment.translate(table) + signs.terminator + line
    return (signs.una + line if una else "") + text


def person(number, *, crew=False, **changes):
    """Make the segments of one traveller of a list."""
    facts = {
        "surname": f"WARSAME{chr(65 + number % 26)}",
        "given": "AMINA",
        "born": "910502",
        "locator": f"LOC{number:03d}",
        "document": f"A{number:07d}",
    } | changes
    return [
        f"NAD+{'FM' if crew else 'FL'}+++{facts['surname']}:{facts['given']}",
        "ATT+2++F",
        f"DTM+329:{facts['born']}",
        "MEA+CT++:2",
        "MEA+WT++KGM:31",
        f"FTX+SSR+++{MARKED}",
        "GEI+4+174",
        "LOC+178+MGQ",
        "LOC+179+NBO",
        "LOC+174+SOM",
        f"LOC+180+:::{MARKED}",
        "NAT+2+KEN",
        f"RFF+AVF:{facts['locator']}",
        f"RFF+SEA:{number + 1}A",
        f"DOC+P:110:111+{facts['document']}",
        "DTM+36:310131",
        "DTM+182:210201",
        "LOC+91+KEN",
    ]


def list_segments(people=3, *, crew=False, persons=None):
    """Make a passenger or crew list of a flight from Mogadishu to Nairobi."""
    groups = persons if persons is not None else [person(number, crew=crew) for number in range(people)]
    body = [
        "UNH+1+PAXLST:D:05B:UN:IATA+KQ416/260314/0940+01:F",
        f"BGM+{'250' if crew else '745'}",
        "NAD+MS+++HELP DESK",
        "COM+254200000000:TE",
        "TDT+20+KQ416+++KQ",
        "LOC+125+MGQ",
        "DTM+189:2603140750:201",
        "LOC+87+NBO",
        "DTM+232:2603140940:201",
        *[segment for group in groups for segment in group],
        f"CNT+42:{len(groups)}",
    ]
    return [
        "UNB+UNOA:4+KQ:ZZ+KEAPIS:ZZ+260314:0600+1++APIS",
        "UNG+PAXLST+KQ:ZZ+KEAPIS:ZZ+260314:0600+1+UN+D:05B",
        *body,
        f"UNT+{len(body) + 1}+1",
        "UNE+1+1",
        "UNZ+1+1",
    ]


def us_list_segments():
    """Make a list of the older US form with three passengers, one of the crew."""
    return [
        "UNB+UNOA:1+KQ:ZZ+USCS:US+260314:0600+1++CEDIPAX",
        "UNG+PAXLST+KQ:ZZ+TECS:US+260314:0600+1+NZ+001:000",
        "UNH+1+PAXLST:001:000:NZ+KQ002/260314/0940",
        "CTA+IC+:SOMEBODY+1-703-000-0000:TE",
        "TDT++KQ002+40+KQ",
        "LOC+005+KENBO:50",
        "DTM+136+260314+0100+P03",
        "LOC+008+USJFK:50",
        "DTM+132+260314+0900+M04",
        "UNS+D",
        "PDT+P/A0000001:310131:KE+WARSAME:AMINA:Y:910502:F+PAX+KENBO:USJFK",
        "PDT+P/A0000002:310131:KE+O?'NEIL:ANN::810502:F+CRW+KENBO:USJFK",
        "PDT+V/A0000003:310131:KE+OTIENO:PETER::710502:M+ITI+KENBO:CAYUL",
        "UNT+12+1",
        "UNE+1+1",
        "UNZ+1+1",
    ]


@dataclass(frozen=True)
class Pushed:
    """What a booking says; changed for other bookings and for later pushes."""

    locator: str = "K7X2QP"
    names: tuple[tuple[str, str], ...] = (("WARSAME", "AMINAMRS"), ("OTIENO", "PETERMR"))
    payment: str = "CA"
    sponsor: str = "HASSAN ABDI"
    seats: tuple[str, ...] = ("12A", "27C")
    split: bool = False
    has_return: bool = True
    changed: bool = False
    born: str = "02MAY91"
    document: str = "A1234567"

    def segments(self):
        """Write the booking."""
        lines = [
            "SRC",
            f"RCI+KQ:{self.locator}::010226:1100",
            f"SSR+AVML:HK:1:KQ:::::{MARKED}",
            "DAT+700:130326:0800+710:010226:1120",
            f"IFT+4:28::KQ+{MARKED} IS A VIP",
            "IFT+4:28::KQ+CTCE A.WARSAME//EXAMPLE.ORG",
            "IFT+4:28::KQ+CTCM 254700000000",
            "ORG+KQ:NBO+41200011:AB12+NBO++T+KE:KES+A001",
            "ADD++700:PO BOX 1:NAIROBI:::KE:00100",
        ]
        for place, (surname, given) in enumerate(self.names, start=1):
            lines += [
                f"TIF+{surname}+{given}:A:{place}",
                f"FTI+KQ:{MARKED}",
                f"SSR+DOCS:HK:1:KQ:::::/P/KEN/{self.document}{place}/KEN/{self.born}/F/31JAN31/{surname}/{given}",
                f"SSR+WCHR:HK:1:KQ:::::{MARKED}",
                f"TKT+706000000000{place}:T:1",
                "MON+B:200.00:USD",
                f"FOP+{self.payment}::200.00:VI:{MARKED}:0230",
                f"IFT+4:43+{self.sponsor}+{MARKED}",
            ]
        lines += ["TVL+140326:0300:140326:0600+DJE+MGQ+KQ+300:Y", "RPI+2+HK", "APD+738"]
        lines += [
            "TVL+140326:0750:140326:0940+MGQ+NBO+KQ+416:Y",
            "RPI+2+HK",
            "APD+738",
            "DAT+2:130326:2000",
        ]
        for place, (surname, given) in enumerate(self.names, start=1):
            lines += [
                f"TRI++{place}:::{place}",
                f"TIF+{surname}+{given}:A:{place}",
                f"SSD+{self.seats[place - 1]}++++Y",
                f"TBD++2:46:701++{'HP' if place == 1 else 'MP'}+KQ:4074902824:2:NBO",
            ]
        if self.has_return:
            lines += ["TVL+260326:1100:260326:1250+NBO+MGQ+KQ+417:Y", "RPI+2+HK"]
        if self.split:
            lines += ["EQN+1", "RCI+KQ:OTHERX"]
        if self.changed:
            lines += [
                "ABI+1+:NBORR+NBO++KQ",
                "DAT+ZT:050326:1010",
                "SAC+++X",
                "TIF+OLDNAME+PETERMR:A:2",
                "SAC+++A",
                "TIF+OTIENO+PETERMR:A:2",
                "SAC+++A",
                "TVL+140326:0750:140326:0940+MGQ+NBO+KQ+416:Y",
            ]
        return [*lines, f"LTS+{MARKED}"]


def push_segments(*bookings, version="13:1"):
    """Make a push of bookings for the same flight."""
    bookings = bookings or (Pushed(),)
    body = [
        f"UNH+1+PNRGOV:{version}:IA+F6C2C268",
        "MSG+:22",
        "ORG+KQ:NBO",
        "TVL+140326:0750:140326:0940+MGQ+NBO+KQ+0416",
        f"EQN+{len(bookings)}",
        *[line for booking in bookings for line in booking.segments()],
    ]
    return ["UNB+IATA:1+KQ++260313:1200+1++PNRGOV", *body, f"UNT+{len(body) + 1}+1", "UNZ+1+1"]


def as_telex(text, width=63):
    """Do to a message what telex and mail do: headers, lines cut anywhere, a footer."""
    lines = [text[start : start + width] for start in range(0, len(text), width)]
    head = "QP NBOKQXS\r\n.MGQKQXS 140600\r\n\x02"
    return (
        head + "\r\n".join(lines) + "\r\n\x03\r\n\r\n____________\r\nThis message isn't for others. Email secured.\r\n"
    )


SPECIMEN = {
    "TD3": "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10",
    "TD1": "I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<",
    "TD2": "I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<\nD231458907UTO7408122F1204159<<<<<<<6",
    "MRV-A": "V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL8988901C4XXX4009078F96121096ZE184226B<<<<<<",
    "MRV-B": "V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<\nL8988901C4XXX4009078F9612109<<<<<<<<",
}
"""The specimens of ICAO Doc 9303, parts 4 to 7."""

__all__ = [
    "BRACKETS",
    "DASHES",
    "MARKED",
    "PLAIN",
    "SPECIMEN",
    "STARS",
    "Pushed",
    "Signs",
    "as_telex",
    "list_segments",
    "person",
    "push_segments",
    "replace",
    "us_list_segments",
    "written",
]
