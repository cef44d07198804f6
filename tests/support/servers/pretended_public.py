"""Makes the command treat servers on loopback as public: it fetches issuers' certificates from public servers only.

As a program, `pretended_public.py HOST:PORT ARGUMENTS` runs `sealwax ARGUMENTS`, with that server treated as public.
"""

from __future__ import annotations

import sys

import pytest

from sealwax.cli import main
from sealwax.lookups.fetch import FetchPolicy


def pretend_public(monkeypatch: pytest.MonkeyPatch, *hosts: str) -> None:
    """Let fetches under any policy reach these servers. `hosts`: address:port of each."""
    lists = FetchPolicy.lists

    def lists_or_is_one(policy: FetchPolicy, host: str, port: int) -> bool:
        return f"{host}:{port}" in hosts or lists(policy, host, port)

    monkeypatch.setattr(FetchPolicy, "lists", lists_or_is_one)


if __name__ == "__main__":
    pretend_public(pytest.MonkeyPatch(), sys.argv.pop(1))
    sys.exit(main())
