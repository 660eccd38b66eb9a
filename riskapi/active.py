"""Which models are live: taken from the ledger, verified before use, swapped in one assignment."""

from collections import OrderedDict
from collections.abc import Collection
from types import MappingProxyType

from features.errors import FeatureError
from models.assessment import RiskScorer
from models.bundle import ModelBundle
from models.errors import ModelError
from riskapi.errors import NotFoundError
from riskapi.live import LiveModel, LiveModels
from riskapi.storage.ledger import SqlLedger

_OLD_BUNDLES_KEPT = 8


class ActiveModels:
    """Follows the ledger. A bundle that fails verification never goes live: its risk keeps the last good one.

    Args:
        ledger: where approvals are.
        trusted: base64 Ed25519 public keys whose bundles may be served.
        reasons_for: most reasons that raise a score.
        reasons_against: most reasons that lower it.
    """

    def __init__(self, ledger: SqlLedger, trusted: Collection[str], reasons_for: int, reasons_against: int) -> None:
        self._ledger = ledger
        self._trusted = frozenset(trusted)
        self._limits = reasons_for, reasons_against
        self._mark = -1
        self._old: OrderedDict[str, LiveModel] = OrderedDict()
        self.live = LiveModels()
        """What scores now; replaced as a whole, so a request sees the models before or after, never a mixture."""
        self.refused: MappingProxyType[str, str] = MappingProxyType({})
        """Risks whose approved bundle failed verification, with the rule that it broke."""

    def refresh(self) -> bool:
        """Look whether the ledger moved, and follow it.

        Returns:
            Whether the live models changed, or what is refused.

        Raises:
            StorageError: where the ledger cannot be read; what is live stays.
        """
        mark = self._ledger.mark()
        if mark == self._mark:
            return False
        last_good = {model.risk: model for model in self.live.models}
        models: list[LiveModel] = []
        refused: dict[str, str] = {}
        for risk, approval in self._ledger.live().items():
            current = last_good.get(risk)
            if current is None or current.bundle.digest != approval.digest:
                try:
                    current = self.open(approval.digest)
                except (ModelError, FeatureError, NotFoundError) as error:
                    refused[risk] = str(error)
            if current is not None:
                models.append(current)
        changed = [m.bundle.digest for m in models] != list(self.live.digests) or refused != dict(self.refused)
        if [m.bundle.digest for m in models] != list(self.live.digests):
            self.live = LiveModels(models)
        self.refused = MappingProxyType(refused)
        self._mark = mark
        return changed

    def open(self, digest: str) -> LiveModel:
        """Open a stored bundle, verifying it in full; the live ones and the last few others are kept.

        Raises:
            NotFoundError: where the store has no such bundle.
            BundleError: naming the file and the rule that it breaks.
        """
        for model in self.live.models:
            if model.bundle.digest == digest:
                return model
        if digest in self._old:
            self._old.move_to_end(digest)
            return self._old[digest]
        row = self._ledger.bundle(digest)
        if row is None:
            raise NotFoundError("No bundle has this digest.")
        model = self.verify(row.files)
        if model.bundle.digest != digest:
            raise NotFoundError("The bundle stored under this digest has another one.")
        self._old[digest] = model
        while len(self._old) > _OLD_BUNDLES_KEPT:
            self._old.popitem(last=False)
        return model

    def verify(self, files: dict[str, bytes]) -> LiveModel:
        """Verify signature, hashes, content and golden records of a bundle.

        Raises:
            BundleError: naming the file and the rule that it breaks.
        """
        bundle = ModelBundle.open(files, self._trusted)
        return LiveModel(bundle, RiskScorer(bundle, *self._limits))
