"""The errors of this floor.

FeatureError
├── FeatureDefinitionError    a feature, a risk or a declaration breaks a rule of the catalogue
├── RecordError               a submitted record breaks a rule of the record
└── ReferenceDataError        a lookup table is missing or damaged
"""


class FeatureError(Exception):
    """Anything that goes wrong on the floor of features."""


class FeatureDefinitionError(FeatureError):
    """A feature, a risk or a declared column breaks a rule; the text names the rule and the remedy."""


class RecordError(FeatureError):
    """A submitted record cannot be read; the text names place, rule and remedy, never the value."""


class ReferenceDataError(FeatureError):
    """A lookup table that features need is missing, or is not what its digest says."""
