"""A Worker for the vault that reports which private keys were passed to WebCrypto."""

from __future__ import annotations

from typing import Final

from tests.support.browser.page_scripts import page_program

# Reports the private keys that WebCrypto has imported or made since a request began. Earlier keys are of the rehearsal
# at the start, and protect nothing.
WATCHING_WORKER: Final = page_program("support/vault/watching_worker.js")
LISTEN: Final = """() => {
  window.seen = [];
  new BroadcastChannel("sealwax test").onmessage = ({ data }) => window.seen.push(data.seen);
}"""
