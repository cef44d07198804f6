"""Writes docs/interoperation.md: what passes between us and each peer, and what keeps the rest from it.

Run as `python -m tests.interop`; the tests hold that the page is current.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.interop import ours
from tests.interop.conftest import PEERS
from tests.interop.peer import MAKES, READS, Gaps
from tests.interop.rows import READ_ONLY_SEALINGS, SEALINGS, SIGNINGS, Sealing, Signing
from tests.interop.thunderbird import Thunderbird

PAGE: Final = Path(__file__).parents[2] / "docs" / "interoperation.md"
_NAMES: Final = {
    "openssl": "openssl cms",
    "gpgsm": "gpgsm",
    "nss": "NSS cmsutil",
    "bouncy-castle": "Bouncy Castle",
    "pkijs": "PKI.js",
    "thunderbird": "Thunderbird",
}
_HEAD: Final = """# Interoperation
The tests in `tests/interop` start each peer and pass structures both ways. **both**: we read what it makes, and it
reads what we make; **we read**, **it reads**: one way alone; **–**: neither, for a reason that stands below. Signatures
and authenticated encryption also go across altered, which the other side must refuse.

Thunderbird gets whole messages and gives its own verdict; what it sends itself (RSA, AES-128-CBC) is read by us. It
keeps both verdicts on a message with protected headers (RFC 9788), whose hidden Subject it does not show (153).

Webmails are tested as a person uses them, with the extension (`tests/browser/test_webmail_*.py`): Roundcube and SOGo,
both from Debian. SnappyMail is in no package registry (Debian, npm, PyPI) and was not tried.

The other structures pass too: EncryptedData with openssl, NSS and Bouncy Castle; DigestedData with openssl and Bouncy
Castle; CompressedData, AuthenticatedData (read) and countersignatures with Bouncy Castle; certificates-only messages
with openssl, NSS and Bouncy Castle; signed receipts, carried CRLs, added signers, added
recipients and streams of any size with openssl; PKCS#12 files with openssl, NSS, Java and GnuTLS.
"""


def build_page() -> str:
    """The page's Markdown."""
    peers: dict[str, Gaps] = {**{name: kind.gaps for name, kind in PEERS.items()}, "thunderbird": Thunderbird.gaps}
    parts = [
        _HEAD,
        "## Signatures\n" + _table(SIGNINGS, peers, we_make=True),
        "## Encryption\n" + _table(SEALINGS, peers, we_make=True),
        "## Encryption that we only read\n" + _table(READ_ONLY_SEALINGS, peers, we_make=False),
        "## Reasons\n"
        + "".join(_reasons(_NAMES[peer], gaps) for peer, gaps in peers.items())
        + _reasons("Sealwax", ours.gaps),
    ]
    return "\n".join(parts)


def _table(rows: Sequence[Signing] | Sequence[Sealing], peers: dict[str, Gaps], *, we_make: bool) -> str:
    shown = [peer for peer in peers if we_make or peer != "thunderbird"]
    lines = ["| | " + " | ".join(_NAMES[peer] for peer in shown) + " |", "|---" * (len(shown) + 1) + "|"]
    lines += [
        f"| {row.name} | " + " | ".join(_cell(row.name, peer, peers[peer], we_make) for peer in shown) + " |"
        for row in rows
    ]
    return "\n".join(lines) + "\n"


def _cell(row: str, peer: str, gaps: Gaps, we_make: bool) -> str:
    # Nobody can be asked to make a row with Thunderbird: it chooses itself.
    we_read = peer != "thunderbird" and (MAKES, row) not in gaps and (READS, row) not in ours.gaps
    it_reads = we_make and (READS, row) not in gaps and (MAKES, row) not in ours.gaps
    if we_read and it_reads:
        return "both"
    return "we read" if we_read else "it reads" if it_reads else "–"


def _reasons(name: str, gaps: Gaps) -> str:
    by_reason: dict[str, dict[str, None]] = {}
    for (_, row), reason in gaps.items():
        by_reason.setdefault(reason, {})[row] = None
    return f"\n{name}:\n\n" + "".join(f"- {reason}: {', '.join(rows)}\n" for reason, rows in by_reason.items())


if __name__ == "__main__":
    PAGE.write_text(build_page())
