"""Names that no declared column may have: what they stand for may never reach a model.

The list is a safeguard against an oversight, no proof: whoever declares a column answers for what it holds, and the
audit of proxies measures it.
"""

import re

from features import record as record_module
from features.record import Sensitivity, sensitivity_of

_NEVER_WORDS = frozenset(
    {"religion", "religious", "faith", "ethnicity", "ethnic", "race", "racial", "tribe", "tribal", "clan", "caste"}
    | {"political", "politics", "marital", "married", "marriage", "spouse", "sexual", "sexuality", "orientation"}
    | {"health", "medical", "diagnosis", "disability", "disabled", "pregnant", "pregnancy", "genetic"}
    | {"biometric", "biometrics", "fingerprint", "asylum", "meal", "meals"}
)
_NEVER_PHRASES = frozenset({"union_membership", "trade_union", "sex_life", "skin_colour", "skin_color", "birth_place"})
_AUDIT_WORDS = frozenset(
    {"gender", "sex", "nationality", "citizenship", "surname", "forename", "firstname", "lastname"}
    | {"birthdate", "birthday", "dob", "officer"}
)
_AUDIT_PHRASES = frozenset(
    {"date_of_birth", "birth_date", "year_of_birth", "given_names", "given_name", "family_name", "first_name"}
    | {"last_name", "full_name", "passport_country", "issuing_country", "residence_country", "country_of_residence"}
)
_AUDIT_EXACT = frozenset(
    f"{who}{fact}"
    for who in ("", "traveller_", "passenger_", "person_", "driver_", "applicant_", "client_", "customer_", "holder_")
    for fact in ("age", "age_years", "age_group", "age_band", "name")
)
_CHECK_WORDS = frozenset({"watchlist", "sltd"})


def _record_names() -> dict[str, Sensitivity]:
    """Facts of the record that never reach a model: an extra column may not bring them in by another door."""
    found: dict[str, Sensitivity] = {}
    for block in record_module.Block.__subclasses__():
        for name in block.model_fields:
            kept = sensitivity_of(block, name)
            if kept in (Sensitivity.NEVER, Sensitivity.CHECK):
                found[name] = kept
    return found


_RECORD_NAMES = _record_names()


def slug(text: str) -> str:
    """Write a name in small letters with underscores, so that spellings compare.

    >>> slug("Date of Birth"), slug("maritalStatus"), slug("PAY-AMT1")
    ('date_of_birth', 'marital_status', 'pay_amt1')
    """
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", text)
    return re.sub(r"[^a-z0-9]+", "_", parted.lower()).strip("_")


def why_forbidden(name: str) -> str | None:
    """Say why a column of this name may not become a feature; ``None`` where nothing speaks against it.

    >>> why_forbidden("Religion")
    'it names a fact that is never stored; leave the column out'
    >>> why_forbidden("applicant age")
    'it names a protected fact; list the column under `audit`, where fairness is measured'
    >>> why_forbidden("tax_rate"), why_forbidden("vehicle_age")
    (None, None)
    """
    plain = slug(name)
    padded, words = f"_{plain}_", set(plain.split("_"))
    kept = _RECORD_NAMES.get(plain)
    if kept is Sensitivity.NEVER or words & _NEVER_WORDS or any(f"_{phrase}_" in padded for phrase in _NEVER_PHRASES):
        return "it names a fact that is never stored; leave the column out"
    if kept is Sensitivity.CHECK or words & _CHECK_WORDS:
        return "it names the result of another system, which reads the label; leave the column out"
    if words & _AUDIT_WORDS or plain in _AUDIT_EXACT or any(f"_{phrase}_" in padded for phrase in _AUDIT_PHRASES):
        return "it names a protected fact; list the column under `audit`, where fairness is measured"
    return None
