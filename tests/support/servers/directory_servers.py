"""Directories on loopback: slapd, a server that gives false LDAP answers, and a DNS server with SMIMEA records."""

from __future__ import annotations

import base64
import contextlib
import os
import shutil
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from dnslib import EDNS0, RCODE, RD, RR, DNSLabel, DNSRecord, EDNSOption
from dnslib.server import BaseResolver, DNSHandler, DNSServer

from smime_core.asn1 import der
from tests.support.servers.ports import free_port
from tests.support.servers.web_servers import run_raw_server

SLAPD: Final = shutil.which("slapd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
SLAPADD: Final = shutil.which("slapadd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
HOST: Final = "127.0.0.1"
BASE: Final = "dc=example,dc=test"
BIND_NAME: Final = f"cn=admin,{BASE}"
PASSWORD: Final = "secret äöü"
START_SECONDS: Final = 10.0
SMIMEA: Final = 53
_UDP_BYTES: Final = 512

_SETTINGS = """
modulepath {modules}
moduleload back_mdb
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
TLSCACertificateFile {tls}/tls_ca.pem
TLSCertificateFile {tls}/tls_server.pem
TLSCertificateKeyFile {tls}/tls_server.pem
sizelimit unlimited
database mdb
directory {folder}/db
maxsize 104857600
suffix "{base}"
rootdn "{bind_name}"
rootpw "{password}"
index objectClass,mail eq
access to dn.subtree="ou=hidden,{base}" by users read by * none
access to * by * read
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One person in the directory. `attributes`: pairs of LDAP attribute description and value."""

    name: str
    mail: str
    attributes: tuple[tuple[str, bytes], ...] = ()
    hidden: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Slapd:
    """The ports of a running slapd."""

    plain_port: int
    tls_port: int

    @property
    def plain_url(self) -> str:
        return f"ldap://{HOST}:{self.plain_port}/{BASE}"

    @property
    def tls_url(self) -> str:
        return f"ldaps://{HOST}:{self.tls_port}/{BASE}"


@contextlib.contextmanager
def run_slapd(entries: Sequence[Entry], *, folder: Path, tls_folder: Path) -> Iterator[Slapd]:
    """Run a real OpenLDAP server with these people during the block."""
    (folder / "db").mkdir()
    settings = folder / "slapd.conf"
    settings.write_text(
        _SETTINGS.format(
            modules=_modules(), folder=folder, tls=tls_folder, base=BASE, bind_name=BIND_NAME, password=PASSWORD
        )
    )
    (folder / "people.ldif").write_bytes(_ldif(entries))
    subprocess.run([str(SLAPADD), "-q", "-f", settings, "-l", folder / "people.ldif"], check=True)
    server = Slapd(plain_port=free_port(), tls_port=free_port())
    listens_at = f"ldap://{HOST}:{server.plain_port} ldaps://{HOST}:{server.tls_port}"
    with (folder / "slapd.log").open("wb") as log:
        # With -d slapd stays in the foreground, so that this process can end it.
        process = subprocess.Popen([str(SLAPD), "-d", "0", "-f", settings, "-h", listens_at], stderr=log)
    try:
        _wait_for(server.tls_port, process)
        yield server
    finally:
        process.terminate()
        process.wait()


def _modules() -> str:
    folders = [path for path in ("/usr/lib/ldap", "/usr/lib64/openldap", "/usr/lib/openldap") if Path(path).is_dir()]
    return folders[0] if folders else "/usr/lib/ldap"


def _ldif(entries: Sequence[Entry]) -> bytes:
    parts = [
        f"dn: {BASE}\nobjectClass: dcObject\nobjectClass: organization\no: Example\ndc: example\n\n".encode(),
        f"dn: ou=hidden,{BASE}\nobjectClass: organizationalUnit\nou: hidden\n\n".encode(),
    ]
    for entry in entries:
        place = f"ou=hidden,{BASE}" if entry.hidden else BASE
        parts.append(f"dn: cn={entry.name},{place}\nobjectClass: inetOrgPerson\ncn: {entry.name}\nsn: S\n".encode())
        values = (("mail", entry.mail.encode()), *entry.attributes)
        parts += [name.encode() + b":: " + base64.b64encode(value) + b"\n" for name, value in values]
        parts.append(b"\n")
    return b"".join(parts)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection((HOST, port), timeout=1).close()
        except OSError:
            if process.poll() is not None or time.monotonic() > end:
                raise
            time.sleep(0.02)
        else:
            return


@contextlib.contextmanager
def run_lying_ldap(answers: Callable[[int], Iterator[bytes]]) -> Iterator[int]:
    """Run a server that accepts any login and ignores the limits of a search. Yields its port.

    `answers` gets the messageID of a search and gives the LDAPMessages (RFC 4511 section 4.1.1) of the answer.
    """

    def talk(connection: socket.socket, over: threading.Event) -> None:
        while request := _read_message(connection):
            number, operation = der.read_sequence(request)[:2]
            message_id = der.parse_integer(number, where="messageID")
            if operation.tag == _BIND_REQUEST:
                connection.sendall(ldap_message(message_id, _BIND_RESPONSE, _RESULT_OK))
            elif operation.tag == _SEARCH_REQUEST:
                for answer in answers(message_id):
                    connection.sendall(answer)
                over.wait(START_SECONDS)
            elif operation.tag == _EXTENDED_REQUEST:
                connection.sendall(ldap_message(message_id, _EXTENDED_RESPONSE, _PROTOCOL_ERROR))

    with run_raw_server(talk) as server:
        yield server.port


_BIND_REQUEST: Final = 0x60
_BIND_RESPONSE: Final = 0x61
_SEARCH_REQUEST: Final = 0x63
_SEARCH_ENTRY: Final = 0x64
_SEARCH_DONE: Final = 0x65
_SEARCH_REFERENCE: Final = 0x73
_EXTENDED_REQUEST: Final = 0x77
_EXTENDED_RESPONSE: Final = 0x78
_RESULT_OK: Final = b"\x0a\x01\x00" + b"\x04\x00" * 2
_PROTOCOL_ERROR: Final = b"\x0a\x01\x02" + b"\x04\x00" * 2


def ldap_message(message_id: int, tag: int, content: bytes) -> bytes:
    return der.sequence(der.integer(message_id), der.element(tag, content))


def ldap_entry(
    message_id: int,
    number: int,
    values: Sequence[bytes],
    *,
    name: bytes | None = None,
    attribute: bytes = b"userCertificate;binary",
) -> bytes:
    """A SearchResultEntry with these values of one attribute. `name` is the entry's name, by default from `number`."""
    described = der.sequence(der.octet_string(attribute), der.set_of([der.octet_string(value) for value in values]))
    content = der.octet_string(f"cn={number},{BASE}".encode() if name is None else name) + der.sequence(described)
    return ldap_message(message_id, _SEARCH_ENTRY, content)


def ldap_referral(message_id: int, url: str) -> bytes:
    """A SearchResultReference (RFC 4511 section 4.5.3)."""
    return ldap_message(message_id, _SEARCH_REFERENCE, der.octet_string(url.encode()))


def ldap_done(message_id: int) -> bytes:
    return ldap_message(message_id, _SEARCH_DONE, _RESULT_OK)


def _read_message(connection: socket.socket) -> bytes:
    # Reads one message: a tag, a length in the short or long form, and the content.
    head = connection.recv(2, socket.MSG_WAITALL)
    if len(head) < 2:
        return b""
    length = head[1]
    if length & 0x80:
        more = connection.recv(length & 0x7F, socket.MSG_WAITALL)
        head, length = head + more, int.from_bytes(more, "big")
    return head + connection.recv(length, socket.MSG_WAITALL)


@dataclass(slots=True)
class Zone:
    """The answers of a DNS server: SMIMEA data or an alias by owner name. The other fields make answers false."""

    records: dict[str, list[bytes]] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    services: dict[str, list[str]] = field(default_factory=dict)
    """The data of SRV records by owner name: priority, weight, port and target."""
    authentic: bool = True
    """Whether the AD bit is set."""
    bogus: bool = False
    """Answers SERVFAIL, except to requests with the CD bit (checking disabled)."""
    extended_error: int | None = None
    rcode: str = "NOERROR"
    silent: bool = False
    asked: list[tuple[str, str]] = field(default_factory=list)
    """The owner name and the transport of each question."""
    port: int = 0


def smimea(usage: int, selector: int, matching_type: int, data: bytes) -> bytes:
    """The data of one SMIMEA record (RFC 8162 section 2, RFC 6698 section 2.1)."""
    return bytes((usage, selector, matching_type)) + data


class _ZoneResolver(BaseResolver):  # type: ignore[misc]
    def __init__(self, zone: Zone) -> None:
        self._zone = zone

    def resolve(self, request: DNSRecord, handler: DNSHandler) -> DNSRecord:
        zone = self._zone
        owner = str(request.q.qname).rstrip(".")
        zone.asked.append((owner, handler.protocol))
        reply = request.reply()
        if zone.silent:
            raise TimeoutError
        if zone.bogus and not request.header.cd:
            reply.header.rcode = RCODE.SERVFAIL
            return self._with_extended_error(reply)
        reply.header.rcode = getattr(RCODE, zone.rcode)
        reply.header.ad = zone.authentic and not request.header.cd
        if owner in zone.aliases:
            target = zone.aliases[owner]
            reply.add_answer(*RR.fromZone(f"{owner}. 60 IN CNAME {target}."))
            owner = target
        for data in zone.records.get(owner, ()):
            reply.add_answer(RR(DNSLabel(owner), SMIMEA, rdata=RD(data), ttl=60))
        for text in zone.services.get(owner, ()):
            reply.add_answer(*RR.fromZone(f"{owner}. 60 IN SRV {text}"))
        if not reply.rr and not zone.records.get(owner) and zone.rcode == "NOERROR":
            reply.header.rcode = RCODE.NXDOMAIN
        if handler.protocol == "udp" and len(reply.pack()) > _UDP_BYTES:
            reply = request.reply()
            reply.header.tc = 1
        return self._with_extended_error(reply)

    def _with_extended_error(self, reply: DNSRecord) -> DNSRecord:
        if self._zone.extended_error is not None:
            option = EDNSOption(15, struct.pack("!H", self._zone.extended_error))
            reply.add_ar(EDNS0(udp_len=1232, opts=[option]))
        return reply


class _QuietLogger:
    def __getattr__(self, _: str) -> Callable[..., None]:
        return lambda *_args, **_named: None


@contextlib.contextmanager
def run_dns(zone: Zone) -> Iterator[Zone]:
    """Run a resolver on loopback by UDP and TCP. UDP answers of more than 512 bytes are truncated."""
    resolver, logger = _ZoneResolver(zone), _QuietLogger()
    tcp = DNSServer(resolver, address=HOST, port=0, tcp=True, logger=logger).server
    zone.port = tcp.server_address[1]
    try:
        udp = DNSServer(resolver, address=HOST, port=zone.port, logger=logger).server
    except OSError:
        # Another program uses this number for UDP: try another port.
        tcp.server_close()
        with run_dns(zone) as running:
            yield running
        return
    listeners = [udp, tcp]
    threads = [threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}) for server in listeners]
    for listener, thread in zip(listeners, threads, strict=True):
        # A silent zone raises an error to send no answer. Do not print the error.
        listener.handle_error = lambda *_: None
        thread.start()
    try:
        yield zone
    finally:
        for listener, thread in zip(listeners, threads, strict=True):
            listener.shutdown()
            thread.join()
            listener.server_close()
