"""`/api/accounts`: the accounts that are signed in in this browser, and the end of all their sessions here."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from webbridge.login.cookies import MAX_ACCOUNTS
from webbridge.records import record_sign_out
from webbridge.services import close_ended_session, services, sessions_here

blueprint = Blueprint("accounts", __name__)


@blueprint.get("/accounts")
def list_accounts() -> Response:
    """Return the addresses and ids of the accounts whose cookies the request has. The sessions do not count as used."""
    here = sessions_here()
    accounts = [{"address": login.session.address, "account": login.account} for login in here.living]
    response = jsonify(accounts=sorted(accounts, key=lambda account: account["address"]), most=MAX_ACCOUNTS)
    here.forget_ended(response)
    return response


@blueprint.delete("/accounts")
def sign_out_all() -> Response:
    """End the sessions of all accounts in this browser. Sessions of other browsers and of extensions go on."""
    here = sessions_here()
    for login in here.living:
        services().sessions.end_id(login.session.id)
        close_ended_session(login.session.id)
        record_sign_out(login.session.address)
    response = jsonify(ended=len(here.living))
    here.forget_ended(response)
    for login in here.living:
        services().cookie.delete_in(response, login.account)
    return response
