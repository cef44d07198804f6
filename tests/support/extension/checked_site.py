"""A site whose files the extension compares with the list that its operator has signed."""

from __future__ import annotations

import dataclasses
import datetime
from pathlib import Path

from sealwax.releases.folder import list_folder
from smime_core import Identity
from smime_core.blocking import run
from smime_core.ca.demo import create_authority, issue_identity
from smime_core.own_content import Coverage, Release, sign_release
from smime_core.provider import NewKey
from smime_core.providers.native import NativeProvider
from tests.support.browser.page import Page
from tests.support.extension.driver import Extension
from webbridge.demo.accounts import certificate_pem

NATIVE = NativeProvider()


@dataclasses.dataclass(frozen=True, slots=True)
class Checked:
    """A checked site with the folder of its pages, and the operator who signs their files."""

    extension: Extension
    origin: str
    folder: Path
    operator: Identity

    def sign(self, version: str, identity: Identity | None = None, *, without: str = "") -> None:
        files = tuple(file for file in list_folder(self.folder) if file.path != without)
        release = Release(covers=Coverage.PAGES, version=version, commit=None, files=files)
        now = datetime.datetime.now(datetime.UTC)
        cms = run(sign_release(release, NATIVE, identity=identity or self.operator, signing_time=now))
        (self.folder / "release.p7s").write_bytes(cms)

    def add(self) -> None:
        """Let the person name the site and its operator."""
        certificate = self.folder.parent / "operator.pem"
        certificate.write_text(certificate_pem(self.operator.certificate))
        page = self.extension.browser.open(self.extension.base + "options/options.html#sites-section")
        page.wait_for("() => document.querySelector('[data-test=state]')?.textContent")
        page.click("[data-test=checked-address]")
        page.type(self.origin)
        page.choose_files("#checked-certificate", [certificate])
        page.click("[data-test=checked-go]")
        page.wait_for_text(self.origin, selector="[data-test=checked]")
        page.close()

    def visit(self, path: str = "/") -> Page:
        """Open the site. Its document is stopped, so that the navigation may never be reported as complete."""
        page = self.extension.browser.open("about:blank")
        url = self.origin + path
        page.browser.bidi.command("browsingContext.navigate", context=page.context, url=url, wait="none")
        return page

    def stopped(self, path: str = "/") -> Page:
        """Open the site, and return the page that says why it was stopped."""
        page = self.visit(path)
        page.wait_for("() => document.querySelector('[data-test=reason]')?.textContent", timeout_seconds=30)
        return page


def new_operator() -> Identity:
    """An identity that signs the files of pages."""
    now = datetime.datetime.now(datetime.UTC)
    authority = run(create_authority("Operator CA", provider=NATIVE, at=now))
    return run(issue_identity(authority, "operator@example.test", NATIVE, at=now, key=NewKey.P256))


def reason(page: Page) -> str:
    """The reason that the page in the place of a stopped site gives."""
    return page.text("[data-test=reason]")
