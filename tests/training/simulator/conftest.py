"""One simulated world in memory and one on disk, shared by the tests of the simulator."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import orjson
import pyarrow.parquet as pq
import pytest

from training.simulator.cast import Cast
from training.simulator.outcomes import Week
from training.simulator.parameters import WorldParameters
from training.simulator.simulation import assemble_cast, live, simulate

CROSSINGS = 120_000


@dataclass(frozen=True)
class Past:
    """All weeks of a world, joined."""

    cast: Cast
    weeks: list[Week]

    def fact(self, name):
        """A fact of every crossing; facts that are kept by booking are brought to crossings."""
        parts = [week.scene.facts[name] for week in self.weeks]
        return np.concatenate(parts)

    def lane(self):
        """The lane of every crossing."""
        return np.concatenate([week.selection.lane for week in self.weeks])

    def outcome(self, name):
        """An attribute of the outcome of every crossing."""
        return np.concatenate([getattr(week.outcomes, name) for week in self.weeks])

    def detected(self, risk):
        """Whether a true case was found and confirmed."""
        return np.concatenate([week.outcomes.detected[risk] for week in self.weeks])

    def truth(self, risk, name="present"):
        """An attribute of the truth of a risk at every crossing."""
        return np.concatenate([getattr(week.truths[risk], name) for week in self.weeks])


@dataclass(frozen=True)
class Output:
    """What a run wrote."""

    path: Path
    summary: object
    cases: dict
    truth: dict
    records: list


def make_past(parameters, crossings=CROSSINGS, seed=11):
    """Live through a world without writing it down."""
    cast = assemble_cast(parameters, crossings, seed)
    return Past(cast, list(live(cast)))


@pytest.fixture(scope="session")
def default_parameters():
    """The world that the project ships."""
    return WorldParameters.default()


@pytest.fixture(scope="session")
def short_parameters(default_parameters):
    """The same world for eight weeks, where a test needs no years."""
    calendar = default_parameters.calendar.model_copy(update={"weeks": 8})
    return default_parameters.model_copy(update={"calendar": calendar})


@pytest.fixture(scope="session")
def past(default_parameters):
    """The default world in memory."""
    return make_past(default_parameters)


@pytest.fixture(scope="session")
def output(default_parameters, tmp_path_factory):
    """The default world on disk, smaller."""
    path = tmp_path_factory.mktemp("simulated")
    summary = simulate(default_parameters, 12_000, 5, path)
    cases = pq.read_table(path / "feed" / "cases.parquet").to_pydict()
    truth = pq.read_table(path / "world" / "truth.parquet").to_pydict()
    return Output(path, summary, cases, truth, [orjson.loads(record) for record in cases["record"]])
