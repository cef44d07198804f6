"""Stock Chromium and Firefox behind one API.

Firefox has a WebDriver BiDi server; Chromium is driven through chromedriver. Each browser runs with a new profile. It
is headless, unless the caller names an X display. It is ended by its process id, never by its name.
"""

from __future__ import annotations

import abc
import json
import os
import re
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

from websockets.exceptions import WebSocketException

from tests.support.browser.bidi import PATIENCE_SECONDS, BidiConnection, BidiError, Connection, Json, walk_contexts
from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_scripts

IN_PAGE = page_scripts("support/browser/browsers.js")

Name = Literal["chromium", "firefox"]
Engine = Name | Literal["webkit"]

CHROMIUM_PROGRAMS = (("chromium", "chromium-browser", "google-chrome"), ("chromedriver",))
FIREFOX_PROGRAMS = (("firefox-esr", "firefox"),)

# No requests to other machines, and no graphics card. No sandbox, because it needs rights that containers do not have.
CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--lang=en-GB",
)
# With the debugging pipe tests can install extensions and press their buttons, and Chromium ends when its driver ends.
CHROMIUM_DEBUGGING_FLAGS = ("--remote-debugging-pipe", "--enable-unsafe-extension-debugging")
ATTACHED = "goog:cdp.Target.attachedToTarget"

FIREFOX_PREFERENCES: dict[str, str | int | bool] = {
    "app.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.safebrowsing.downloads.remote.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    # Optional permissions are granted without a question, because headless Firefox cannot show one.
    "extensions.webextOptionalPermissionPrompts": False,
    "extensions.update.enabled": False,
    "intl.accept_languages": "en-GB, en",
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "remote.active-protocols": 1,
    "remote.log.level": "Warn",
    "services.settings.server": "data:,#remote-settings-dummy/v1",
    "toolkit.telemetry.enabled": False,
    "xpinstall.signatures.required": False,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """One line of a page's console, or one uncaught error."""

    level: str
    text: str
    url: str


class Browser(abc.ABC):
    """A running browser."""

    name: Engine
    process: subprocess.Popen[bytes]

    def __init__(self, bidi: Connection) -> None:
        self.bidi = bidi
        self._log: list[LogEntry] = []
        self._expected: list[re.Pattern[str]] = []
        self._extensions: set[str] = set()
        bidi.command("session.subscribe", events=["log.entryAdded"])
        self._first = next(iter(self.tabs()), "")

    def open(self, url: str) -> Page:
        """Open a new tab in front and load an address into it."""
        # Without a tab to name its window, Firefox may choose a window that is just closing, and then opens nothing.
        window: dict[str, Json] = {"referenceContext": self._first} if self._first in self.tabs() else {}
        page = Page(self, self.bidi.command("browsingContext.create", type="tab", **window)["context"])
        page.goto(url)
        return page

    def open_private(self, url: str) -> Page:
        """As `open`, but with separate cookies and storage, as in a private window."""
        context = self.bidi.command("browser.createUserContext")["userContext"]
        page = Page(self, self.bidi.command("browsingContext.create", type="tab", userContext=context)["context"])
        page.goto(url)
        return page

    def open_emptied(self, url: str) -> Page:
        """As `open`, in a profile that has only its cache of files left: no cookies and no storage.

        So the page starts as on a later visit, which costs a third of a first one. As `open_private` if other pages or
        an extension could need the cookies or the storage.
        """
        contexts = self.bidi.command("browsingContext.getTree", maxDepth=0)["contexts"]
        is_shared = any(tab["userContext"] == "default" and tab["url"].startswith("http") for tab in contexts)
        if is_shared or self._extensions or not url.startswith("http"):
            return self.open_private(url)
        # A file of the site in a tab of its own, so that no script runs and the history stays empty.
        file = self.open("/".join([*url.split("/")[:3], "style.css"]))
        self.bidi.command("storage.deleteCookies")
        file.js(IN_PAGE["emptyStorage"])
        file.close()
        return self.open(url)

    def open_beside(self, page: Page, url: str) -> Page:
        """As `open`, but with the cookies and the storage of the tab `page`."""
        created = self.bidi.command("browsingContext.create", type="tab", referenceContext=page.context)
        beside = Page(self, created["context"])
        beside.goto(url)
        return beside

    def close_pages(self, *url_parts: str) -> None:
        """Close the tabs and windows whose address contains one of these parts. Some may be closing already."""
        for context, url in self.tabs().items():
            if any(part in url for part in url_parts):
                self.close_tab(context)

    def tabs(self) -> dict[str, str]:
        """The addresses of all tabs and windows, by their contexts."""
        contexts = self.bidi.command("browsingContext.getTree", maxDepth=0)["contexts"]
        return {context["context"]: context["url"] for context in contexts}

    def close_tab(self, context: str) -> None:
        """Close a tab or window, which may be closing already."""
        with suppress(BidiError):
            Page(self, context).close()

    def wait_for_page(self, url_part: str, *, timeout_seconds: float = PATIENCE_SECONDS) -> Page:
        """Wait until a tab or window whose address contains `url_part` has loaded, and return it."""
        deadline = time.monotonic() + timeout_seconds
        while True:
            contexts = self.bidi.command("browsingContext.getTree", maxDepth=0)["contexts"]
            for context in contexts:
                if url_part in context["url"]:
                    return Page(self, context["context"]).when_loaded()
            if time.monotonic() > deadline:
                raise AssertionError(f"no page at …{url_part}…; there are {[context['url'] for context in contexts]}")
            time.sleep(0.05)

    def contexts(self) -> list[Json]:
        """All tabs, windows and frames, as a flat list of objects with `context`, `url`, `parent`."""
        return list(walk_contexts(self.bidi.command("browsingContext.getTree")["contexts"]))

    def install_extension(self, folder: Path) -> str:
        """Install an unpacked extension and return its id."""
        data = {"type": "path", "path": str(folder.resolve())}
        identifier: str = self.bidi.command("webExtension.install", extensionData=data)["extension"]
        self._extensions.add(identifier)
        return identifier

    def uninstall_extension(self, identifier: str) -> None:
        """Uninstall an extension."""
        self.bidi.command("webExtension.uninstall", extension=identifier)
        self._extensions.discard(identifier)

    @abc.abstractmethod
    def click_toolbar_button(self, extension: str, page: Page) -> None:
        """Press an extension's toolbar button while `page` is in front."""

    @property
    def log(self) -> list[LogEntry]:
        """The console entries of all pages since the last `take_unexpected_errors`."""
        for event in self.bidi.take_events("log.entryAdded"):
            frames = (event.get("stackTrace") or {}).get("callFrames") or [{}]
            url = frames[0].get("url", "")
            self._log.append(LogEntry(level=event["level"], text=event.get("text") or "", url=url))
        return self._log

    def expect_error(self, pattern: str) -> None:
        """Announce console errors that the running test causes on purpose: those that match this regular expression."""
        self._expected.append(re.compile(pattern))

    def take_unexpected_errors(self) -> list[LogEntry]:
        """Return the errors that no `expect_error` announced. Clears the log and the announcements."""
        errors = [entry for entry in self.log if entry.level == "error"]
        unexpected = [entry for entry in errors if not any(pattern.search(entry.text) for pattern in self._expected)]
        self._log, self._expected = [], []
        return unexpected

    def is_answering(self) -> bool:
        """Whether the browser can still open a page."""
        try:
            self.open("about:blank").close()
        except (BidiError, OSError, WebSocketException):
            return False
        return True

    def kill(self) -> None:
        """End the browser at once, without waiting."""
        self.process.kill()

    @abc.abstractmethod
    def close(self) -> None:
        """End the browser and wait until its process is gone."""


class Firefox(Browser):
    """Debian's Firefox, driven by its own BiDi server."""

    name: Name = "firefox"

    def __init__(
        self, profile: Path, *, preferences: dict[str, str | int | bool] | None = None, display: str = ""
    ) -> None:
        profile.mkdir(parents=True, exist_ok=True)
        values = {**FIREFOX_PREFERENCES, **(preferences or {})}
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in values.items()]
        (profile / "user.js").write_text("".join(lines))
        log_path = profile / "browser.log"
        with log_path.open("wb") as output:
            program = find_program(FIREFOX_PROGRAMS[0])
            flags = ("--remote-debugging-port=0", "--no-remote", "--remote-allow-system-access")
            seen = () if display else ("--headless",)
            self.process = subprocess.Popen(
                [program, *seen, *flags, "--profile", str(profile), "about:blank"],
                stdout=subprocess.DEVNULL,
                stderr=output,
                env={**os.environ, "DISPLAY": display},
            )
        with ended_on_failure(self.process):
            address = wait_for_line(log_path, r"WebDriver BiDi listening on (ws://\S+)", self.process)
            bidi = BidiConnection(address + "/session")
            behaviour = {"unhandledPromptBehavior": {"default": "ignore"}}
            bidi.command("session.new", capabilities={"alwaysMatch": behaviour})
            super().__init__(bidi)

    def chrome_js(self, function: str, *arguments: Json) -> Json:
        """Call a function with the rights of Firefox's own user interface."""
        scope: dict[str, Json] = {"moz:scope": "chrome"}
        tree = self.bidi.command("browsingContext.getTree", **scope)["contexts"]
        return Page(self, tree[0]["context"]).js(function, *arguments)

    def click_toolbar_button(self, extension: str, page: Page) -> None:
        page.activate()
        self.chrome_js(
            IN_PAGE["clickToolbarButton"],
            extension,
        )

    def close(self) -> None:
        try:
            self.bidi.command("browser.close", timeout_seconds=5)
        except (BidiError, OSError, WebSocketException):
            self.process.terminate()
        self.bidi.close()
        end_process(self.process)


class Chromium(Browser):
    """Debian's Chromium, driven by chromedriver."""

    name: Name = "chromium"

    def __init__(self, profile: Path, *, flags: tuple[str, ...] = (), display: str = "") -> None:
        profile.mkdir(parents=True, exist_ok=True)
        log_path = profile / "driver.log"
        with log_path.open("wb") as output:
            self.process = subprocess.Popen(
                [find_program(CHROMIUM_PROGRAMS[1]), "--port=0"],
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, "DISPLAY": display},
            )
        seen = () if display else ("--headless=new",)
        options = {
            "binary": find_program(CHROMIUM_PROGRAMS[0]),
            "args": [*seen, *CHROMIUM_FLAGS, *CHROMIUM_DEBUGGING_FLAGS, *flags, f"--user-data-dir={profile / 'data'}"],
        }
        capabilities = {"browserName": "chrome", "webSocketUrl": True, "unhandledPromptBehavior": "ignore"}
        with ended_on_failure(self.process):
            port = wait_for_line(log_path, r"started successfully on port (\d+)", self.process)
            self._driver = f"http://127.0.0.1:{port}/session"
            session = self._driver_call(
                "", {"capabilities": {"alwaysMatch": {**capabilities, "goog:chromeOptions": options}}}
            )
            self._driver += f"/{session['sessionId']}"
            super().__init__(BidiConnection(session["capabilities"]["webSocketUrl"]))
        self.bidi.command("session.subscribe", events=[ATTACHED])

    def cdp(self, method: str, **params: Json) -> Json:
        """Send one command of the Chrome DevTools Protocol to the tab that the driver started with."""
        return self._driver_call("/goog/cdp/execute", {"cmd": method, "params": params})

    def browser_cdp(self, method: str, **params: Json) -> Json:
        """Send one command of the Chrome DevTools Protocol to the browser itself."""
        return self.bidi.command("goog:cdp.sendCommand", method=method, params=params)["result"]

    def page_cdp(self, page: Page, method: str, **params: Json) -> Json:
        """Send one command of the Chrome DevTools Protocol to a tab or frame."""
        session = self.bidi.command("goog:cdp.getSession", context=page.context)["session"]
        return self.bidi.command("goog:cdp.sendCommand", method=method, params=params, session=session)["result"]

    def keep_no_responses(self, page: Page) -> None:
        """Let the driver keep no responses of a tab. It would keep up to 200 MB of them in the process of the page."""
        self.page_cdp(page, "Network.disable")

    def leave_service_workers_alone(self) -> None:
        """Detach the driver from service workers: a watched worker never idles, and a new one waits for the driver."""
        ours = [{"type": "page", "exclude": True}, {"type": "service_worker", "exclude": True}, {}]
        watching = {"autoAttach": True, "waitForDebuggerOnStart": True, "flatten": True}
        self.browser_cdp("Target.setAutoAttach", **watching, filter=ours)
        # The driver's sessions with pages may stay attached to workers too, and a restarted worker would wait for them.
        for event in self.bidi.take_events(ATTACHED):
            if event["params"]["targetInfo"]["type"] == "service_worker":
                detach: Json = {
                    "method": "Target.detachFromTarget",
                    "params": {"sessionId": event["params"]["sessionId"]},
                }
                with suppress(BidiError):
                    self.bidi.command("goog:cdp.sendCommand", session=event["session"], **detach)

    def service_workers(self, extension: str) -> list[str]:
        """The addresses of an extension's running service workers."""
        targets = self.browser_cdp("Target.getTargets", filter=[{"type": "service_worker"}])["targetInfos"]
        return [target["url"] for target in targets if f"chrome-extension://{extension}/" in target["url"]]

    def install_extension(self, folder: Path) -> str:
        identifier = super().install_extension(folder)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and not self.service_workers(identifier):
            time.sleep(0.05)
        # Chromium registers a worker's listeners during the worker's first run. Earlier events would be lost.
        time.sleep(0.5)
        return identifier

    def click_toolbar_button(self, extension: str, page: Page) -> None:
        page.activate()
        url = page.when_loaded().url
        targets = self.browser_cdp("Target.getTargets", filter=[{"type": "tab"}])["targetInfos"]
        # An extension's button belongs to the target of the tab, not to the target of the page in the tab.
        (front,) = [it for it in targets if it["url"] == url and it.get("embedderData", {}).get("tabActive")]
        self.browser_cdp("Extensions.triggerAction", id=extension, targetId=front["targetId"])

    def run_in_service_worker(self, extension: str, expression: str) -> None:
        """Evaluate JavaScript in an extension's background."""
        deadline = time.monotonic() + 10
        while True:
            try:
                answer = self._evaluate_in_service_worker(extension, expression)
                break
            except BidiError as error:
                # The worker has stopped between the search and the evaluation: try again.
                is_gone = "is gone" in str(error) or "Unknown CDP session" in str(error)
                if not is_gone or time.monotonic() > deadline:
                    raise
        assert "exceptionDetails" not in answer, answer

    def _evaluate_in_service_worker(self, extension: str, expression: str) -> Json:
        targets = self.browser_cdp("Target.getTargets", filter=[{"type": "service_worker"}])["targetInfos"]
        (worker,) = [it for it in targets if it["url"].startswith(f"chrome-extension://{extension}/")]
        session = self.browser_cdp("Target.attachToTarget", targetId=worker["targetId"], flatten=True)["sessionId"]
        evaluate = {"expression": expression, "awaitPromise": True}
        answer = self.bidi.command("goog:cdp.sendCommand", method="Runtime.evaluate", params=evaluate, session=session)
        self.browser_cdp("Target.detachFromTarget", sessionId=session)
        result: Json = answer["result"]
        return result

    def close(self) -> None:
        self.bidi.close()
        with suppress(OSError):
            self._driver_call("", method="DELETE")
        self.process.terminate()
        end_process(self.process)

    def _driver_call(self, path: str, body: Json = None, *, method: str | None = None) -> Json:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self._driver + path, data=data, headers={"Content-Type": "application/json"}, method=method
        )
        try:
            with open_directly(request) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            with error:
                problem = json.load(error)["value"]
            raise BidiError(path or "session", problem["error"], problem["message"]) from None


def launch(name: Name, profile: Path, *, display: str = "") -> Browser:
    """Start a browser with a new profile."""
    return Chromium(profile, display=display) if name == "chromium" else Firefox(profile, display=display)


def missing_programs(name: Name) -> list[str]:
    """The programs that this browser needs and this machine lacks."""
    needed = CHROMIUM_PROGRAMS if name == "chromium" else FIREFOX_PROGRAMS
    return [names[0] for names in needed if not any(shutil.which(program) for program in names)]


def find_program(names: tuple[str, ...]) -> str:
    """The path of the first of these programs that is installed."""
    for name in names:
        if path := shutil.which(name):
            return path
    raise FileNotFoundError(f"none of these programs is installed: {', '.join(names)}")


def wait_for_line(log: Path, pattern: str, process: subprocess.Popen[bytes], *, timeout_seconds: float = 60) -> str:
    """Wait until a line of the growing file matches `pattern`, and return the pattern's first group."""
    deadline = time.monotonic() + timeout_seconds
    while time.monotonic() < deadline:
        text = log.read_text(errors="replace")
        if match := re.search(pattern, text):
            return match[1]
        if process.poll() is not None:
            raise RuntimeError(f"the browser ended at once: {text[-1000:]}")
        time.sleep(0.02)
    raise TimeoutError(f"no {pattern!r} within {timeout_seconds} s")


@contextmanager
def ended_on_failure(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """End the process when the block fails in any way."""
    with ExitStack() as stack:
        stack.callback(end_process, process)
        stack.callback(process.terminate)
        yield
        stack.pop_all()


def end_process(process: subprocess.Popen[bytes]) -> None:
    """Wait for a process that was asked to end; kill it after ten seconds."""
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def open_directly(request: urllib.request.Request) -> IO[bytes]:
    """Send a request to loopback, without the proxy that the environment names."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    answer: IO[bytes] = opener.open(request, timeout=60)
    return answer
