"""Golden records say nothing of anybody, and notice any change of an answer."""

from dataclasses import replace

import orjson
import pytest

from features.catalogue import CATALOGUE, Extractor
from features.examples import EXAMPLE_LAND_RECORD, EXAMPLE_MINOR_RECORD, EXAMPLE_RECORD, EXAMPLE_REFERENCE, traveller
from features.record import Sensitivity, TravellerRecord, sensitivity_of
from features.risk import RISKS
from features.spec import Use
from features.walk import blocks
from models.errors import BundleContentError, BundleReplayError
from models.golden import GoldenRecord, anonymise, read_golden, replay
from tests.models.bundle_makers import bundle, records

SCORED = tuple(spec for spec in CATALOGUE if spec.use is Use.SCORE)
WHOLE = {
    **EXAMPLE_RECORD,
    "upstream": {"watchlist_hit": True, "visa_ok": False},
    "traveller": {**EXAMPLE_RECORD["traveller"], "biometric_match_ok": False},
}


def submitted(record: TravellerRecord) -> dict[str, object]:
    """Every fact that a record holds, by its path."""
    return {path + name: getattr(block, name) for path, block in blocks(record) for name in block.model_fields_set}


def test_identity_is_gone():
    """No protected fact stays but a neutral name, an age, the ports and numbered carriers."""
    left = submitted(anonymise(traveller(WHOLE), 7))
    protected = {
        path
        for path in left
        for block_path, block in blocks(anonymise(traveller(WHOLE), 7))
        if path.startswith(block_path)
        and "." not in (name := path.removeprefix(block_path))
        and name in type(block).model_fields
        and sensitivity_of(type(block), name) in (Sensitivity.AUDIT, Sensitivity.CHECK)
    }
    assert protected == {
        "record_id",
        "crossing.point",
        "traveller.age_years",
        "booking.co_traveller_refs",
        "journey.legs[0].carrier",
        "journey.legs[0].origin",
        "journey.legs[0].destination",
    }
    assert (left["record_id"], left["crossing.point"], left["journey.legs[0].carrier"]) == ("golden-0007", "X", "X0")
    assert left["booking.co_traveller_refs"] == ("x0",)


@pytest.mark.parametrize("base", [WHOLE, EXAMPLE_LAND_RECORD, EXAMPLE_MINOR_RECORD], ids=["air", "land", "minor"])
def test_no_submitted_text_of_a_person_survives(base):
    """Names, numbers and addresses do not occur in the text of the golden record."""
    text = anonymise(traveller(base)).model_dump_json()
    person = base["traveller"] | base.get("contact", {})
    words = [
        person.get(name) for name in ("surname", "given_names", "ref", "date_of_birth", "phone", "email", "address")
    ]
    words += [base["record_id"], base["crossing"]["point"] if base is EXAMPLE_LAND_RECORD else None]
    words += [document["number"] for document in base["documents"]]
    for word in filter(None, words):
        assert str(word) not in text


@pytest.mark.parametrize("base", [WHOLE, EXAMPLE_LAND_RECORD, EXAMPLE_MINOR_RECORD], ids=["air", "land", "minor"])
def test_features_that_do_not_count_facts_stay_the_same(base):
    """The anonymous record gives the same values; only counts of what was submitted may differ."""
    record = traveller(base)
    kept = tuple(spec for spec in SCORED if spec.group != "quality")
    extractor = Extractor(kept, EXAMPLE_REFERENCE)
    assert extractor.values(anonymise(record)) == extractor.values(record)


def test_a_stated_age_and_an_unknown_age_stay():
    """Nothing is invented where no date of birth was sent."""
    assert anonymise(traveller(EXAMPLE_LAND_RECORD)).traveller.age_years == 44
    assert anonymise(traveller(EXAMPLE_LAND_RECORD, age_years=None)).traveller.age_years is None
    assert anonymise(traveller(traveller=None)).traveller is None


def test_carriers_are_numbered_so_that_their_count_stays():
    """Two legs with one carrier and a third with another keep two carriers."""
    legs = [dict(EXAMPLE_RECORD["journey"]["legs"][0], carrier=carrier) for carrier in ("KQ", "ET", "KQ")]
    plain = anonymise(traveller(legs=legs))
    assert [leg.carrier for leg in plain.journey.legs] == ["X0", "X1", "X0"]


def test_private_declared_values_become_x():
    """A declared value that may name somebody is hidden; others stay."""
    record = traveller({**EXAMPLE_RECORD, "extra": {"importer": "Mukisa & Sons", "tax_rate": 8.0}})
    assert dict(anonymise(record, 1, {"importer", "absent"}).extra) == {"importer": "x", "tax_rate": 8.0}


@pytest.mark.parametrize("risk", sorted(RISKS))
def test_golden_records_replay(risk):
    """What was noted is what is answered, also after JSON."""
    opened = bundle(risk)
    assert len(opened.golden) == 20
    again = read_golden(orjson.loads(orjson.dumps([record.to_json() for record in opened.golden])))
    replay(again, opened.extractor, opened.model, opened.reasoner)


def changed(golden: GoldenRecord, **changes) -> list[GoldenRecord]:
    """A good golden record, then a changed one."""
    return [golden, replace(golden, **changes)]


def test_every_kind_of_difference_is_noticed():
    """A value, a score off by one bit, a reason code, a missing value."""
    opened = bundle()
    good = opened.golden[0]
    flag = next(at for at, value in enumerate(good.values) if isinstance(value, bool))
    number = next(at for at, value in enumerate(good.values) if isinstance(value, float))
    values = list(good.values)
    wrong = [
        ({"log_odds": good.log_odds * (1 + 2**-52)}, "score"),
        ({"codes": good.codes[:-1]}, "reasons"),
        ({"codes": good.codes[::-1]}, "reasons"),
        ({"values": tuple(values[:-1])}, "one value per feature"),
        ({"values": (*values[:flag], int(values[flag]), *values[flag + 1 :])}, opened.specs[flag].name),
        ({"values": (*values[:number], values[number] + 1e-9, *values[number + 1 :])}, opened.specs[number].name),
        ({"values": (*values[:number], 10**400, *values[number + 1 :])}, opened.specs[number].name),
        ({"values": (*values[:number], [1], *values[number + 1 :])}, opened.specs[number].name),
    ]
    for changes, rule in wrong:
        with pytest.raises(BundleReplayError, match=f"golden record 2.*{rule}"):
            replay(changed(good, **changes), opened.extractor, opened.model, opened.reasoner)


@pytest.mark.parametrize("record", [{}, {"record_id": 1}, {"record_id": "1", "crossing": {}}, {"x": float("inf")}])
def test_a_golden_record_that_is_none_is_refused(record):
    """It is named by its number."""
    opened = bundle()
    with pytest.raises(BundleContentError, match="golden record 2"):
        replay(changed(opened.golden[0], record=record), opened.extractor, opened.model, opened.reasoner)


def test_whole_numbers_beyond_two_to_the_53_replay():
    """Canonical JSON writes large floats as whole numbers; they are compared as the floats that they are."""
    noted = GoldenRecord({}, (1.943792851562833e16, 2**60), 0.0, ()).to_json()
    assert noted["values"] == [1.943792851562833e16, float(2**60)]


@pytest.mark.parametrize(
    "data",
    [None, {}, [], [1], [{}], [{"record": {}, "values": [], "log_odds": "0", "codes": []}], [{}] * 5001],
)
def test_data_that_holds_no_golden_records_is_refused(data):
    """At least one, at most five thousand, each whole."""
    with pytest.raises(BundleContentError, match=r"golden\.json"):
        read_golden(data)


def test_records_of_tests_differ():
    """The golden records of these tests are not one record many times."""
    assert len({record.log_odds for record in bundle().golden}) > 10
    assert len(records()) == 30
