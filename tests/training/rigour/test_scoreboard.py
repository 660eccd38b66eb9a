"""The scoreboard shows what was measured with its error, marks controls, and fails where a claim does."""

import orjson
import pytest
from rich.console import Console
from typer.testing import CliRunner

from training.rigour import scoreboard
from training.rigour.__main__ import app
from training.rigour.claim import Claim, Limit, count_row, mean_row, over_seeds


def _claim(seeds):
    return Claim("Means stay", (mean_row("mean", [float(seed) for seed in seeds], Limit(high=0.0)),))


def _holding(seeds):
    rows = (
        mean_row("even", [seed % 2 for seed in seeds], Limit(0.4, 0.6), unit="percent"),
        mean_row("off", [1.0 for _ in seeds], Limit(low=0.25), control=True),
    )
    return Claim("Halves [are] even", rows, note="as counted")


def test_a_mean_comes_with_its_standard_error_and_its_limit():
    """Four numbers of spread one half have a mean whose error is a quarter and a bit."""
    row = mean_row("x", [0.0, 1.0, 0.0, 1.0], Limit(0.4, 0.6))
    assert row.measured == 0.5
    assert row.standard_error == pytest.approx(0.288675, rel=1e-5)
    assert row.holds
    assert row.text() == "0.5 ± 0.289"


def test_one_seed_makes_no_row():
    """A number without a standard error is not shown."""
    with pytest.raises(ValueError, match="at least two seeds"):
        mean_row("x", [1.0], Limit())
    with pytest.raises(ValueError, match="at least two seeds"):
        count_row("x", [True], 1)


def test_a_mean_that_is_not_a_number_holds_nowhere():
    """A claim whose measure broke down does not pass."""
    assert not mean_row("x", [float("nan"), 1.0], Limit()).holds


def test_an_allowance_of_standard_errors_is_said():
    """A widened limit is widened in words, too."""
    row = mean_row("x", [0.5, 0.7], Limit(high=0.55), se_allowance=2)
    assert row.holds
    assert row.limit == "at most 0.55, ± 2 standard errors"


def test_a_count_is_held_against_a_number_of_seeds():
    """Nineteen of twenty hold a limit of eighteen; a control is held from above."""
    hits = [True] * 19 + [False]
    assert count_row("x", hits, 18).holds
    assert count_row("x", hits, 18).limit == "at least 18 of 20"
    assert not count_row("x", hits, 18, control=True).holds


def test_measures_are_collected_by_name_in_order_of_seeds():
    """One list per name, one entry per seed."""
    assert over_seeds(lambda seed: {"double": 2 * seed}, [3, 1]) == {"double": [6, 2]}


def test_each_shipped_claim_is_found_by_the_name_of_its_module():
    """Modules without a function `claim` are no claims."""
    found = scoreboard.claims()
    assert not {"worlds", "claim", "scoreboard", "__main__"} & set(found)
    assert all(callable(claim) for claim in found.values())


def test_a_claim_that_does_not_hold_fails_the_command(monkeypatch, tmp_path):
    """Exit code 1 and the claim's name; the JSON says it too."""
    monkeypatch.setattr(scoreboard, "claims", lambda: {"failing": _claim, "holding": _holding})
    result = CliRunner().invoke(app, ["--seeds", "4", "--json", str(tmp_path / "board.json")])
    assert result.exit_code == 1
    assert "failing" in result.output.splitlines()[-1]
    board = orjson.loads((tmp_path / "board.json").read_bytes())
    assert [(each["module"], each["holds"]) for each in board["claims"]] == [("failing", False), ("holding", True)]
    assert not board["holds"]
    assert all(row["standard_error"] is not None for each in board["claims"] for row in each["rows"])


def test_claims_that_hold_end_well_and_controls_are_marked(monkeypatch, tmp_path):
    """Exit code 0; a control says that it is one."""
    monkeypatch.setattr(scoreboard, "claims", lambda: {"holding": _holding})
    result = CliRunner().invoke(app, ["holding", "--seeds", "4", "--json", str(tmp_path / "b.json")])
    assert result.exit_code == 0, result.output
    assert "control: off" in result.output
    assert "50 % ± 28.9 %" in result.output
    assert "all hold" in result.output


def test_an_unknown_claim_is_refused_with_the_known_ones(monkeypatch):
    """The answer says what there is."""
    monkeypatch.setattr(scoreboard, "claims", lambda: {"holding": _holding})
    result = CliRunner().invoke(app, ["nothing"])
    assert result.exit_code == 2
    assert "holding" in result.output


def test_markup_in_words_is_shown_as_it_is(monkeypatch, capsys):
    """Brackets in a name are no style."""
    console = Console(width=160)
    scoreboard.show(scoreboard.Result("m", _holding([1, 2]), 0.1), console)
    assert "Halves [are] even" in capsys.readouterr().out
