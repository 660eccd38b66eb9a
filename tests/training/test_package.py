"""Gates and package: what fails, fails by name; what is refused, is refused by type; what is packed, proves itself."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from features.catalogue import CATALOGUE
from features.record import TravellerRecord
from models.card import Measure
from models.errors import BundleError
from models.promotion import Verdict, may_promote
from models.signing import public_text
from tests.training import small_world
from training import package as packaging
from training.airports import airports, airports_for
from training.config import GateConfig
from training.dataset import build
from training.errors import NotExplainableError, PackageError, ParityError
from training.evaluate import Scored, evaluate
from training.families import FAMILIES
from training.gates import Proof, judge
from training.measures import Holdout
from training.origin import git_commit, lock_sha256, signing_key
from training.pipeline import run
from training.ready import explainable, make_ready
from training.settings import TrainingSettings

GATES = GateConfig(capacity=0.05, min_lift=1.5)


def proof(strength: float = 1.2, rows: int = 6000, **changes) -> Proof:
    """What a model of some strength shows to the gates, on cases that follow its scores."""
    rng = np.random.default_rng(2)
    truth = rng.normal(-3.0, strength, rows)
    y = (rng.random(rows) < 1 / (1 + np.exp(-truth))).astype(float)
    told = changes.pop("told", truth)
    holdout = Holdout(y, np.arange(rows), None, pd.DataFrame(index=range(rows)))
    evaluation = evaluate(
        [
            Scored("explainable_boosting", "Model", told),
            Scored("prior", "Prior", np.full(rows, np.log(y.mean() / (1 - y.mean())))),
        ],
        holdout,
        {"lead": changes.pop("telling", truth)},
        small_world.config(evaluation={"capacities": [0.01, 0.05]}).evaluation,
        extra_capacity=GATES.capacity,
        seed=1,
    )
    given = {
        "train_positives": 150,
        "evaluation": evaluation,
        "parity_gap": 1e-14,
        "against_directions": "",
        "missing_reach": (0.4, -0.2),
        "golden": 200,
    }
    return Proof(**(given | changes))


@pytest.fixture(scope="module")
def good():
    """A model that passes."""
    return proof()


def verdicts(shown: Proof, config: GateConfig = GATES) -> dict[str, Verdict]:
    """Name of each gate -> verdict."""
    return {gate.name: gate.verdict for gate in judge(shown, config).gates}


def test_a_good_model_passes_every_gate(good):
    """All of them, so that a failing test below fails for its own reason."""
    assert judge(good, GATES).passed
    assert may_promote(judge(good, GATES), "amina", "brian").allowed


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("train_positives", {"train_positives": 99}),
        ("parity", {"parity_gap": 1e-6}),
        ("directions", {"against_directions": "lead: the points contradict the direction"}),
        ("golden_replay", {"golden": 0}),
        ("missingness", {"missing_reach": (0.1, -1.6)}),
    ],
)
def test_each_gate_fails_alone(good, name, change):
    """One broken proof, one failed gate, and no promotion."""
    report = judge(replace(good, **change), GATES)
    assert [gate.name for gate in report.open_gates] == [name]
    assert report.open_gates[0].verdict is Verdict.FAILED
    assert not may_promote(report, "amina", "brian").allowed


def test_r16_a_ranking_that_does_not_pay_at_capacity_fails():
    """ROC AUC alone opens no gate: a ranking without a top is refused."""
    strong = proof()
    scores = np.random.default_rng(2).normal(-3.0, 1.2, 6000)
    spoilt = np.where(scores > np.quantile(scores, 0.75), -3.0, scores)
    weak = proof(told=spoilt)
    assert weak.evaluation.chosen.measure("roc_auc").value > 0.6
    assert verdicts(weak)["lift_at_capacity"] is not Verdict.PASSED
    assert verdicts(strong)["lift_at_capacity"] is Verdict.PASSED


def test_too_few_later_cases_fail_whatever_the_ranking():
    """The holdout has a floor."""
    assert verdicts(proof(rows=400))["holdout_positives"] is Verdict.FAILED


def test_a_model_that_is_too_good_is_taken_for_a_leak():
    """Near-perfect ranking, as a whole or by one feature."""
    found = verdicts(proof(strength=9.0))
    assert found["not_too_good"] is Verdict.FAILED
    assert found["no_telling_feature"] is Verdict.FAILED


def test_noise_is_not_better_than_the_base_rate():
    """A model that ranks at random does not pass, and is not called bad beyond what the data say."""
    rng = np.random.default_rng(4)
    found = verdicts(proof(told=rng.normal(-3.0, 1.0, 6000)))
    assert found["better_than_prior"] is Verdict.FAILED
    assert found["lift_at_capacity"] in (Verdict.FAILED, Verdict.INCONCLUSIVE)


@pytest.mark.parametrize(
    ("value", "low", "high", "verdict"),
    [
        (1.0, 0.8, 1.2, Verdict.PASSED),
        (1.4, 1.1, 1.8, Verdict.INCONCLUSIVE),
        (2.0, 1.5, 2.6, Verdict.FAILED),
        (0.5, 0.3, 0.7, Verdict.FAILED),
        (None, None, None, Verdict.INCONCLUSIVE),
    ],
)
def test_calibration_has_three_verdicts(good, value, low, high, verdict):
    """Inside the range, outside with the whole interval, or not to be told."""
    chosen = good.evaluation.chosen
    measure = Measure(name="observed_to_expected", title="Observed over expected", value=value, low=low, high=high)
    others = tuple(each for each in chosen.measures if each.name != measure.name)
    changed = replace(chosen, measures=(*others, measure))
    evaluation = replace(good.evaluation, models=(changed, *good.evaluation.models[1:]))
    assert verdicts(replace(good, evaluation=evaluation))["calibration"] is verdict


def settings(place) -> TrainingSettings:
    """Everything below one directory."""
    return TrainingSettings(signing_key=place / "key.pem", runs=place / "runs", jobs=1)


@pytest.fixture(scope="module")
def material(tmp_path_factory):
    """What a run hands to packaging, caught on the way."""
    caught = {}
    place = tmp_path_factory.mktemp("package")
    original = packaging.package
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(
            "training.pipeline.package", lambda given, key: caught.update(material=given) or original(given, key)
        )
        asked = small_world.config(
            family={"name": "logistic_scorecard", "min_bin_rows": 60}, evaluation={"scorecard": False}
        )
        run(asked, settings(place), cases=small_world.cases(), track=False)
    return caught["material"]


def test_same_material_and_key_give_the_same_bytes(material):
    """Nothing of a package depends on when or where it was made."""
    key = Ed25519PrivateKey.generate()
    assert packaging.package(material, key).files == packaging.package(material, key).files


def test_another_key_changes_the_signature_alone(material):
    """The digest is of the content."""
    one, other = (packaging.package(material, Ed25519PrivateKey.generate()) for _ in range(2))
    assert one.digest == other.digest
    assert {name for name in one.files if one.files[name] != other.files[name]} == {"signature.json"}


def test_a_model_without_points_is_refused_by_its_type(material):
    """The yardstick, handed in where an explainable model is due."""
    family = FAMILIES["gradient_boosting"]
    data = build(small_world.cases(), material.risk, material.config.split, seed=3)
    quick = family.settings_type.model_validate({"rounds": 5, "leaves": [4]})
    trees = family.fit(data.train.frame, data.train.y, None, data.specs, settings=quick, seed=1)
    with pytest.raises(NotExplainableError, match="nobody could be told why"):
        explainable(trees, family.name)


def test_a_table_that_differs_from_its_estimator_is_never_packaged(material):
    """Parity is checked on the holdout itself."""

    class Liar(type(material.fitted)):
        def compile(self):
            return super().compile().scaled(1.0, 1e-3)

    data = build(small_world.cases(), material.risk, material.config.split, seed=3)
    asked = {
        "later": data.calibration,
        "holdout": material.holdout_frame,
        "population": material.population,
        "config": material.config,
    }
    lying = Liar(**vars(material.fitted))
    with pytest.raises(ParityError):
        make_ready(lying, material.calibration, **asked)
    assert make_ready(material.fitted, material.calibration, **asked).bands == material.ready.bands


def test_a_bundle_that_does_not_prove_itself_is_a_typed_error(material, monkeypatch):
    """Packed, signed, and then refused by the reader of the service: no bundle leaves."""

    def refuse(*_arguments, **_named):
        raise BundleError("golden.json", "it answers as recorded")

    monkeypatch.setattr(packaging.ModelBundle, "open", refuse)
    with pytest.raises(PackageError, match=r"golden\.json"):
        packaging.package(material, Ed25519PrivateKey.generate())


def test_golden_records_span_the_scores(material):
    """From the lowest to the highest, without identity."""
    key = Ed25519PrivateKey.generate()
    bundle = packaging.package(material, key).bundle
    scores = [golden.log_odds for golden in bundle.golden]
    assert all(a <= b for a, b in pairwise(scores))
    assert len(set(scores)) > 50
    assert bundle.signer == public_text(key)
    for golden in bundle.golden:
        record = TravellerRecord.model_validate(golden.record, strict=False)
        assert record.traveller is None or record.traveller.surname is None


def test_card_holds_what_a_person_needs(material):
    """Slices in time, quality at capacity, the comparison, bands, limits and every term with its code."""
    card = packaging.package(material, Ed25519PrivateKey.generate()).bundle.card
    assert [one.name for one in card.data] == ["train", "calibration", "holdout", "reference population"]
    assert card.data[0].ends <= card.data[1].starts <= card.data[1].ends <= card.data[2].starts
    assert {row.share for row in card.capacity} == {0.05, 0.1}
    assert [other.name for other in card.comparisons] == ["prior"]
    assert [row.group for row in card.bands] == ["high", "elevated", "standard"]
    assert {term.name for term in card.terms} == {term.name for term in material.fitted.compile().terms}
    assert any("chose to inspect" in limit for limit in card.limits)
    assert any("simulated" in limit for limit in card.limits)
    assert "Simulated" in card.to_markdown() or "simulated" in card.to_markdown()


def test_signing_key_is_made_once_for_its_owner_alone(tmp_path):
    """The second run signs with the key of the first; nobody else can read it."""
    path = tmp_path / "keys" / "key.pem"
    first = public_text(signing_key(path))
    assert public_text(signing_key(path)) == first
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o644)
    with pytest.raises(PackageError, match="chmod 600"):
        signing_key(path)


def test_origin_is_a_digest_and_a_commit():
    """Both are known for this checkout."""
    assert len(lock_sha256()) == 64
    assert git_commit() == "unknown" or len(git_commit().split(" ")[0]) == 40


def test_airports_travel_only_where_a_feature_looks_one_up():
    """A bundle of land posts carries no table of airports."""
    assert len(airports()) > 5000
    needing = [spec for spec in CATALOGUE.specs if "reference" in spec.needs]
    assert airports_for(needing) == airports()
    assert airports_for([spec for spec in CATALOGUE.specs if not spec.needs]) == {}
