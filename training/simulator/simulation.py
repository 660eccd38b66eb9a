"""The run: week by week from facts to truth, selection and outcome, and on to the disk."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import joblib
import numpy as np
import pyarrow as pa

from training.simulator.causes import measure_causes
from training.simulator.columns import MINUTES_PER_DAY, Columns, Floats, Ints, open_stream, texts
from training.simulator.defects import draw_defects
from training.simulator.facts import draw_facts
from training.simulator.journeys import Schedule, plan_schedule
from training.simulator.ledger import Ledger
from training.simulator.officers import Corps, Selection, muster, select
from training.simulator.outcomes import Outcomes, decide_outcomes
from training.simulator.parameters import WorldParameters
from training.simulator.records import compose_records
from training.simulator.risks import Hidden, Scale, Truth, check_cause_names, draw_hidden, draw_truth, fit_scale
from training.simulator.summary import SimulationSummary, Tally
from training.simulator.travellers import Households, Travellers
from training.simulator.windows import cut_window, pilot_rows
from training.simulator.world import World, build_world
from training.simulator.writer import Table, case_table, digest_file, truth_table

Progress = Callable[[int, int], None]
"""Told after each week: crossings done, crossings in all."""

TRUTH_ONLY = ("true_cases", "base_rate", "found_true", "oracle_auc", "oracle_auc_with_hidden")
"""What the summary of the feed may not tell."""
WORKERS_FROM = 50_000
"""Crossings from which starting a second process pays."""


@dataclass(frozen=True)
class Week:
    """One week, decided and ready to be written."""

    facts: Columns
    truths: dict[str, Truth]
    hidden: Hidden
    selection: Selection
    outcomes: Outcomes


@dataclass(frozen=True)
class Cast:
    """All who take part."""

    world: World
    schedule: Schedule
    households: Households
    travellers: Travellers
    corps: Corps


def _ignore(_done: int, _total: int) -> None:
    """Report no progress."""


def _facts_of(cast: Cast, week: int, rows: Ints, benign: Ints) -> tuple[Columns, dict[str, Floats], Hidden]:
    columns = cut_window(cast.world, cast.schedule, cast.households, cast.travellers, week, rows)
    facts = draw_facts(cast.world, columns, cast.travellers, benign[columns["traveller"]])
    return facts, measure_causes(facts), draw_hidden(cast.world, facts)


def _fit_scales(cast: Cast) -> dict[str, Scale]:
    """Set base rates and spreads on some weeks of the same world, before anybody was checked."""
    nothing = np.zeros(len(cast.travellers.household), dtype=np.int64)
    parts = [_facts_of(cast, week, rows, nothing)[1:] for week, rows in pilot_rows(cast.schedule)]
    causes = {name: np.concatenate([part[name] for part, _ in parts]) for name in parts[0][0]}
    hidden = Hidden(*(np.concatenate([getattr(h, name) for _, h in parts]) for name in ("cue", "route", "noise")))
    return {name: fit_scale(risk, causes, hidden) for name, risk in cast.world.parameters.risks.items()}


def _live(cast: Cast, scales: dict[str, Scale]) -> Iterator[Week]:
    """Let the weeks pass, each knowing what the agency had learnt by its start."""
    world, starts = cast.world, cast.schedule.window_starts
    ledger = Ledger(len(cast.travellers.household))
    for week in range(len(starts) - 1):
        rows = np.arange(starts[week], starts[week + 1])
        if len(rows) == 0:
            continue
        ledger.post(until_minute=week * 7 * MINUTES_PER_DAY)
        facts, causes, hidden = _facts_of(cast, week, rows, ledger.benign)
        truths = {
            name: draw_truth(open_stream(world.seed, f"truth {name}", week), risk, scales[name], causes, hidden)
            for name, risk in world.parameters.risks.items()
        }
        any_risk = np.logical_or.reduce([truth.present for truth in truths.values()])
        selection = select(world, cast.corps, facts, causes, hidden, any_risk, len(cast.schedule.traveller))
        outcomes = decide_outcomes(world, cast.corps, facts, selection, truths)
        nothing_found = (outcomes.code == "nothing_found") & (outcomes.role != "system")
        ledger.enter(facts["traveller"][nothing_found], outcomes.known_minute[nothing_found])
        facts |= draw_defects(world, facts)
        yield Week(facts, truths, hidden, selection, outcomes)


def _tables(world: World, week: Week) -> tuple[pa.Table, pa.Table]:
    """Make the rows of both tables; the part of the work that another process can do."""
    officer_ids = texts([f"OFF{number:03d}" for number in range(int(week.selection.officer.max()) + 1)])
    records = compose_records(world, week.facts)
    cases = case_table(world, week.facts, records, week.selection, week.outcomes, officer_ids)
    return cases, truth_table(world, week.facts, week.truths, week.hidden, week.selection, week.outcomes)


def simulate(
    parameters: WorldParameters, crossings: int, seed: int, out: Path, progress: Progress = _ignore
) -> SimulationSummary:
    """Simulate crossings and write what an agency would have, and apart from it the truth.

    The same parameters, number and seed give the same bytes, however many processes write them.

    Args:
        parameters: the world.
        crossings: how many crossings to make, at least 100.
        seed: seed of all random numbers.
        out: directory for ``feed/cases.parquet``, ``feed/summary.json`` and ``world/truth.parquet``; ``world`` is
            closed to other users.
        progress: told after each week.

    Returns:
        The summary, written whole to ``world/summary.json``, and to ``feed/summary.json`` without what only the
        truth can tell.

    Raises:
        ValueError: for too few crossings, or parameters that name causes that do not exist.
    """
    if crossings < 100:
        raise ValueError(f"{crossings} crossings are too few to make a world; ask for 100 or more")
    world = build_world(parameters, seed)
    check_cause_names(world)
    schedule, households, travellers = plan_schedule(world, crossings)
    cast = Cast(world, schedule, households, travellers, muster(world))
    tally = Tally(list(parameters.risks))

    feed, hidden_world = out / "feed", out / "world"
    feed.mkdir(parents=True, exist_ok=True)
    hidden_world.mkdir(mode=0o700, parents=True, exist_ok=True)
    hidden_world.chmod(0o700)

    def weeks() -> Iterator[Week]:
        for week in _live(cast, _fit_scales(cast)):
            tally.add(week.truths, week.selection, week.outcomes)
            yield week

    done = 0
    workers = 2 if crossings >= WORKERS_FROM else 1
    pool = joblib.Parallel(n_jobs=workers, return_as="generator", pre_dispatch=2 * workers, batch_size=1)
    with Table(feed / "cases.parquet") as cases, Table(hidden_world / "truth.parquet") as truth:
        for case_rows, truth_rows in pool(joblib.delayed(_tables)(world, week) for week in weeks()):
            cases.append(case_rows)
            truth.append(truth_rows)
            done += case_rows.num_rows
            progress(done, crossings)
    files = {path: digest_file(out / path) for path in ("feed/cases.parquet", "world/truth.parquet")}
    people = len(np.unique(schedule.traveller))
    summary = tally.summarise(seed, people, parameters.digest, files)
    told = {risk: dict.fromkeys(TRUTH_ONLY, True) for risk in summary.risks}
    (feed / "summary.json").write_text(
        summary.model_dump_json(indent=2, exclude={"risks": told}) + "\n", encoding="utf-8"
    )
    (hidden_world / "summary.json").write_text(summary.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return summary
