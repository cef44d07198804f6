"""`sealwax bridge check`: tries everything that the configuration names, and reports errors and remedies."""

from __future__ import annotations

import imaplib
import poplib
import smtplib
import ssl
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from sealwax.cli.options.request import given_by, verb
from sealwax.lookups.directory_failure import DirectoryFailed
from sealwax.lookups.service_records import LookupFailed
from sealwax.lookups.smimea import system_name_servers
from sealwax.operation.checking import check_exposure, check_own_files, check_process, check_proxy, check_settings
from sealwax.operation.databases import check_database
from sealwax.operation.findings import Finding, Level, doubtful, fine, guarded, json_option, report, wrong
from sealwax.operation.mail_server_section import check_mail_server
from sealwax.operation.sections import is_private
from sealwax.operation.web import NoAnswer, ask, ask_process
from sealwax.service import Database, DatabaseUnavailable
from sealwax.service.database import Access, file_of
from sealwax.service.schema import SchemaStatus
from smime_core.errors import SmimeError
from webbridge.accounts.found_servers import AcceptedServers, find_servers
from webbridge.certificates.files import read_certificates
from webbridge.config import BridgeConfig
from webbridge.database import SCHEMA
from webbridge.delivery.own_keys.certifier import Certifier, CertifierUnavailable
from webbridge.gateway import GatewayError, MailServer, Security, ServerAddress, sieve_mechanisms
from webbridge.gateway.imap_login import BothRevisions
from webbridge.gateway.sasl import OF_PASSWORDS, OF_TOKENS
from webbridge.gateway.wire import CallDeadline
from webbridge.label_policy import read_label_policy
from webbridge.operation.settings import BRIDGE, BridgeSettings

_CONNECT_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRequest:
    """The configuration to try."""

    config: Path = given_by(BRIDGE.config_option())
    as_json: bool = given_by(json_option())
    accept_servers: bool = given_by(
        click.Option(
            ["--accept-servers"], is_flag=True, help="Use the mail servers that the domains' DNS names from now on."
        )
    )


@verb(CheckRequest)
def check(request: CheckRequest) -> int:
    """Try all that the configuration names: files, database, mail servers, key server, pages, proxy.

    Each line says what works, or what is wrong and what helps. The exit code is 1 if there is an error, else 0. Run it
    as the user of the service.
    """
    file, accepts_servers = request.config, request.accept_servers
    findings = check_settings(BRIDGE, file, lambda settings: _findings(settings, file, accepts_servers=accepts_servers))
    return report(findings, as_json=request.as_json)


def _findings(settings: BridgeSettings, file: Path, *, accepts_servers: bool) -> Iterator[Finding]:
    config = settings.to_config()
    yield from check_own_files(BRIDGE, file, settings.logs, file_of(config.database))
    yield guarded("database", lambda: check_database(SCHEMA, config.database, made_by="sealwax bridge init"))
    if not config.domains:
        yield _without_domains()
    for domain in (domain.name for domain in config.domains if domain.is_found):
        yield guarded("dns", lambda name=domain: _check_found(config, name, accepts_servers=accepts_servers))  # type: ignore[misc]
    for server in _servers(config):
        protocol, check_mailbox = ("imap", _check_imap) if server.imap else ("pop3", _check_pop3)
        yield guarded(protocol, lambda check=check_mailbox, server=server: check(server))  # type: ignore[misc]
        yield guarded("smtp", lambda server=server: _check_smtp(server))  # type: ignore[misc]
        if server.sieve is not None:
            yield guarded("sieve", lambda server=server, at=server.sieve: _check_sieve(server, at))  # type: ignore[misc]
    yield guarded("key server", lambda: _check_origin("key server", config.key_server_origin, "/parameters"))
    yield guarded("pages", lambda: _check_pages(settings.pages_folder()))
    if config.parcels is not None:
        yield guarded("notices", lambda: _check_notices(config))
    if config.parcels is not None and config.parcels.key_socket is not None:
        yield guarded("keys", lambda: _check_keys(config))
    yield from _check_anchors(config)
    yield from _check_labels(config)
    yield _check_authserv_id(config)
    yield from _check_listening(settings)
    yield from _check_running(settings)
    yield from _check_events(settings)


def _check_notices(config: BridgeConfig) -> Finding:
    notices = config.parcel_notices
    if notices is None:
        text = "recipients of parcels get no mail, so that senders have to tell them the link"
        return doubtful("notices", text, "name your mail server by host and sender in [parcel_notices]")
    finding = check_mail_server(notices.submission, notices.head.sender, part="notices", table="parcel_notices")
    if finding.level is Level.OK and notices.head.signer is None:
        text = f"{notices.submission.host} answers, but the notices have no signature"
        return doubtful("notices", text, "name the key and the certificate of sender by identity_file")
    return finding


def _check_keys(config: BridgeConfig) -> Finding:
    path = None if config.parcels is None else config.parcels.key_socket
    if path is None or config.parcel_notices is None:
        return wrong("keys", "recipients get no keys without a mail server", "name one in [parcel_notices]")
    try:
        Certifier(path).check()
    except CertifierUnavailable:
        return wrong("keys", f"nobody listens at {path}", "start `sealwax ca certify`, or correct parcels.key_socket")
    return fine("keys", f"the signing service listens at {path}")


def _without_domains() -> Finding:
    """Return the warning for a bridge without domains, which confirms every address to its key server."""
    return doubtful(
        "domains",
        "addresses of every domain may sign in, and the bridge confirms them to the key server",
        "name your domains in [[domains]]: some mail servers leave out the domain of a login",
    )


def _servers(config: BridgeConfig) -> list[MailServer]:
    servers = [config.mail_server, *(domain.server for domain in config.domains)]
    domain_names = [domain.name for domain in config.domains if domain.is_found]
    if domain_names and _is_current(config):
        with closing(Database(config.database, access=Access.READING)) as database:
            servers += map(AcceptedServers(database).find, domain_names)
    return list(dict.fromkeys(server for server in servers if server))


def _is_current(config: BridgeConfig) -> bool:
    """Return whether the database has the tables of this program. Opening it with SCHEMA would upgrade it."""
    try:
        return SCHEMA.state(config.database).status is SchemaStatus.CURRENT
    except DatabaseUnavailable:
        return False


def _check_found(config: BridgeConfig, domain: str, *, accepts_servers: bool) -> Finding:
    try:
        server = find_servers(domain, config.directory_name_servers or system_name_servers())
    except (LookupFailed, DirectoryFailed) as error:
        return wrong("dns", str(error), "name the servers of the domain by mail, without find_servers")
    shown = f"{domain}: mail at {_at(server.mailbox)}, outgoing mail at {_at(server.smtp)}"
    if not _is_current(config):
        text = f"{shown}; the accepted servers are in the database, which is not ready"
        judged = wrong if accepts_servers else doubtful
        return judged("dns", text, "do as the line about the database says, then check again")
    access = Access.WRITING if accepts_servers else Access.READING
    with closing(Database(config.database, access=access)) as database:
        accepted = AcceptedServers(database)
        if accepts_servers:
            accepted.accept(domain, server)
        accepted_server = accepted.find(domain)
    if accepted_server == server:
        return fine("dns", shown)
    use = (
        "none is used yet"
        if accepted_server is None
        else f"{_at(accepted_server.mailbox)} and {_at(accepted_server.smtp)} stay in use"
    )
    remedy = "if these are the servers of the domain: sealwax bridge check --accept-servers"
    return wrong("dns", f"{shown}; {use}", remedy)


def _check_imap(server: MailServer) -> Finding:
    address, context = server.mailbox, server.tls_context()
    try:
        if address.security is Security.IMPLICIT_TLS:
            client: imaplib.IMAP4 = _ImapOverTls(
                address.host, address.port, ssl_context=context, timeout=_CONNECT_SECONDS
            )
        else:
            client = BothRevisions(address.host, address.port, timeout=_CONNECT_SECONDS)
            client.starttls(context)
        with client:
            capabilities = set(client.capabilities)
    except (OSError, imaplib.IMAP4.error) as error:
        return _unreachable("imap", address, error)
    refusal = wrong("imap", f"{_at(address)} takes no passwords inside TLS", "allow AUTH=PLAIN on the mail server")
    mechanisms = [name.removeprefix("AUTH=") for name in capabilities]
    return _check_logins(server, address, mechanisms, "imap", refusal if "LOGINDISABLED" in capabilities else None)


def _check_pop3(server: MailServer) -> Finding:
    address, context = server.mailbox, server.tls_context()
    try:
        if address.security is Security.IMPLICIT_TLS:
            client: poplib.POP3 = poplib.POP3_SSL(address.host, address.port, context=context, timeout=_CONNECT_SECONDS)
        else:
            client = poplib.POP3(address.host, address.port, timeout=_CONNECT_SECONDS)
            client.stls(context)
        capabilities = client.capa()
        client.quit()
    except (OSError, poplib.error_proto) as error:
        return _unreachable("pop3", address, error)
    if "UIDL" not in capabilities:
        return wrong("pop3", f"{_at(address)} offers no UIDL", "messages have no names there: use IMAP")
    refusal = wrong("pop3", f"{_at(address)} takes no passwords inside TLS", "allow SASL PLAIN on the mail server")
    mechanisms = capabilities.get("SASL", [])
    return _check_logins(server, address, mechanisms, "pop3", None if "USER" in capabilities else refusal)


def _check_smtp(server: MailServer) -> Finding:
    address, context = server.smtp, server.tls_context()
    try:
        if address.security is Security.IMPLICIT_TLS:
            client: smtplib.SMTP = smtplib.SMTP_SSL(
                address.host, address.port, context=context, timeout=_CONNECT_SECONDS
            )
        else:
            client = smtplib.SMTP(address.host, address.port, timeout=_CONNECT_SECONDS)
            client.starttls(context=context)
        with client:
            client.ehlo()
            mechanisms = client.esmtp_features.get("auth", "").split()
    except (OSError, smtplib.SMTPException) as error:
        return _unreachable("smtp", address, error)
    if not mechanisms:
        return doubtful(
            "smtp",
            f"{_at(address)} asks for no login",
            "right if it trusts the address of this machine; otherwise name the submission port, 465 or 587",
        )
    refusal = wrong(
        "smtp",
        f"{_at(address)} takes passwords only by {' '.join(mechanisms)}",
        f"allow one of {', '.join(OF_PASSWORDS)} on the mail server",
    )
    return _check_logins(server, address, mechanisms, "smtp", refusal)


def _check_sieve(server: MailServer, address: ServerAddress) -> Finding:
    try:
        mechanisms = sieve_mechanisms(server, CallDeadline(_CONNECT_SECONDS))
    except GatewayError as error:
        if isinstance(error.__cause__, ssl.SSLError):
            return _unreachable("sieve", address, error.__cause__)
        remedy = 'look at host, port and `security`: usually 4190 and "starttls"'
        return wrong("sieve", f"{_at(address)}: {error.message}", remedy)
    refusal = wrong("sieve", f"{_at(address)} takes no passwords inside TLS", "allow SASL PLAIN on the mail server")
    return _check_logins(server, address, mechanisms, "sieve", refusal)


class _ImapOverTls(BothRevisions, imaplib.IMAP4_SSL):
    """IMAP inside TLS from the first byte."""


def _check_logins(
    server: MailServer, address: ServerAddress, mechanisms: Iterable[str], part: str, refusal: Finding | None
) -> Finding:
    """Return what the offered mechanisms mean. `refusal` is the finding if none of them takes passwords."""
    offered = {name.upper() for name in mechanisms}
    if server.takes_tokens and offered.isdisjoint(OF_TOKENS):
        return wrong(
            part,
            f"{_at(address)} offers no SASL {' or '.join(OF_TOKENS)}",
            "allow it on the mail server, or remove mail.oauthbearer",
        )
    if refusal is not None and not server.takes_tokens and offered.isdisjoint(OF_PASSWORDS):
        return refusal
    return fine(part, f"{_at(address)} answers, and its certificate is trusted")


def _unreachable(part: str, address: ServerAddress, error: Exception) -> Finding:
    if isinstance(error, ssl.SSLCertVerificationError):
        text = f"the certificate of {_at(address)} is not trusted: {error.verify_message}"
        return wrong(part, text, "name the server as its certificate does, or its authority by mail.ca_file")
    if isinstance(error, ssl.SSLError):
        return wrong(part, f"{_at(address)} does not begin TLS", 'look at `security`: "tls" or "starttls"')
    reason = error.strerror if isinstance(error, OSError) and error.strerror else "no answer that can be read"
    return wrong(part, f"{_at(address)}: {reason}", "look at host and port, and at firewalls between")


def _at(address: ServerAddress) -> str:
    return f"{address.host}, port {address.port}"


def _check_origin(part: str, origin: str, path: str) -> Finding:
    try:
        ask(origin, path)
    except NoAnswer as error:
        remedy = "start it and its proxy. Until then people cannot fetch or keep their keys"
        return doubtful(part, f"{origin}: {error}", remedy)
    return fine(part, f"{origin} answers")


def _check_pages(folder: Path) -> Finding:
    if not (folder / "index.html").is_file():
        return wrong("pages", f"{folder} has no index.html", "name the folder of the built pages by pages.folder")
    if not (folder / "index.html.br").is_file() and not any(folder.glob("*.br")):
        remedy = "copy the whole folder that the build made: a first visit takes five times as long"
        return doubtful("pages", f"{folder} has no compressed files", remedy)
    return fine("pages", str(folder))


def _check_anchors(config: BridgeConfig) -> Iterator[Finding]:
    files = {"trust.anchors_file": config.anchors_file, "trust.timestamp_anchors_file": config.timestamp_anchors_file}
    for name, file in files.items():
        if file is None:
            continue
        try:
            count = len(read_certificates(file))
        except (OSError, SmimeError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            yield wrong("anchors", f"{file} cannot be read: {reason}", f"name a PEM file of certificates by {name}")
        else:
            yield fine("anchors", f"{file} has {count}")
    if not (config.anchors_file or config.mozilla_roots or config.trust_list_file):
        remedy = "set trust.anchors_file, trust.mozilla_roots or trust.list_file"
        yield doubtful("anchors", "no authority is trusted, so that no signature is ever verified", remedy)


def _check_labels(config: BridgeConfig) -> Iterator[Finding]:
    file = config.label_policy_file
    if file is None:
        return
    try:
        policy = read_label_policy(file)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        remedy = "name a JSON file of a policy of security labels by writing.label_policy_file"
        yield wrong("labels", f"{file} cannot be read: {reason}", remedy)
    else:
        yield fine("labels", f"{file} has {len(policy.classifications)}")


def _check_authserv_id(config: BridgeConfig) -> Finding:
    if config.authserv_id:
        return fine("results", f"messages are sent without Authentication-Results of {config.authserv_id}")
    text = "without writing.authserv_id, only Authentication-Results of the mail servers' host names are left out"
    return doubtful("results", text, "set writing.authserv_id to the name that your mail servers write in that field")


def _check_listening(settings: BridgeSettings) -> Iterator[Finding]:
    places = {"server": settings.server.listen, "pages": settings.pages.listen, "events": settings.events.listen}
    yield from check_exposure(settings.api_origin, places, trusted_proxies=settings.trusted_proxies)
    if settings.watch.listen and not is_private(settings.watch.listen):
        remedy = "let a firewall admit only your monitoring"
        yield doubtful("watch", f"{settings.watch.listen} shows the metrics to other machines", remedy)


def _check_running(settings: BridgeSettings) -> Iterator[Finding]:
    origin, path = settings.api_origin, f"{settings.api_prefix}/api/health"

    def further(health: dict[str, Any]) -> Iterator[Finding]:
        if health.get("proxies") == "untrusted":
            text = "requests come with X-Forwarded-For, but trusted_proxies is 0: all people count as one client"
            yield wrong("proxy", text, "set trusted_proxies to the number of your proxies, and restart")
        yield check_proxy(origin, path)

    return check_process(BRIDGE, settings.server.listen, origin, path, further=further)


def _check_events(settings: BridgeSettings) -> Iterator[Finding]:
    """Ask for events without a session. The process of events refuses that with the code `session-ended`."""
    listen, path = settings.events.listen, f"{settings.api_prefix}/api/events"
    if listen is None or listen.startswith("unix:"):
        return
    if not _asks_for_a_session(lambda: ask_process(listen, settings.api_origin, path)):
        yield doubtful(
            "events",
            f"no process of events answers at {listen}",
            "start it: sealwax bridge events. Until then the pages show new mail only when they are asked",
        )
        return
    yield fine("events", f"{listen} answers")
    if not _asks_for_a_session(lambda: ask(settings.api_origin, path)):
        yield doubtful(
            "events",
            f"{settings.api_origin}{path} does not reach the process of events",
            f"pass this path on to {listen}, as the example of your proxy does",
        )


def _asks_for_a_session(ask_for_events: Callable[[], dict[str, Any]]) -> bool:
    try:
        return ask_for_events().get("code") == "session-ended"
    except NoAnswer:
        return False
