"""What can go wrong for people when a score is used: hazards, measures, and the gates whose results are evidence.

The list is the project's own knowledge of its use; what a run shows about each hazard comes from the run.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Hazard:
    """One way in which the use of a score may harm somebody.

    Attributes:
        name: in JSON.
        source: what goes wrong.
        harm: to whom, and how.
        measures: what is done against it, in the model, in the service and by the agency.
        gates: names of gates, or how their names begin (with ``*``), whose results are the evidence.
        remains: what no measure here takes away.
    """

    name: str
    source: str
    harm: str
    measures: tuple[str, ...]
    gates: tuple[str, ...]
    remains: str


HAZARDS = (
    Hazard(
        "ranking",
        "The score ranks no better than chance, or not where people are referred.",
        "Travellers who have done nothing are stopped for nothing; cases pass.",
        (
            "quality is judged at the capacity to refer, by the lower end of its interval",
            "a floor of confirmed cases, in training and afterwards",
            "false positives are watched per risk and crossing point",
        ),
        ("train_positives", "holdout_positives", "capacity_measured", "lift_at_capacity", "better_than_prior"),
        "Most referred travellers are innocent wherever a risk is rare.",
    ),
    Hazard(
        "level",
        "The stated chance is too high or too low.",
        "An officer is more, or less, sure than the facts allow.",
        ("the score is calibrated on later cases", "each score carries an interval"),
        ("calibration",),
        "The level moves with the world; drift is watched, and calibration as outcomes come in.",
    ),
    Hazard(
        "group",
        "Innocent travellers of one group are referred more often than others, or its confirmed cases are missed.",
        "Discrimination; loss of trust; victims in one group are not found.",
        (
            "no protected fact reaches the model",
            "groups and pairs of groups are compared before a release, with intervals",
            "facts that tell protected ones need a reason, and can be left out, coarsened or weighed against",
        ),
        ("fair_*", "proxies"),
        "Groups that are too small to be judged may be treated worse without anybody seeing it.",
    ),
    Hazard(
        "leak",
        "The model has learned from what would not be known at the border, or from the outcome itself.",
        "Its measured quality does not hold; people are referred for nothing.",
        ("features are functions of one record as it was then", "signs of leaks are looked for in every run"),
        ("not_too_good", "no_telling_feature", "leak_*"),
        "A leak through a fact that is plausible, weak and filled in later may stay unseen.",
    ),
    Hazard(
        "selection",
        "Cases are those that somebody chose to inspect, so that the model repeats their choice.",
        "Whoever was inspected much before is referred much again.",
        (
            "a random lane and logged chances stand for all travellers where there are any",
            "cases without a logged chance never set the level",
            "outcomes carry how the case was selected",
        ),
        ("holdout_positives", "better_than_prior"),
        "Where there is no lane, quality among those whom nobody inspects is not known.",
    ),
    Hazard(
        "reasons",
        "The reasons that are shown are not those of the score, or would be others had other cases been seen.",
        "An officer asks about the wrong thing; the person concerned is told something untrue.",
        (
            "the score is the sum of its reasons",
            "table and estimator are compared; the bundle proves itself when it is opened",
            "directions that are demanded are kept",
            "the explanation of a decision says how stable each reason is",
        ),
        ("parity", "golden_replay", "directions", "reason_support"),
        "A reason says what moved the score, not why a person acted.",
    ),
    Hazard(
        "unlike",
        "A record lies outside of what the model has seen, or lacks what nearly all give.",
        "A number without ground is taken for knowledge; posts without carrier messages are disadvantaged.",
        (
            "such a record gets no band, and the answer says why",
            "missing facts alone move a score within a limit",
        ),
        ("abstention", "missingness"),
        "A record may be unusual in a way that no rule names.",
    ),
    Hazard(
        "automation",
        "Officers follow the score without judging for themselves, or look only for what confirms it.",
        "The decision is the machine's in fact, though a person signs it.",
        (
            "nothing in the interface allows or denies",
            "reasons for and against, interval and silence stand beside every score",
            "travellers drawn at random are reviewed without sight of how they were chosen",
            "the guide for oversight says what must not be done",
        ),
        ("reason_support", "abstention"),
        "No measure of a model keeps a tired person from agreeing with it. Training, time and supervision are the "
        "agency's.",
    ),
    Hazard(
        "protection",
        "A person in need of protection, a child or an asylum seeker is treated as a suspect.",
        "A victim is punished, sent back, or does not speak.",
        (
            "protection is scored apart, for protection officers alone; there is no combined score",
            "being a minor never raises an enforcement score",
            "no field for asylum status exists; answers say that access to asylum is never limited",
        ),
        ("directions", "fair_*age_band*"),
        "Whoever reads an enforcement score may still see a victim as an offender.",
    ),
    Hazard(
        "change",
        "The world, the routes or those who evade checks change after the data.",
        "The model is confidently out of date.",
        (
            "drift of facts, scores and reasons is watched beside the service",
            "a challenger is tried unseen before it replaces a model; the way back is one command",
            "nothing is retrained by itself",
        ),
        ("holdout_positives", "calibration"),
        "What is new and looks ordinary is found by the random lane alone.",
    ),
    Hazard(
        "disclosure",
        "The published points tell of single travellers.",
        "Somebody learns that a certain person was a case.",
        (
            "points of few travellers are shared with those of neighbouring values, or taken away",
            "golden records are anonymous, and no record is in the pack",
        ),
        ("golden_replay",),
        "Points together with other knowledge of a small post may tell more than each alone.",
    ),
)
