"""The options that name directories of certificates, and the `Directories` made from them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sealwax.cli.options.parameters import CONTACTS, FILE
from sealwax.cli.options.request import given_by
from sealwax.cli.streams.files import read_input
from sealwax.cli.user_files.contacts import contacts_file_of, load_contacts

if TYPE_CHECKING:
    from sealwax.lookups.fetch import FetchPolicy
    from sealwax.lookups.ldap import LdapDirectory
    from sealwax.lookups.search import Directories
    from sealwax.lookups.smimea import NameServer
    from smime_core.trust import Contacts

_DNS_PORT = 53


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryOptions:
    """The contacts, and the directories in which certificates are looked for."""

    contacts_file: str | None = given_by(CONTACTS)
    ldap_urls: tuple[str, ...] = given_by(
        click.Option(
            ["--ldap", "ldap_urls"],
            multiple=True,
            metavar="URL",
            help="ldaps://HOST/BASE, or ldap:// by StartTLS. Repeatable.",
        )
    )
    ldap_plain: bool = given_by(click.Option(["--ldap-plain"], is_flag=True, help="Speak LDAP without TLS on ldap://."))
    ldap_login: str = given_by(
        click.Option(["--ldap-login"], default="", metavar="NAME", help="The name to log in to LDAP by, else none.")
    )
    ldap_password_file: str | None = given_by(
        click.Option(
            ["--ldap-password-file"],
            metavar="FILE",
            type=FILE,
            help="File whose first line is the password for LDAP.",
        )
    )
    ldap_ca: str | None = given_by(
        click.Option(["--ldap-ca"], metavar="FILE", type=FILE, help="Authorities for LDAP over TLS, not the system's.")
    )
    dns: bool = given_by(click.Option(["--dns"], is_flag=True, help="Ask the DNS of the address's domain (SMIMEA)."))
    dns_servers: tuple[str, ...] = given_by(
        click.Option(
            ["--dns-server", "dns_servers"],
            multiple=True,
            metavar="ADDRESS[:PORT]",
            help="Ask the DNS by this resolver. Repeatable.",
        )
    )
    urls: tuple[str, ...] = given_by(
        click.Option(["--url", "urls"], multiple=True, metavar="URL", help="A certificate on the web. Repeatable.")
    )

    @property
    def asks_somebody(self) -> bool:
        """Whether any directory besides the contacts may be asked."""
        return bool(self.ldap_urls or self.dns or self.dns_servers or self.urls)

    def load_contacts(self) -> Contacts:
        """The contacts; empty if there is no file yet. Raises OSError or MalformedMessage."""
        return load_contacts(contacts_file_of(self.contacts_file))

    def load(self, contacts: Contacts, fetch_policy: FetchPolicy) -> Directories:
        """The contacts and all directories that were named. Raises OSError or DirectoryFailed."""
        # Imported here: DNS and LDAP take longer to import than most verbs take to run.
        from sealwax.lookups.search import Directories

        return Directories(
            contacts=contacts,
            ldap=self._load_ldap(),
            name_servers=self._load_name_servers(),
            urls=self.urls,
            fetch_policy=fetch_policy,
        )

    def _load_ldap(self) -> tuple[LdapDirectory, ...]:
        from sealwax.lookups.ldap import LdapSecurity, parse_ldap_url

        password_lines = read_input(self.ldap_password_file).splitlines() if self.ldap_password_file else []
        return tuple(
            parse_ldap_url(
                url,
                security=LdapSecurity.PLAIN_ALLOWED if self.ldap_plain else LdapSecurity.ENCRYPTED,
                bind_name=self.ldap_login,
                password=password_lines[0].decode() if password_lines else "",
                ca_file=Path(self.ldap_ca) if self.ldap_ca else None,
            )
            for url in self.ldap_urls
        )

    def _load_name_servers(self) -> tuple[NameServer, ...]:
        from sealwax.lookups.smimea import name_server, system_name_servers

        if not self.dns_servers:
            return system_name_servers() if self.dns else ()
        return tuple(name_server(*parse_resolver(text)) for text in self.dns_servers)


def parse_resolver(text: str) -> tuple[str, int]:
    """The address and the port in ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT. Raises UsageError."""
    address, port = text, str(_DNS_PORT)
    # An IPv6 address without brackets has no port.
    if text.count(":") == 1 or "]:" in text:
        address, _, port = text.rpartition(":")
    if not port.isascii() or not port.isdecimal() or not 0 < int(port) < 65_536:
        raise click.UsageError(f"--dns-server {text}: expected an IP address, and a port behind a colon")
    return address.strip("[]"), int(port)
