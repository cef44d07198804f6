"""Fixtures for the window in which letters are written."""

from __future__ import annotations

from tests.support.extension.writing import extension, folder, webmail

__all__ = ["extension", "folder", "webmail"]
