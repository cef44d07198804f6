"""Each key that a script looks up has its text: those that stand in it, and those that it makes at run time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

import pytest

from sealwax.words import ENGLISH, words_of_part
from tests.support.project import ROOT

PARTS_OF_FOLDERS: Final = {
    "webbridge/pages": ("pages",),
    "browser_ext": ("extension",),
    # Scripts that both share may have a text that only one of them shows.
    "wasm_build/ui": ("pages", "extension"),
    "wasm_build/parcels": ("pages", "extension"),
}
_LITERAL: Final = re.compile(r'translate\("([a-z][a-z0-9_]*)"')
_TEMPLATE: Final = re.compile(r"`((?:[a-z_]|\$\{(?:[^{}`]|\{[^{}`]*\})*\})+)`")
_VALUE: Final = re.compile(r"\$\{(?:[^{}]|\{[^{}]*\})*\}")
# The values that code puts into its keys.
VALUES: Final = {
    "accept_*_button": "authority exact",
    "accept_*_meaning": "authority exact",
    "accept_*_title": "authority exact",
    "accept_addresses_*_hint": "authority exact",
    "access_*": "read file all",
    "access_*_meaning": "read file all",
    "act_no_*": "archive junk",
    "act_no_right_*": "delete flags move",
    "act_word_*": "archive delete flag junk move unread read unflag not_junk",
    "anchor_*": "given mozilla operator user",
    "decision_*": "authority exact removed",
    "field_*": "cc date subject to",
    "filter_*": ("from_contains from_is to_contains to_is subject_contains subject_is size_over size_under"),
    "filter_kind_*": ("from_contains from_is to_contains to_is subject_contains subject_is size_over size_under"),
    "folder_*": "archive drafts junk sent trash",
    "folders_*": "others shared",
    "format_*": "bold bullets italic link numbers quote",
    "keys_kind_*": "p_256 p_384 rsa_3072",
    "later_*": "far past unclear",
    "layer_*": "certificates compressed encrypted signed",
    "locked_because_*": "asleep clock computer elsewhere idle left restart strict too_long",
    "my_files_*": "delete listing lost move rename uploading waiting",
    "my_files_name_*": "empty long sign taken",
    "notices_*": "blocked elsewhere unreported unsupported",
    "offline_files_*": "checked failed unsupported",
    "operator_revocation_*": "if_known not_checked required",
    "outbox_*": "held refused unknown waiting",
    "parcel_complaint_*": "deceit harmful other unwanted",
    "part_*": "certificates compressed encrypted signed",
    "path_*": "bad good open",
    "path_role_*": "anchor authority holder missing",
    "protection_*": "encrypted none openpgp signed",
    "recovery_code_*": "copy print save",
    "reload_*": "clock over refused",
    "reset_*_meaning": "done undone",
    "reset_*_title": "done undone",
    "restore_*": "merge replace",
    "restore_goes_*": "anchors changes decisions drafts key_files lists people requests sites",
    "restore_meaning_*": "anchors decisions followed settings sites",
    "restore_take_*": "anchors decisions followed settings sites",
    "strength_*": "0 1 2 3 4",
    "strength_because_*": "common date key_pattern key_row like_common name repeat sequence word year",
    "search_in_*": "body from here subject text",
    "settings_idle_*": "5 15 60 720",
    "shared_state_*": "left new newer taken",
    "source_*": "bridge contacts given harvest ldap smimea url",
    "sent_parcel_state_*": "answered expired failed notified opened received submitted uploading withdrawn",
    "shortcut_*": (
        "all archive delete extend_next flag forward go help junk leave lock move next open previous reply reply_all"
        " search select send undo unread write"
    ),
    "state_*_sentence": "encrypted_only invalid plain signed_unverified verified",
    "state_*_word": "encrypted_only invalid plain signed_unverified verified",
    "index_*": "failed full paused power reading",
    "obstacle_*": "bad_file failed none unusable",
    "trust_*": (
        "begun_anew failed is_damaged is_foreign is_older kept locked off storage_full storage_refused unreadable"
    ),
    "*_go": "shared_delete shared_leave",
    "*_meaning": "shared_delete shared_leave",
    "*_named": "group_edit open person_rename person_write preview remove save",
    "*_title": "shared_delete shared_leave",
}

# The code looks whether there is such a text, and has another one for the rest.
OPTIONAL: Final = {
    "advice_*",
    "as_parcel_error_*",
    "error_*",
    "my_files_error_*",
    "parcel_error_*",
    "reason_*",
    "recipient_reason_*",
    "revocation_good_*",
    "revoked_*",
    "sent_parcel_error_*",
    "shared_error_*",
    "step_*",
    "unknown_*",
    "warning_*",
}


def scripts(folder: str) -> Iterator[Path]:
    return (path for path in sorted((ROOT / folder).rglob("*.js")) if "dist" not in path.parts)


def texts_of(parts: tuple[str, ...]) -> set[str]:
    return {key for part in parts for key in words_of_part(ENGLISH, "shared", part)}


@pytest.mark.parametrize("folder", list(PARTS_OF_FOLDERS))
def test_each_key_in_a_script_has_its_text(folder: str) -> None:
    texts = texts_of(PARTS_OF_FOLDERS[folder])
    keys = [(path.name, key) for path in scripts(folder) for key in _LITERAL.findall(path.read_text())]
    assert len(keys) > 20
    assert [(name, key) for name, key in keys if key not in texts] == []


def forms_in(folder: str) -> set[str]:
    """The keys that scripts make at run time, with * for each value, if any text has such a key."""
    code = "".join(path.read_text() for path in scripts(folder))
    forms = {_VALUE.sub("*", template) for template in _TEMPLATE.findall(code)}
    texts = texts_of(PARTS_OF_FOLDERS[folder])
    key_forms = {form for form in forms if "*_" in form or "_*" in form}
    return {form for form in key_forms if any(fnmatchcase(key, form) for key in texts)}


@pytest.mark.parametrize("folder", list(PARTS_OF_FOLDERS))
def test_each_key_that_is_made_at_run_time_has_its_text(folder: str) -> None:
    forms, texts = forms_in(folder), texts_of(PARTS_OF_FOLDERS[folder])
    assert sorted(forms - VALUES.keys() - OPTIONAL) == [], "name the values in VALUES"
    keys = [form.replace("*", value) for form in sorted(forms - OPTIONAL) for value in VALUES[form].split()]
    assert [key for key in keys if key not in texts] == []


def test_no_list_of_values_is_left_over() -> None:
    made = {form for folder in PARTS_OF_FOLDERS for form in forms_in(folder)}
    assert sorted((VALUES.keys() | OPTIONAL) - made) == []
