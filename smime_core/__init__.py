"""S/MIME and PKIX: a pure-Python core without I/O, clock or global state.

The operations are async, because WebCrypto is async; `smime_core.blocking` has plain functions with the same names. The
caller passes the cryptography as a `CryptoProvider`: `smime_core.providers.native.NativeProvider`, or
`smime_core.providers.webcrypto.WebCryptoProvider` in a browser.

Messages and structures are bytes, times are aware `datetime` values, passwords and passphrases are bytes in UTF-8.
Every error is an `SmimeError`. Structures are read in BER or DER and written in DER.

`smime_core.face` lists the names of this package. Import other names from their own package, such as `smime_core.cms`
or `smime_core.own_content`; `smime_core.stream` is for files of any size.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from smime_core.face import *  # noqa: F403
    from smime_core.face import __all__ as __all__


def __getattr__(name: str) -> Any:
    # Most programs need only a few packages, so each name of `smime_core.face` is imported when it is first used
    # (PEP 562).
    if name.startswith("__") and name != "__all__":
        raise AttributeError(name)
    # `from smime_core import cms` calls this function too, before Python looks for a module of that name.
    try:
        return importlib.import_module(f"{__name__}.{name}")
    except ModuleNotFoundError as error:
        if error.name != f"{__name__}.{name}":
            raise
    face = importlib.import_module(f"{__name__}.face")
    if name != "__all__" and name not in face.__all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = getattr(face, name)
    return globals()[name]
