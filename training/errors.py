"""The errors of this floor.

TrainingError
├── ConfigError               a training configuration breaks a rule
├── SettingsError             a setting of the environment breaks a rule
├── CaseTableError            a case table cannot be used at all
├── DatasetError              the cases do not carry a training
│   ├── NoCasesError          no labelled case is left
│   ├── OneOutcomeError       every labelled case has the same outcome
│   ├── TooFewPositivesError  fewer confirmed cases than the floor of the configuration
│   ├── EffectiveSizeError    weights of the selection leave too little of the cases
│   ├── NotInspectedError     cases that nobody inspected are about to count as cases without a find
│   └── EmptyColumnError      a column or every feature holds no value at all
├── FitError                  a model was fitted and may not be used
│   ├── ParityError           the compiled table differs from the fitted estimator
│   ├── DirectionError        a fitted model contradicts a direction of the catalogue
│   └── NotExplainableError   a yardstick was handed in where an explainable model is due
├── PackageError              a bundle cannot be assembled
├── ChampionError             the model to compare with cannot be opened, or is of another risk
├── ReleaseError              a release pack is missing, incomplete, or not that of the bundle
├── LedgerError               the service does not tell what was decided about models
├── TrackingError             the tracking server refused, or holds not what was asked for
└── ProposalError             the service did not take a bundle
"""


class TrainingError(Exception):
    """Anything that goes wrong on the floor of training."""


class ConfigError(TrainingError):
    """A training configuration breaks a rule; the text names place, rule and remedy of every problem."""


class SettingsError(TrainingError):
    """A setting of the environment breaks a rule; the text names the variable and what it allows."""


class CaseTableError(TrainingError):
    """A case table cannot be used at all: unreadable, without its columns, or with a column that it may not have."""


class DatasetError(TrainingError):
    """The cases do not carry a training; the text says what is missing and how much is needed."""


class NoCasesError(DatasetError):
    """No labelled case is left in a slice."""


class OneOutcomeError(DatasetError):
    """Every labelled case of a slice has the same outcome, so there is nothing to tell apart."""


class TooFewPositivesError(DatasetError):
    """Fewer confirmed cases than the configuration asks for."""


class EffectiveSizeError(DatasetError):
    """The weights that correct for selection let few cases decide everything, or leave none."""


class NotInspectedError(DatasetError):
    """Cases without an outcome are about to be used as if nothing had been found."""


class EmptyColumnError(DatasetError):
    """A declared column, or every feature of a risk, holds no value at all."""


class FitError(TrainingError):
    """A model was fitted and may not be used."""


class ParityError(FitError):
    """The compiled table and the fitted estimator disagree on a row."""


class DirectionError(FitError):
    """A fitted model contradicts a direction that the catalogue demands."""


class NotExplainableError(FitError):
    """A model without an additive form was handed in where an explainable one is due."""


class PackageError(TrainingError):
    """A bundle cannot be assembled from what a run has made."""


class ChampionError(TrainingError):
    """The model to compare with cannot be opened, or is a model of another risk."""


class ReleaseError(TrainingError):
    """A release pack is missing, incomplete, changed, or not that of the bundle; the text names the part."""


class LedgerError(TrainingError):
    """The service does not tell what was decided about models; the text says why."""


class TrackingError(TrainingError):
    """The tracking server refused a call, or does not hold what was asked for."""


class ProposalError(TrainingError):
    """The service did not take a bundle; the text says why, in the service's words where it gave any."""
