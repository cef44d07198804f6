"""The peers that the tests start, by name."""

from __future__ import annotations

from tests.support.peers.bouncy_castle import BouncyCastle
from tests.support.peers.gpgsm import Gpgsm
from tests.support.peers.nss import Nss
from tests.support.peers.openssl import OpenSsl
from tests.support.peers.pkijs import PkiJs

PEERS: dict[str, type[OpenSsl] | type[Gpgsm] | type[Nss] | type[BouncyCastle] | type[PkiJs]] = {
    "openssl": OpenSsl,
    "gpgsm": Gpgsm,
    "nss": Nss,
    "bouncy-castle": BouncyCastle,
    "pkijs": PkiJs,
}
