"""The key of a month that is over can be shown to an auditor, and to nobody else and no sooner."""

from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from models.lane import commitment_to
from riskapi.__main__ import command_line
from riskapi.access.matrix import Role
from riskapi.access.principal import PrincipalKind
from riskapi.log.draw_check import read_lane_keys
from riskapi.log.entry import Kind
from riskapi.services import Services
from tests.riskapi.makers import SECRET, make_key, serving, settings
from tests.riskapi.privacy.makers import Clock, dated_services, entries_of


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs the command on the store of the test, by the key of a role."""
    for name, value in settings(tmp_path).model_dump(exclude_unset=True, exclude={"trusted_signers"}).items():
        monkeypatch.setenv(f"RISKAPI_{name.upper()}", SECRET if name == "secret_key" else str(value))
    services = Services(settings(tmp_path))
    keys = {role: make_key(services, [role], f"Person {role}", PrincipalKind.PERSON) for role in Role}
    services.close()

    def call(role, month):
        monkeypatch.setenv("RISK_API_KEY", keys[role])
        return CliRunner().invoke(command_line(("lane-key",)), ["lane-key", month])

    return call


def test_key_fits_the_commitment_that_the_service_made_when_it_began(run, tmp_path):
    """What the auditor sees is what the log committed to; that it was shown is on record."""
    with dated_services(tmp_path, Clock(datetime(2026, 9, 30, tzinfo=UTC))) as services, serving(services):
        [told] = entries_of(services, Kind.SELECTION_POLICY)
    shown = run(Role.AUDITOR, "2026-10")
    assert shown.exit_code == 0, shown.output
    [(month, key)] = read_lane_keys([shown.stdout]).items()
    assert told["commitments"][month] == commitment_to(key)
    services = Services(settings(tmp_path))
    assert [one["month"] for one in entries_of(services, Kind.ACCESS)] == ["2026-10"]
    services.close()


def test_no_draw_can_be_foretold_and_nobody_else_sees_a_key(run):
    """The running month and those to come are refused, as is every other role, and what is no month."""
    now = datetime.now(UTC)
    for month in (f"{now:%Y-%m}", "2999-01"):
        assert "not over" in run(Role.AUDITOR, month).output
    for role in set(Role) - {Role.AUDITOR}:
        refused = run(role, "2026-10")
        assert (refused.exit_code, "log:read" in refused.output) == (1, True)
    assert run(Role.AUDITOR, "2026-13").exit_code == 2
