"""`/api/openapi.json` has each route of the parcels with its methods, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.clock import FakeClock
from tests.support.servers.bridge import API, get
from tests.support.servers.parcels import Rig, bridge_config
from webbridge import create_app
from webbridge.delivery.openapi.description import describe_api
from webbridge.services import services_of

pytestmark = pytest.mark.server

OURS = (
    *("parcels.", "parcel_uploads.", "parcel_tokens.", "parcel_opening.", "parcel_abuse.complain", "openapi."),
    *("parcel_keys.", "kept_files.", "kept_uploads."),
)


def described(rig: Rig) -> dict[str, Any]:
    description: dict[str, Any] = get(rig.app.test_client(), "/api/openapi.json").get_json()
    return description


def test_each_route_is_described(rig: Rig) -> None:
    routes = {
        (_path_of(rule.rule), method.lower())
        for rule in rig.app.url_map.iter_rules()
        if rule.endpoint.startswith(OURS)
        for method in rule.methods or ()
        if method != "OPTIONS" and (method != "HEAD" or "objects" in rule.rule)
    }
    paths = described(rig)["paths"]
    assert routes == {(path, method) for path, operations in paths.items() for method in operations}


def _path_of(rule: str) -> str:
    named = {"parcel_id": "id", "file_id": "id", "name": "name"}
    return re.sub(r"<(\w+)>", lambda match: "{" + named[match[1]] + "}", rule)


def test_each_reference_leads_somewhere(rig: Rig) -> None:
    description = described(rig)
    references = set(_references(description))
    assert references
    for reference in references:
        place: Any = description
        for part in reference.removeprefix("#/").split("/"):
            place = place[part]


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == "$ref":
                yield inner
            else:
                yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)


def test_each_parameter_of_a_path_is_described(rig: Rig) -> None:
    for path, operations in described(rig)["paths"].items():
        for operation in operations.values():
            named = {parameter["name"] for parameter in operation.get("parameters", ()) if parameter["in"] == "path"}
            assert named == set(re.findall(r"\{(\w+)\}", path)), path
            assert operation["summary"]
            assert operation["responses"]


def test_the_description_names_the_server_and_the_version(rig: Rig) -> None:
    description = described(rig)
    assert (description["openapi"], description["servers"]) == ("3.1.0", [{"url": API}])
    assert describe_api("https://a.example/mail")["servers"] == [{"url": "https://a.example/mail"}]


def test_a_bridge_without_parcels_has_none_of_the_routes(clock: FakeClock) -> None:
    app = create_app(bridge_config(":memory:", clock, None))
    for path in ("/api/parcels", "/api/open/start", "/api/openapi.json", "/api/parcel-tokens", "/api/files/index"):
        assert get(app.test_client(), path).status_code == 404
    assert get(app.test_client(), "/api/config").get_json()["parcels"] is None
    services_of(app).close()
