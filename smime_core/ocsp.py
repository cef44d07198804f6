"""OCSP requests and responses as structures, nothing judged (RFC 6960 section 4, RFC 9654)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OcspResponse:
    """One response as it came."""

    der: bytes
