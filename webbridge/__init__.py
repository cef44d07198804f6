"""The bridge between the web and mail servers (HTTP to IMAP and SMTP), and the static origin of its pages.

The bridge never decrypts. It passes on the bytes that the vault in the user's browser encrypts and decrypts.
"""

from __future__ import annotations

from webbridge.app import create_app
from webbridge.config import BridgeConfig, PagesConfig
from webbridge.pages_app import create_pages_app

__all__ = ["BridgeConfig", "PagesConfig", "create_app", "create_pages_app"]
