"""A Worker that goes on keeps no key and no text of a finished operation, also while the keys are still unlocked.

After each operation, and after several quick ones, the page waits ten seconds without forced garbage collection. Then
the memory of every process of the browser must not have the private key, the content-encryption key, the text or the
passphrase.
"""

from __future__ import annotations

import dataclasses
import time
from collections import Counter
from pathlib import Path
from typing import Final

import pytest

from smime_core.blocking import run
from smime_core.parcels import derive_parcel_key, make_salt, make_secret
from smime_core.provider import NewKey
from tests.support.browser.browsers import Name
from tests.support.browser.required import require_browser
from tests.support.browser.residue.lab import NATIVE, Lab, make_secrets, open_lab
from tests.support.browser.residue.markers import hmac_key_needles, needles_for
from tests.support.browser.residue.processes import Finding, copies_of, count_by_secret

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

REST_SECONDS: Final = 10
# The page keeps these two until lock: the session's key, and what the driver typed.
OF_THE_PAGE: Final = {"seal key", "passphrase"}
# No script can overwrite strings of JavaScript.
STRINGS: Final = {"mail's subject", "mail's address"}
OPERATIONS: Final = ("decrypt", "read", "sign", "decrypt")
# Their keys are collected together.
QUICKLY: Final = 10


# When Firefox checks an imported RSA key, it copies the digits of q and of the coefficient to a thread's stack. Two
# words of each are left there, until the thread works with another such key or ends.
ON_STACKS_BYTES: Final = 16


def left_of_operations(lab: Lab) -> Counter[str]:
    copies = [copy for copy in copies_of(lab.watch.scan_memory()) if not is_on_stack(copy)]
    counted = Counter(copy[0].needle.secret for copy in copies)
    return Counter({secret: count for secret, count in counted.items() if secret not in OF_THE_PAGE | STRINGS})


def is_on_stack(copy: list[Finding]) -> bool:
    return {finding.needle.form for finding in copy} == {"reversed"} and sum(
        len(finding.needle.octets) for finding in copy
    ) <= ON_STACKS_BYTES


@pytest.mark.parametrize("key", [NewKey.RSA_2048, NewKey.P256])
@pytest.mark.parametrize("name", ["chromium", "firefox"])
def test_ten_seconds_after_an_operation_nothing_of_it_is_left(name: Name, key: NewKey, tmp_path: Path) -> None:
    require_browser(name)
    secrets = make_secrets(key)
    with open_lab(name, tmp_path, secrets) as lab:
        lab.wait_for_image(1)
        lab.type_passphrase(secrets.passphrase)
        lab.begin("unlock")
        lab.go_on()
        # The Worker that got the passphrase has ended.
        lab.wait_for_image(2)
        counts = []
        for operation in OPERATIONS:
            lab.begin(operation)
            assert lab.watch.find_in_memory({"private key"}) == {"private key"}
            lab.go_on()
            time.sleep(REST_SECONDS)
            counts.append(left_of_operations(lab))
        for _ in range(QUICKLY):
            lab.begin("decrypt")
            lab.go_on()
        time.sleep(REST_SECONDS)
        counts.append(left_of_operations(lab))
        prepared = lab.page.js("() => window.prepared")
        lab.retire()
        counts.append(left_of_operations(lab))
        lab.lock()
        lab.close()
        allowed = Counter(dict.fromkeys(STRINGS, 100))
        left = count_by_secret(lab.watch.wait_until_gone(lab.page, allowed=allowed))
    print(counts, prepared, left)
    assert prepared == 2
    assert counts == [Counter()] * (len(OPERATIONS) + 2)
    assert left <= allowed


@pytest.mark.parametrize("name", ["chromium", "firefox"])
def test_a_worker_goes_on_without_the_words_and_the_key_of_a_parcel(name: Name, tmp_path: Path) -> None:
    require_browser(name)
    words, salt = make_secret(NATIVE), make_salt(NATIVE)
    key = run(derive_parcel_key(words, salt, NATIVE))
    # The words are in the field where they were typed. The vault has them as the key of HMAC.
    needles = [*needles_for("parcel's key", [key.kek]), *hmac_key_needles("parcel's words", words.encode())]
    secrets = make_secrets(NewKey.P256)
    secrets = dataclasses.replace(secrets, salt=salt, needles=[*secrets.needles, *needles])
    with open_lab(name, tmp_path, secrets) as lab:
        lab.wait_for_image(1)
        lab.type_passphrase(secrets.passphrase)
        lab.begin("unlock")
        lab.go_on()
        lab.wait_for_image(2)
        lab.type_passphrase(words)
        lab.begin("parcel")
        assert lab.watch.find_in_memory({"parcel's key"}) == {"parcel's key"}
        assert lab.go_on() == {"value": None}
        time.sleep(REST_SECONDS)
        left, prepared = left_of_operations(lab), lab.page.js("() => window.prepared")
    assert prepared == 2
    assert left == Counter()
