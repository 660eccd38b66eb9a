import importlib

import pytest

from features.errors import FeatureError
from features.mapping import RowError
from models.errors import BundleDigestError, BundleError, ModelError
from riskapi import errors
from riskapi.errors import (
    KINDS,
    InvalidBodyError,
    Problem,
    ServiceError,
    TooManyRequestsError,
    answer_for,
    kind_of,
    problem_document,
)
from riskapi.schemas import ProblemBody
from tests.riskapi.makers import written_until


def tree(root):
    """A class and all that derive from it, in this project."""
    for module in ("features.errors", "features.mapping", "models.errors", "riskapi.errors"):
        importlib.import_module(module)
    yield root
    for child in root.__subclasses__():
        yield from tree(child)


EVERY = [one for root in (ServiceError, FeatureError, ModelError) for one in tree(root)]


@pytest.mark.parametrize("kind", EVERY, ids=lambda kind: kind.__name__)
def test_every_error_of_the_project_has_an_entry(kind):
    """Walk the three trees: each class is listed or below one that is, and its status is an error's."""
    assert any(ancestor in KINDS for ancestor in kind.__mro__)
    if issubclass(kind, BundleError):
        error = kind("model.json", "rule")
    elif issubclass(kind, InvalidBodyError | RowError):
        error = kind([Problem("a", "b", "c")])
    elif issubclass(kind, TooManyRequestsError):
        error = kind("text", 1.5)
    else:
        error = kind("text")
    answer = answer_for(error)
    assert 400 <= answer.status < 600
    body = ProblemBody.model_validate_json(answer.body)
    assert body.status == answer.status == kind_of(error).status


def test_tree_is_drawn_as_it_is():
    """The drawing at the top of the module names every class of it."""
    for kind in tree(ServiceError):
        if kind.__module__ == errors.__name__:
            assert f"{kind.__name__} " in errors.__doc__ or f"{kind.__name__}\n" in errors.__doc__


def test_unknown_error_shows_nothing_of_itself():
    """An error that nobody foresaw is answered without its text."""
    document = problem_document(RuntimeError("ZZSECRETZZ"))
    assert document["status"] == 500
    assert "ZZSECRETZZ" not in str(document)


def test_error_of_a_lower_floor_shows_no_text():
    """A text that was not written for callers stays inside."""
    assert "ZZSECRETZZ" not in str(problem_document(FeatureError("ZZSECRETZZ")))


def test_refused_bundle_names_file_rule_and_remedy():
    """What is wrong with a bundle is said in the common form."""
    document = problem_document(BundleDigestError("model.json", "its hash is the one in the signed manifest"))
    assert document["status"] == 422
    assert document["errors"][0]["place"] == "model.json"


def test_unforeseen_error_is_answered_and_logged_without_its_text(client, monkeypatch, capfd):
    """A fault anywhere gives one problem and one line with type and place; its text, which may hold data, stays in."""
    from riskapi import deciding  # noqa: PLC0415
    from riskapi.routes import scores  # noqa: PLC0415

    def fail(*_arguments):
        raise RuntimeError("ZZSECRETZZ")

    monkeypatch.setattr(deciding, "assess_all", fail)
    answer = client.post("/v1/scores", json=scores.RECORD_EXAMPLES["air"]["value"])
    assert answer.status_code == 500
    assert ProblemBody.model_validate_json(answer.content).type.endswith("internal")
    assert answer.headers["x-content-type-options"] == "nosniff"
    written = "".join(written_until(capfd, "RuntimeError"))
    assert "ZZSECRETZZ" not in answer.text + written
    assert "RuntimeError" in written
