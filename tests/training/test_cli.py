"""The command line: help that teaches, one-line errors, and a bundle that reaches the service."""

import json
import shutil
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from models.bundle import digest_of, read_directory
from models.manifest import sha256
from models.promotion import Gate, GateReport, Verdict
from tests.training import small_world
from training.__main__ import COMPARED, app
from training.errors import ProposalError, ReleaseError
from training.proposing import Proposal, propose

RUNNER = CliRunner()
WIDE = {"COLUMNS": "200", "TERM": "dumb", "NO_COLOR": "1"}
CONFIG = """
name = "small-smuggling"
version = "1.0.0"
risk = "migrant_smuggling"
seed = 3
simulated = true
[family]
name = "logistic_scorecard"
min_bin_rows = 60
[evaluation]
bootstrap = 50
capacities = [0.05, 0.1]
yardstick = false
[gates]
capacity = 0.1
"""


def call(*arguments: str):
    """Run a command."""
    return RUNNER.invoke(app, list(arguments), env=WIDE)


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """Two runs by the command line, in a directory of their own."""
    place = tmp_path_factory.mktemp("cli")
    small_world.write(place / "cases.parquet")
    (place / "small.toml").write_text(CONFIG)
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(place)
        patched.setenv("TRAINING_JOBS", "1")
        cases = ("--cases", "cases.parquet")
        answers = [
            call("run", "small.toml", *cases),
            call("run", "small.toml", *cases, "--set", "seed=4", "--set", "version=1.1.0"),
        ]
        yield place, answers


@pytest.mark.parametrize(
    "command",
    [(), *((name,) for name in ("simulate", "run", "import-outcomes", "check-cases", "compare", "propose", "follow"))],
)
def test_help_teaches_with_commands_that_can_be_copied(command):
    """Every command shows at least one whole example."""
    answer = call(*command, "--help")
    assert answer.exit_code == 0
    assert f"python -m training {' '.join(command)}".strip() in answer.output


def test_run_says_what_it_found_and_where_it_is(done):
    """Measures with intervals, the verdict, gates, digest, signer, report and run."""
    _, (first, second) = done
    assert first.exit_code == second.exit_code == 0, first.output
    for said in (
        "ROC AUC",
        "90 % interval",
        "Precision at 5 % referred",
        "Lift at 10 % referred",
        "Gates:",
        "Digest: sha256:",
        "Signed by:",
        "report.html",
    ):
        assert said in first.output
    assert "nothing about real travellers" in first.output
    assert "alias candidate" in first.output


def test_runs_stay_below_the_working_directory_by_default(done):
    """Everything that a run writes lies in var/, the key readable by its owner alone."""
    place, _ = done
    assert {path.name for path in place.iterdir()} == {"cases.parquet", "small.toml", "var"}
    assert (place / "var/training/signing_key.pem").stat().st_mode & 0o777 == 0o600
    assert len(list((place / "var/training/runs").iterdir())) == 2


def test_compare_puts_runs_side_by_side_with_intervals(done):
    """Newest first; the same data digest shows that they may be compared."""
    answer = call("compare", "migrant_smuggling", "--measure", "roc_auc", "--measure", "lift_at_10pct")
    assert answer.exit_code == 0
    assert answer.output.index("small-smuggling 1.1.0") < answer.output.index("small-smuggling 1.0.0")
    line = next(line for line in answer.output.splitlines() if "roc_auc" in line)
    assert line.count(" to ") == 2
    digests = next(line for line in answer.output.splitlines() if "data_sha256" in line).split("│")[2:4]
    assert digests[0].strip() == digests[1].strip() == small_world.cases().sha256[:12]
    assert done


def test_compare_without_runs_says_how_to_make_one(done):
    """The next step is in the text."""
    answer = call("compare", "document_fraud")
    assert answer.exit_code == 1
    assert "python -m training run document_fraud" in answer.output
    assert done
    assert COMPARED[0] == "roc_auc"


def test_errors_are_one_line_and_name_the_remedy(done):
    """No trace; exit code 1."""
    assert done
    for arguments, said in (
        (("run", "none.toml"), "one of: document_fraud, migrant_smuggling"),
        (("run", "small.toml", "--set", "colour=red"), "colour: Extra inputs"),
        (("run", "small.toml", "--cases", "none.parquet"), "none.parquet"),
        (("propose", "var", "--key", "rk_1_x"), "holds no bundle"),
        (
            ("run", "small.toml", "--cases", "cases.parquet", "--champion", "var"),
            "The champion in var cannot be compared",
        ),
        (("follow",), "models:read"),
    ):
        answer = call(*arguments)
        assert answer.exit_code == 1, answer.output
        assert said in answer.output
        assert "Traceback" not in answer.output


def test_simulate_makes_cases_that_load(tmp_path):
    """A tiny world, and the truth in another directory."""
    answer = call("simulate", "--crossings", "400", "--seed", "3", "--out", str(tmp_path / "world"))
    assert answer.exit_code == 0, answer.output
    assert "400 crossings" in answer.output
    assert (tmp_path / "world/feed/cases.parquet").is_file()


class Service:
    """Answers as the service does, and keeps what it was sent."""

    def __init__(self, status: int, body) -> None:
        self.requests: list[httpx.Request] = []
        self.answer = httpx.Response(status, json=body)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer."""
        self.requests.append(request)
        return self.answer

    def client(self) -> httpx.Client:
        """A client that reaches it."""
        return httpx.Client(transport=httpx.MockTransport(self))


def directory(done) -> Path:
    """Of the first run."""
    return min((done[0] / "var/training/runs").iterdir())


def test_propose_sends_every_file_and_says_who_decides(done):
    """The key goes into the header, the files as text; another person approves."""
    service = Service(201, {"state": "proposed"})
    told = propose(directory(done), "http://service/", "rk_1_secret", client=service.client())
    request = service.requests[0]
    assert (request.method, str(request.url)) == ("POST", "http://service/v1/proposals")
    assert request.headers["authorization"] == "Bearer rk_1_secret"
    sent = {name: text.encode() for name, text in json.loads(request.content)["files"].items()}
    assert sent == read_directory(directory(done) / "bundle")
    assert told.digest == digest_of(sent)
    assert json.loads(request.content)["rationale"] == f"Release pack {told.pack}."
    assert told.pack == f"sha256:{sha256((directory(done) / 'release' / 'pack.json').read_bytes())}"
    assert propose(directory(done) / "bundle", "http://service", "k", client=service.client()).pack == told.pack
    assert f"POST http://service/v1/proposals/{told.digest}/approve" in told.next_steps
    assert f"riskapi approve {told.digest} --rationale" in told.next_steps
    assert "Another person" in told.next_steps
    assert "console" not in told.next_steps
    assert "rk_1_secret" not in told.next_steps


def test_gates_that_are_open_are_told_by_what_they_mean():
    """One that could not be decided may be answered for by its name; one that failed blocks."""
    gates = [
        Gate(name=verdict.value, title=f"Title {verdict.value}", rule="a rule", verdict=verdict) for verdict in Verdict
    ]
    said = Proposal(
        "sha256:ab", "sha256:cd", "http://service", {}, GateReport(gates=tuple(gates))
    ).next_steps.splitlines()
    assert "--accept-inconclusive inconclusive" in said[3]
    assert said[-2] == "Who approves answers for gates that could not be decided: Title inconclusive."
    assert said[-1] == "Gates that did not pass block the approval: Title failed."


def test_a_refusal_is_told_in_the_words_of_the_service(done):
    """Title, detail and every problem."""
    body = {
        "title": "Bundle refused",
        "detail": "The signer is not trusted.",
        "errors": [{"place": "signature.json", "rule": "the signer is trusted", "remedy": "add the signer"}],
    }
    service = Service(422, body)
    with pytest.raises(ProposalError, match=r"422: Bundle refused \| The signer is not trusted") as caught:
        propose(directory(done), "http://service", "rk_1_secret", client=service.client())
    assert "signature.json - the signer is trusted - add the signer" in str(caught.value)


def test_a_service_that_is_not_there_is_told_without_the_key(done):
    """With the way to start one."""
    with pytest.raises(ProposalError, match="riskapi serve") as caught:
        propose(directory(done), "http://127.0.0.1:9", "rk_1_secret")
    assert "rk_1_secret" not in str(caught.value)


def test_a_proposal_needs_a_key_and_a_whole_bundle(done, tmp_path):
    """Both are checked before anything is sent."""
    with pytest.raises(ProposalError, match="TRAINING_API_KEY"):
        propose(directory(done), "http://service", None)
    with pytest.raises(ProposalError, match="holds no bundle"):
        propose(tmp_path, "http://service", "rk_1_secret")
    shutil.copytree(directory(done) / "bundle", tmp_path / "bundle")
    with pytest.raises(ReleaseError, match=r"lacks pack\.json"):
        propose(tmp_path, "http://service", "rk_1_secret")


def test_a_run_can_be_proposed_by_its_id_alone(done, monkeypatch):
    """The bundle comes from the tracking server."""
    service = Service(201, {})
    client = service.client()
    monkeypatch.setattr("training.proposing.httpx.Client", lambda **_named: client)
    run_id = next(word for word in done[1][0].output.split("MLflow: run ")[1].split(",") if word)
    answer = call("propose", run_id, "--key", "rk_1_secret", "--url", "http://service")
    assert answer.exit_code == 0, answer.output
    digest = digest_of(read_directory(directory(done) / "bundle"))
    assert f"Proposed {digest}." in answer.output.splitlines()
    assert any(f"riskapi approve {digest}" in line for line in answer.output.splitlines())
    assert json.loads(service.requests[0].content)["files"].keys() == read_directory(directory(done) / "bundle").keys()
