"""The comparison with the champion: the model that this one would replace, on the same later cases."""

from models.card import Measure
from training.champion import Compared, GroupPair, Pair
from training.release.document import Section, Table
from training.release.kind import Kind
from training.report import Findings

FIRST = "First model: nothing to compare with."


def sections(found: Findings) -> tuple[Section, ...]:
    """Write the comparison; for a first model, that there is none."""
    told = found.champion
    if told is None:
        return (Section("models", "Models", text=(FIRST,)),)
    return (
        _models(found, told),
        _quality(told),
        _calibration(told),
        _groups(told),
        _bands(told),
        _reasons(told),
        _features(told),
    )


def _models(found: Findings, told: Compared) -> Section:
    rows = tuple(
        (which, bundle.manifest.name, bundle.manifest.version, bundle.card.family, bundle.digest, bundle.signer)
        for which, bundle in (("this model", found.packed.bundle), ("champion", told.champion))
    )
    columns = (
        ("which", "which"),
        ("name", "name"),
        ("version", "version"),
        ("family", "family"),
        ("digest", "digest"),
        ("signer", "signed by"),
    )
    seen = (
        f"The champion has learned from cases up to {told.learned_until}, and {told.met_before:,} of these cases came "
        "before that: on those it may know the outcome, and its numbers flatter it."
        if told.met_before
        else "None of these cases came before the day up to which the champion learned."
    )
    return Section(
        "models",
        "Models",
        text=(
            (
                f"{told.cases:,} labelled cases of the holdout; bands, reasons and groups on {told.travellers:,} later "
                "travellers, labelled or not."
            ),
            seen,
        ),
        tables=(Table("models", "Compared", columns, rows),),
    )


def _quality(told: Compared) -> Section:
    rows = tuple((pair.title, pair.own, pair.other, pair.difference, _direction(pair)) for pair in told.quality)
    columns = (
        ("measure", "measure"),
        ("own", "this model"),
        ("champion", "champion"),
        ("difference", "difference"),
        ("verdict", "this model is"),
    )
    return Section(
        "quality",
        "Quality",
        text=("Better or worse is said where the whole interval of the difference lies on one side of nothing.",),
        tables=(Table("quality", "Quality on the same cases", columns, rows),),
    )


def _direction(pair: Pair) -> str:
    """Say which is better, as far as the interval tells.

    >>> one = Measure(name="lift", title="Lift", value=0.3, low=0.1, high=0.5)
    >>> _direction(Pair("Lift", one, one, one)), _direction(Pair("Lift", one, one))
    ('better', 'cannot be told')
    """
    found = pair.difference
    if found is None or found.low is None or found.high is None:
        return "cannot be told"
    return "better" if found.low > 0 else "worse" if found.high < 0 else "cannot be told"


def _calibration(told: Compared) -> Section:
    rows = tuple((pair.title, pair.own, pair.other, pair.own.note) for pair in told.calibration)
    columns = (("measure", "measure"), ("own", "this model"), ("champion", "champion"), ("note", "note"))
    return Section("calibration", "Calibration", tables=(Table("calibration", "On the same cases", columns, rows),))


def _groups(told: Compared) -> Section:
    columns = (
        ("by", "by"),
        ("group", "group"),
        ("travellers", "travellers"),
        ("own", "this model"),
        ("champion", "champion"),
        ("own_verdict", "verdict on this model"),
        ("champion_verdict", "verdict on the champion"),
    )
    return Section(
        "groups",
        "Groups",
        text=(
            "Referral of the innocent of a group over that of the others, by both models at the same capacity."
            if told.groups
            else "No group is large enough to be judged by itself.",
        ),
        tables=(Table("groups", "Ratios of referral", columns, tuple(map(_group, told.groups))),),
    )


def _group(pair: GroupPair) -> tuple[str, str, int, Measure, Measure, str, str]:
    own, other = (verdict.value for verdict in pair.verdicts)
    return pair.by.replace("_", " "), pair.group, pair.rows, pair.own, pair.other, own, other


def _bands(told: Compared) -> Section:
    moved = sum(number for old, new, number in told.moved if old != new)
    share = f"{moved / max(1, told.travellers):.1%}".replace("%", " %")
    rows = tuple((old.replace("_", " "), new.replace("_", " "), number) for old, new, number in told.moved)
    columns = (("champion", "band by the champion"), ("own", "band by this model"), ("travellers", "travellers"))
    return Section(
        "bands",
        "Bands",
        text=(f"{moved:,} of {told.travellers:,} travellers ({share}) get another band.",),
        tables=(Table("moved", "Travellers by both bands", columns, rows),),
    )


def _reasons(told: Compared) -> Section:
    found = told.reasons
    if found is None:
        return Section("reasons", "Reasons", text=("Nobody is in a highest band.",))
    text = (
        f"{found.records:,} travellers are in the highest band of either model. Their first reasons overlap by "
        f"{found.overlap:.0%} on average; {found.same_first:.0%} have the same first reason."
    ).replace("%", " %")
    columns = (("term", "reason"), ("own", "among the first by this model"), ("champion", "by the champion"))
    return Section("reasons", "Reasons", text=(text,), tables=(Table("terms", "First reasons", columns, found.terms),))


def _features(told: Compared) -> Section:
    return Section(
        "features",
        "Features",
        points=(f"Added: {', '.join(told.added) or 'none'}.", f"Dropped: {', '.join(told.dropped) or 'none'}."),
    )


KIND = Kind(
    title="Comparison with the champion",
    form="Both models on the same later cases; intervals of differences on the same resamples of travellers.",
    write=sections,
)
