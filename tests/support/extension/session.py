"""JavaScript functions that read the session of unlocked keys in the extension's storage, and make it older."""

from __future__ import annotations

from tests.support.browser.page_scripts import page_scripts

IN_PAGE = page_scripts("support/extension/session.js")

MINUTE = 60_000
SESSION = "async () => (await (globalThis.browser ?? chrome).storage.session.get('unlocked')).unlocked ?? null"
# Moves the times of the session into the past, by milliseconds: of its begin and of its last use.
AGE = IN_PAGE["age"]
