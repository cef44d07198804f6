"""Fixture for the page with keys and people: a CA with the identities that it certified."""

from __future__ import annotations

from tests.support.extension.keys_page import rig as rig
