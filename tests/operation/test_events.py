"""`sealwax bridge events` as a process: its settings, its checks, its metrics and its end."""

from __future__ import annotations

import dataclasses
import json
import signal
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.operation.conftest import Site
from tests.support.servers.events import Page, sign_in_at
from tests.support.servers.own_process import Running, running, sealwax
from tests.support.servers.ports import free_port

pytestmark = [pytest.mark.server, pytest.mark.thorough]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A running bridge and its process of events."""

    site: Site
    events: Running
    port: int
    watch: str


@pytest.fixture
def place(site: Site, tmp_path: Path) -> Iterator[Place]:
    port, watch = free_port(), f"127.0.0.1:{free_port()}"
    with site.file.open("a") as file:
        file.write(f'events.listen = "127.0.0.1:{port}"\nevents.watch = "{watch}"\n')
    assert sealwax("bridge", "init", *site.config).returncode == 0
    folder = tmp_path / "events"
    folder.mkdir()
    with (
        running("bridge", "serve", *site.config, folder=site.folder, answers=f"{site.api}/api/health"),
        running("bridge", "events", *site.config, folder=folder, answers=f"http://{watch}/health") as events,
    ):
        yield Place(site=site, events=events, port=port, watch=f"http://{watch}")


@pytest.mark.thorough(False)
def test_a_page_hears_of_mail_until_the_process_ends_within_seconds(place: Place) -> None:
    cookie = sign_in_at(place.site.api, place.site.pages)
    with Page(place.port, cookie, {"Origin": place.site.pages, "Host": place.site.api.removeprefix("http://")}) as page:
        page.wait_for("ready")
        with urllib.request.urlopen(f"{place.watch}/metrics", timeout=20) as answer:
            assert "sealwax_event_streams 1.0" in answer.read().decode()
        assert place.events.end(signal.SIGTERM) == 0
        page.wait_for("retry")
        assert page.next_event() == ("end", None)
    lines = place.events.lines()
    assert [line["route"] for line in lines if line.get("event") == "request"] == ["/api/events"]
    assert "alice" not in place.events.log.read_text()


def test_check_finds_the_process_and_says_when_it_is_missing(place: Place) -> None:
    def events_found() -> list[tuple[str, str]]:
        report = json.loads(sealwax("bridge", "check", *place.site.config, "--json").stdout)
        return [(row["level"], row["text"]) for row in report["findings"] if row["part"] == "events"]

    there, past_the_proxy = events_found()
    assert there == ("ok", f"127.0.0.1:{place.port} answers")
    # Without a proxy, the bridge itself answers at the address of the API.
    assert past_the_proxy[0] == "warning"
    place.events.end()
    assert events_found() == [("warning", f"no process of events answers at 127.0.0.1:{place.port}")]


def test_the_command_names_the_setting_that_it_lacks(site: Site) -> None:
    assert sealwax("bridge", "init", *site.config).returncode == 0
    done = sealwax("bridge", "events", *site.config)
    assert done.returncode == 2
    assert done.stderr.startswith("sealwax: events.listen is missing")
