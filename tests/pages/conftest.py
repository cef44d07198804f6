"""Fixtures of the pages' tests: the demonstration, its two accounts, its pages in a browser, the extension's files."""

from __future__ import annotations

from tests.support.extension.installed import folder as folder
from tests.support.pages.demonstration import (
    alice as alice,
    bob as bob,
    demo_stack as demo_stack,
    pages_with_sources as pages_with_sources,
)
from tests.support.pages.mail_rig import inbox as inbox, mail as mail, rig as rig
from tests.support.pages.parcel_fixtures import parcel_rig as parcel_rig, running_rig as running_rig
from tests.support.pages.sent_parcels import sending_rig as sending_rig
from tests.support.pages.strangers import stack as stack
from tests.support.pages.visitors import visitor as visitor, welcome as welcome
from tests.support.servers.tls import tls_folder as tls_folder
