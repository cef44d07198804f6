"""`verify` and `decrypt --remember`: what a verified mail says about its sender goes into the contacts."""

from __future__ import annotations

import datetime
import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from smime_core import blocking
from smime_core.cli.contacts_file import default_contacts_file, load_contacts, save_contacts
from smime_core.cli.files import lock_file, write_error
from smime_core.cli.operations import PROVIDER
from smime_core.cli.options import FILE
from smime_core.contacts import Contacts, accept, confirm_preferred, harvest, merge
from smime_core.pkix import TrustStore
from smime_core.report import MessageReport

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembering:
    """What --remember, --accept-change and --contacts say."""

    wanted: bool
    accepts_change: bool
    contacts_file: str | None

    def load_known(self) -> Contacts:
        """The people known before, whose changed certificates a verdict tells. Raises OSError or MalformedMessage."""
        return load_contacts(self._path)

    def remember(self, report: MessageReport, *, trust_store: TrustStore, at: datetime.datetime) -> None:
        """Put what may be kept of a report into the file.

        A change that is no renewal is not kept unless it was accepted, which is told on standard error.
        Raises OSError or MalformedMessage.
        """
        harvested = harvest(report, at=at) if self.wanted else None
        if harvested is None:
            return
        harvested = blocking.run(confirm_preferred(harvested, trust_store=trust_store, provider=PROVIDER))
        with lock_file(self._path):
            contacts = load_contacts(self._path)
            merged = merge(contacts, harvested)
            after = accept(contacts, harvested) if self.accepts_change else merged.contacts
            if after != contacts:
                save_contacts(self._path, after)
        if merged.asks:
            end = "remembered" if self.accepts_change else "not remembered: --accept-change does, once you are sure"
            write_error(f"{harvested.address}: another certificate than before, {end}")

    @property
    def _path(self) -> Path:
        return Path(self.contacts_file) if self.contacts_file else default_contacts_file()


def remember_options(function: Function) -> Function:
    """The options as one argument, `remembering`."""

    @functools.wraps(function)
    def collect(*arguments: Any, remember: bool, accept_change: bool, contacts_file: str | None, **options: Any) -> Any:
        wanted = remember or accept_change
        chosen = Remembering(wanted=wanted, accepts_change=accept_change, contacts_file=contacts_file)
        return function(*arguments, remembering=chosen, **options)

    command: Any = collect
    for option in (
        click.option("--contacts", "contacts_file", metavar="FILE", type=FILE, help="Another file of contacts."),
        click.option(
            "--accept-change", is_flag=True, help="Remember the sender's certificate though it is another than before."
        ),
        click.option("--remember", is_flag=True, help="Remember a verified sender's certificates for writing to them."),
    ):
        command = option(command)
    return command  # type: ignore[no-any-return]
