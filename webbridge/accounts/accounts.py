"""The account that belongs to the address or login name that a person types.

Different spellings never give two accounts. Addresses are written in small letters, because nearly every mail server
ignores case (RFC 5321 section 2.4 lets a server distinguish it). Sessions, counters and tickets use only this form.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sealwax.service import ServiceError
from webbridge.accounts.domains import MailDomain
from webbridge.gateway.door import GatewayCode, GatewayError, MailAccount, MailServer, check_address


class Accounts:
    """The accounts of one bridge. Without domains each address may sign in, and the mail server decides."""

    def __init__(
        self,
        domains: Sequence[MailDomain],
        *,
        default_domain: str,
        mail_server: MailServer | None,
        find_accepted: Callable[[str], MailServer | None] = lambda _domain: None,
    ) -> None:
        self._domains = {domain.name: domain for domain in domains}
        self._default_domain = default_domain
        self._mail_server = mail_server
        self._find_accepted = find_accepted

    def account_of(self, typed: str) -> MailAccount:
        """Return the account of an address, or of its local part if there is a default domain.

        Raises GatewayError with BAD_ARGUMENT, or ServiceError 403 if addresses of this domain may not sign in.
        """
        address = self._address_of(typed.strip())
        local, _at, name = address.rpartition("@")
        if not self.is_served(address):
            text = f"Addresses of {name} cannot sign in here. Use an address of this service."
            raise ServiceError(403, "domain-not-served", text)
        domain = self._domains.get(name) or MailDomain(name=name)
        return MailAccount(address=address, login=domain.login_of(local), server=self._server_of(domain))

    def is_served(self, address: str) -> bool:
        """Return whether addresses of this domain may sign in."""
        return not self._domains or address.rpartition("@")[2] in self._domains

    def _server_of(self, domain: MailDomain) -> MailServer:
        server = self._find_accepted(domain.name) if domain.is_found else domain.server or self._mail_server
        if server is None:
            text = f"The mail servers of {domain.name} are not accepted yet. Tell your administrator."
            raise GatewayError(GatewayCode.MISCONFIGURED, text)
        return server

    def _address_of(self, typed: str) -> str:
        if "@" in typed:
            return _in_small_letters(typed)
        if not self._default_domain:
            raise GatewayError(GatewayCode.BAD_ARGUMENT, "Write your whole e-mail address, as name@example.org.")
        return _in_small_letters(f"{typed}@{self._default_domain}")


def _in_small_letters(address: str) -> str:
    # The check comes before the change to small letters, which would turn the Kelvin sign into the k of another
    # person's address.
    return check_address(address).lower()
