"""The mail servers of a domain in its DNS (RFC 6186, RFC 8314), found for the operator and stored once accepted.

A forged DNS answer would lead passwords to a stranger. RFC 6186 section 6 lets a client trust a host in another domain
only with DNSSEC, or after a person has agreed. Here the operator agrees once, and the bridge uses only the accepted
servers. No request of a user looks up servers in the DNS. The server's certificate must name the accepted host. Found
hosts must have public addresses, so that no domain leads the bridge into the operator's network. Only the four ports
where mail servers begin with TLS or require it are accepted.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from sqlalchemy import select

from sealwax.lookups.service_records import LookupFailed, find_service
from sealwax.lookups.smimea import NameServer
from sealwax.service import Database
from sealwax.service.database import insert_into
from webbridge.accounts.domains import check_domain
from webbridge.database.tables import SETTING
from webbridge.gateway.door import MailServer, Security, ServerAddress

# RFC 6186 section 3 and RFC 8314 section 7.3: service, protocol, port, way to start TLS. The preferred one is first.
# _imap on port 143 is left out, because its TLS is optional.
_MAILBOX: Final = (("imaps", "imap", 993), ("pop3s", "pop3", 995))
_SUBMISSION: Final = (("submissions", 465, Security.IMPLICIT_TLS), ("submission", 587, Security.STARTTLS))


def find_servers(domain: str, name_servers: Sequence[NameServer]) -> MailServer:
    """Return the mail servers that the DNS names for a domain. Raises LookupFailed if it names no acceptable server."""
    protocol, mailbox = _find_mailbox(domain, name_servers)
    return _servers(protocol, mailbox, _find_submission(domain, name_servers))


def _find_mailbox(domain: str, name_servers: Sequence[NameServer]) -> tuple[str, ServerAddress]:
    for service, protocol, port in _MAILBOX:
        address = _find(service, domain, port, Security.IMPLICIT_TLS, name_servers)
        if address is not None:
            return protocol, address
    raise LookupFailed(f"the DNS of {domain} names no server for _imaps or _pop3s")


def _find_submission(domain: str, name_servers: Sequence[NameServer]) -> ServerAddress:
    for service, port, security in _SUBMISSION:
        address = _find(service, domain, port, security, name_servers)
        if address is not None:
            return address
    raise LookupFailed(f"the DNS of {domain} names no server for _submissions or _submission")


def _find(
    service: str, domain: str, port: int, security: Security, name_servers: Sequence[NameServer]
) -> ServerAddress | None:
    owner = f"_{service}._tcp.{domain}"
    target = find_service(owner, name_servers)
    if target is None:
        return None
    if target.port != port:
        raise LookupFailed(f"{owner} names port {target.port}, only {port} is taken")
    try:
        check_domain(target.host)
    except ValueError:
        raise LookupFailed(f"{owner} names a host that is none") from None
    return ServerAddress(host=target.host, port=port, security=security, is_public_only=True)


class AcceptedServers:
    """The found servers that the operator has accepted, in the bridge's database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, domain: str) -> MailServer | None:
        """Return the accepted servers of a domain."""
        with self._database.transaction() as rows:
            value = rows.execute(select(SETTING.c.value).where(SETTING.c.name == _name_of(domain))).scalar()
        return None if value is None else _read(bytes(value))

    def accept(self, domain: str, server: MailServer) -> None:
        """Use these servers for the domain from now on."""
        value = {"value": _write(server)}
        with self._database.transaction() as rows:
            made = insert_into(rows, SETTING).values(name=_name_of(domain), **value)
            rows.execute(made.on_conflict_do_update(index_elements=[SETTING.c.name], set_=value))


def _name_of(domain: str) -> str:
    return f"servers of {domain}"


def _write(server: MailServer) -> bytes:
    protocol = "imap" if server.imap else "pop3"
    members = {protocol: server.mailbox.host, "smtp": server.smtp.host, "submission": server.smtp.security.value}
    return json.dumps(members).encode()


def _read(value: bytes) -> MailServer:
    members = json.loads(value)
    security = Security(members["submission"])
    port = next(port for _service, port, kind in _SUBMISSION if kind is security)
    smtp = ServerAddress(host=members["smtp"], port=port, security=security, is_public_only=True)
    protocol, port = next((protocol, port) for _service, protocol, port in _MAILBOX if protocol in members)
    return _servers(protocol, ServerAddress(host=members[protocol], port=port, is_public_only=True), smtp)


def _servers(protocol: str, mailbox: ServerAddress, smtp: ServerAddress) -> MailServer:
    return MailServer(imap=mailbox, smtp=smtp) if protocol == "imap" else MailServer(pop3=mailbox, smtp=smtp)
