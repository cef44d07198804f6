"""Signature algorithms (RFC 8017, 4055, 4056; 5753, 5758; 8419; 9882; 3370 for DSA)."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from smime_core.algorithms.hashes import (
    HASH_OIDS,
    ID_SHAKE256_LEN,
    HashName,
    build_hash_identifier,
    hash_label,
    parse_hash_identifier,
)
from smime_core.algorithms.identifiers import (
    NULL,
    check_absent,
    check_absent_or_null,
    context_fields,
    parse_algorithm_identifier,
)
from smime_core.asn1 import der
from smime_core.asn1.der import Buffer
from smime_core.errors import MalformedMessage, UnsupportedAlgorithm

RSA_ENCRYPTION: Final = "1.2.840.113549.1.1.1"
RSASSA_PSS: Final = "1.2.840.113549.1.1.10"
MGF1: Final = "1.2.840.113549.1.1.8"


class SignatureScheme(StrEnum):
    """A family of signature algorithms. A `SignatureAlgorithm` is a scheme with a hash."""

    RSA_PKCS1_V15 = "rsa-pkcs1-v1_5"
    RSA_PSS = "rsa-pss"
    ECDSA = "ecdsa"
    ED25519 = "ed25519"
    ED448 = "ed448"
    ML_DSA_44 = "ml-dsa-44"
    ML_DSA_65 = "ml-dsa-65"
    ML_DSA_87 = "ml-dsa-87"
    DSA = "dsa"
    """DSA signatures are verified and shown as weak, but never made."""


_SCHEME_LABELS: Final = {
    SignatureScheme.RSA_PKCS1_V15: "RSA",
    SignatureScheme.RSA_PSS: "RSA-PSS",
    SignatureScheme.ECDSA: "ECDSA",
    SignatureScheme.ED25519: "Ed25519",
    SignatureScheme.ED448: "Ed448",
    SignatureScheme.ML_DSA_44: "ML-DSA-44",
    SignatureScheme.ML_DSA_65: "ML-DSA-65",
    SignatureScheme.ML_DSA_87: "ML-DSA-87",
    SignatureScheme.DSA: "DSA",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureAlgorithm:
    """A signature scheme with its parameters.

    `hash_name` is the hash inside the scheme. Ed25519, Ed448 and ML-DSA do not hash the data first; for these,
    `hash_name` is the hash of the content digest in CMS. `salt_length`, in bytes, and `mgf_hash` are used only by PSS.
    `mgf_hash` is None if MGF1 uses `hash_name`, as nearly all signers do.
    """

    scheme: SignatureScheme
    hash_name: HashName
    salt_length: int = 0
    mgf_hash: HashName | None = None

    @property
    def is_pure(self) -> bool:
        """Whether the scheme signs the data itself, not its digest."""
        return self.scheme in PURE_SCHEMES

    @property
    def mask_hash(self) -> HashName:
        """The hash of MGF1 in PSS."""
        return self.mgf_hash or self.hash_name

    @property
    def label(self) -> str:
        """Words for people: "RSA-PSS with SHA-256"."""
        mask = f" and MGF1 with {hash_label(self.mgf_hash)}" if self.mgf_hash else ""
        return f"{_SCHEME_LABELS[self.scheme]} with {hash_label(self.hash_name)}{mask}"


PURE_SCHEME_OIDS: Final = {
    SignatureScheme.ED25519: "1.3.101.112",
    SignatureScheme.ED448: "1.3.101.113",
    SignatureScheme.ML_DSA_44: "2.16.840.1.101.3.4.3.17",
    SignatureScheme.ML_DSA_65: "2.16.840.1.101.3.4.3.18",
    SignatureScheme.ML_DSA_87: "2.16.840.1.101.3.4.3.19",
}
PURE_SCHEMES: Final = frozenset(PURE_SCHEME_OIDS)
# RFC 8419 section 3.1 fixes the digest of the EdDSA schemes. RFC 9882 section 3.3 uses SHA-512 for every ML-DSA.
PURE_SCHEME_HASHES: Final = {
    scheme: HashName.SHAKE256 if scheme is SignatureScheme.ED448 else HashName.SHA512 for scheme in PURE_SCHEMES
}
_RSA_OIDS: Final = {
    HashName.MD5: "1.2.840.113549.1.1.4",
    HashName.SHA1: "1.2.840.113549.1.1.5",
    HashName.SHA224: "1.2.840.113549.1.1.14",
    HashName.SHA256: "1.2.840.113549.1.1.11",
    HashName.SHA384: "1.2.840.113549.1.1.12",
    HashName.SHA512: "1.2.840.113549.1.1.13",
    HashName.SHA512_224: "1.2.840.113549.1.1.15",
    HashName.SHA512_256: "1.2.840.113549.1.1.16",
    HashName.SHA3_224: "2.16.840.1.101.3.4.3.13",
    HashName.SHA3_256: "2.16.840.1.101.3.4.3.14",
    HashName.SHA3_384: "2.16.840.1.101.3.4.3.15",
    HashName.SHA3_512: "2.16.840.1.101.3.4.3.16",
}
_ECDSA_OIDS: Final = {
    HashName.SHA1: "1.2.840.10045.4.1",
    HashName.SHA224: "1.2.840.10045.4.3.1",
    HashName.SHA256: "1.2.840.10045.4.3.2",
    HashName.SHA384: "1.2.840.10045.4.3.3",
    HashName.SHA512: "1.2.840.10045.4.3.4",
    HashName.SHA3_224: "2.16.840.1.101.3.4.3.9",
    HashName.SHA3_256: "2.16.840.1.101.3.4.3.10",
    HashName.SHA3_384: "2.16.840.1.101.3.4.3.11",
    HashName.SHA3_512: "2.16.840.1.101.3.4.3.12",
}
DSA: Final = "1.2.840.10040.4.1"
_DSA_OIDS: Final = {
    HashName.SHA1: "1.2.840.10040.4.3",
    HashName.SHA224: "2.16.840.1.101.3.4.3.1",
    HashName.SHA256: "2.16.840.1.101.3.4.3.2",
}
_BY_OID: Final = {
    **{oid: (SignatureScheme.RSA_PKCS1_V15, name) for name, oid in _RSA_OIDS.items()},
    **{oid: (SignatureScheme.ECDSA, name) for name, oid in _ECDSA_OIDS.items()},
    **{oid: (SignatureScheme.DSA, name) for name, oid in _DSA_OIDS.items()},
    "1.3.14.3.2.29": (SignatureScheme.RSA_PKCS1_V15, HashName.SHA1),  # The OIW's OID, in old certificates.
    "1.3.14.3.2.27": (SignatureScheme.DSA, HashName.SHA1),
}
_PURE_BY_OID: Final = {oid: scheme for scheme, oid in PURE_SCHEME_OIDS.items()}
# Some signers write the key's OID in place of the signature's OID, and name the hash only in digestAlgorithm.
_KEY_OIDS: Final = {
    RSA_ENCRYPTION: SignatureScheme.RSA_PKCS1_V15,  # RFC 3370 section 3.2
    DSA: SignatureScheme.DSA,
    "1.2.840.10045.2.1": SignatureScheme.ECDSA,
}


@functools.cache
def build_signature_identifier(algorithm: SignatureAlgorithm) -> bytes:
    """DER of a SignatureAlgorithmIdentifier (RFC 5754 section 3, 4056 section 3, 5753 section 2.1.1, 8419, 9882).

    RSA v1.5 is written as shaNWithRSAEncryption with NULL; ECDSA, EdDSA and ML-DSA have no parameters. Raises
    UnsupportedAlgorithm for DSA, which is only read.
    """
    if algorithm.scheme is SignatureScheme.RSA_PKCS1_V15:
        return der.sequence(der.oid(_RSA_OIDS[algorithm.hash_name]), NULL)
    if algorithm.scheme is SignatureScheme.ECDSA:
        return der.sequence(der.oid(_ECDSA_OIDS[algorithm.hash_name]))
    if algorithm.is_pure:
        return der.sequence(der.oid(PURE_SCHEME_OIDS[algorithm.scheme]))
    if algorithm.scheme is SignatureScheme.DSA:
        raise UnsupportedAlgorithm(DSA, "signature", text="signature: DSA is never made")
    parameters = der.sequence(
        *hash_and_mgf(algorithm.hash_name, algorithm.mask_hash),
        der.explicit(2, der.integer(algorithm.salt_length)) if algorithm.salt_length != 20 else b"",
    )
    return der.sequence(der.oid(RSASSA_PSS), parameters)


@functools.cache
def build_digest_identifier(algorithm: SignatureAlgorithm) -> bytes:
    """DER of the digestAlgorithm for a signature. Ed448 needs id-shake256-len with 512 (RFC 8419 section 3.1)."""
    if algorithm.scheme is SignatureScheme.ED448:
        return der.sequence(der.oid(ID_SHAKE256_LEN), der.integer(512))
    return build_hash_identifier(algorithm.hash_name)


def parse_signature_identifier(
    identifier_der: Buffer, digest: HashName | None = None, role: str = "signatureAlgorithm"
) -> SignatureAlgorithm:
    """Parse a signatureAlgorithm. For a SignerInfo, `digest` is its digestAlgorithm; for a certificate it is None.

    If the OID names no hash, the result has the hash `digest`. Such an OID is that of a key, such as rsaEncryption (RFC
    3370 section 3.2), or of ML-DSA. In a SignerInfo, parameters that the algorithm does not have are ignored, as
    OpenSSL does. For example, some signers write the curve after the OID of an EC key. Raises UnsupportedAlgorithm or
    MalformedMessage.
    """
    oid, parameters = parse_algorithm_identifier(identifier_der)
    if digest is not None and oid != RSASSA_PSS:
        parameters = None
    if oid == RSASSA_PSS:
        return parse_pss_parameters(parameters, role)
    if oid in _PURE_BY_OID:
        # RFC 8419 section 3.1, RFC 9882 section 3.3.
        check_absent(parameters, where=role)
        scheme = _PURE_BY_OID[oid]
        is_ml_dsa = scheme not in (SignatureScheme.ED25519, SignatureScheme.ED448)
        hash_name = digest if digest is not None and is_ml_dsa else PURE_SCHEME_HASHES[scheme]
        return SignatureAlgorithm(scheme=scheme, hash_name=hash_name)
    if oid in _BY_OID:
        check_absent_or_null(parameters, where=role)
        scheme, hash_name = _BY_OID[oid]
        return SignatureAlgorithm(scheme=scheme, hash_name=hash_name)
    if oid in _KEY_OIDS and digest is not None:
        return SignatureAlgorithm(scheme=_KEY_OIDS[oid], hash_name=digest)
    raise UnsupportedAlgorithm(oid, role)


def parse_pss_parameters(parameters: bytes | None, role: str) -> SignatureAlgorithm:
    """Parse RSASSA-PSS-params. MGF1 may have another hash, which RFC 4055 section 3.1 only recommends against.

    Raises UnsupportedAlgorithm or MalformedMessage.
    """
    fields = context_fields(parameters, where=role, known=(0, 1, 2, 3))
    hash_name, mgf_hash = parse_hash_and_mgf(fields, role)
    salt_length = der.parse_integer(der.read_one(fields[2], where="saltLength")) if 2 in fields else 20
    if 3 in fields and der.parse_integer(der.read_one(fields[3], where="trailerField")) != 1:
        raise UnsupportedAlgorithm(RSASSA_PSS, role, text=f"{role}: PSS trailerField other than 1 is not supported")
    if not 0 <= salt_length <= 1024:
        raise MalformedMessage(f"saltLength is {salt_length}", where=role)
    return SignatureAlgorithm(
        scheme=SignatureScheme.RSA_PSS,
        hash_name=hash_name,
        salt_length=salt_length,
        mgf_hash=None if mgf_hash is hash_name else mgf_hash,
    )


def parse_hash_and_mgf(fields: dict[int, bytes], role: str) -> tuple[HashName, HashName]:
    """(hash, hash of MGF1) from fields [0] and [1] of PSS and OAEP parameters (RFC 4055 section 3.1).

    Absent fields mean SHA-1. Raises UnsupportedAlgorithm or MalformedMessage.
    """
    hash_name = parse_hash_identifier(fields[0], role) if 0 in fields else HashName.SHA1
    if 1 not in fields:
        return hash_name, HashName.SHA1
    generator, generator_parameters = parse_algorithm_identifier(fields[1])
    if generator != MGF1 or generator_parameters is None:
        raise UnsupportedAlgorithm(generator, f"{role} mask generation")
    return hash_name, parse_hash_identifier(generator_parameters, role)


def hash_and_mgf(hash_name: HashName, mgf_hash: HashName) -> tuple[bytes, bytes]:
    """DER of fields [0] and [1], each empty for SHA-1, its default.

    The identifiers of SHA-2 include NULL (RFC 4055 section 2.1).
    """

    def identifier(name: HashName) -> bytes:
        return der.sequence(der.oid(HASH_OIDS[name]), NULL)

    return (
        der.explicit(0, identifier(hash_name)) if hash_name is not HashName.SHA1 else b"",
        der.explicit(1, der.sequence(der.oid(MGF1), identifier(mgf_hash))) if mgf_hash is not HashName.SHA1 else b"",
    )
