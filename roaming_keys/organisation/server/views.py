"""The routes of organisations: routes for owners of keys, inside a session, and routes for the staff."""

from __future__ import annotations

from flask import Flask, Response, request

from roaming_keys.organisation.protocol.messages import (
    CaseChoice,
    Cases,
    Events,
    EventsWanted,
    NewCase,
    NewPolicy,
    NewUser,
    RecoveryStatus,
    Role,
    StoreCopy,
    UserChange,
    Users,
    UsersWanted,
)
from roaming_keys.organisation.protocol.policy import check_encrypts
from roaming_keys.organisation.server.staff import Member, StaffCallRefused, StaffStore
from roaming_keys.organisation.server.store import OrganisationStore
from roaming_keys.protocol.calls import Call, Credentials
from roaming_keys.protocol.key_account import normalise_user
from roaming_keys.protocol.records.record import FIRST_VERSION
from roaming_keys.server.accounts.store import Account, AccountExists, SealedRecord, Store
from roaming_keys.server.config import KeyServerConfig
from roaming_keys.server.master_key import ServerKeys
from roaming_keys.server.views.calls import StoreViews, add_routes, check_fresh, expect_record, json_answer, json_body
from sealwax.service import ServiceError
from smime_core.errors import MalformedMessage

_ANYBODY = tuple(Role)


def install_organisation(app: Flask, config: KeyServerConfig, store: Store) -> None:
    """Add the routes to the key server."""
    organisation = OrganisationStore(store)
    owner = OwnerViews(config, store, organisation)
    staff = StaffViews(config, store.keys, organisation, StaffStore(store.database, organisation.trail))
    add_routes(
        app,
        {
            "GET /recovery": owner.recovery_status,
            "PUT /recovery": owner.store_copy,
            "POST /staff/users": staff.add_user,
            "POST /staff/users/list": staff.list_users,
            "POST /staff/user": staff.change_user,
            "GET /staff/policy": staff.policy,
            "PUT /staff/policy": staff.set_policy,
            "GET /staff/cases": staff.cases,
            "POST /staff/cases": staff.ask,
            "POST /staff/case/share": staff.share,
            "POST /staff/case/approve": staff.approve,
            "POST /staff/case/open": staff.open_case,
            "POST /staff/audit": staff.events,
        },
    )


class OwnerViews(StoreViews):
    """The routes inside a session, beside those of the account."""

    def __init__(self, config: KeyServerConfig, store: Store, organisation: OrganisationStore) -> None:
        super().__init__(config, store)
        self._organisation = organisation

    def recovery_status(self) -> Response:
        """Return the policy, copy, cases and renewal of the caller. Notes that the owner was shown the cases."""
        caller = self._check_call()
        return json_answer(self._organisation.recovery_status(caller.user, self._config.clock()).to_json())

    def store_copy(self) -> Response:
        """Store a recovery copy, in place of the earlier copy."""
        expect_record()
        caller = self._check_call()
        check_fresh(self._config, caller)
        copy = StoreCopy.from_json(json_body()).copy
        self._organisation.store_copy(caller, copy, self._config.clock())
        return json_answer(b"{}")


class StaffViews:
    """The routes of the staff. Each call is signed by the key of a member (`staff.py`)."""

    def __init__(
        self,
        config: KeyServerConfig,
        keys: ServerKeys,
        store: OrganisationStore,
        staff: StaffStore,
    ) -> None:
        self._config = config
        self._keys = keys
        self._store = store
        self._staff = staff

    def add_user(self) -> Response:
        """Store an account that an administrator has made for somebody."""
        member = self._check(Role.ADMINISTRATOR)
        new = NewUser.from_json(json_body())
        user, record = normalise_user(new.user), new.record
        if record.version != FIRST_VERSION:
            raise MalformedMessage(f"{record.version}, expected {FIRST_VERSION}", where="version")
        account = Account.sealed_by(self._keys, user, new.keys)
        sealed = SealedRecord.sealed_by(self._keys, user, record)
        try:
            self._store.add_user(account, sealed, new.copy, member, self._config.clock())
        except AccountExists:
            raise ServiceError(409, "exists", "This address is registered already.") from None
        return json_answer(b"{}", status=201)

    def list_users(self) -> Response:
        """Return accounts in the order of their addresses."""
        self._check(Role.ADMINISTRATOR)
        wanted = UsersWanted.from_json(json_body())
        return json_answer(Users(users=self._store.list_users(wanted.after)).to_json())

    def change_user(self) -> Response:
        """Disable, enable or delete an account, or ask for a renewal."""
        member = self._check(Role.ADMINISTRATOR)
        user_change = UserChange.from_json(json_body())
        self._store.change_user(normalise_user(user_change.user), user_change.change, member, self._config.clock())
        return json_answer(b"{}")

    def policy(self) -> Response:
        """Return the policy in force, in a `RecoveryStatus`."""
        self._check(*_ANYBODY)
        return json_answer(RecoveryStatus(policy=self._store.find_policy()).to_json())

    def set_policy(self) -> Response:
        """Put a policy in force. Each owner confirms the policy before shares go to its officers."""
        member = self._check(Role.ADMINISTRATOR)
        self._store.set_policy(NewPolicy.from_json(json_body()).policy, member, self._config.clock())
        return json_answer(b"{}")

    def cases(self) -> Response:
        """Return the cases of the last 30 days."""
        self._check(*_ANYBODY)
        return json_answer(Cases(cases=self._store.cases(self._config.clock())).to_json())

    def ask(self) -> Response:
        """Open a case, and notify the owner."""
        member = self._check(Role.ADMINISTRATOR)
        new = NewCase.from_json(json_body())
        check_encrypts(new.recipient)
        facts = self._store.ask(new, normalise_user(new.user), member, self._config.clock())
        return json_answer(Cases(cases=(facts,)).to_json(), status=201)

    def share(self) -> Response:
        """Return a case with the caller's own share."""
        member = self._check(Role.OFFICER)
        case = CaseChoice.from_json(json_body()).id
        return json_answer(self._store.officers_case(case, member, self._config.clock()).to_json())

    def approve(self) -> Response:
        """Store the share that the caller passes on."""
        member = self._check(Role.OFFICER)
        choice = CaseChoice.from_json(json_body())
        if not choice.share:
            raise MalformedMessage("is missing", where="share")
        self._store.approve(choice.id, choice.share, member, self._config.clock())
        return json_answer(b"{}")

    def open_case(self) -> Response:
        """Return the copy and the shares, once enough officers have approved."""
        member = self._check(Role.ADMINISTRATOR)
        case = CaseChoice.from_json(json_body()).id
        return json_answer(self._store.open_case(case, member, self._config.clock()).to_json())

    def events(self) -> Response:
        """Return events of the audit trail."""
        self._check(Role.AUDITOR)
        query = EventsWanted.from_json(json_body())
        user = normalise_user(query.user) if query.user else ""
        return json_answer(Events(events=self._store.events(user, query.after)).to_json())

    def _check(self, *roles: Role) -> Member:
        """Return the member who has signed the call, and who has one of the roles. Raises ServiceError."""
        expect_record()
        try:
            credentials = Credentials.from_header(request.headers.get("Authorization", ""))
            call = Call(method=request.method, path=request.path, body=request.get_data())
            member = self._staff.check_call(self._config.origin, call, credentials, self._config.clock())
        except (MalformedMessage, StaffCallRefused):
            text = "This call needs the signature of a member of the staff, and a clock that is right."
            raise ServiceError(401, "call-refused", text) from None
        if member.role not in roles:
            needed = " or ".join(roles)
            raise ServiceError(403, "wrong-role", f"Only an {needed} may do this; {member.name} is {member.role}.")
        return member
