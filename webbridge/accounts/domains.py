"""The domains whose addresses may sign in, as the operator names them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from webbridge.gateway.door import GatewayError, MailServer, check_address

_FIELD = re.compile(r"\{[^{}]*\}")
_FIELDS = frozenset({"{local}", "{domain}", "{address}"})


@dataclass(frozen=True, slots=True, kw_only=True)
class MailDomain:
    """A domain whose addresses may sign in.

    `login` is the name that the domain's mail servers know. In it `{local}` is the part of the address before the @,
    `{domain}` the part after it, and `{address}` the whole address. Without `server`, the bridge's `mail_server` is
    used. With `is_found`, the servers are those that the domain's DNS names and the operator has accepted.
    """

    name: str
    login: str = "{address}"
    server: MailServer | None = None
    is_found: bool = False

    def __post_init__(self) -> None:
        check_domain(self.name)
        if self.is_found and self.server is not None:
            raise ValueError("the servers of the domain are given, so that they are not found by the DNS")
        fields, rest = _FIELD.findall(self.login), set(_FIELD.sub("", self.login))
        if not {"{local}", "{address}"} & set(fields) or not set(fields) <= _FIELDS or rest & set("{}"):
            raise ValueError("the login name needs {local} or {address}")

    def login_of(self, local: str) -> str:
        """Return the login name of an address of this domain."""
        values = {"{local}": local, "{domain}": self.name, "{address}": f"{local}@{self.name}"}
        return _FIELD.sub(lambda field: values[field[0]], self.login)


def check_domain(name: str) -> None:
    """Check that a domain is written in the form in which mail programs compare domains. Raises ValueError."""
    try:
        check_address(f"x@{name}")
    except GatewayError:
        raise ValueError("this is no domain: write it as example.org, beyond ASCII in its form xn--") from None
    if name != name.lower():
        raise ValueError("the domain has capitals: write it in small letters")
