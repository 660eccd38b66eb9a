"""Stored history scored again: the same model says the same, another one is compared with intervals."""

import json
from pathlib import Path

import numpy as np
import orjson
import pytest
from typer.testing import CliRunner

from models.bundle import write_directory
from riskapi.__main__ import command_line
from riskapi.commands import backtest as command
from riskapi.errors import ServiceError
from riskapi.monitoring.backtest import Backtester
from riskapi.monitoring.opened import LogReader
from tests.bundles import make_bundle
from tests.riskapi.makers import go_live, settings
from tests.riskapi.monitoring.makers import MadeOutcomes, record_data, store

SPAN = "2026-03-01", "2026-04-01"


def _varied(rng):
    """A record whose score differs from others'."""
    data = record_data("NBO", expected_at=f"2026-03-{rng.integers(10, 28)}T{rng.integers(0, 23):02d}:00:00Z")
    for block in ("booking", "contact", "journey", "stay", "baggage"):
        if block in data and rng.random() < 0.4:
            del data[block]
    return data


@pytest.fixture
def history(services):
    """A live model, 400 decisions drawn by a lane of a half, outcomes of those that were drawn."""
    digest = go_live(services, "document_fraud")
    rng, outcomes = np.random.default_rng(3), MadeOutcomes()
    made = [(_varied(rng), "random" if rng.random() < 0.5 else None) for _ in range(400)]
    ids = store(services, made)
    for decision_id, (_, arm) in zip(ids, made, strict=True):
        if arm is not None:
            code = "forged_document" if rng.random() < 0.3 else "nothing_found"
            outcomes.add(decision_id, outcome_code=code)
    store(services, made[:5], purpose="test")
    reader = LogReader(services.engine, services.subject_keys)
    return services, Backtester(reader, outcomes), digest


def test_the_model_that_scored_says_the_same_again(history):
    """Every band stays, every referral overlaps, and both hit rates are one."""
    services, backtester, digest = history
    found = backtester.run(services.active.open(digest), *SPAN, (0.1, 0.5))
    assert found.travellers == 400
    assert found.left_out == {"not scored for this risk": 5}
    assert all(set(row) == {band} for band, row in found.band_moves.items())
    assert found.correlation == pytest.approx(1.0)
    assert [row.overlap for row in found.rows] == pytest.approx([1.0, 1.0])
    assert all(row.live == row.candidate for row in found.rows)
    assert found.with_chance == 1.0
    assert found.confirmed <= found.inspected <= 260
    whole = backtester.run(services.active.open(digest), *SPAN, (1.0,)).rows[0].live
    assert whole.low < 0.3 < whole.high


def test_another_model_moves_bands_and_refers_others(history):
    """What it would have found comes with an interval from those who were drawn."""
    services, backtester, _ = history
    other = services.active.verify(dict(make_bundle("document_fraud", 7)[0]))
    found = backtester.run(other, *SPAN, (0.05, 0.5))
    assert found.digest == other.bundle.digest
    assert found.correlation < 0.999
    assert sum(sum(row.values()) for row in found.band_moves.values()) == 400
    assert 0 <= found.rows[0].overlap < 1
    half = found.rows[1].candidate
    assert half.inspected > 50
    assert half.low < 0.3 < half.high


def test_history_of_another_risk_is_no_history(history):
    """Nor is a time without decisions."""
    services, backtester, digest = history
    other = services.active.verify(dict(make_bundle("migrant_smuggling")[0]))
    for model, span in ((other, SPAN), (services.active.open(digest), ("2020-01-01", "2020-02-01"))):
        with pytest.raises(ServiceError, match="No decision"):
            backtester.run(model, *span)


def test_command_shows_and_writes_the_comparison(history, tmp_path, monkeypatch):
    """Of a directory and of a digest alike."""
    services, _, digest = history
    directory = tmp_path / "bundle"
    write_directory(dict(make_bundle("document_fraud", 7)[0]), directory)
    monkeypatch.setattr(command.Settings, "load", lambda: settings(Path(services.settings.database_path).parent))
    run, out = CliRunner().invoke, tmp_path / "figures.json"
    for bundle in (str(directory), digest):
        arguments = ["backtest", bundle, "--from", "2026-03-01", "--to", "2026-04-01", "--out", str(out)]
        done = run(command_line(["backtest"]), arguments)
        assert done.exit_code == 0, done.output
        assert "400 travellers" in done.output
        assert orjson.loads(out.read_bytes())["travellers"] == 400
    failed = run(command_line(["backtest"]), ["backtest", digest, "--from", "2020-01-01", "--to", "2020-01-02"])
    assert failed.exit_code == 1
    assert json.loads(out.read_text())["rows"]
