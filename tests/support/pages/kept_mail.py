"""The store of what can be read without a connection, before a vault and a bridge of the test."""

from __future__ import annotations

from tests.support.browser.page_scripts import page_scripts

IN_PAGE = page_scripts("support/pages/kept_mail.js")

# Makes `kept` with a vault of the test, whose "sealing" puts the place before the text.
PARTS = IN_PAGE["parts"]
