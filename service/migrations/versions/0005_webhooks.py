"""Several signing keys an endpoint, to be encrypted; how an endpoint fares."""

import uuid
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_ENDPOINT = sa.table(
    "endpoint",
    sa.column("id", sa.Uuid()),
    sa.column("site_id", sa.Uuid()),
    sa.column("secret", sa.String()),
    sa.column("previous_secret", sa.String()),
    sa.column("previous_secret_until", _TIME),
    sa.column("disabled_at", _TIME),
    sa.column("disabled_reason", sa.String()),
)
_SIGNING_KEY = sa.table(
    "signing_key",
    sa.column("id", sa.Uuid()),
    sa.column("site_id", sa.Uuid()),
    sa.column("endpoint_id", sa.Uuid()),
    sa.column("secret", sa.String()),
    sa.column("created_at", _TIME),
    sa.column("ends_at", _TIME),
)


def upgrade() -> None:
    op.create_table(
        "signing_key",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("endpoint_id", sa.Uuid(), nullable=False),
        sa.Column("secret", sa.String(length=500), nullable=False),
        sa.Column("public_key", sa.String(length=100), nullable=True),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("ends_at", _TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["endpoint_id"], ["endpoint.id"], name=op.f("fk_signing_key_endpoint_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_signing_key_site_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signing_key")),
    )
    op.create_index(op.f("ix_signing_key_endpoint_id"), "signing_key", ["endpoint_id"], unique=False)
    op.create_index(op.f("ix_signing_key_site_id"), "signing_key", ["site_id"], unique=False)
    _move_secrets()
    for column in ("secret", "previous_secret", "previous_secret_until"):
        op.drop_column("endpoint", column)
    op.add_column("endpoint", sa.Column("failing_since", _TIME, nullable=True))
    op.add_column("endpoint", sa.Column("failures", sa.Integer(), server_default="0", nullable=False))
    op.add_column("endpoint", sa.Column("paused_until", _TIME, nullable=True))


def _move_secrets() -> None:
    """Still in plain: a migration knows no key. The command that runs it encrypts them next."""
    database = op.get_bind()
    now = datetime.now(UTC)
    rows = []
    for endpoint in database.execute(sa.select(_ENDPOINT)).all():
        owner = {"site_id": endpoint.site_id, "endpoint_id": endpoint.id, "created_at": now}
        rows.append({**owner, "id": uuid.uuid4(), "secret": endpoint.secret, "ends_at": None})
        if endpoint.previous_secret and endpoint.previous_secret_until:
            until = endpoint.previous_secret_until
            rows.append({**owner, "id": uuid.uuid4(), "secret": endpoint.previous_secret, "ends_at": until})
    if rows:
        database.execute(sa.insert(_SIGNING_KEY), rows)


def downgrade() -> None:
    for column in ("paused_until", "failures", "failing_since"):
        op.drop_column("endpoint", column)
    op.add_column("endpoint", sa.Column("previous_secret_until", _TIME, nullable=True))
    op.add_column("endpoint", sa.Column("previous_secret", sa.String(length=100), nullable=True))
    op.add_column("endpoint", sa.Column("secret", sa.String(length=100), server_default="", nullable=False))
    # What is encrypted the older version cannot read, and a signature with an empty secret anybody could make.
    op.get_bind().execute(
        sa.update(_ENDPOINT).values(
            disabled_at=datetime.now(UTC),
            disabled_reason="Gatepost was taken back to an older version: rotate the secret, then enable.",
        )
    )
    op.drop_index(op.f("ix_signing_key_site_id"), table_name="signing_key")
    op.drop_index(op.f("ix_signing_key_endpoint_id"), table_name="signing_key")
    op.drop_table("signing_key")
