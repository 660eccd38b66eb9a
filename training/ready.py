"""A model made ready to serve: its table brought to scale, its bands, and who of the reference population gets none."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.additive import AdditiveModel
from models.bands import BandPolicy
from training.calibrate import Calibration
from training.config import TrainingConfig
from training.dataset import Slice
from training.errors import NotExplainableError
from training.families import FAMILIES, ExplainableModel, FittedModel, check_parity, score
from training.families.base import Floats
from training.recalibrate import recalibrated
from training.stability import rules_for, silent


@dataclass(frozen=True)
class Population:
    """The reference population: all crossings after the training slice, labelled or not.

    Attributes:
        frame: features, (n_rows, n_features).
        records: (n_rows,), JSON text of each record.
        modes: (n_rows,), how each traveller crosses.
    """

    frame: pd.DataFrame
    records: Sequence[bytes | str]
    modes: npt.NDArray[np.object_]


@dataclass(frozen=True)
class Ready:
    """What will score.

    Attributes:
        model: calibrated.
        bands: with the rules of abstention.
        parity_gap: largest difference of table and estimator on the holdout [log-odds].
        log_odds: (n_population,), scores of the reference population.
        abstained: (n_population,), who of it gets no band.
    """

    model: AdditiveModel
    bands: BandPolicy
    parity_gap: float
    log_odds: Floats
    abstained: npt.NDArray[np.bool_]


def explainable(fitted: FittedModel, family: str) -> ExplainableModel:
    """Refuse a model that has no table.

    Raises:
        NotExplainableError: with the families that have one.
    """
    if isinstance(fitted, ExplainableModel):
        return fitted
    raise NotExplainableError(
        f"The family {family} is a yardstick: it has no table of points, so nobody could be told why. "
        f"Choose one of {', '.join(name for name, each in FAMILIES.items() if each.explainable)} in [family]."
    )


def make_ready(
    fitted: ExplainableModel,
    line: Calibration,
    *,
    later: Slice,
    holdout: pd.DataFrame,
    population: Population,
    config: TrainingConfig,
) -> Ready:
    """Compile, calibrate, and set bands.

    Args:
        fitted: before calibration.
        line: that is folded in.
        later: the labelled cases that the line was fitted on.
        holdout: features of cases on which table and estimator are compared.
        population: whom bands and their rules are set on.
        config: of the run.

    Raises:
        ParityError: where table and estimator disagree.
    """
    compiled = fitted.compile()
    gap = check_parity(fitted, compiled, holdout, config.gates.max_parity_gap)
    model = recalibrated(compiled, line, later, config.seed)
    everybody = score(model, population.frame)
    bands = BandPolicy.from_reference(
        everybody,
        {band.name: band.share for band in config.bands[:-1]},
        version=config.version,
        lowest=config.bands[-1].name,
        abstention=rules_for(model, fitted.specs, population.frame, population.modes),
    )
    return Ready(model, bands, gap, everybody, silent(model, fitted.specs, bands, population.frame))
