"""Fixtures for the window in which letters are written."""

from __future__ import annotations

from tests.support.extension.writing import extension as extension, folder as folder, webmail as webmail
