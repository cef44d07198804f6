"""Where certificates are looked for: the options, and the directories that they make."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from smime_core.cli.contacts_file import default_contacts_file, load_contacts
from smime_core.cli.files import read_input
from smime_core.cli.options import FILE

if TYPE_CHECKING:
    from smime_core.contacts import Contacts
    from smime_core.lookups.fetch import FetchPolicy
    from smime_core.lookups.ldap import LdapDirectory
    from smime_core.lookups.search import Directories
    from smime_core.lookups.smimea import NameServer

Function = TypeVar("Function", bound=Callable[..., Any])

_DNS_PORT = 53


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryOptions:
    """What --contacts, --ldap, --dns, --url and their neighbours say."""

    contacts_file: str | None
    ldap_urls: tuple[str, ...]
    ldap_plain: bool
    ldap_login: str
    ldap_password_file: str | None
    ldap_ca: str | None
    dns: bool
    dns_servers: tuple[str, ...]
    urls: tuple[str, ...]

    @property
    def asks_somebody(self) -> bool:
        """Whether anybody is asked beside the contacts."""
        return bool(self.ldap_urls or self.dns or self.dns_servers or self.urls)

    def load_contacts(self) -> Contacts:
        """The contacts, none where there is no file yet. Raises OSError or MalformedMessage."""
        return load_contacts(Path(self.contacts_file) if self.contacts_file else default_contacts_file())

    def load(self, *, contacts: Contacts, fetch_policy: FetchPolicy) -> Directories:
        """All that was named. Raises OSError or DirectoryFailed."""
        # Imported here: DNS and LDAP take longer to import than most verbs take.
        from smime_core.lookups.search import Directories

        return Directories(
            contacts=contacts,
            ldap=self._load_ldap(),
            name_servers=self._load_name_servers(),
            urls=self.urls,
            fetch_policy=fetch_policy,
        )

    def _load_ldap(self) -> tuple[LdapDirectory, ...]:
        from smime_core.lookups.ldap import LdapSecurity, parse_ldap_url

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
        from smime_core.lookups.smimea import name_server, system_name_servers

        if not self.dns_servers:
            return system_name_servers() if self.dns else ()
        return tuple(name_server(*parse_resolver(text)) for text in self.dns_servers)


def parse_resolver(text: str) -> tuple[str, int]:
    """ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT. Raises UsageError."""
    address, port = text, str(_DNS_PORT)
    # An IPv6 address without brackets has no port.
    if text.count(":") == 1 or "]:" in text:
        address, _, port = text.rpartition(":")
    if not port.isascii() or not port.isdecimal() or not 0 < int(port) < 65_536:
        raise click.UsageError(f"--dns-server {text}: expected an IP address, and a port behind a colon")
    return address.strip("[]"), int(port)


def directory_options(function: Function) -> Function:
    """The options as one argument, `places`."""

    @functools.wraps(function)
    def collect(*arguments: Any, **options: Any) -> Any:
        own = {field.name: options.pop(field.name) for field in fields(DirectoryOptions)}
        return function(*arguments, places=DirectoryOptions(**own), **options)

    command: Any = collect
    for option in (
        click.option("--url", "urls", multiple=True, metavar="URL", help="A certificate on the web. Repeatable."),
        click.option(
            "--dns-server",
            "dns_servers",
            multiple=True,
            metavar="ADDRESS[:PORT]",
            help="Ask the DNS by this resolver. Repeatable.",
        ),
        click.option("--dns", is_flag=True, help="Ask the DNS of the address's domain (SMIMEA)."),
        click.option(
            "--ldap-ca",
            metavar="FILE",
            type=FILE,
            help="Authorities for LDAP over TLS, not the system's.",
        ),
        click.option(
            "--ldap-password-file", metavar="FILE", type=FILE, help="File whose first line is the password for LDAP."
        ),
        click.option("--ldap-login", default="", metavar="NAME", help="The name to log in to LDAP by, else nobody's."),
        click.option("--ldap-plain", is_flag=True, help="Speak LDAP without TLS on ldap://."),
        click.option(
            "--ldap",
            "ldap_urls",
            multiple=True,
            metavar="URL",
            help="ldaps://HOST/BASE, or ldap:// by StartTLS. Repeatable.",
        ),
        click.option("--contacts", "contacts_file", metavar="FILE", type=FILE, help="Another file of contacts."),
    ):
        command = option(command)
    return command  # type: ignore[no-any-return]
