"""All who take part in a simulation, and one week of what happens to them."""

from dataclasses import dataclass

from training.simulator.columns import Columns, Floats
from training.simulator.corps import Corps
from training.simulator.journeys import Schedule
from training.simulator.travellers import Households, Travellers
from training.simulator.world import World


@dataclass(frozen=True)
class Cast:
    """Everything that is settled before the first week."""

    world: World
    schedule: Schedule
    households: Households
    travellers: Travellers
    corps: Corps


@dataclass(frozen=True)
class Hidden:
    """What no record holds."""

    cue: Floats
    """What an officer sees, standard normal."""
    route: Floats
    """Effect of post and bloc in this week [log-odds]."""
    noise: Floats
    """Standard normal."""


@dataclass(frozen=True)
class Scene:
    """One week of crossings before anybody is checked."""

    facts: Columns
    causes: dict[str, Floats]
    """Strength of each cause, 0 to 1."""
    hidden: Hidden

    @property
    def week(self) -> int:
        """Number of the week."""
        return int(self.facts["week"][0])

    @property
    def size(self) -> int:
        """Number of crossings."""
        return len(self.facts["row"])
