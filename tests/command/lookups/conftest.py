"""Fixture of the tests of look-ups: a folder with TLS certificates for servers on loopback."""

from __future__ import annotations

from tests.support.servers.tls import tls_folder as tls_folder
