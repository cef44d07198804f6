"""The operator's policy on unencrypted mail, which the pages obey (`wasm_build/ui/leaving_clear.js`)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from webbridge.accounts.domains import check_domain

MAX_DOMAINS = 1_000


class ClearMail(StrEnum):
    """The mail that may leave unencrypted."""

    UNKNOWN = "unknown"
    """Mail to people for whom nothing was ever found, without a question."""
    ASK = "ask"
    """Mail about which the person was asked."""
    NEVER = "never"


def check_never_clear_to(domain: str) -> None:
    """Check a domain to which no unencrypted mail may leave. Raises ValueError."""
    try:
        check_domain(domain)
    except ValueError as error:
        raise ValueError(f"never_clear_to: {error}") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearMailPolicy:
    """The policy. `never_to` are domains, whose subdomains it covers too."""

    mode: ClearMail = ClearMail.UNKNOWN
    never_to: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if isinstance(self.never_to, str):
            raise TypeError("never_clear_to is one text, a tuple of texts is expected")
        if len(self.never_to) > MAX_DOMAINS:
            raise ValueError(f"never_clear_to names {len(self.never_to)} domains, at most {MAX_DOMAINS} are expected")
        for domain in self.never_to:
            check_never_clear_to(domain)

    def to_json(self) -> dict[str, object]:
        """Return the policy with the words of the pages."""
        mode = "allow-unknown" if self.mode is ClearMail.UNKNOWN else self.mode.value
        return {"mode": mode, "neverDomains": list(self.never_to)}
