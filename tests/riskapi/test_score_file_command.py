"""``score-file`` on the command line: what it asks for, what it says, and how it ends."""

import errno
import json

import pytest
from typer.testing import CliRunner

from models.bundle import write_directory
from riskapi.__main__ import command_line
from tests.bundles import TRUSTED, make_bundle
from tests.makers import random_data


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run the command in a folder with a bundle and a file of records; gives what it did."""
    monkeypatch.chdir(tmp_path)
    for name in ("RISK_API_KEY", "RISKAPI_TRUSTED_SIGNERS"):
        monkeypatch.delenv(name, raising=False)
    write_directory(make_bundle("document_fraud")[0], tmp_path / "bundle")
    (tmp_path / "records.ndjson").write_text("\n".join(json.dumps(one) for one in random_data(3, seed=9)))
    return lambda *arguments: CliRunner().invoke(command_line(["score-file"]), ["score-file", *arguments])


def test_bundles_at_hand_score_and_say_that_nothing_is_recorded(run, tmp_path):
    """The way without a service tells what it is not."""
    done = run("records.ndjson", "--out", "out.ndjson", "--bundle", "bundle", "--signer", TRUSTED[0])
    assert done.exit_code == 0, done.output
    assert "3 scored, 0 not" in done.output
    assert "Nothing is recorded" in done.stderr
    assert len((tmp_path / "out.ndjson").read_text().splitlines()) == 3


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((), "Give either --url"),
        (("--url", "http://127.0.0.1:1"), "Give the API key"),
        (("--url", "http://127.0.0.1:1", "--key", "k"), "does not answer"),
        (("--url", "http://[", "--key", "k"), "does not answer"),
        (("--url", "http://127.0.0.1:1", "--bundle", "bundle"), "Give either --url"),
        (("--bundle", "bundle"), "signer"),
        (("--bundle", "absent", "--signer", TRUSTED[0]), "absent"),
        (("--bundle", "bundle", "--signer", TRUSTED[0], "--mapping", "absent.toml"), "absent.toml"),
    ],
)
def test_what_is_missing_is_said_in_a_line(run, tmp_path, arguments, text):
    """No trace, no half-written answers, status 1."""
    done = run("records.ndjson", "--out", "out.ndjson", *arguments)
    assert done.exit_code == 1
    assert text in done.stderr
    assert "Traceback" not in done.output
    assert sorted(one.name for one in tmp_path.iterdir()) == ["bundle", "records.ndjson"]


def test_a_file_of_which_nothing_can_be_read_ends_with_an_error(run, tmp_path):
    """A script notices; the report says what is wrong."""
    (tmp_path / "records.ndjson").write_text("no JSON\n")
    done = run("records.ndjson", "--out", "out.csv", "--bundle", "bundle", "--signer", TRUSTED[0])
    assert done.exit_code == 1
    assert "0 scored, 1 not" in done.output
    assert "1 finding: out.csv.findings.ndjson" in done.output


def test_help_says_that_a_stopped_run_goes_on(run):
    """Whoever lost a run reads what to do."""
    said = " ".join(run("--help").output.replace("│", " ").split())
    assert "goes on where it was" in said
    assert "--restart" in said


def test_a_run_that_goes_on_says_so(run, tmp_path):
    """What was done before is counted, and told apart from the answers."""
    arguments = ("records.ndjson", "--out", "out.ndjson", "--bundle", "bundle", "--signer", TRUSTED[0])
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("riskapi.score_file.CHUNK_ROWS", 2)
        patched.setattr("riskapi.score_file.open_writer", _stop)
        stopped = run(*arguments)
    assert stopped.exit_code == 1
    assert "cannot be written (No space left on device)" in stopped.stderr
    assert (tmp_path / "out.ndjson.progress").stat().st_mode & 0o777 == 0o600
    done = run(*arguments)
    assert done.exit_code == 0, done.output
    assert "Went on after 3 rows" in done.stderr
    assert "3 scored, 0 not" in done.output
    assert not (tmp_path / "out.ndjson.progress").exists()


def _stop(_path):
    raise OSError(errno.ENOSPC, "No space left on device")
