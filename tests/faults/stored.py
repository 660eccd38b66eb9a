"""What a store holds, read past the service."""

import sqlalchemy as sa

from riskapi.services import Services


def count_decisions(services: Services) -> int:
    """How many decisions there are."""
    with services.engine.connect() as connection:
        return int(connection.exec_driver_sql("SELECT count(*) FROM decisions").scalar_one())


def decision_ids(engine: sa.Engine) -> list[str]:
    """The ids of all decisions."""
    with engine.connect() as connection:
        return [str(one) for one in connection.exec_driver_sql("SELECT id FROM decisions").scalars()]
