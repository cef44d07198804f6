"""The key server's routes inside a session. Each call is signed by the session's key (`protocol/calls.py`)."""

from __future__ import annotations

import json
import re
from typing import Final

from flask import Response, request

from roaming_keys.protocol.messages.accounts import CHANGED, Devices, KeyRecord, KnownDevice, Push, Rotation
from roaming_keys.server.accounts.store import Account, RecordChanged, SealedRecord
from roaming_keys.server.master_key import Sealed
from roaming_keys.server.sessions import Caller, SessionEnded
from roaming_keys.server.views.calls import (
    StoreViews,
    check_fresh,
    expect_record,
    json_answer,
    json_body,
    match_condition,
)
from sealwax.service import error_response
from smime_core.errors import MalformedMessage

_TAG: Final = re.compile(r'"([A-Za-z0-9]{1,64})\.([1-9][0-9]{0,15})"')


class AccountViews(StoreViews):
    """The routes of an account."""

    def bundle(self) -> Response:
        """Return the record of the caller, or 304 if it is the one in If-None-Match."""
        caller = self._check_call()
        record = self._stored(caller)
        if request.headers.get("If-None-Match") == record.tag:
            return Response(status=304, headers={"ETag": record.tag})
        answer = json_answer(record.to_json())
        answer.headers["ETag"] = record.tag
        return answer

    def push(self) -> Response:
        """Store the next record under the same key."""
        expect_record()
        caller = self._check_call()
        record = Push.from_json(json_body()).record
        if _tag_before(record) != record.bundle_id:
            raise MalformedMessage("the record has another bundle id", where="If-Match")
        stored = self._stored(caller)
        if stored.tag != request.headers["If-Match"]:
            return self._changed(caller)
        # The new record can only replace this stored record, so the wraps cannot change before that.
        if record.wraps != stored.wraps:
            raise MalformedMessage("only a new key changes the wraps", where="wraps")
        try:
            self._store.replace_record(
                caller, SealedRecord.sealed_by(self._keys, caller.user, record), self._config.clock()
            )
        except RecordChanged:
            return self._changed(caller)
        return json_answer(b"{}")

    def rotate(self) -> Response:
        """Store new login keys, and the next record under a new key."""
        expect_record()
        caller = self._check_call()
        check_fresh(self._config, caller)
        rotation = Rotation.from_json(json_body())
        record, user = rotation.record, caller.user
        before = _tag_before(record)
        if before == record.bundle_id:
            raise MalformedMessage("the record has the bundle id of before", where="If-Match")
        account = Account.sealed_by(self._keys, user, rotation.keys)
        try:
            sealed, revoked = SealedRecord.sealed_by(self._keys, user, record), list(rotation.revoked)
            self._store.rotate(caller, account, sealed, before, revoked, self._config.clock())
        except RecordChanged:
            # The other sessions end even if this try fails. Otherwise a session that stores records all the time would
            # make each try fail, and the owner could not end it.
            self._store.sessions.end_others(caller, self._config.clock())
            return self._changed(caller)
        return json_answer(b"{}")

    def devices(self) -> Response:
        """Return the devices of the caller, the latest first."""
        caller = self._check_call()
        devices = tuple(
            KnownDevice(
                id=device.id,
                name=self._keys.unseal(Sealed.DEVICE_NAME, device.sealed_name, caller.user).decode(),
                created=int(device.created.timestamp()),
                latest=int(device.latest.timestamp()),
                is_this=device.id == caller.device,
            )
            for device in self._store.sessions.devices(caller.user)
        )
        return json_answer(Devices(devices=devices).to_json())

    def delete(self) -> Response:
        """Delete all that the server has of the caller."""
        caller = self._check_call()
        check_fresh(self._config, caller)
        self._store.delete_account(caller, self._config.clock())
        return json_answer(b"{}")

    def note_export(self) -> Response:
        """Note that the device of the caller saves the keys to a file, so that the owner is notified."""
        caller = self._check_call()
        self._store.note_export(caller, self._config.clock())
        return json_answer(b"{}")

    def _stored(self, caller: Caller) -> KeyRecord:
        stored = self._store.find_record_of(caller.session_key)
        if stored is None:
            raise SessionEnded
        return KeyRecord.from_json(self._keys.unseal(Sealed.RECORD, stored.sealed, caller.user))

    def _changed(self, caller: Caller) -> Response:
        return error_response(
            412,
            CHANGED,
            "Another device has stored keys meanwhile.",
            further_members={"record": json.loads(self._stored(caller).to_json())},
        )


def _tag_before(record: KeyRecord) -> str:
    """Return the bundle id in If-Match, which must name the version before. Raises ServiceError, MalformedMessage."""
    match = match_condition(_TAG)
    if match is None or int(match[2]) != record.version - 1:
        raise MalformedMessage("expected the version before that of the record", where="If-Match")
    return match[1]
