"""A folder through which files are exchanged: each file settles, is scored once, and leaves whole."""

import json
import os
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models.assessment import RiskScorer
from models.bundle import ModelBundle
from riskapi import score_file, watching
from riskapi.errors import ServiceError
from riskapi.files import whole
from riskapi.files.scorers import BundleScorer
from riskapi.live import LiveModel, LiveModels
from riskapi.watching import DONE, REJECTED, WORK, Folder, Watcher
from tests.bundles import TRUSTED, make_bundle
from tests.makers import random_data

NOW = datetime(2026, 12, 14, 12, 0, tzinfo=UTC)
ROWS = 20
SETTLE = 5.0


@pytest.fixture(scope="module")
def models():
    """The model of one risk, opened on this machine."""
    bundle = ModelBundle.open(make_bundle("document_fraud")[0], TRUSTED)
    return LiveModels([LiveModel(bundle, RiskScorer(bundle))])


class Post:
    """A folder with its watcher, and the time."""

    def __init__(self, path, models):
        self.path, self.models, self.now, self.seen = path, models, 0.0, []
        self.folder = Folder(path)
        self.watcher = self.anew()
        self.interrupt = lambda: None

    def anew(self, **options):
        """A watcher as after a restart."""
        self.watcher = Watcher(self.folder, lambda: self, settle_seconds=SETTLE, clock=lambda: self.now, **options)
        return self.watcher

    @property
    def about(self):
        """As a scorer."""
        return "post"

    def score(self, records, places):
        """Score as bundles do, and remember who was."""
        self.interrupt()
        self.seen += places
        return BundleScorer(self.models, NOW).score(records, places)

    def turns(self, n=2):
        """Let files settle, and serve them; gives what became of them."""
        done = []
        for _ in range(n):
            done += self.watcher.turn()
            self.now += SETTLE
        return [one.name for one in done]

    def put(self, name="today.ndjson", records=None):
        """Drop a file."""
        records = random_data(ROWS, seed=5) if records is None else records
        (self.path / name).write_text("\n".join(map(json.dumps, records)))

    def names(self, place=""):
        """Names of the files of a place."""
        return sorted(one.name for one in (self.path / place).iterdir() if one.is_file())

    def answers(self, name="today.ndjson.answers.ndjson"):
        """The answers in a file."""
        return [json.loads(line) for line in (self.path / name).read_text().splitlines()]


@pytest.fixture
def post(tmp_path, models, monkeypatch):
    """A folder of its own, scored in small chunks."""
    monkeypatch.setattr(score_file, "CHUNK_ROWS", 7)
    path = tmp_path / "exchange"
    path.mkdir()
    return Post(path, models)


def test_file_is_scored_and_its_answers_appear_beside_it(post):
    """The source moves to done; nothing is left where the work was."""
    post.put()
    assert post.turns() == ["today.ndjson"]
    assert post.names() == ["today.ndjson.answers.ndjson"]
    assert post.names(DONE) == ["today.ndjson"]
    assert [one.name for one in (post.path / WORK).iterdir()] in ([], [".lock"])
    assert [one["source"] for one in post.answers()] == [f"today.ndjson line {n}" for n in range(1, ROWS + 1)]
    assert post.turns() == []


def test_findings_appear_with_the_answers(post):
    """A broken line of a file that can be read otherwise."""
    post.put()
    with (post.path / "today.ndjson").open("a") as file:
        file.write('\n{"record_id": "SECRET 4711"}\n')
    post.turns()
    assert post.names() == ["today.ndjson.answers.ndjson", "today.ndjson.findings.ndjson"]
    assert len(post.answers()) == ROWS
    findings = (post.path / "today.ndjson.findings.ndjson").read_text()
    assert "line 21" in findings
    assert "4711" not in findings


def test_file_that_is_still_written_is_left_alone(post):
    """As long as it grows, it is not taken; then it is, whole."""
    records = random_data(ROWS, seed=5)
    for written in range(1, 6):
        post.put(records=records[: 4 * written])
        assert post.turns(1) == []
        post.now -= 0.5
    assert post.seen == []
    post.now += SETTLE
    assert post.turns() == ["today.ndjson"]
    assert len(post.answers()) == ROWS


@pytest.mark.parametrize("name", ["a.ndjson.part", "a.ndjson.tmp", "a.csv.filepart", ".a.ndjson", "a.crdownload"])
def test_names_of_unfinished_files_are_left_alone(post, name):
    """Until they are renamed, however long that takes."""
    post.put(name)
    assert post.turns(4) == []
    (post.path / name).rename(post.path / "a.ndjson")
    assert post.turns() == ["a.ndjson"]


def test_links_and_folders_are_left_alone(post, tmp_path):
    """What lies elsewhere is nobody's business here."""
    (tmp_path / "elsewhere.ndjson").write_text(json.dumps(random_data(1, seed=1)[0]))
    (post.path / "link.ndjson").symlink_to(tmp_path / "elsewhere.ndjson")
    (post.path / "folder.ndjson").mkdir()
    os.mkfifo(post.path / "pipe.ndjson")
    assert post.turns(3) == []


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.ndjson", b""),
        ("a.ndjson", b"no JSON\n{}\n"),
        ("a.parquet", b"PAR1 not"),
        ("a.csv", b"colour,size\nred,1\n"),
        ("a.csv", b"\xff\xfe\x00"),
        ("a.csv.gz", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03broken"),
        ("a.csv.gz", b"no gzip"),
        ("a.json", b"[]"),
        ("readme.txt", b"hello"),
        ("noname", b"hello"),
    ],
)
def test_broken_file_is_rejected_with_what_is_wrong(post, name, content):
    """Nothing of it is scored, and nothing of it is shown."""
    (post.path / name).write_bytes(content)
    assert post.turns() == [name]
    assert post.names() == []
    assert post.names(REJECTED) == [name, f"{name}.findings.ndjson"]
    assert (post.path / REJECTED / name).read_bytes() == content
    findings = [
        json.loads(line) for line in (post.path / REJECTED / f"{name}.findings.ndjson").read_text().splitlines()
    ]
    assert findings
    assert all(set(one) == {"source", "place", "rule", "remedy"} for one in findings)
    assert post.seen == []


def test_file_that_breaks_off_is_rejected_before_anything_is_scored(post):
    """A table whose end is missing: no half of it has answers."""
    rows = pa.Table.from_pylist([{"record": json.dumps(one)} for one in random_data(2000, seed=3)])
    pq.write_table(rows, post.path / "a.parquet", row_group_size=500)
    whole_file = (post.path / "a.parquet").read_bytes()
    middle = len(whole_file) // 3
    (post.path / "a.parquet").write_bytes(whole_file[:middle] + bytes(500) + whole_file[middle + 500 :])
    assert post.turns() == ["a.parquet"]
    assert post.names(REJECTED)
    assert post.seen == []


def test_the_same_name_again_replaces_nothing(post):
    """Neither sources nor answers that nobody has fetched yet."""
    post.put()
    post.turns()
    post.put(records=random_data(3, seed=9))
    post.turns()
    (post.path / "today.ndjson").write_text("no JSON")
    post.turns()
    assert post.names() == ["today.ndjson.answers.ndjson", "today~2.ndjson.answers.ndjson"]
    assert post.names(DONE) == ["today.ndjson", "today~2.ndjson"]
    assert post.names(REJECTED) == ["today~3.ndjson", "today~3.ndjson.findings.ndjson"]
    assert len(post.answers()) == ROWS
    assert post.answers("today~2.ndjson.answers.ndjson")[0]["source"] == "today.ndjson line 1"


@pytest.mark.parametrize("form", [".csv", ".parquet"])
def test_answers_have_the_form_that_is_asked_for(post, form):
    """As tables, too."""
    post.anew(form=form)
    post.put()
    post.turns()
    assert post.names() == [f"today.ndjson.answers{form}"]


def test_service_that_is_away_is_waited_for(post):
    """The file stays claimed, nothing is rejected, and what was done is not done again."""
    post.put()
    calls = []

    def away():
        calls.append(1)
        if len(calls) == 2:
            raise ServiceError("The service does not answer.")

    post.interrupt = away
    with pytest.raises(ServiceError):
        post.turns()
    assert post.names() == post.names(REJECTED) == []
    assert post.turns(1) == ["today.ndjson"]
    assert len(post.answers()) == len(post.seen) == ROWS


class KilledError(BaseException):
    """Stands for a kill: nothing is caught, nothing is cleaned up but what ``finally`` does."""


STEPS = 60


@pytest.mark.parametrize("broken", [False, True])
def test_whatever_step_is_the_last_one_the_next_run_finishes(tmp_path, models, monkeypatch, broken):
    """Stopped at each flush and each rename in turn: one file of answers, each record in it once, nothing left over."""
    monkeypatch.setattr(score_file, "CHUNK_ROWS", 7)
    real_flush, real_replace = whole.flush, type(tmp_path).replace
    steps_of_a_run = None
    for stop_at in range(STEPS):
        path = tmp_path / f"exchange-{stop_at}"
        path.mkdir()
        post = Post(path, models)
        left = [stop_at]

        def step(real, *arguments, left=left):
            left[0] -= 1
            if left[0] == -1:
                raise KilledError
            return real(*arguments)

        monkeypatch.setattr(whole, "flush", lambda one, step=step: step(real_flush, one))
        monkeypatch.setattr(watching, "flush", lambda one, step=step: step(real_flush, one))
        monkeypatch.setattr(type(tmp_path), "replace", lambda one, to, step=step: step(real_replace, one, to))
        if broken:
            (path / "today.ndjson").write_text("no JSON")
        else:
            post.put()
        try:
            post.turns()
        except KilledError:
            pass
        else:
            steps_of_a_run = stop_at
        monkeypatch.setattr(whole, "flush", real_flush)
        monkeypatch.setattr(watching, "flush", real_flush)
        monkeypatch.setattr(type(tmp_path), "replace", real_replace)
        post.anew()
        post.turns(3)
        if broken:
            assert post.names() == post.names(DONE) == []
            assert post.names(REJECTED) == ["today.ndjson", "today.ndjson.findings.ndjson"]
        else:
            assert post.names() == ["today.ndjson.answers.ndjson"]
            assert post.names(DONE) == ["today.ndjson"]
            sources = [one["source"] for one in post.answers()]
            assert sources == [f"today.ndjson line {n}" for n in range(1, ROWS + 1)]
        assert [one for one in (path / WORK).rglob("*") if one.name != ".lock"] == []
        if steps_of_a_run is not None:
            break
    assert steps_of_a_run is not None
    assert steps_of_a_run > 4


def test_file_that_changes_while_it_is_scored_is_scored_again(post):
    """A sender that pauses for longer than a file takes to settle is told, and nothing half leaves."""
    post.put()
    more = random_data(ROWS + 5, seed=5)[ROWS:]

    def append():
        post.interrupt = lambda: None
        [source] = (post.path / WORK).rglob("source/*")
        with source.open("a") as file:
            file.write("\n" + "\n".join(map(json.dumps, more)))

    post.interrupt = append
    with pytest.raises(ServiceError, match="still being written"):
        post.turns()
    assert post.names() == post.names(DONE) == []
    post.turns(1)
    assert len(post.answers()) == ROWS + 5


def test_one_watcher_is_enough(post):
    """A second one is told, and takes nothing."""
    with post.folder.held(), pytest.raises(ServiceError, match="Another watcher"), Folder(post.path).held():
        pass
    with post.folder.held():
        pass


def test_folder_that_is_none_is_told(tmp_path):
    """Before anything is watched."""
    with pytest.raises(ServiceError, match="no folder"):
        Folder(tmp_path / "nowhere")


def test_work_with_other_bundles_is_begun_anew_where_that_is_asked_for(post):
    """Scores of two sets of bundles are not mixed in one file."""
    post.put()

    def stop():
        if len(post.seen) >= 7:
            raise ServiceError("stopped")

    post.interrupt = stop
    with pytest.raises(ServiceError):
        post.turns()
    post.interrupt = lambda: None
    type(post).about = property(lambda _: "another post")
    try:
        with pytest.raises(ServiceError, match="other work"):
            list(post.watcher.turn())
        assert [one.name for one in post.watcher.turn(restart=True)] == ["today.ndjson"]
    finally:
        type(post).about = property(lambda _: "post")
    assert len(post.answers()) == ROWS


def test_file_that_is_taken_back_is_no_error(post, monkeypatch):
    """Between the look and the claim."""
    post.put()
    post.put("other.ndjson", random_data(2, seed=1))
    list(post.watcher.turn())
    post.now += SETTLE
    claim = Folder.claim

    def vanishing(folder, path):
        path.unlink(missing_ok=True) if path.name == "other.ndjson" else None
        return claim(folder, path)

    monkeypatch.setattr(Folder, "claim", vanishing)
    assert post.turns() == ["today.ndjson"]
