"""A run over a file that is stopped goes on where it was: each record is answered once, whatever stopped it."""

import json
import os
import signal
import subprocess
import sys

import pytest

from riskapi import score_file
from riskapi.errors import ServiceError
from riskapi.files.progress import open_progress
from riskapi.score_file import score_files
from tests.makers import random_data

ROWS = 40
CHUNK = 7


class Counting:
    """Answers each record, and stops at a chunk of the test's choice."""

    about = "counting"

    def __init__(self, stop_at=None, stop=None):
        self.chunks, self.seen, self.stop_at, self.stop = 0, [], stop_at, stop

    def score(self, records, _places):
        """Answer, unless this is the chunk to stop at."""
        self.chunks += 1
        if self.chunks == self.stop_at:
            self.stop()
        self.seen += [record.record_id for record in records]
        return [{"record_id": record.record_id, "decision_id": None, "checks": [], "risks": []} for record in records]


def go_away():
    """Be a service that went away."""
    raise ServiceError("The service does not answer.")


@pytest.fixture
def lines(tmp_path, monkeypatch):
    """A file of records with one broken line, scored in small chunks."""
    monkeypatch.setattr(score_file, "CHUNK_ROWS", CHUNK)
    records = [json.dumps(record) for record in random_data(ROWS, seed=5)]
    path = tmp_path / "records.ndjson"
    path.write_text("\n".join([*records[:10], "no JSON", *records[10:]]))
    return path


def read(path):
    """Read lines of JSON."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def ids(path):
    """The records that a file holds or that answers are for."""
    return [line["record_id"] for line in read(path)]


@pytest.fixture
def expected(lines):
    """What a run without any stop gives."""
    out = lines.with_name("expected.ndjson")
    score_files([lines], Counting(), out)
    return out


def check_same(out, expected):
    """The same answers and findings as without a stop, and nothing left over."""
    assert len(set(ids(out))) == ROWS
    assert out.read_bytes() == expected.read_bytes()
    findings = [path.with_name(path.name + ".findings.ndjson").read_bytes() for path in (out, expected)]
    assert findings[0] == findings[1]
    assert not list(out.parent.glob("*.progress"))
    assert not list(out.parent.glob("*.part"))


@pytest.mark.parametrize("stop_at", range(1, 7))
def test_a_run_whose_service_went_away_goes_on(lines, expected, stop_at):
    """Whatever the chunk: nothing is scored twice, the answers are those of one run."""
    out = lines.with_name("out.ndjson")
    first = Counting(stop_at, go_away)
    with pytest.raises(ServiceError):
        score_files([lines], first, out)
    assert not out.exists()
    second, told = Counting(), []
    summary = score_files([lines], second, out, on_progress=told.append)
    assert sorted(first.seen + second.seen) == sorted(ids(out))
    assert (summary.scored, summary.not_scored, summary.resumed_after) == (ROWS, 1, (stop_at - 1) * CHUNK)
    assert sum(told) == ROWS + 1
    check_same(out, expected)


KILLED = """
import os, signal, sys
from pathlib import Path
from riskapi import score_file
from tests.riskapi.test_score_file_resume import Counting
score_file.CHUNK_ROWS = {chunk}
kill = lambda: os.kill(os.getpid(), signal.SIGKILL)
score_file.score_files([Path(sys.argv[1])], Counting({stop_at}, kill), Path(sys.argv[2]))
"""


def test_a_run_that_was_killed_goes_on_even_after_a_torn_line(lines, expected):
    """No chance to clean up, and half a line on the disk: what was whole is kept, the rest is done again."""
    out = lines.with_name("out.ndjson")
    script = KILLED.format(chunk=CHUNK, stop_at=4)
    root = os.path.dirname(os.path.dirname(score_file.__file__))  # noqa: PTH120  a plain path for the child
    killed = subprocess.run(
        [sys.executable, "-c", script, str(lines), str(out)],
        cwd=root,
        env=os.environ | {"PYTHONPATH": root},
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    progress = out.with_name("out.ndjson.progress")
    with progress.open("ab") as file:
        file.write(b'{"rows": 7, "not_scored"')
    second = Counting()
    assert score_files([lines], second, out).resumed_after == 3 * CHUNK
    assert len(second.seen) == ROWS + 1 - 3 * CHUNK
    check_same(out, expected)


def test_a_run_that_stops_while_it_writes_answers_scores_nothing_again(lines, expected, monkeypatch):
    """Everything was done but the last step."""
    out = lines.with_name("out.ndjson")
    with monkeypatch.context() as patched:
        patched.setattr(score_file, "open_writer", lambda _path: go_away())
        with pytest.raises(ServiceError):
            score_files([lines], Counting(), out)
    second = Counting()
    score_files([lines], second, out)
    assert second.seen == []
    check_same(out, expected)


@pytest.mark.parametrize("change", ["file", "scorer"])
def test_other_work_is_not_mixed_in(lines, change):
    """Another file or another scorer is refused until the unfinished work is dropped on purpose."""
    out = lines.with_name("out.ndjson")
    with pytest.raises(ServiceError, match="does not answer"):
        score_files([lines], Counting(3, go_away), out)
    scorer = Counting()
    if change == "file":
        lines.write_text("\n".join(json.dumps(record) for record in random_data(ROWS, seed=6)))
    else:
        scorer.about = "another service"
    with pytest.raises(ServiceError, match="--restart"):
        score_files([lines], scorer, out)
    assert scorer.seen == []
    assert score_files([lines], scorer, out, restart=True).resumed_after == 0
    assert sorted(scorer.seen) == sorted(ids(out))
    assert not list(out.parent.glob("*.progress"))


def test_two_runs_do_not_write_the_same_answers(lines):
    """The second is told, and does no harm to the first."""
    out = lines.with_name("out.ndjson")
    with open_progress(out, {"files": []}):
        with pytest.raises(ServiceError, match="Another run"):
            score_files([lines], Counting(), out)
        assert out.with_name("out.ndjson.progress").exists()


def test_nothing_done_leaves_nothing_behind(lines):
    """A run that fails at its first request is as if it had not been."""
    out = lines.with_name("out.csv")
    with pytest.raises(ServiceError):
        score_files([lines], Counting(1, go_away), out)
    assert [path.name for path in lines.parent.iterdir()] == [lines.name]
