"""The bundle of the model that a new one would replace: by directory, by digest, or as the service has it live."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

from features.errors import FeatureError
from models.bundle import ModelBundle, read_directory
from models.errors import BundleError, ModelError
from models.manifest import SIGNATURE
from models.strict_json import read_json
from training.errors import ChampionError
from training.ledger import read_ledger
from training.settings import TrainingSettings
from training.tracking import Tracker

LIVE = "live"
"""Names the model that the service has live."""
_DIGEST = "sha256:"


def find_champion(named: str, risk: str, settings: TrainingSettings) -> ModelBundle:
    """Find and open the bundle to compare with.

    Args:
        named: directory of a bundle or a run; digest of a bundle that a tracked run made; or ``live``.
        risk: name of the risk, for ``live``.
        settings: where runs are tracked, and how the service is reached.

    Raises:
        ChampionError: where there is none, or it cannot be opened.
        LedgerError: where the service does not tell what is live.
        TrackingError: where the tracking server cannot be used.
    """
    if named == LIVE:
        live = [one.digest for one in read_ledger(settings) if one.live and one.risk == risk]
        if not live:
            raise ChampionError(f"No model of {risk} is live: leave --champion out, and this is a first model.")
        named = live[0]
    if not named.startswith(_DIGEST):
        return read_champion(Path(named))
    tracker = Tracker(settings)
    run_id = tracker.run_of(named)
    if run_id is None:
        raise ChampionError(f"No tracked run made {named}: give the directory of the bundle instead.")
    with tempfile.TemporaryDirectory() as temporary:
        found = read_champion(tracker.bundle(run_id, Path(temporary)))
    if found.digest != named:
        raise ChampionError(f"The run that is said to have made {named} holds another bundle.")
    return found


def read_champion(place: Path) -> ModelBundle:
    """Open the bundle to compare with; it scores nobody here, so whoever signed it is taken as its signer.

    Args:
        place: directory of a bundle, or a run's directory with the bundle in ``bundle/``.

    Raises:
        ChampionError: where it is no whole bundle, or the features have changed since it was made.
    """
    try:
        files = read_directory(place / "bundle" if (place / "bundle").is_dir() else place)
        return ModelBundle.open(files, _named_signer(files))
    except (BundleError, ModelError, FeatureError) as error:
        raise ChampionError(
            f"The champion in {place.name} cannot be compared with: {error} Name another one, or leave --champion out."
        ) from None


def _named_signer(files: Mapping[str, bytes]) -> list[str]:
    told = read_json(SIGNATURE, files.get(SIGNATURE, b"{}"))
    return [str(told["public_key"])] if isinstance(told, dict) and "public_key" in told else []
