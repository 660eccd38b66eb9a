"""The errors of this floor.

ModelError
├── ModelFormError            points, bins or bands do not make a model
├── MetricError               a metric was asked of data that cannot carry it
├── SigningKeyError           a key is missing, readable by others, or no Ed25519 key
└── BundleError               a bundle is refused; carries file, rule and remedy
    ├── BundleFileError       a file is missing, unknown or too large
    ├── BundleSignatureError  nobody trusted has signed it
    ├── BundleDigestError     a file is not the one that was signed
    ├── BundleContentError    what a file says breaks a rule
    └── BundleReplayError     the golden records no longer give the recorded answers
"""


class ModelError(Exception):
    """Anything that goes wrong on the floor of models."""


class ModelFormError(ModelError):
    """Tables, bins or bands break a rule of their form; the text names place and rule."""


class MetricError(ModelError):
    """A metric was asked of data that cannot carry it: one class only, no rows, lengths that differ."""


class SigningKeyError(ModelError):
    """A signing key cannot be used; the text says why and what to do."""


class BundleError(ModelError):
    """A bundle is refused.

    Attributes:
        file: the file of the bundle that breaks the rule.
        rule: what must hold.
        remedy: what to do about it.
    """

    remedy_by_default = "Package the model again; a bundle is never edited."

    def __init__(self, file: str, rule: str, remedy: str | None = None) -> None:
        self.file = file
        self.rule = rule
        self.remedy = remedy or self.remedy_by_default
        super().__init__(f"{file}: {rule}. {self.remedy}")


class BundleFileError(BundleError):
    """A file is missing, unknown or too large."""


class BundleSignatureError(BundleError):
    """The bundle carries no valid signature by a trusted key."""

    remedy_by_default = "Have it signed by a trusted key, or add the signer's public key to the trusted signers."


class BundleDigestError(BundleError):
    """A file is not the one whose hash was signed."""

    remedy_by_default = "Copy the bundle again from where it was packaged."


class BundleContentError(BundleError):
    """What a file says breaks a rule."""


class BundleReplayError(BundleError):
    """A golden record no longer gives the answer that was recorded when the model was packaged."""

    remedy_by_default = "Serve the bundle with the version of the features that packaged it, or train again."
