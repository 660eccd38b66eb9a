"""The files of a simulation: what an agency would have, and the truth kept apart."""

import hashlib
import json
import stat
from datetime import datetime, timedelta

import numpy as np
import pyarrow.parquet as pq
import pytest

from features.record import TravellerRecord
from features.risk import RISKS
from training.simulator import simulation
from training.simulator.simulation import simulate
from training.simulator.summary import TRUTH_ONLY

CASE_COLUMNS = [
    "record",
    "entity",
    "known_at",
    "outcome_code",
    "selection",
    "selection_probability",
    "decided_by_role",
    "evidence_type",
    "inspection_depth",
    "officer_id",
]


def crossing_times(output):
    """When each crossing was expected."""
    return [datetime.fromisoformat(record["crossing"]["expected_at"]) for record in output.records]


def test_same_seed_gives_the_same_bytes_and_another_seed_others(short_parameters, tmp_path):
    """A seed names a world to the last byte."""
    first, again, other = (
        simulate(short_parameters, 1_500, seed, tmp_path / name)
        for seed, name in ((3, "first"), (3, "again"), (4, "other"))
    )
    assert first == again
    assert set(first.files_sha256.values()).isdisjoint(other.files_sha256.values())


@pytest.mark.slow  # starting processes takes most of its time
def test_more_processes_write_the_same_bytes(short_parameters, tmp_path, monkeypatch):
    """Two processes write what one writes."""
    alone = simulate(short_parameters, 1_500, 3, tmp_path / "alone")
    monkeypatch.setattr(simulation, "WORKERS_FROM", 100)
    assert simulate(short_parameters, 1_500, 3, tmp_path / "together").files_sha256 == alone.files_sha256


def test_another_parameter_gives_another_digest(default_parameters):
    """The digest covers the figures."""
    lanes = default_parameters.lanes.model_copy(update={"random_probability": 0.03})
    assert default_parameters.model_copy(update={"lanes": lanes}).digest != default_parameters.digest


def test_summary_names_the_bytes_on_disk(output):
    """The digests in the summary are those of the files."""
    for name, digest in output.summary.files_sha256.items():
        assert hashlib.sha256((output.path / name).read_bytes()).hexdigest() == digest


def test_case_table_has_the_agreed_columns_and_nothing_of_the_truth(output):
    """The feed holds what an agency would have."""
    table = pq.read_table(output.path / "feed" / "cases.parquet")
    assert table.column_names == CASE_COLUMNS
    assert not any("truth" in record for record in output.cases["record"])
    told = json.loads((output.path / "feed" / "summary.json").read_text())
    assert all(TRUTH_ONLY.isdisjoint(risk) for risk in told["risks"].values())
    whole = json.loads((output.path / "world" / "summary.json").read_text())
    assert all(set(risk) >= TRUTH_ONLY for risk in whole["risks"].values())


def test_truth_is_closed_to_other_users_and_keyed_by_record(output):
    """The truth stands in a directory of its own, one row per record."""
    assert stat.S_IMODE((output.path / "world").stat().st_mode) == 0o700
    assert output.truth["record_id"] == [record["record_id"] for record in output.records]
    assert len(set(output.truth["record_id"])) == len(output.records)
    assert all(name == "record_id" or name.startswith("truth_") for name in output.truth)


def test_rows_stand_in_order_of_time(output):
    """A reader may cut the table by time."""
    times = crossing_times(output)
    assert times == sorted(times)
    assert times[-1] - times[0] > timedelta(days=700)


def test_every_sampled_record_is_a_valid_traveller_record(output):
    """Records pass the same check as a request to the service."""
    for text in output.cases["record"][::30]:
        record = TravellerRecord.model_validate_json(text)
        assert record.crossing.point


def test_absent_facts_are_left_out(output):
    """No null, no empty block."""

    def walk(value):
        yield value
        if isinstance(value, dict):
            for inner in value.values():
                yield from walk(inner)
        elif isinstance(value, list) and value:
            for inner in value:
                yield from walk(inner)

    for record in output.records[::40]:
        assert all(value is not None and value != {} for value in walk(record))


def test_what_was_not_checked_has_no_outcome(output):
    """Not inspected is null in every column of the outcome, never a zero."""
    outcome = [name for name in CASE_COLUMNS if name not in {"record", "entity", "selection_probability"}]
    for values in zip(*(output.cases[name] for name in outcome), strict=True):
        assert len({value is None for value in values}) == 1
    assert 0.06 < np.mean([code is not None for code in output.cases["outcome_code"]]) < 0.16


def test_only_the_random_lane_has_a_logged_probability(output):
    """A probability of being selected is known where it was drawn."""
    for lane, probability in zip(output.cases["selection"], output.cases["selection_probability"], strict=True):
        assert (lane == "random") == (probability is not None)
    assert {p for p in output.cases["selection_probability"] if p is not None} == {0.02}


def test_outcomes_use_the_declared_codes(output):
    """Each code is that of a declared risk or of the taxonomy."""
    known = {code for risk in RISKS.values() for code in risk.outcome_codes}
    met = {code for code in output.cases["outcome_code"] if code is not None}
    assert met <= known | {"nothing_found", "inconclusive", "overturned"}
    assert met & known
    assert "nothing_found" in met


@pytest.mark.parametrize("risk", RISKS)
def test_detected_cases_are_true_and_confirmed(output, risk):
    """Found means: it is so, and the record says so."""
    for found, present, code in zip(
        output.truth[f"truth_detected_{risk}"],
        output.truth[f"truth_{risk}"],
        output.cases["outcome_code"],
        strict=True,
    ):
        assert not found or (present and code in RISKS[risk].outcome_codes)


def test_outcomes_become_known_after_the_crossing(output):
    """Nothing is known before it happens."""
    for crossed, known in zip(crossing_times(output), output.cases["known_at"], strict=True):
        assert known is None or known > crossed


def test_history_counts_the_crossings_that_the_table_holds(output):
    """In the second year, the count of the record is the count of the rows of the same person within a year before."""
    times = crossing_times(output)
    start = times[0]
    earlier = {}
    compared = 0
    for record, entity, now in zip(output.records, output.cases["entity"], times, strict=True):
        seen = earlier.setdefault(entity, [])
        if now - start > timedelta(days=366):
            within = sum(now - then <= timedelta(days=365) for then in seen)
            assert record["history"]["crossings_12_months"] == within
            compared += bool(within)
            if seen:
                days = (now - seen[-1]).total_seconds() / 86_400
                assert record["history"]["days_since_last"] == pytest.approx(days, abs=0.051)
        seen.append(now)
    assert compared > 500


def test_history_knows_no_check_before_its_outcome_was_known(output):
    """Benign checks are counted once they are known, and not much later."""
    times = crossing_times(output)
    earlier = {}
    counted = 0
    rows = zip(output.records, output.cases["entity"], times, strict=True)
    for row, (record, entity, now) in enumerate(rows):
        known = earlier.setdefault(entity, [])
        count = record["history"]["confirmed_benign_crossings"]
        assert sum(then <= now - timedelta(days=7) for then in known) <= count <= sum(then < now for then in known)
        counted += count
        if output.cases["outcome_code"][row] == "nothing_found" and output.cases["decided_by_role"][row] != "system":
            known.append(output.cases["known_at"][row])
    assert counted > 100


def test_too_few_crossings_are_refused(default_parameters, tmp_path):
    """The message says how many are allowed."""
    with pytest.raises(ValueError, match="100 or more"):
        simulate(default_parameters, 99, 1, tmp_path)


def test_progress_reaches_the_end(short_parameters, tmp_path):
    """The caller is told how far the run is."""
    told = []
    simulate(short_parameters, 1_000, 1, tmp_path, lambda done, total: told.append((done, total)))
    assert told[-1] == (1_000, 1_000)
    assert [done for done, _ in told] == sorted({done for done, _ in told})
