"""The guide for human oversight: how the score is read, what must not be done, and at what capacity it was judged."""

import numpy as np

from features.risk import Audience
from models.abstention import INSUFFICIENT
from models.assessment import REASONS_AGAINST, REASONS_FOR, Z
from models.card import Measure
from models.promotion import Verdict
from training.measures import probability
from training.release.document import Cell, Section, Table
from training.release.kind import Kind, said
from training.report import Findings
from training.slices import NONE, TRAIN
from training.stability import MAIN

THOUSAND = 1000
_SAMPLE = 2000


def sections(found: Findings) -> tuple[Section, ...]:
    """Write the guide."""
    return (
        _role(found),
        _score(found),
        _reasons(found),
        _interval(found),
        _no_band(found),
        _capacity(found),
        _automation_bias(found),
        Section("forbidden", "What must not be done", points=found.packed.bundle.card.forbidden_uses),
        _protection(found),
        Section(
            "duties",
            "After the decision",
            points=(
                (
                    "Write down what was found, also where nothing was: without it nobody learns whether the score was "
                    "right."
                ),
                "Decide for your own reasons, and write those down. The score is no reason.",
                (
                    "The person concerned may be told the main factors in plain words, may contest them, and may have "
                    "a fact corrected; then the record is scored again."
                ),
            ),
        ),
        _open(found),
    )


def _role(found: Findings) -> Section:
    bundle = found.packed.bundle
    return Section(
        "role",
        "What the score is",
        text=(
            (
                f"{bundle.risk.wording.statement}. It is one piece of information for an officer of the audience "
                f"{bundle.risk.audience.value}. You decide, and you may decide against it in either direction."
            ),
            f"In the highest band the answer says: {bundle.risk.wording.advice}",
        ),
    )


def _score(found: Findings) -> Section:
    card, ratio = found.packed.bundle.card, found.evaluation.chosen.measure("observed_to_expected")
    titles = {measure.name: measure.title for row in card.bands for measure in row.measures}
    rows = tuple(
        (
            row.group,
            row.rows,
            row.positives,
            *({m.name: m for m in row.measures}.get(name) for name in titles),
            row.note,
        )
        for row in card.bands
    )
    columns = (
        ("band", "band"),
        ("cases", "labelled cases"),
        ("confirmed", "confirmed"),
        *titles.items(),
        ("note", "note"),
    )
    return Section(
        "score",
        "How to read score and band",
        text=(
            (
                "Read the chance as a rate: of travellers with a chance of 10 %, one in ten should be confirmed when "
                f"looked at. Among later cases observed over expected was {said(ratio, found)}; 1 is right. The base "
                f"rate is {said(card.prevalence, found)}. The percentile says how many ordinary travellers score "
                "lower. Bands are what can be looked into, not degrees of guilt."
            ),
        ),
        tables=(Table("bands", "What was found in each band, among later cases", columns, rows),),
    )


def _reasons(found: Findings) -> Section:
    told = found.packed.stability.reasons
    support = (
        "This model has no reasons."
        if told is None
        else f"In the highest band a first reason stays among the first in {told.support:.0%} of redraws (median). "
        f"Of those scores {told.main:.0%} have a main reason, which stays in {MAIN:.0%} or more."
    )
    return Section(
        "reasons",
        "How to read the reasons",
        text=(
            (
                f"Up to {REASONS_FOR} reasons raise the score and up to {REASONS_AGAINST} lower it; with the baseline "
                "and everything else together they add up to it exactly. A reason says what moved the score. It is no "
                "evidence against anybody, and most travellers with the same reason have done nothing."
            ),
            support.replace("%", " %"),
        ),
    )


def _interval(found: Findings) -> Section:
    rows = tuple(_widths(found))
    columns = (("band", "band"), ("travellers", "looked at"), ("low", "from (median)"), ("high", "to (median)"))
    return Section(
        "interval",
        "How to read the interval",
        text=(
            (
                "The interval is what other cases would have taught. Where it is wide, the score says little: treat "
                "the traveller as you would without it. It does not cover a change of the world after the data."
            ),
        ),
        tables=(Table("widths", "Ends of the 90 % interval, as chances", columns, rows),),
    )


def _widths(found: Findings) -> list[tuple[Cell, ...]]:
    """Median ends of the intervals per band, among later travellers."""
    dataset, ready = found.dataset, found.ready
    later = np.flatnonzero((dataset.cut.place != TRAIN) & (dataset.cut.place != NONE))
    names = np.asarray([ready.bands.band(value) for value in ready.log_odds.tolist()], dtype=object)
    names[ready.abstained] = INSUFFICIENT
    rows: list[tuple[Cell, ...]] = []
    for name in (*(band.name for band in ready.bands.bands), INSUFFICIENT):
        inside = np.flatnonzero(names == name)
        inside = inside[np.unique(np.linspace(0, len(inside) - 1, min(len(inside), _SAMPLE)).round().astype(np.intp))]
        if not len(inside):
            continue
        frame = dataset.population.frame.iloc[later[inside]]
        model = ready.model
        reach = Z * model.standard_errors({feature: frame[feature].to_numpy() for feature in model.features})
        ends = [
            Measure(
                name="end",
                title="End",
                value=float(np.median(probability(ready.log_odds[inside] + side * reach))),
                unit="percent",
            )
            for side in (-1.0, 1.0)
        ]
        rows.append((name.replace("_", " "), len(inside), *ends))
    return rows


def _no_band(found: Findings) -> Section:
    silence, rules = found.packed.stability.silence, found.packed.bundle.bands.abstention
    shares = tuple(
        (mode, Measure(name="share", title="Share", value=share, unit="percent")) for mode, share in silence.modes
    )
    points = [
        f"A value that {rules.travellers} training travellers or fewer had, or that lies outside of the trained range."
    ]
    points += [f"No fact at all of: {name}." for name, _ in rules.required]
    points += ["A score less certain than nearly all others."] if rules.novel is not None else []
    return Section(
        "no_band",
        "When there is no band",
        text=(
            f"The answer then says insufficient data, and why. That is neither low nor high: proceed as if there were "
            f"no score. It happens to {silence.share:.1%} of the reference population.".replace("%", " %"),
            "It happens for:",
        ),
        points=tuple(points),
        tables=(Table("modes", "Without a band, by mode", (("mode", "mode"), ("share", "share")), shares),),
    )


def _capacity(found: Findings) -> Section:
    chosen, judged = found.evaluation.chosen, found.config.gates.capacity
    rows = []
    for row in chosen.capacity:
        precision = chosen.at(row.share, "precision")
        rows.append(
            (
                f"{row.share * 100:g} %",
                row.share * THOUSAND,
                _times(precision, row.share * THOUSAND),
                chosen.at(row.share, "recall"),
                "judged here" if row.share == judged else "",
            )
        )
    columns = (
        ("share", "referred"),
        ("referred", "referred of 1,000"),
        ("confirmed", "of these confirmed"),
        ("recall", "share of all confirmed that is among them"),
        ("note", "note"),
    )
    return Section(
        "capacity",
        "The capacity at which it was judged",
        text=(
            (
                f"The gates judged this model where {judged * 100:g} % of travellers are referred. Whoever refers "
                "more, or fewer, uses another model in effect: read the row of your own capacity. All others who are "
                "referred have done nothing that an inspection would confirm."
            ),
            found.selection.limit,
        ),
        tables=(Table("capacity", "Of 1,000 travellers", columns, tuple(rows)),),
    )


def _times(measure: Measure, factor: float) -> Measure:
    """A share as a number of people."""
    ends = [None if each is None else each * factor for each in (measure.value, measure.low, measure.high)]
    return Measure(
        name="confirmed",
        title="Confirmed",
        value=ends[0],
        low=ends[1],
        high=ends[2],
        level=measure.level,
        note=measure.note,
    )


def _automation_bias(found: Findings) -> Section:
    top = found.packed.bundle.card.bands[0]
    measure = next((each for each in top.measures if each.name == "precision"), None)
    told = "not enough data" if measure is None else said(measure, found)
    return Section(
        "automation_bias",
        "Automation bias",
        text=(
            (
                f"People follow a machine more than they know, most of all when they are tired. Even in the band "
                f"{top.group}, confirmed among the labelled is {told}."
            ),
        ),
        points=(
            "Look at the traveller and the papers before the score, where your procedure lets you.",
            "Read the reasons against as well as those for.",
            "Say for yourself what would make you decide otherwise.",
            "A low score is no clearance: act on what you see.",
            "Tell your supervisor where the score is often wrong in the same way.",
        ),
    )


def _protection(found: Findings) -> Section:
    risk = found.packed.bundle.risk
    own = (
        "This score is for protection officers alone. It never leads to a sanction, and is never shown to enforcement "
        "or to companions."
        if risk.audience is Audience.PROTECTION
        else "This score is for enforcement. It says nothing about a need for protection, and no combined score exists."
    )
    return Section(
        "protection",
        "Protection first",
        text=(own,),
        points=(
            (
                "Whoever may be trafficked, or is a child, is handed to a protection officer: in private, apart from "
                "companions, whatever any score says."
            ),
            "Whoever asks for asylum is heard. No score limits or delays that.",
            "A smuggled or trafficked person is not an offender for it.",
        ),
    )


def _open(found: Findings) -> Section:
    waiting = [gate for gate in found.packed.bundle.gates.gates if gate.verdict is not Verdict.PASSED]
    return Section(
        "open",
        "What this model could not show",
        text=("These gates did not pass; keep them in mind:" if waiting else "All gates passed.",),
        points=tuple(f"{gate.title} ({gate.verdict.value}): {gate.note or gate.rule}" for gate in waiting),
    )


KIND = Kind(
    title="Guide for human oversight",
    form="For those who read the score (Regulation (EU) 2024/1689, article 14, in form).",
    write=sections,
)
