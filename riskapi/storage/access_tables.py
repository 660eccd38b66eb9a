"""The tables of access: keys, accounts, grants of roles, sessions and failed sign-ins."""

import sqlalchemy as sa

METADATA = sa.MetaData()

api_keys = sa.Table(
    "api_keys",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("hash", sa.LargeBinary, nullable=False, comment="keyed hash; the key itself is nowhere"),
    sa.Column("principal", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("scopes", sa.Text, nullable=False, comment="JSON list of roles and actions"),
    sa.Column("created_at", sa.Text, nullable=False),
    sa.Column("expires_at", sa.Text),
    sa.Column("units", sa.Text, nullable=False, server_default='[""]', comment="JSON list; the first is its own"),
    sa.Column("certificate", sa.Text, comment="subject of the client certificate that must come with it"),
    sa.Column("replaces", sa.Text, sa.ForeignKey("api_keys.id"), comment="the key that this one took over from"),
)

key_revocations = sa.Table(
    "key_revocations",
    METADATA,
    sa.Column("key_id", sa.Text, sa.ForeignKey("api_keys.id"), primary_key=True),
    sa.Column("at", sa.Text, primary_key=True, comment="from when on it is refused; the earliest counts"),
)

accounts = sa.Table(
    "accounts",
    METADATA,
    sa.Column("login", sa.Text, primary_key=True, comment="in small letters"),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("password_hash", sa.Text, nullable=False, comment="argon2id"),
    sa.Column("must_change", sa.Boolean, nullable=False, comment="the password is one for once"),
    sa.Column("roles", sa.Text, nullable=False, comment="JSON list"),
    sa.Column("units", sa.Text, nullable=False, comment="JSON list; the first is its own"),
    sa.Column("disabled", sa.Boolean, nullable=False),
    sa.Column("created_at", sa.Text, nullable=False),
    sa.Column("created_by", sa.Text, nullable=False),
)

role_grants = sa.Table(
    "role_grants",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("login", sa.Text, sa.ForeignKey("accounts.login"), nullable=False, index=True),
    sa.Column("roles", sa.Text, nullable=False, comment="JSON list: all that the account holds afterwards"),
    sa.Column("asked_by", sa.Text, nullable=False),
    sa.Column("asked_at", sa.Text, nullable=False),
    sa.Column("decided_by", sa.Text),
    sa.Column("decided_at", sa.Text),
    sa.Column("confirmed", sa.Boolean),
)

sessions = sa.Table(
    "sessions",
    METADATA,
    sa.Column("id_hash", sa.LargeBinary, primary_key=True, comment="SHA-256 of the cookie's 256 random bits"),
    sa.Column("login", sa.Text, sa.ForeignKey("accounts.login"), nullable=False, index=True),
    sa.Column("began_at", sa.Text, nullable=False),
    sa.Column("seen_at", sa.Text, nullable=False),
)

sign_in_failures = sa.Table(
    "sign_in_failures",
    METADATA,
    sa.Column("login_hash", sa.Text, primary_key=True, comment="keyed: logins that do not exist are counted too"),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("locked_until", sa.Text),
)
