"""Key usage by kind of key, as the profile requires (S/MIME Baseline Requirements, section 7.1.2.3 (e))."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from smime_core.ca.profile_facts import ProfileFacts
from smime_core.provider import KeyType
from smime_core.x509.certificate import KeyUsage

_SIGN: Final = KeyUsage.DIGITAL_SIGNATURE
_PROMISE: Final = KeyUsage.NON_REPUDIATION
_TRANSPORT: Final = KeyUsage.KEY_ENCIPHERMENT
_AGREE: Final = KeyUsage.KEY_AGREEMENT
_NONE: Final = KeyUsage(0)
_LATTICE_SIGNERS: Final = (KeyType.ML_DSA_44, KeyType.ML_DSA_65, KeyType.ML_DSA_87)
_LATTICE_RECEIVERS: Final = (KeyType.ML_KEM_512, KeyType.ML_KEM_768, KeyType.ML_KEM_1024)


class Scope(Enum):
    """The certificates that a rule applies to: all, or those with or without a bit of `purposes` in their key usage."""

    ALL = auto()
    WITH_PURPOSE = auto()
    WITHOUT_PURPOSE = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyUsageRule:
    """A rule for keys of `kinds`: the certificate needs one bit of `purposes`, and may also have the bits of `allowed`.

    With keyAgreement, the certificate may also have the bits of `with_agreement`. The rule does not apply to a key
    usage without any bit, which the rule `key_usage_bits` reports.
    """

    name: str
    kinds: tuple[KeyType, ...]
    purposes: KeyUsage
    allowed: KeyUsage = _NONE
    with_agreement: KeyUsage = _NONE
    generations: tuple[str, ...] = ("legacy", "multipurpose", "strict")
    scope: Scope = Scope.ALL

    def applies(self, facts: ProfileFacts) -> bool:
        """Whether the rule applies to the certificate."""
        usage = facts.certificate.key_usage
        if not usage or facts.certificate.public_key.key_type not in self.kinds:
            return False
        has_purpose = bool(usage & self.purposes)
        scopes = {Scope.ALL: True, Scope.WITH_PURPOSE: has_purpose, Scope.WITHOUT_PURPOSE: not has_purpose}
        return facts.is_of(*self.generations) and scopes[self.scope]

    def breach(self, facts: ProfileFacts) -> str:
        """The fault in words, or "" if the certificate obeys the rule."""
        usage = facts.certificate.key_usage or _NONE
        if not usage & self.purposes:
            return f"key usage {_words(usage)}, expected {_words(self.purposes)}"
        allowed = self.purposes | self.allowed | (self.with_agreement if usage & _AGREE else _NONE)
        if usage & ~allowed:
            return f"key usage {_words(usage & ~allowed)} with a key of type {self.kinds[0]}"
        return "nonRepudiation without digitalSignature" if usage & _PROMISE and not usage & _SIGN else ""


KEY_USAGE_RULES: Final = (
    KeyUsageRule(
        name="e_rsa_key_usage_strict",
        scope=Scope.WITH_PURPOSE,
        kinds=(KeyType.RSA,),
        purposes=_SIGN | _TRANSPORT,
        allowed=_PROMISE,
        generations=("strict",),
    ),
    KeyUsageRule(
        name="e_rsa_key_usage_legacy_multipurpose",
        scope=Scope.WITH_PURPOSE,
        kinds=(KeyType.RSA,),
        purposes=_SIGN | _TRANSPORT,
        allowed=_PROMISE | KeyUsage.DATA_ENCIPHERMENT,
        generations=("legacy", "multipurpose"),
    ),
    KeyUsageRule(
        name="e_rsa_other_key_usages", kinds=(KeyType.RSA,), purposes=_SIGN | _TRANSPORT, scope=Scope.WITHOUT_PURPOSE
    ),
    KeyUsageRule(
        name="e_ecpublickey_key_usages",
        scope=Scope.WITH_PURPOSE,
        kinds=(KeyType.EC,),
        purposes=_SIGN | _AGREE,
        allowed=_PROMISE,
        with_agreement=KeyUsage.ENCIPHER_ONLY | KeyUsage.DECIPHER_ONLY,
    ),
    KeyUsageRule(
        name="e_ec_other_key_usages", kinds=(KeyType.EC,), purposes=_SIGN | _AGREE, scope=Scope.WITHOUT_PURPOSE
    ),
    KeyUsageRule(
        name="e_edwardspublickey_key_usages",
        kinds=(KeyType.ED25519, KeyType.ED448),
        purposes=_SIGN,
        allowed=_PROMISE,
    ),
    KeyUsageRule(name="ml_dsa_key_usages", kinds=_LATTICE_SIGNERS, purposes=_SIGN, allowed=_PROMISE),
    KeyUsageRule(name="ml_kem_key_usages", kinds=_LATTICE_RECEIVERS, purposes=_TRANSPORT),
)


def _words(usage: KeyUsage) -> str:
    """The names of the bits as in RFC 5280, such as keyCertSign."""
    names = (bit.name or "" for bit in KeyUsage if usage & bit)
    return ", ".join(
        first.lower() + "".join(map(str.capitalize, rest)) for first, *rest in (n.split("_") for n in names)
    )
