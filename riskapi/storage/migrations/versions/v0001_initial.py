"""The tables of the first version, with the triggers that guard them."""

import secrets

import sqlalchemy as sa
from alembic import op

from riskapi.storage import access_tables, schema

revision = "0001"
down_revision = None

_ID_BYTES = 8


def upgrade() -> None:
    """Make everything."""
    connection = op.get_bind()
    for metadata in (schema.METADATA, access_tables.METADATA):
        metadata.create_all(connection, checkfirst=False)
    for statement in schema.guards(connection.dialect.name):
        connection.exec_driver_sql(statement)
    connection.execute(sa.insert(schema.instance).values(id=secrets.token_hex(_ID_BYTES)))
