"""`verify` and `decrypt --remember`: keep the certificates of a verified mail's sender in the contacts."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

import click

from sealwax.cli.options.parameters import CONTACTS
from sealwax.cli.options.request import given_by
from sealwax.cli.provider import PROVIDER
from sealwax.cli.streams.files import lock_file, write_error
from sealwax.cli.user_files.contacts import contacts_file_of, load_contacts, save_contacts
from smime_core import blocking
from smime_core.pkix import TrustStore
from smime_core.report import MessageReport
from smime_core.trust import Contacts, accept, confirm_preferred, harvest, merge


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembering:
    """The options about contacts: their file, and whether a verified sender is remembered."""

    remember: bool = given_by(
        click.Option(
            ["--remember"], is_flag=True, help="Remember a verified sender's certificates for writing to them."
        )
    )
    accepts_change: bool = given_by(
        click.Option(
            ["--accept-change"],
            is_flag=True,
            help="Remember the sender's certificate though it is another than before.",
        )
    )
    contacts_file: str | None = given_by(CONTACTS)

    @property
    def is_wanted(self) -> bool:
        """Whether a verified sender is remembered."""
        return self.remember or self.accepts_change

    def load_known(self) -> Contacts:
        """The contacts. With them, a verdict can report that a contact's certificate has changed.

        Raises OSError or MalformedMessage.
        """
        return load_contacts(contacts_file_of(self.contacts_file))

    def keep_sender(self, report: MessageReport, trust_store: TrustStore, at: datetime.datetime) -> None:
        """Put the sender of a verified message into the contacts.

        If the sender's certificate is neither the stored certificate nor its renewal, this is reported on standard
        error. The new certificate is stored only if the user has accepted it. Raises OSError or MalformedMessage.
        """
        harvested = harvest(report, at) if self.is_wanted else None
        if harvested is None:
            return
        harvested = blocking.run(confirm_preferred(harvested, PROVIDER, trust_store))
        path = contacts_file_of(self.contacts_file)
        with lock_file(path):
            contacts = load_contacts(path)
            merged = merge(contacts, harvested)
            after = accept(contacts, harvested) if self.accepts_change else merged.contacts
            if after != contacts:
                save_contacts(path, after)
        if merged.asks:
            end = "remembered" if self.accepts_change else "not remembered: --accept-change does, once you are sure"
            write_error(f"{harvested.address}: another certificate than before, {end}")
