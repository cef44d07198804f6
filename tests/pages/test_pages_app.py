"""The static origin of the pages: right types, strict headers, no cookies, and nothing outside of its folder."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.support.project import ROOT
from tests.support.server_lists import PINNED
from wasm_build.bundle.tree import sha384
from webbridge import PagesConfig, create_pages_app
from webbridge.config import PagesDiscovery

ORIGIN = "http://127.0.0.1:8460"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "pages"
    (folder / "runtime").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>Sealwax</title>")
    (folder / "app.js").write_text("export {};")
    (folder / "runtime" / "core.wasm").write_bytes(b"\0asm")
    (folder / "runtime" / "pyodide.mjs").write_text("export {};")
    (folder / "runtime" / "sealwax.snapshot").write_bytes(bytes(100))
    (folder / ".hidden").write_text("hidden")
    (tmp_path / "secret.txt").write_text("secret")
    return folder


@pytest.fixture
def browser(folder: Path) -> FlaskClient:
    config = PagesConfig(
        pages_origin=ORIGIN,
        api_origin="http://127.0.0.1:8461",
        key_server_origin="http://127.0.0.1:8462",
        folder=folder,
    )
    return create_pages_app(config).test_client()


@pytest.mark.parametrize(
    ("path", "mimetype"),
    [
        ("/", "text/html"),
        ("/app.js", "text/javascript"),
        ("/runtime/core.wasm", "application/wasm"),
        ("/runtime/pyodide.mjs", "text/javascript"),
        ("/runtime/sealwax.snapshot", "application/octet-stream"),
        ("/config.json", "application/json"),
    ],
)
def test_every_file_has_its_type_and_the_strict_headers(browser: FlaskClient, path: str, mimetype: str) -> None:
    response = browser.get(path, base_url=ORIGIN)
    assert response.status_code == 200
    assert response.mimetype == mimetype
    assert "Set-Cookie" not in response.headers
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert response.headers["Cache-Control"] == "no-cache"
    response.close()


def test_the_policy_lets_in_own_code_and_the_two_servers_and_nothing_else(browser: FlaskClient) -> None:
    response = browser.get("/", base_url=ORIGIN)
    directives = dict(part.strip().split(" ", 1) for part in response.headers["Content-Security-Policy"].split(";"))
    response.close()
    assert directives == {
        "default-src": "'none'",
        "script-src": f"'self' 'wasm-unsafe-eval' '{hash_of_frame_script()}'",
        "worker-src": "'self' blob:",
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data:",
        "manifest-src": "'self'",
        "connect-src": "'self' http://127.0.0.1:8461 http://127.0.0.1:8462",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "sealwax sealwax-markup",
    }


def hash_of_frame_script() -> str:
    """The hash of the only inline script: that of the frame which draws PDF files."""
    source = (ROOT / "webbridge/pages/reading/pdf/pdf_frame.js").read_text()
    script = source.partition("FRAME_SCRIPT = `")[2].partition("`;")[0]
    assert sha384(script.encode()) in source.replace(script, ""), "the policy of the frame names the same hash"
    return sha384(script.encode())


def test_config_names_the_api_and_the_key_server(browser: FlaskClient) -> None:
    named = {"api": "http://127.0.0.1:8461", "keyServer": "http://127.0.0.1:8462"}
    assert browser.get("/config.json", base_url=ORIGIN).get_json() == named


def test_the_policy_and_the_configuration_name_the_servers_of_the_list(folder: Path) -> None:
    discovery = PagesDiscovery(
        key=PINNED, origin="https://discovery.example.org", key_servers=("https://keys2.example.org",)
    )
    config = PagesConfig(
        pages_origin=ORIGIN,
        api_origin="http://127.0.0.1:8461",
        key_server_origin="http://127.0.0.1:8462",
        discovery=discovery,
        folder=folder,
    )
    client = create_pages_app(config).test_client()
    assert client.get("/config.json", base_url=ORIGIN).get_json()["discovery"] == {
        "key": PINNED,
        "url": "https://discovery.example.org/.well-known/sealwax-discovery.json",
        "keyServers": ["https://keys2.example.org"],
    }
    answer = client.get("/", base_url=ORIGIN)
    policy = answer.headers["Content-Security-Policy"]
    answer.close()
    connections = "http://127.0.0.1:8461 http://127.0.0.1:8462 https://discovery.example.org https://keys2.example.org"
    assert f"connect-src 'self' {connections};" in f"{policy};"
    with pytest.raises(ValueError, match="https"):
        replace(discovery, key_servers=("http://keys2.example.org",))


def test_the_policy_and_the_configuration_name_the_store_of_parcels(folder: Path) -> None:
    config = PagesConfig(
        pages_origin=ORIGIN,
        api_origin="http://127.0.0.1:8461",
        key_server_origin="http://127.0.0.1:8462",
        parcel_store_origin="https://s3.example.org",
        folder=folder,
    )
    client = create_pages_app(config).test_client()
    assert client.get("/config.json", base_url=ORIGIN).get_json()["parcelStore"] == "https://s3.example.org"
    with client.get("/", base_url=ORIGIN) as answer:
        assert "http://127.0.0.1:8462 https://s3.example.org;" in f"{answer.headers['Content-Security-Policy']};"
    with pytest.raises(ValueError, match="https"):
        replace(config, parcel_store_origin="http://s3.example.org")


def test_an_unchanged_file_is_not_sent_again_and_a_changed_one_is(browser: FlaskClient, folder: Path) -> None:
    first = browser.get("/app.js", base_url=ORIGIN)
    etag = {"If-None-Match": first.headers["ETag"]}
    first.close()
    same = browser.get("/app.js", base_url=ORIGIN, headers=etag)
    assert same.status_code == 304
    same.close()
    (folder / "app.js").write_text("export{} ;")
    again = browser.get("/app.js", base_url=ORIGIN, headers=etag)
    assert again.status_code == 200
    again.close()


BAD_DATE = "Sat, 21 Nov 99999999999 12:00:00 GMT"
PAST = "Wed, 21 Oct 2015 07:28:00 GMT"
FUTURE = "Sun, 21 Nov 2100 12:00:00 GMT"


@pytest.mark.parametrize(
    "conditions",
    [
        {"If-Modified-Since": BAD_DATE},
        {"If-Modified-Since": FUTURE},
        {"If-Unmodified-Since": BAD_DATE},
        {"If-Unmodified-Since": PAST},
        {"If-Range": BAD_DATE, "Range": "bytes=0-1"},
        {"If-Range": f'"{BAD_DATE}"', "Range": "bytes=0-1"},
        {"If-Range": FUTURE, "Range": "bytes=0-1"},
    ],
)
def test_dates_are_no_condition_whatever_they_say(browser: FlaskClient, conditions: dict[str, str]) -> None:
    """A reproducible build gives all files the same time, so a date says nothing about a file."""
    response = browser.get("/app.js", base_url=ORIGIN, headers=conditions)
    assert (response.status_code, response.data) == (200, b"export {};")
    assert "Last-Modified" not in response.headers
    response.close()


def test_a_part_is_sent_of_the_file_that_is_meant(browser: FlaskClient) -> None:
    first = browser.get("/app.js", base_url=ORIGIN)
    for etag, expected in ((first.headers["ETag"], (206, b"ex")), ('"other"', (200, b"export {};"))):
        part = browser.get("/app.js", base_url=ORIGIN, headers={"If-Range": etag, "Range": "bytes=0-1"})
        assert (part.status_code, part.data) == expected
        part.close()
    first.close()


@pytest.mark.parametrize("path", ["/missing.js", "/runtime", "/app.js?x"])
def test_no_error_is_kept_by_a_cache(browser: FlaskClient, path: str) -> None:
    response = browser.get(path, base_url=ORIGIN, headers={"Range": "bytes=9-1"})
    assert response.status_code in {404, 416}
    assert response.headers["Cache-Control"] == "no-store"
    response.close()


def test_a_stored_compressed_form_is_sent_only_to_those_who_take_it(browser: FlaskClient, folder: Path) -> None:
    (folder / "app.js.gz").write_bytes(gzip.compress(b"export {};"))
    compressed = browser.get("/app.js", base_url=ORIGIN, headers={"Accept-Encoding": "gzip, br"})
    assert compressed.headers["Content-Encoding"] == "gzip"
    assert compressed.mimetype == "text/javascript"
    assert gzip.decompress(compressed.data) == b"export {};"
    plain = browser.get("/app.js", base_url=ORIGIN)
    assert "Content-Encoding" not in plain.headers
    assert plain.data == b"export {};"
    assert plain.headers["ETag"] != compressed.headers["ETag"]
    assert "Accept-Encoding" in plain.headers["Vary"]
    for response in (compressed, plain):
        response.close()


@pytest.mark.parametrize(
    "path",
    [
        "/" + "x" * 300,
        "/" + "x/" * 3000,
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/runtime/../../secret.txt",
        "//etc/passwd",
        "/.hidden",
        "/runtime",
        "/x",
    ],
)
def test_nothing_but_the_files_of_the_folder_is_served(browser: FlaskClient, path: str) -> None:
    response = browser.get(path, base_url=ORIGIN)
    assert response.status_code in {308, 404}
    assert b"secret" not in response.data
    assert b"hidden" not in response.data


def test_the_static_origin_takes_no_uploads(browser: FlaskClient) -> None:
    response = browser.post("/", base_url=ORIGIN, data=b"x")
    assert response.status_code == 405
    assert response.get_json()["code"] == "method-not-allowed"
