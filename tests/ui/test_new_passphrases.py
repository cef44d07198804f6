"""The places where a passphrase is chosen, by the source: each has the two fields that refuse a short one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import click
import pytest

from sealwax.cli.options.passphrases import MIN_NEW_PASSPHRASE_CHARACTERS, new_passphrase
from tests.support.new_passphrases import NEXT, SHORT

ROOT: Final = Path(__file__).parents[2]
FIELDS: Final = ROOT / "wasm_build/ui/new_passphrase.js"
# Each script with a field for one secret, and the secret, which exists already.
EXISTING: Final = {
    "browser_ext/compose/letter_password.js": "the password of one message, which the sender tells its reader",
    "browser_ext/compose/sender_choice.js": "the passphrase of a key file",
    "browser_ext/guide/welcome.js": "the passphrase of a key file",
    "browser_ext/options/backup_form.js": "the passphrase of a backup that is restored",
    "browser_ext/options/identities.js": "the passphrase of a key file, before it is changed or exported",
    "browser_ext/options/options.js": "the passphrase of a key file",
    "browser_ext/options/parcel_server_form.js": "a token of a server of parcels",
    "browser_ext/options/requests.js": "the passphrase of a key that waits for its certificate",
    "browser_ext/page_save/page_save.js": "the passphrase of a key file",
    "browser_ext/parcel/own_key.js": "the passphrase of a key file",
    "browser_ext/prompt/prompt.js": "the passphrase of a key file",
    "browser_ext/sign_in/sign_in.js": "the mail password",
    "browser_ext/viewer/page_viewer.js": "the passphrase or password of a file",
    "wasm_build/ui/key_account_view.js": "the passphrase of the account",
    "wasm_build/ui/recovery_form.js": "the recovery code",
    "wasm_build/vault/owner/sealwax.js": "the passphrase of a key file",
    "webbridge/pages/parcels/page/views/certificate_view.js": "the passphrase of a key file",
    "webbridge/pages/keys/views/key_adding.js": "the passphrase of a key file",
    "webbridge/pages/keys/views/kept_unlock.js": "the passphrase of keys kept on the device",
    "webbridge/pages/keys/views/request_forms.js": "the passphrase of a key that waits for its certificate",
    "webbridge/pages/keys/views/reset_forms.js": "the passphrase of a key file",
    "webbridge/pages/keys/views/shared_forms.js": "the passphrase of a key file",
    "webbridge/pages/account/views/sign_in_view.js": "the passphrase of the account",
    "webbridge/pages/keys/views/undo_reset_form.js": "the passphrase of the account from before a reset",
    "webbridge/pages/keys/views/unlock_forms.js": "the passphrase of the account or of a key file",
}


def test_pages_extension_and_command_want_the_same_number_of_characters() -> None:
    (least,) = re.findall(r"export const MIN_CHARACTERS = (\d+);", FIELDS.read_text())
    assert int(least) == MIN_NEW_PASSPHRASE_CHARACTERS


def test_a_field_for_one_secret_is_never_for_a_new_passphrase() -> None:
    folders = (ROOT / name for name in ("browser_ext", "wasm_build", "webbridge"))
    scripts = [script for folder in folders for script in folder.rglob("*.js") if script != FIELDS]
    files = {str(script.relative_to(ROOT)) for script in scripts if "new SecretField(" in script.read_text()}
    assert files == set(EXISTING)


@pytest.mark.parametrize("short", [*SHORT, ""])
def test_the_command_refuses_what_the_fields_refuse(short: str, tmp_path: Path) -> None:
    file = tmp_path / "passphrase"
    file.write_text(f"{short}\n", "utf-8")
    with pytest.raises(click.ClickException):
        new_passphrase(str(file))


@pytest.mark.parametrize("passphrase", [NEXT, "ten chars!", "\N{CANDLE}" * MIN_NEW_PASSPHRASE_CHARACTERS])
def test_the_command_takes_a_new_passphrase_of_ten_code_points(passphrase: str, tmp_path: Path) -> None:
    file = tmp_path / "passphrase"
    file.write_text(f"{passphrase}\n", "utf-8")
    assert new_passphrase(str(file)) == passphrase.encode()
