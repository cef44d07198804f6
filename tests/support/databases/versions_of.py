"""The schema of a service as an earlier version knew it, and as a later version might."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Final

from sealwax.service import Schema

# A migration as a later version may have it: it adds a table, and a column that earlier programs leave out.
_LATER: Final = '''"""A step of a later version."""

import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = "{before}"


def upgrade() -> None:
    op.create_table("added", sa.Column("name", sa.Text, primary_key=True))
    op.add_column("{table}", sa.Column("added", sa.Text, nullable=True))


def downgrade() -> None:
    op.drop_column("{table}", "added")
    op.drop_table("added")
'''


def revisions_of(schema: Schema) -> list[str]:
    """The revisions of a schema, oldest first."""
    return [f"{schema.service}_{file.name[1:5]}" for file in _steps(schema)]


def schema_at(schema: Schema, revision: str, folder: Path) -> Schema:
    """The schema of the version whose newest revision was this one. Its steps are copied into the folder."""
    versions = folder / f"as-of-{revision}" / "versions"
    versions.mkdir(parents=True)
    for file in _steps(schema)[: revisions_of(schema).index(revision) + 1]:
        shutil.copy(file, versions)
    return replace(schema, package=versions.parent)


def later_schema(schema: Schema, table: str, folder: Path) -> Schema:
    """The schema of a later version, which adds a table, and a column to the table that is named."""
    newest = revisions_of(schema)[-1]
    later = schema_at(schema, newest, folder)
    text = _LATER.format(revision=f"{schema.service}_9999", before=newest, table=table)
    (later.package / "versions" / "v9999_later.py").write_text(text)
    return later


def _steps(schema: Schema) -> list[Path]:
    return sorted((schema.package / "versions").glob("v*.py"))
