"""Servers on loopback that count as public ones: issuers' certificates are fetched from no other address.

As a program, `pretended_public.py HOST:PORT ARGUMENTS` is `sealwax` for which that server is public.
"""

from __future__ import annotations

import sys

import pytest

from smime_core.cli import main
from smime_core.lookups.fetch import FetchPolicy


def pretend_public(monkeypatch: pytest.MonkeyPatch, *hosts: str) -> None:
    """Let fetches by any policy reach these servers, each as address:port."""
    lists = FetchPolicy.lists

    def lists_or_is_one(policy: FetchPolicy, host: str, port: int) -> bool:
        return f"{host}:{port}" in hosts or lists(policy, host, port)

    monkeypatch.setattr(FetchPolicy, "lists", lists_or_is_one)


if __name__ == "__main__":
    pretend_public(pytest.MonkeyPatch(), sys.argv.pop(1))
    sys.exit(main())
