"""The run: week by week from facts to truth, selection and outcome, and on to the disk."""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import joblib
import numpy as np
import pyarrow as pa

from training.simulator.cast import Cast, Scene
from training.simulator.causes import measure_causes
from training.simulator.columns import MINUTES_PER_DAY, Ints, Texts
from training.simulator.corps import muster
from training.simulator.defects import draw_defects
from training.simulator.facts import draw_facts
from training.simulator.journeys import plan_schedule
from training.simulator.ledger import Ledger
from training.simulator.officers import select
from training.simulator.outcomes import Week, decide_outcomes
from training.simulator.parameters import WorldParameters
from training.simulator.risks import Scale, check_cause_names, draw_hidden, draw_truth, fit_scale
from training.simulator.summary import TRUTH_ONLY, SimulationSummary, Tally
from training.simulator.windows import cut_window, pilot_rows
from training.simulator.world import World, build_world
from training.simulator.writer import Table, case_table, digest_file, truth_table

Progress = Callable[[int, int], None]
"""Told after each week: crossings done, crossings in all."""

CROSSINGS_AT_LEAST = 100
WORKERS_FROM = 50_000
"""Crossings from which starting a second process pays."""


def _ignore(_done: int, _total: int) -> None:
    """Report no progress."""


def _set_scene(cast: Cast, week: int, rows: Ints, benign: Ints) -> Scene:
    """Draw a week up to the moment when the first traveller is checked."""
    columns = cut_window(cast, week, rows)
    facts = draw_facts(cast.world, columns, cast.travellers, benign[columns["traveller"]])
    return Scene(facts, measure_causes(facts), draw_hidden(cast.world, facts))


def _fit_scales(cast: Cast) -> dict[str, Scale]:
    """Set base rates and spreads on some weeks of the same world, as if nobody had been checked."""
    nothing = np.zeros(len(cast.travellers.household), dtype=np.int64)
    pilot = [_set_scene(cast, week, rows, nothing) for week, rows in pilot_rows(cast.schedule)]
    return {name: fit_scale(risk, pilot) for name, risk in cast.world.parameters.risks.items()}


def assemble_cast(parameters: WorldParameters, crossings: int, seed: int) -> Cast:
    """Settle everything that is known before the first week: the stage, all crossings, people and officers.

    Raises:
        ValueError: for too few crossings, or parameters that name causes that do not exist.
    """
    if crossings < CROSSINGS_AT_LEAST:
        raise ValueError(f"{crossings} crossings are too few to make a world; ask for {CROSSINGS_AT_LEAST} or more")
    world = build_world(parameters, seed)
    check_cause_names(world)
    schedule, households, travellers = plan_schedule(world, crossings)
    return Cast(world, schedule, households, travellers, muster(world))


def live(cast: Cast) -> Iterator[Week]:
    """Let the weeks pass, each knowing what the agency had learnt by its start."""
    world, starts = cast.world, cast.schedule.window_starts
    scales = _fit_scales(cast)
    ledger = Ledger(len(cast.travellers.household))
    for week in range(len(starts) - 1):
        rows = np.arange(starts[week], starts[week + 1])
        if len(rows) == 0:
            continue
        ledger.post(until_minute=week * 7 * MINUTES_PER_DAY)
        scene = _set_scene(cast, week, rows, ledger.benign)
        truths = {name: draw_truth(world, name, scale, scene) for name, scale in scales.items()}
        any_risk = np.logical_or.reduce([truth.present for truth in truths.values()])
        selection = select(cast, scene, any_risk)
        outcomes = decide_outcomes(cast, scene, selection, truths)
        nothing_found = (outcomes.code == "nothing_found") & (outcomes.role != "system")
        ledger.enter(scene.facts["traveller"][nothing_found], outcomes.known_minute[nothing_found])
        scene.facts.update(draw_defects(world, scene.facts))
        yield Week(scene, truths, selection, outcomes)


@contextmanager
def _collection_paused() -> Iterator[None]:
    """Spare the collector the walk over a hundred thousand young dictionaries: a quarter of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _tables(world: World, officer_ids: Texts, week: Week) -> tuple[pa.Table, pa.Table]:
    """Make the rows of both tables; the part of the work that other processes can do."""
    with _collection_paused():
        return case_table(world, week, officer_ids), truth_table(world, week)


def simulate(
    parameters: WorldParameters, crossings: int, seed: int, out: Path, progress: Progress = _ignore
) -> SimulationSummary:
    """Simulate crossings and write what an agency would have, and apart from it the truth.

    The same parameters, number and seed give the same bytes, however many processes write them.

    Args:
        parameters: the world.
        crossings: how many crossings to make, at least 100.
        seed: seed of all random numbers, 0 or more.
        out: directory for ``feed/cases.parquet``, ``feed/summary.json``, ``world/truth.parquet`` and
            ``world/summary.json``; ``world`` is closed to other users.
        progress: told after each week.

    Returns:
        The summary, written whole to ``world/summary.json``, and to ``feed/summary.json`` without what only the
        truth can tell.

    Raises:
        ValueError: for too few crossings, or parameters that name causes that do not exist.
    """
    cast = assemble_cast(parameters, crossings, seed)
    tally = Tally(list(parameters.risks))

    feed, hidden = out / "feed", out / "world"
    feed.mkdir(parents=True, exist_ok=True)
    hidden.mkdir(mode=0o700, parents=True, exist_ok=True)
    hidden.chmod(0o700)  # also where the directory was there before

    def counted_weeks() -> Iterator[Week]:
        for week in live(cast):
            tally.add(week)
            yield week

    done = 0
    workers = 2 if crossings >= WORKERS_FROM else 1
    pool = joblib.Parallel(n_jobs=workers, return_as="generator", pre_dispatch=2 * workers, batch_size=1)
    make_tables = joblib.delayed(_tables)
    with Table(feed / "cases.parquet") as cases, Table(hidden / "truth.parquet") as truth:
        for case_rows, truth_rows in pool(make_tables(cast.world, cast.corps.ids, week) for week in counted_weeks()):
            cases.append(case_rows)
            truth.append(truth_rows)
            done += case_rows.num_rows
            progress(done, crossings)
    summary = tally.summarise(
        seed=seed,
        travellers=len(np.unique(cast.schedule.traveller)),
        parameters_sha256=parameters.digest,
        files_sha256={path: digest_file(out / path) for path in ("feed/cases.parquet", "world/truth.parquet")},
    )
    told = summary.model_dump_json(indent=2, exclude={"risks": {"__all__": TRUTH_ONLY}})
    (feed / "summary.json").write_text(told + "\n", encoding="utf-8")
    (hidden / "summary.json").write_text(summary.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return summary
