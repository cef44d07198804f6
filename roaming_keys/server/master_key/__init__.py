"""The master key: where it comes from, what is sealed under it, and how it is replaced.

Without the master key, a thief of the database opens nothing.
"""

from roaming_keys.server.master_key.bound_key import check_bound_key, check_keys, fingerprint_in
from roaming_keys.server.master_key.key_sources import GivenKeys, KeyFile, KeyringKeys, KeyStore, read_keys, write_keys
from roaming_keys.server.master_key.rotation import heads_in, reseal_all
from roaming_keys.server.master_key.row import find_row
from roaming_keys.server.master_key.server_keys import KeyRing, KeySource, MasterKey, Sealed, ServerKeyError, ServerKeys

__all__ = [
    "GivenKeys",
    "KeyFile",
    "KeyRing",
    "KeySource",
    "KeyStore",
    "KeyringKeys",
    "MasterKey",
    "Sealed",
    "ServerKeyError",
    "ServerKeys",
    "check_bound_key",
    "check_keys",
    "find_row",
    "fingerprint_in",
    "heads_in",
    "read_keys",
    "reseal_all",
    "write_keys",
]
