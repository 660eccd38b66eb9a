"""From cases to slices: what a model learns from was known at its time, of others, and is what the service computes."""

import copy
from datetime import date
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from features.catalogue import CATALOGUE, LINKS_GROUP, Extractor
from features.examples import EXAMPLE_REFERENCE
from features.mapping import TableMapping
from features.record import TravellerRecord
from features.risk import RISKS
from features.spec import Kind, Use
from tests.training import agency
from tests.training.test_cases import own_table
from training import dataset as dataset_module
from training.cases import Cases, load
from training.config import SplitConfig
from training.dataset import Dataset, Slice, build
from training.errors import DatasetError, EmptyColumnError, NoCasesError, OneOutcomeError
from training.slices import CALIBRATION, HOLDOUT, NONE, TRAIN, cut

DATES = SplitConfig(train_until=date(2025, 12, 1), calibration_until=date(2026, 3, 1), embargo_days=20)


@cache
def agency_cases(rows: int = 6000, **changes: Any) -> Cases:
    """The agency's table, read through its mapping alone."""
    with TemporaryDirectory() as folder:
        path = agency.write(agency.table(rows), Path(folder) / "cases.csv")
        return load(path, TableMapping(agency.mapping() | changes))


@cache
def agency_dataset() -> Dataset:
    """The same table, cut at dates."""
    cases = agency_cases()
    assert cases.risk is not None
    return build(cases, cases.risk, DATES, seed=1)


def records(part: Slice, cases: Cases) -> list[TravellerRecord]:
    """The records behind a slice."""
    return [TravellerRecord.model_validate_json(text) for text in cases.accepted["record"].iloc[part.rows]]


def auc(train: pd.DataFrame, dataset: Dataset) -> float:
    """How well a small model ranks the holdout after learning from some form of the training columns."""
    numbers = [spec.name for spec in dataset.specs if spec.kind is not Kind.CATEGORY]
    model = make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression())
    model.fit(train[numbers].to_numpy(dtype=float), dataset.train.y)
    return float(roc_auc_score(dataset.holdout.y, model.predict_proba(dataset.holdout.frame[numbers].to_numpy())[:, 1]))


def test_a_mapping_alone_trains_a_model_that_beats_chance():
    """No line of Python is written for the agency's table."""
    assert auc(agency_dataset().train.frame, agency_dataset()) > 0.65


def test_a_rate_that_a_case_shares_in_misleads_later():
    """Why encodings are out of fold: the same columns learned in-sample rank later cases visibly worse."""
    dataset = agency_dataset()
    in_sample = pd.DataFrame(
        [Extractor(dataset.specs, dataset.reference).values(each) for each in records(dataset.train, agency_cases())],
        columns=[spec.name for spec in dataset.specs],
    )
    known = in_sample["goods_origin_rate"].notna()
    assert roc_auc_score(dataset.train.y[known], in_sample["goods_origin_rate"][known]) > 0.8  # looks splendid there
    assert auc(in_sample, dataset) < auc(dataset.train.frame, dataset) - 0.02


def test_the_service_computes_what_the_dataset_holds():
    """Later slices and the population equal the same extractor over the tables that travel in the bundle."""
    dataset, cases = agency_dataset(), agency_cases()
    extractor = Extractor(dataset.specs, dataset.reference)
    for part in (dataset.calibration, dataset.holdout):
        for row, record in enumerate(records(part, cases)[:300]):
            for name, value in zip(part.frame.columns, extractor.values(record), strict=True):
                met = part.frame[name].iloc[row]
                assert (value is None and pd.isna(met)) or met == value, name


def test_columns_have_the_types_that_families_expect():
    """Numbers and flags are float64 with NaN, categories are objects with None."""
    dataset = agency_dataset()
    assert list(dataset.train.frame.columns) == [spec.name for spec in dataset.specs]
    for spec in dataset.specs:
        column = dataset.population.frame[spec.name]
        assert column.dtype == (object if spec.kind is Kind.CATEGORY else np.float64), spec.name
    assert dataset.population.frame["crew"].isna().any()
    assert {type(value) for value in dataset.population.frame["berth"]} == {str}


def test_many_values_become_a_rate_and_few_stay():
    """What the declaration leaves open is decided by the number of values, and the decision travels."""
    dataset = agency_dataset()
    names = {spec.name for spec in dataset.specs}
    assert {"haulier_rate", "haulier_seen", "goods_rate", "origin_rate", "berth", "chapter"} <= names
    assert not {"haulier", "goods", "origin"} & names
    assert {column.name: column.encoding for column in dataset.declared.categories} == {
        "berth": "none",
        "haulier": "rate",
        "goods": "rate",
        "chapter": "none",
        "origin": "rate",
        "goods_origin": "rate",
    }
    assert set(dataset.reference.encodings) == {"haulier", "goods", "origin", "goods_origin"}


def test_r1_audit_columns_are_groups_and_never_features():
    """Gender and age of the driver stand beside the cases, for the audit alone."""
    dataset = agency_dataset()
    assert {"mode", "point", "driver_gender", "driver_age"} <= set(dataset.holdout.groups.columns)
    assert set(dataset.holdout.groups["driver_age"]) == {"under 30", "30 to 50", "50 and over"}
    assert not set(dataset.holdout.groups.columns) & set(dataset.holdout.frame.columns)


def test_r17_protected_facts_of_the_record_become_groups(tmp_path):
    """The project's own cases bring age band, gender and region from the record."""
    own_table(400).to_parquet(tmp_path / "cases.parquet")
    dataset = build(load(tmp_path / "cases.parquet"), RISKS["document_fraud"], reference=EXAMPLE_REFERENCE)
    audited = [spec.name for spec in CATALOGUE if spec.use is Use.AUDIT]
    assert set(audited) <= set(dataset.population.groups.columns)
    assert dataset.population.groups["age_band"].nunique() > 2
    allowed = [spec for spec in CATALOGUE.for_scoring(RISKS["document_fraud"]) if spec.group != LINKS_GROUP]
    assert [spec.name for spec in dataset.specs] == [spec.name for spec in allowed]


def test_slices_follow_each_other_in_time_with_days_between():
    """Train, then 20 days of nothing, then calibration, then 20 days of nothing, then holdout."""
    dataset = agency_dataset()
    assert dataset.train.about["time"].max() < pd.Timestamp("2025-11-11", tz="UTC")
    assert dataset.calibration.about["time"].min() >= pd.Timestamp("2025-12-01", tz="UTC")
    assert dataset.calibration.about["time"].max() < pd.Timestamp("2026-02-09", tz="UTC")
    assert dataset.holdout.about["time"].min() >= pd.Timestamp("2026-03-01", tz="UTC")


def test_an_entity_is_never_on_both_sides():
    """A lorry that taught the model does not judge it."""
    dataset = agency_dataset()
    train, calibration, holdout = (
        set(part.about["entity"]) for part in (dataset.train, dataset.calibration, dataset.holdout)
    )
    assert not train & calibration
    assert not train & holdout
    assert not calibration & holdout
    assert dataset.cut.numbers["entity_met_before"] > 0


def test_every_case_is_accounted_for():
    """Cases in slices and cases left out, with the reason, add up to all cases."""
    numbers = agency_dataset().cut.numbers
    left = ("without_label", "between_slices", "outcome_known_too_late", "entity_met_before")
    used = sum(numbers[f"{name}_cases"] for name in ("train", "calibration", "holdout"))
    assert used + sum(numbers[name] for name in left) == numbers["cases"] == len(agency_dataset().population)


def random_cases(rng: np.random.Generator, rows: int) -> tuple[pd.DataFrame, pd.Series]:
    """Cases with any times, delays and entities."""
    time = pd.to_datetime("2025-01-01", utc=True) + pd.to_timedelta(rng.integers(0, 300 * 86_400, rows), unit="s")
    delay = pd.to_timedelta((rng.exponential(20, rows) * 86_400).astype(int), unit="s")
    label = pd.Series(rng.choice([0.0, 1.0, np.nan], rows, p=[0.6, 0.2, 0.2]))
    cases = pd.DataFrame(
        {
            "time": time,
            "known_at": pd.Series(time + delay).where(label.notna()),
            "entity": rng.integers(0, rows, rows).astype(str),
        }
    )
    return cases, label


@pytest.mark.parametrize("seed", range(5))
def test_no_outcome_known_after_the_training_moment_is_used(seed):
    """10,000 cases of any times: neither training nor calibration uses what nobody knew yet."""
    rng = np.random.default_rng(seed)
    cases, label = random_cases(rng, 10_000)
    first, second = sorted(rng.choice(np.arange(30, 280), 2, replace=False))
    start = date(2025, 1, 1).toordinal()
    split = SplitConfig(
        train_until=date.fromordinal(start + int(first)),
        calibration_until=date.fromordinal(start + int(second)),
        embargo_days=int(rng.integers(0, 10)),
    )
    where = cut(cases, label, split, has_time=True, seed=0)
    for place, moment in ((TRAIN, where.train_until), (CALIBRATION, where.calibration_until)):
        used = where.labelled & (where.place == place)
        assert (cases["known_at"][used] <= moment).all()
        assert (cases["time"][used] < moment - pd.Timedelta(days=split.embargo_days)).all()
    assert where.numbers["outcome_known_too_late"] > 0
    for earlier, later in ((TRAIN, CALIBRATION), (TRAIN, HOLDOUT), (CALIBRATION, HOLDOUT)):
        used = [set(cases["entity"][where.labelled & (where.place == place)]) for place in (earlier, later)]
        assert not used[0] & used[1]
    assert (where.place[~where.labelled & label.notna()] >= NONE).all()


def test_shares_cut_labelled_cases_along_time():
    """Shares count cases with an outcome; a moment belongs to one slice only."""
    cases, label = random_cases(np.random.default_rng(3), 5000)
    cases["known_at"] = cases["time"]
    cases["entity"] = [str(n) for n in range(5000)]
    where = cut(cases, label, SplitConfig(train_share=0.5, calibration_share=0.2), has_time=True, seed=0)
    used = [int((where.labelled & (where.place == place)).sum()) for place in (TRAIN, CALIBRATION, HOLDOUT)]
    assert [round(number / sum(used), 2) for number in used] == [0.5, 0.2, 0.3]
    latest = cases["time"][where.place == TRAIN].max()
    assert latest < cases["time"][where.place == CALIBRATION].min()


def test_without_times_entities_are_dealt_at_random():
    """A table without a time column is split by entity, the same way for the same seed."""
    record = copy.deepcopy(agency.mapping()["record"])
    record["crossing.expected_at"] = {"constant": "2026-01-01"}
    outcome = copy.deepcopy(agency.mapping()["outcome"])
    del outcome["known_at"]
    with TemporaryDirectory() as folder:
        path = agency.write(agency.table(1500), Path(folder) / "cases.csv")
        cases = load(path, TableMapping(agency.mapping() | {"record": record, "outcome": outcome}))
    assert not cases.has_time
    first, again, other = (build(cases, cases.risk, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.train.rows, again.train.rows)
    assert not np.array_equal(first.train.rows, other.train.rows)
    assert not set(first.train.about["entity"]) & set(first.holdout.about["entity"])
    assert 0.55 < len(first.train) / np.isfinite(first.population.y).sum() < 0.65


def test_order_of_rows_and_number_of_processes_change_nothing(tmp_path, monkeypatch):
    """The same cases give the same dataset to the last bit."""
    monkeypatch.setattr(dataset_module, "_CHUNK", 250)
    monkeypatch.setattr(dataset_module, "processes", lambda _rows, workers: workers)
    table = agency.table(1200)
    datasets = []
    for number, (frame, workers) in enumerate(((table, 1), (table.sample(frac=1, random_state=2), 2))):
        path = agency.write(frame, tmp_path / f"{number}.csv")
        cases = load(path, TableMapping(agency.mapping()))
        datasets.append(build(cases, cases.risk, seed=3, workers=workers))
    one, two = datasets
    assert one.sha256 == two.sha256
    assert one.reference == two.reference
    assert one.declared == two.declared
    for name in ("train", "calibration", "holdout", "population"):
        pd.testing.assert_frame_equal(getattr(one, name).frame, getattr(two, name).frame)
        pd.testing.assert_frame_equal(getattr(one, name).about, getattr(two, name).about)
        np.testing.assert_array_equal(getattr(one, name).y, getattr(two, name).y)


def test_the_population_holds_every_case_labelled_or_not():
    """Those whom nobody inspected belong to the people among whom a score is compared."""
    dataset = agency_dataset()
    assert len(dataset.population) == len(agency_cases().accepted)
    assert np.isnan(dataset.population.y).sum() == dataset.cut.numbers["without_label"]


def test_a_slice_without_cases_is_refused():
    """A date beyond the last case leaves nothing to judge by."""
    cases = agency_cases()
    with pytest.raises(NoCasesError, match="holdout slice has no labelled case"):
        build(cases, cases.risk, SplitConfig(train_until=date(2025, 6, 1), calibration_until=date(2030, 1, 1)))


def test_a_slice_with_one_outcome_is_refused():
    """There is nothing to tell apart."""
    cases = agency_cases()
    risk = cases.risk.model_copy(update={"outcome_codes": ("another_thing",)})
    with pytest.raises(OneOutcomeError, match="train slice the risk was not confirmed"):
        build(cases, risk, DATES)


def test_a_column_without_any_value_is_refused(tmp_path):
    """A mapped column that is always blank is a mistake in the mapping."""
    table = agency.table(600).assign(Haulier="")
    cases = load(agency.write(table, tmp_path / "cases.csv"), TableMapping(agency.mapping()))
    with pytest.raises(EmptyColumnError, match=r"extra\.haulier: the column holds no value"):
        build(cases, cases.risk)


def test_cases_of_one_moment_cannot_be_cut_by_shares():
    """The text says to give dates."""
    cases, label = random_cases(np.random.default_rng(1), 50)
    cases["time"] = cases["time"].iloc[0]
    with pytest.raises(DatasetError, match=r"split\.train_until"):
        cut(cases, label, SplitConfig(), has_time=True, seed=0)
