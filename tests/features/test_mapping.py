"""A mapping file: an agency's rows become records, and what may not be a feature is refused at load."""

import copy
import pickle
from datetime import UTC, date, datetime
from typing import Any

import pytest

from features.errors import FeatureDefinitionError
from features.mapping import RowError, TableMapping
from tests.training import agency

ROW = {
    "Entry": "E1",
    "Day": "14.03.2026",
    "Berth": "B1",
    "Way": "I",
    "Plate": "P1",
    "Weight": "12.5",
    "Crew": "2",
    "Sealed": "J",
    "Insured": "2026-12-31",
    "Haulier": "H1",
    "Goods": "6203",
    "From": "NA",
    "Driver": "F",
    "Years": "44",
}


def changed(**tables: dict[str, Any]) -> dict[str, Any]:
    """The agency's mapping with entries added or (by None) taken out."""
    content = copy.deepcopy(agency.mapping())
    for table, entries in tables.items():
        for key, value in entries.items():
            content[table][key] = value
            if value is None:
                del content[table][key]
    return content


def test_a_row_becomes_a_record():
    """Facts go to their places, own columns to extra, in their types."""
    record = TableMapping(agency.mapping()).row_to_record(ROW)
    assert record.record_id == "E1"
    assert record.crossing.expected_at == datetime(2026, 3, 14, tzinfo=UTC)
    assert (record.crossing.mode, record.crossing.point, record.crossing.direction) == ("sea", "B1", "in")
    assert dict(record.extra) == {
        "weight_t": 12.5,
        "crew": 2.0,
        "sealed": True,
        "insured_until": "2026-12-31",
        "berth": "B1",
        "haulier": "H1",
        "goods": "6203",
        "origin": "NA",
    }


def test_na_is_a_country_unless_the_file_says_otherwise():
    """Only a blank is missing by default; further texts are declared."""
    content = changed(table={"missing": ["NA", "-"]})
    assert "origin" not in TableMapping(content).row_to_record(ROW).extra
    assert "weight_t" not in TableMapping(content).row_to_record(ROW | {"Weight": "-"}).extra


@pytest.mark.parametrize("blank", ["", "   ", None, float("nan")])
def test_r28_a_blank_cell_is_a_missing_fact(blank):
    """Blank text, nothing and not-a-number all mean that the fact was not submitted."""
    record = TableMapping(agency.mapping()).row_to_record(ROW | {"Weight": blank, "Goods": blank})
    assert not {"weight_t", "goods"} & set(record.extra)


def test_numbers_from_a_typed_table_are_understood():
    """Parquet brings numbers, times and codes as numbers; the record is the same."""
    mapping = TableMapping(agency.mapping())
    day = datetime(2026, 3, 14)  # noqa: DTZ001  a table's time without a zone is what is tested
    typed = ROW | {"Weight": 12.5, "Crew": 2, "Goods": 6203.0, "Day": day, "Insured": date(2026, 12, 31)}
    assert mapping.row_to_record(typed) == mapping.row_to_record(ROW)


def test_lost_leading_zeros_are_put_back():
    """A code that a spreadsheet read as a number gets its width again."""
    content = changed(extra={"goods": {"column": "Goods", "kind": "category", "width": 6}})
    assert TableMapping(content).row_to_record(ROW | {"Goods": 30617.0}).extra["goods"] == "030617"


def test_decimal_commas_and_thousands():
    """Tables of the continent are read as declared, and only so."""
    continental = TableMapping(changed(table={"decimal": ",", "thousands": "."}))
    assert continental.row_to_record(ROW | {"Weight": "1.234,5"}).extra["weight_t"] == 1234.5
    with pytest.raises(RowError, match="decimal comma"):
        TableMapping(changed(table={"decimal": ","})).row_to_record(ROW | {"Weight": "1.234"})


def test_times_are_those_of_the_declared_place():
    """A clock without an offset shows the time of the agency's zone; the record is in UTC."""
    mapping = TableMapping(changed(table={"timezone": "Africa/Nairobi"}))
    assert mapping.row_to_record(ROW).crossing.expected_at == datetime(2026, 3, 13, 21, tzinfo=UTC)
    assert mapping.row_to_record(ROW).extra["insured_until"] == "2026-12-31"  # a day is not moved


def test_flags_by_default_and_by_declaration():
    """Common spellings are known; an agency's own are declared, and then nothing else is."""
    plain = TableMapping(changed(extra={"sealed": {"column": "Sealed", "kind": "flag", "expects": "decreasing"}}))
    for cell, value in {"Y": True, "yes": True, "1": True, "TRUE": True, 1: True, "n": False, "0": False}.items():
        assert plain.row_to_record(ROW | {"Sealed": cell}).extra["sealed"] is value
    with pytest.raises(RowError, match="yes or no"):
        TableMapping(agency.mapping()).row_to_record(ROW | {"Sealed": "Y"})


def test_facts_of_documents_and_legs():
    """Places with a number fill lists in the order of the mapping."""
    content = changed(
        record={
            "documents[0].type": {"constant": "P"},
            "documents[0].expiry_date": {"column": "Insured"},
            "journey.legs[0].origin": {"constant": "MSW"},
            "journey.legs[1].origin": {"constant": "ASM"},
            "journey.has_return": {"column": "Sealed", "true": ["J"], "false": ["N"]},
            "booking.party_size": {"column": "Crew"},
            "message_types_present": {"constant": ["API", "PNR"]},
        }
    )
    record = TableMapping(content).row_to_record(ROW)
    assert record.documents[0].type == "P"
    assert record.documents[0].expiry_date == date(2026, 12, 31)
    assert [leg.origin for leg in record.journey.legs] == ["MSW", "ASM"]
    assert record.journey.has_return is True
    assert record.booking.party_size == 2
    assert record.message_types_present == ("API", "PNR")


def test_a_row_without_an_id_takes_the_one_given():
    """A table may have no id of its own."""
    mapping = TableMapping(changed(record={"record_id": None}))
    assert mapping.row_to_record(ROW, "row-7").record_id == "row-7"


def test_r37_all_problems_of_a_row_are_told_without_its_cells():
    """Place, rule, remedy with the column's name; the cells stay where they are."""
    cells = {"Day": "2026/14/33", "Weight": "heavyweight", "Sealed": "perhaps", "Way": "sideways"}
    with pytest.raises(RowError) as error:
        TableMapping(agency.mapping()).row_to_record(ROW | cells)
    assert [problem.place for problem in error.value.problems] == [
        "crossing.direction",
        "crossing.expected_at",
        "extra.weight_t",
        "extra.sealed",
    ]
    for problem, column in zip(error.value.problems, ("Way", "Day", "Weight", "Sealed"), strict=True):
        assert repr(column) in problem.remedy
    assert not any(cell in str(error.value) for cell in cells.values())


def test_r37_what_the_record_refuses_names_the_column():
    """Rules of the record itself come back with the agency's column."""
    content = changed(record={"crossing.mode": {"column": "Berth"}, "crossing.point": {"column": "Plate"}})
    with pytest.raises(RowError) as error:
        TableMapping(content).row_to_record(ROW | {"Plate": ""})
    told = {problem.place: problem for problem in error.value.problems}
    assert "'air', 'sea' or 'land'" in told["crossing.mode"].rule
    assert "'Berth'" in told["crossing.mode"].remedy
    assert told["crossing.point"].rule == "a mandatory fact is missing"
    assert "B1" not in str(error.value)


def test_a_mapping_travels_between_processes():
    """Pickling keeps what it reads, although its converters are made again."""
    again = pickle.loads(pickle.dumps(TableMapping(agency.mapping())))
    assert again.row_to_record(ROW) == TableMapping(agency.mapping()).row_to_record(ROW)


def test_the_columns_it_needs_are_known():
    """To score a table only the record's columns are needed; to learn from it, the outcome's too."""
    mapping = TableMapping(agency.mapping())
    assert "Found" not in mapping.record_columns
    assert {"Found", "Closed", "Why", "Plate", "Driver", "Weight"} <= set(mapping.columns)
    assert "Fine" not in mapping.columns


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        ({"extra": {"x": {"column": "Fine", "kind": "number"}}}, "'Fine' is refused.*only after the decision"),
        ({"extra": {"x": {"column": "Found", "kind": "category"}}}, "'Found' is refused.*holds the outcome"),
        ({"extra": {"x": {"column": "Closed", "kind": "date"}}}, "'Closed' is refused.*how the outcome came about"),
        ({"extra": {"x": {"column": "Why", "kind": "category"}}}, "'Why' is refused.*how the outcome came about"),
        ({"extra": {"x": {"column": "Driver", "kind": "category"}}}, "'Driver' is refused.*fairness audit alone"),
        ({"extra": {"x": {"column": "Religion", "kind": "category"}}}, "'Religion' is refused.*never stored"),
        ({"extra": {"x": {"column": "Officer", "kind": "category"}}}, "'Officer' is refused.*protected"),
        ({"extra": {"x": {"column": "Plate", "kind": "category"}}}, "'Plate' is the entity"),
        ({"record": {"booking.payment_method": {"column": "Fine"}}}, "'Fine' is refused.*only after the decision"),
        ({"record": {"stay.purpose_code": {"column": "Driver"}}}, "'Driver' is refused as a feature"),
        ({"record": {"traveller.religion": {"column": "Faith"}}}, "never stored, so never mapped"),
        ({"record": {"crossing.colour": {"column": "x"}}}, "no fact of the record"),
        ({"record": {"crossing": {"column": "x"}}}, "a whole block"),
        ({"record": {"documents": {"column": "x"}}}, "a whole block"),
        ({"record": {"extra": {"column": "x"}}}, "no fact of the record"),
        ({"record": {"crossing.mode": None}}, "record.crossing.mode: every record has it"),
        ({"record": {"record_id": {"column": "a", "constant": "b"}}}, "either `column` or `constant`"),
        ({"record": {"journey.stay_days": {"constant": "long"}}}, "a number is expected"),
        ({"audit": {"faith": "Religion"}}, "audit.faith: .*never stored"),
        ({"audit": {"years": {"column": "Years", "bands": [50, 30]}}}, "must rise"),
        ({"table": {"timezone": "Moon"}}, "IANA"),
        ({"table": {"colour": "red"}}, "table.colour: not known here"),
        ({"table": {"decimal": ".", "thousands": "."}}, "same character"),
        ({"encoding": {}}, None),
        ({"outcome": {"selection": {"constant": "habit"}}}, "outcome.selection: choose among random"),
        ({"outcome": {"evidence": {"constant": "model_score"}}}, "labels come from independent outcomes"),
        ({"outcome": {"decided_by_role": {"constant": "system"}}}, "labels come from independent outcomes"),
        ({"outcome": {"negative": []}}, "both `positive` and `negative`"),
        ({"outcome": {"known_at": None}}, "say when an outcome became known"),
        ({"outcome": {"delay_days": 3}}, "either `known_at` or `delay_days`"),
        ({"outcome": {"codes": {"yes": "x"}}}, "either `codes`"),
        ({"outcome": {"selection": None}}, "outcome.selection: Field required"),
        ({"outcome": {"evidence": None}}, "outcome.evidence: Field required"),
        ({"extra": {"x": {"of": ["goods"], "prefix": 2, "column": "Goods", "kind": "category"}}}, "has no place"),
        ({"extra": {"x": {"column": "Plate", "kind": "colour"}}}, "x.kind"),
        ({"extra": {"x": {"column": "Sealed", "kind": "flag", "expects": "increasing", "true": ["J"]}}}, "both `true`"),
        ({"risk": {"audience": "everybody"}}, "risk: .*audience"),
    ],
)
def test_a_wrong_mapping_is_refused_at_load(tables, words):
    """Leaking, protected and unknown columns, and every missing statement, are named with a remedy."""
    content = changed(**{name: entries for name, entries in tables.items() if entries})
    if words is None:
        TableMapping(content | {"encoding": {"smoothing": 5}})
        return
    with pytest.raises(FeatureDefinitionError, match=words):
        TableMapping(content)


@pytest.mark.parametrize(
    ("name", "entry", "words"),
    [
        ("transport_mode", {"column": "Way", "kind": "category"}, "name is also that of the feature 'transport_mode'"),
        ("x", {"column": "Crew", "kind": "number", "code": "BG02"}, "code is also that of the feature 'checked_kg'"),
        ("x", {"column": "Crew", "kind": "number", "missing": "Cabin was not given"}, "sentence is also that of the"),
        (
            "x",
            {"column": "Crew", "kind": "number", "label": "weight of the load"},
            "that of extra.weight_t; give it an",
        ),
        ("x", {"column": "Plate2", "kind": "category", "label": "haulier"}, "that of extra.haulier; give it another"),
    ],
)
def test_what_other_features_have_already_is_refused_at_load(name, entry, words):
    """Nobody reads a table for half a minute, or trains, to learn of a clash of names or sentences."""
    with pytest.raises(FeatureDefinitionError, match=f"extra.{name}: its .*{words}"):
        TableMapping(changed(extra={name: entry}))


def test_a_label_of_the_catalogue_is_no_clash():
    """An agency's own column may be called what it is, such as a mode of transport."""
    entry = {"column": "Way", "kind": "category", "label": "mode of transport"}
    assert "way" in TableMapping(changed(extra={"way": entry})).declared["way"].name


def test_all_problems_of_a_mapping_are_told_at_once():
    """A mapping is corrected in one go."""
    content = changed(
        extra={"x": {"column": "Fine", "kind": "number"}}, record={"crossing.point": None}, audit={"faith": "Religion"}
    )
    with pytest.raises(FeatureDefinitionError) as error:
        TableMapping(content)
    assert all(words in str(error.value) for words in ("'Fine'", "record.crossing.point", "audit.faith"))


def test_a_file_is_read_relative_to_itself(tmp_path):
    """Tables stand beside the mapping that names them."""
    path = tmp_path / "agency.toml"
    path.write_text(
        '[table]\nfiles = ["cases.csv"]\n[record]\n"crossing.mode" = { constant = "land" }\n'
        '"crossing.point" = { constant = "X" }\n"crossing.direction" = { constant = "in" }\n'
        '"crossing.expected_at" = { constant = 2026-01-01 }\n',
        encoding="utf-8",
    )
    mapping = TableMapping.from_toml(path)
    assert mapping.files == (tmp_path / "cases.csv",)
    assert not mapping.has_time
    assert mapping.row_to_record({}, "1").crossing.expected_at == datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(("text", "words"), [("[table", "not TOML"), (None, "not readable")])
def test_a_file_that_is_no_mapping(tmp_path, text, words):
    """A damaged or absent file is named."""
    path = tmp_path / "agency.toml"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(FeatureDefinitionError, match=f"agency.toml: {words}"):
        TableMapping.from_toml(path)


def test_what_shapes_a_model_is_told_and_where_files_lie_is_not():
    """The digest of a configuration changes with the mapping's meaning only."""
    there = changed(table={"files": ["a.csv"]})
    assert TableMapping(there).to_json() == TableMapping(agency.mapping()).to_json()
    assert TableMapping(changed(table={"decimal": ","})).to_json() != TableMapping(there).to_json()
