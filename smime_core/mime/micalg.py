"""The micalg parameter of multipart/signed: written from the digests, and read as a hint (RFC 8551 section 3.5.3.2)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from smime_core.algorithms import HashName

# RFC 8551 section 3.5.3.2 and the IANA registry "Hash Function Textual Names", to which RFC 8702 added the SHAKEs.
_WRITTEN: Final = {
    HashName.MD5: "md5",
    HashName.SHA1: "sha-1",
    HashName.SHA224: "sha-224",
    HashName.SHA256: "sha-256",
    HashName.SHA384: "sha-384",
    HashName.SHA512: "sha-512",
    HashName.SHAKE128: "shake128",
    HashName.SHAKE256: "shake256",
}
_UNREGISTERED: Final = "unknown"
_READ: Final = {name.value.replace("_", ""): name for name in HashName}


def micalg(hash_names: Iterable[HashName]) -> str:
    """The micalg value for these digests in their order, each once. Digests without a registered name are `unknown`."""
    return ",".join(dict.fromkeys(_WRITTEN.get(name, _UNREGISTERED) for name in hash_names)) or _UNREGISTERED


def parse_micalg(value: str) -> tuple[HashName | None, ...]:
    """The digests that a micalg value names. An unknown name becomes None.

    Old mail has `sha1`, `rsa-sha1`, `SHA256` and similar.
    """
    return tuple(_find_hash(name) for name in value.split(",") if name.strip())


def find_unannounced_hashes(value: str, used: Iterable[HashName]) -> tuple[HashName, ...]:
    """The digests that signers used but micalg does not name. Empty if micalg is absent or has unknown names.

    RFC 1847 section 2.1 calls such a digest an error, and RFC 8551 asks readers to recover. So it is reported, but does
    not change the verdict (MUSTS 35).
    """
    announced = parse_micalg(value)
    if not announced or None in announced:
        return ()
    return tuple(dict.fromkeys(name for name in used if name not in announced))


def _find_hash(name: str) -> HashName | None:
    plain = name.strip().lower().removeprefix("rsa-")
    return _READ.get(plain.replace("-", "").replace("_", "").replace("/", ""))
