"""A browser whose driver speaks only the older WebDriver protocol, behind the commands of BiDi that the tests send.

Frames are left out. The driver reports no console, so each script that it runs brings the errors since the last one.
"""

from __future__ import annotations

import json
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import Final

from tests.support.browser.bidi import BidiError, Json

ELEMENT: Final = "element-6066-11e4-a52e-4f735466cecf"
"""The member of JSON that names an element (WebDriver, section "Elements")."""

_TIMEOUTS: Final = {"script": 60_000, "pageLoad": 60_000}

# Runs the function in the place of %s and returns its result with the errors of the page since the last call. Errors
# before the first call in a document are not seen.
_CALL: Final = """
const key = Symbol.for("errors of the page");
if (!window[key]) {
  const errors = window[key] = [];
  const { error } = console;
  console.error = (...given) => { errors.push(given.map(String).join(" ")); error.apply(console, given); };
  addEventListener("error", (event) => errors.push(event.message));
  addEventListener("unhandledrejection", (event) => errors.push(`unhandled: ${event.reason}`));
}
const given = arguments;
return (async () => {
  const outcome = await (%s)(...given).then((value) => ({ value }), (error) => ({ thrown: String(error) }));
  return { ...outcome, errors: window[key].splice(0) };
})();
"""
# The driver's errors for a page that is being replaced by the next one.
_REPLACED: Final = ("before the unload event", "navigated away")


class ClassicSession:
    """A driver with its browser: separate cookies and storage. The first window stays open until the session ends."""

    def __init__(self, address: str, capabilities: Json, process: subprocess.Popen[bytes], closing: ExitStack) -> None:
        self._address = address
        self._closing = closing
        self.process = process
        created = self.call("/session", {"capabilities": {"alwaysMatch": capabilities}})
        self._address += f"/session/{created['sessionId']}"
        self.call("/timeouts", _TIMEOUTS)
        self.home: str = self.call("/window")
        self._current = self.home

    def call(self, path: str, body: Json = None, *, method: str | None = None) -> Json:
        """Send one request to the driver. Raises BidiError when the driver refuses it."""
        request = urllib.request.Request(
            self._address + path,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
            method=method,
        )
        # The driver is on loopback: no proxy.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=90) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            with error:
                problem = json.load(error)["value"]
            raise BidiError(path, problem["error"], problem["message"]) from None

    def enter(self, window: str) -> None:
        """Make later requests go to this window."""
        if self._current != window:
            self.call("/window", {"handle": window})
            self._current = window

    def open_window(self) -> str:
        # The driver opens a window beside the current one, which must still be there. Tabs behind the front one are not
        # drawn, so it is a window.
        self.enter(self.home)
        handle: str = self.call("/window/new", {"type": "window"})["handle"]
        return handle

    def close_window(self, window: str) -> None:
        self.enter(window)
        self.call("/window", method="DELETE")
        self._current = ""

    def windows(self) -> list[str]:
        return [handle for handle in self.call("/window/handles") if handle != self.home]

    def close(self) -> None:
        with suppress(OSError, BidiError):
            self.call("", method="DELETE")
        self._closing.close()


class ClassicConnection:
    """Answers commands of BiDi by requests to the drivers of one browser. Each user context is a session of its own."""

    def __init__(self, start: Callable[[], ClassicSession]) -> None:
        self._start = start
        self._sessions = {"default": start()}
        self._owners: dict[str, str] = {}
        self._errors: list[str] = []
        self._answers: dict[str, Callable[[Json], Json]] = {
            "session.subscribe": lambda params: None,
            "browser.createUserContext": self._create_user_context,
            "browsingContext.create": self._create,
            "browsingContext.close": self._close,
            "browsingContext.getTree": self._tree,
            "browsingContext.navigate": lambda params: self._enter(params).call("/url", {"url": params["url"]}),
            "browsingContext.reload": lambda params: self._enter(params).call("/refresh", {}),
            "browsingContext.activate": self._enter,
            "browsingContext.setViewport": self._set_viewport,
            "browsingContext.captureScreenshot": lambda params: {"data": self._enter(params).call("/screenshot")},
            "browsingContext.locateNodes": self._locate,
            "input.setFiles": self._set_files,
            "input.performActions": lambda params: self._enter(params).call("/actions", {"actions": params["actions"]}),
            "script.callFunction": self._call_function,
        }

    @property
    def processes(self) -> list[subprocess.Popen[bytes]]:
        """The drivers."""
        return [session.process for session in self._sessions.values()]

    def command(self, method: str, /, *, timeout_seconds: float = 60, **params: Json) -> Json:
        """Do what one command of BiDi asks for and return its result. Raises BidiError when the driver refuses it."""
        if method not in self._answers:
            raise BidiError(method, "unknown command", "not available by this driver")
        try:
            return self._answers[method](params)
        except BidiError as error:
            code = "no such frame" if error.code == "no such window" else error.code
            raise BidiError(method, code, str(error)) from None

    def take_events(self, method: str) -> list[Json]:
        """Return and forget the errors of pages, as events `log.entryAdded`. There are no other events."""
        if method != "log.entryAdded":
            return []
        for window in tuple(self._owners):
            with suppress(BidiError):
                self._call_function({"context": window, "functionDeclaration": "async () => null"})
        taken, self._errors = self._errors, []
        return [{"level": "error", "text": text} for text in taken]

    def close(self) -> None:
        for session in self._sessions.values():
            session.close()
        self._sessions.clear()

    def _enter(self, params: Json) -> ClassicSession:
        window = params.get("context") or params["target"]["context"]
        if window not in self._owners:
            raise BidiError("", "no such frame", window)
        session = self._sessions[self._owners[window]]
        session.enter(window)
        return session

    def _create_user_context(self, _params: Json) -> Json:
        name = f"user {len(self._owners)} {len(self._sessions)}"
        self._sessions[name] = self._start()
        return {"userContext": name}

    def _create(self, params: Json) -> Json:
        beside = params.get("referenceContext")
        owner = self._owners[beside] if beside else params.get("userContext", "default")
        window = self._sessions[owner].open_window()
        self._owners[window] = owner
        return {"context": window}

    def _close(self, params: Json) -> None:
        window = params["context"]
        self._enter(params).close_window(window)
        owner = self._owners.pop(window)
        if owner != "default" and owner not in self._owners.values():
            self._sessions.pop(owner).close()

    def _tree(self, params: Json) -> Json:
        contexts = [params["root"]] if "root" in params else list(self._owners)
        return {
            "contexts": [
                {"context": context, "url": self._enter({"context": context}).call("/url")} for context in contexts
            ]
        }

    def _set_viewport(self, params: Json) -> None:
        session, viewport = self._enter(params), params["viewport"]
        rect = session.call("/window/rect")
        inner = session.call("/execute/sync", {"script": "return [innerWidth, innerHeight]", "args": []})
        width = viewport["width"] + rect["width"] - inner[0]
        height = viewport["height"] + rect["height"] - inner[1]
        session.call("/window/rect", {"width": width, "height": height})

    def _locate(self, params: Json) -> Json:
        query = {"using": "css selector", "value": params["locator"]["value"]}
        elements = self._enter(params).call("/elements", query)
        return {"nodes": [{"sharedId": element[ELEMENT]} for element in elements]}

    def _set_files(self, params: Json) -> None:
        element = params["element"]["sharedId"]
        self._enter(params).call(f"/element/{element}/value", {"text": "\n".join(params["files"])})

    def _call_function(self, params: Json) -> Json:
        if params.get("target", {}).get("sandbox"):
            raise BidiError("", "unknown command", "this driver has no sandboxes")
        values = [argument["value"] for argument in params.get("arguments", ())]
        script = _CALL % params["functionDeclaration"]
        try:
            answer = self._enter(params).call("/execute/sync", {"script": script, "args": values})
        except BidiError as error:
            if error.code == "javascript error" and any(text in str(error) for text in _REPLACED):
                raise BidiError("", "no such frame", str(error)) from None
            raise
        self._errors += answer["errors"]
        if "thrown" in answer:
            return {"type": "exception", "exceptionDetails": {"text": answer["thrown"]}}
        return {"type": "success", "result": {"value": answer["value"]}}
