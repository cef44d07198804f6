"""Fixtures of the pages' tests: the demonstration, its two accounts, its pages in a browser, the extension's files."""

from __future__ import annotations

from tests.support.extension.installed import folder as folder
from tests.support.pages.demonstration import (
    alice as alice,
    bob as bob,
    demo_stack as demo_stack,
    pages_with_sources as pages_with_sources,
)
from tests.support.pages.mail_house import house as house, inbox as inbox, mail as mail
from tests.support.pages.parcel_fixtures import parcel_house as parcel_house, running_house as running_house
from tests.support.pages.sent_parcels import sending_house as sending_house
from tests.support.pages.strangers import stack as stack
from tests.support.pages.visitors import visitor as visitor, welcome as welcome
from tests.support.servers.tls import tls_folder as tls_folder
