"""Fixtures of the pages' tests: the demonstration, its two accounts, its pages in a browser, the extension's files."""

from __future__ import annotations

from tests.support.extension.installed import folder
from tests.support.pages.demonstration import alice, bob, demo_stack, pages_with_sources
from tests.support.pages.mail_house import house, inbox, mail
from tests.support.pages.parcel_fixtures import parcel_house, running_house
from tests.support.pages.sent_parcels import sending_house
from tests.support.pages.strangers import stack
from tests.support.pages.visitors import visitor, welcome
from tests.support.servers.tls import tls_folder

__all__ = [
    "alice",
    "bob",
    "demo_stack",
    "folder",
    "house",
    "inbox",
    "mail",
    "pages_with_sources",
    "parcel_house",
    "running_house",
    "sending_house",
    "stack",
    "tls_folder",
    "visitor",
    "welcome",
]
