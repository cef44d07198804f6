"""A JavaScript function that searches the databases of an origin."""

from __future__ import annotations

from tests.support.browser.page_scripts import page_scripts

IN_PAGE = page_scripts("support/browser/databases.js")

# Counts the records in all databases of the origin, the CryptoKeys in them, and the needles found in byte arrays.
WALK = IN_PAGE["walk"]
