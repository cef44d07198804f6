"""No `repr` shows a private key, content key or passphrase.

Every class with fields of the core, of the key server and of its clients is looked at.
"""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
import re
from collections.abc import Iterator
from typing import Final

import pytest

import roaming_keys
import smime_core
from smime_core.keys import ec, raw
from smime_core.keys.forms import private_key_field
from smime_core.provider import NewKey
from smime_core.providers import python_ml_dsa
from tests.support.people import person

# Names that mean a secret if the field has bytes, numbers, text or lists of them.
_SECRET_NAMES: Final = re.compile(
    r"(?!encrypted_)(.+_)?(seed|expanded|scalar|exponents?|primes?|s1|s2|t0|pkcs8(_der)?|key|ceks?|keks?|secrets?|passwords?|passphrases?"
    r"|pins?|mask|ghash|content_keys?|shared(_key)?|private(_key)?|plaintext|nonce_key)"
)
_RAW_TYPES: Final = re.compile(r"\b(bytes|bytearray|memoryview|Buffer|int|str|Polynomial|Any|object)\b")
# Fields of such names that hold nothing secret: public keys, sealed ones, and names of files.
_PUBLIC: Final = {
    ("Account", "sealed_login_key"),
    ("Account", "sealed_recovery_key"),
    ("AddRequest", "key"),
    ("Attempt", "session_key"),
    ("Caller", "session_key"),
    ("Credentials", "session_key"),
    ("CurveNumbers", "prime"),
    ("EdwardsCurve", "prime"),
    ("FollowedDiscovery", "key"),
    ("FollowedDiscovery", "pinned"),
    ("ImportRequest", "file_passphrase"),
    ("InitRequest", "ticket_key"),
    ("KeyServerConfig", "ticket_key"),
    ("Login", "session_key"),
    ("LoginKeys", "login_key"),
    ("LoginKeys", "recovery_key"),
    ("Member", "key"),
    ("MontgomeryCurve", "prime"),
    ("NewSession", "key"),
    ("NewSession", "login_key"),
    ("RightLogin", "key"),
    ("RsaPublic", "exponent"),
    ("SecurityKey", "public_key"),
    ("Server", "key"),
    ("SignedDiscovery", "key"),
    ("StaffChoice", "staff_key"),
    ("TicketClaims", "discovery_key"),
    ("Waiting", "key"),
    ("WrapKey", "key"),
    ("WrapKey", "login_key"),
}


def list_fields() -> Iterator[tuple[type, str, str]]:
    """Each field that a `repr` shows, as (class, field, type)."""
    packages = (smime_core, roaming_keys)
    for module_info in (
        package for each in packages for package in pkgutil.walk_packages(each.__path__, f"{each.__name__}.")
    ):
        module = importlib.import_module(module_info.name)
        for member in vars(module).values():
            if not isinstance(member, type) or member.__module__ != module_info.name:
                continue
            if dataclasses.is_dataclass(member):
                yield from ((member, field.name, str(field.type)) for field in dataclasses.fields(member) if field.repr)
            elif issubclass(member, tuple):
                yield from (
                    (member, name, str(member.__annotations__[name])) for name in getattr(member, "_fields", ())
                )


def test_no_class_shows_a_field_that_may_hold_a_secret() -> None:
    fields = list(list_fields())
    assert len(fields) > 500
    shown = [
        f"{owner.__module__}.{owner.__name__}.{name}"
        for owner, name, kind in fields
        if _SECRET_NAMES.fullmatch(name) and _RAW_TYPES.search(kind) and (owner.__name__, name) not in _PUBLIC
    ]
    assert shown == []


@pytest.mark.parametrize("key", [NewKey.P256, NewKey.ML_KEM_512, NewKey.ML_DSA_44])
def test_private_keys_on_the_way_into_the_core_show_nothing(key: NewKey) -> None:
    private = person("carol", key).private_key
    octets = private_key_field(private.pkcs8_der)
    secrets = []
    if key is NewKey.P256:
        parsed: object = ec._read_private(octets)
        secrets.append(ec._read_private(octets).scalar)
    else:
        stored = raw._parse_lattice(private.key_type, octets)
        parsed = stored
        secrets += [secret for secret in (stored.seed, stored.expanded) if secret is not None]
    assert secrets
    assert not any(repr(secret)[2:-1] in repr(parsed) for secret in secrets)
    if key is NewKey.ML_DSA_44:
        expanded = python_ml_dsa._expand(raw.ML_DSA_PARAMETERS[private.key_type], raw.read_expanded_private(private))
        assert repr(expanded.seed)[2:-1] not in repr(expanded)
        assert str(expanded.s1[0][:8])[1:-1] not in repr(expanded)
