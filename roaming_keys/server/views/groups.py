"""The key server's routes for groups, inside a session."""

from __future__ import annotations

import re
from typing import Final

from flask import Response

from roaming_keys.protocol.groups.messages import GROUP_CHANGED, GroupPush, ListedGroups
from roaming_keys.server.accounts.groups import GroupChanged, NoSuchGroup
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

_TAG: Final = re.compile(r'"([A-Za-z0-9]{1,64})\.(0|[1-9][0-9]{0,14})"')
_ID: Final = re.compile(r"[A-Za-z0-9]{1,64}")


class GroupViews(StoreViews):
    """The routes of groups."""

    def list_groups(self) -> Response:
        """Return the groups of which the caller is the owner or a member."""
        caller = self._check_call()
        return json_answer(ListedGroups(groups=self._store.groups.list_of(caller.user)).to_json())

    def show_group(self, group: str) -> Response:
        """Return a group. The owner gets all wraps, and a member gets only the member's own wrap."""
        caller = self._check_call()
        stored = self._store.groups.find(_check_id(group), caller.user)
        self._store.groups.note_asked(group, caller.user, self._config.clock())
        answer = json_answer(stored.to_json())
        answer.headers["ETag"] = f'"{group}.{stored.version}"'
        return answer

    def store_group(self, group: str) -> Response:
        """Store the next version of a group of the caller, or a new group."""
        expect_record()
        caller = self._check_call()
        before = _version_before(_check_id(group))
        push = GroupPush.from_json(json_body())
        try:
            self._store.groups.replace(caller, group, before, push, self._config.clock())
        except GroupChanged:
            return error_response(412, GROUP_CHANGED, "The group was changed meanwhile. Fetch it again.")
        return json_answer(b"{}")

    def end_group(self, group: str) -> Response:
        """Delete a group of the caller, or remove the caller from another owner's."""
        caller = self._check_call()
        if self._store.groups.is_owner(_check_id(group), caller.user):
            check_fresh(self._config, caller)
            self._store.groups.delete(caller, group, self._config.clock())
        else:
            self._store.groups.leave(caller, group, self._config.clock())
        return json_answer(b"{}")


def _check_id(group: str) -> str:
    # All ids of groups have this form. Other texts are refused early, because PostgreSQL accepts no U+0000.
    if not _ID.fullmatch(group):
        raise NoSuchGroup
    return group


def _version_before(group: str) -> int:
    """Return the version in If-Match, which names the group; 0 for a new one. Raises ServiceError, MalformedMessage."""
    match = match_condition(_TAG)
    if match is None or match[1] != group:
        raise MalformedMessage("expected the version before of this group", where="If-Match")
    return int(match[2])
