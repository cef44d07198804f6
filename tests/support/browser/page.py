"""A tab, window or frame, used as a person does: look at it, click, type, choose a file.

Clicks and keys are trusted input of the browser, never events made by a script.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.browser.bidi import PATIENCE_SECONDS, BidiError, Json, walk_contexts
from tests.support.browser.page_scripts import page_scripts

if TYPE_CHECKING:
    from tests.support.browser.browsers import Browser

IN_PAGE = page_scripts("support/browser/page.js")

# The code points of keys without a character (WebDriver, section "Keyboard actions").
ENTER, TAB, ESCAPE, BACKSPACE, SHIFT, CONTROL = "\ue007", "\ue004", "\ue00c", "\ue003", "\ue008", "\ue009"

# The codes of errors that a command may cause while a page is replaced by the next one. The caller tries again.
_PASSING = {"no such frame", "unknown error", "no such handle", "no such node"}

# By the getter of the prototype: an image of the page may have the property's name.
_IS_COMPLETE = "() => Reflect.get(Document.prototype, 'readyState', document) === 'complete'"

# Removes the invisible marks that isolate a value's writing direction (UAX 9). Firefox omits them by itself.
_AS_SEEN = '.replace(/[\\u2066-\\u2069]/g, "")'

_CALL = 'async (...given) => JSON.stringify(await (%s)(...given.map((text) => JSON.parse(text)))) ?? "null"'

# Brings an element into view. Returns its middle, or the reason why a click there would not reach the element.
_AIM = IN_PAGE["aim"]

_HAS_FOCUS = """(selector) => {
  const element = document.querySelector(selector);
  return !element || element.contains(element.getRootNode().activeElement);
}"""

# For a click on a button by which a person agrees (`data-agrees`). `_ARM` records the next click event. `_MISSED` is
# true if the click had no effect, because the window was redrawn in that moment or did not accept answers yet.
_ARM = IN_PAGE["arm"]
_MISSED = "() => window.met === null || Boolean(window.met?.defaultPrevented)"


_TOP = IN_PAGE["top"]
NEXT_FRAMES = (
    "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 400))))"
)


class JavaScriptError(Exception):
    """A function given to `Page.js` has thrown an error. The text is the browser's."""


class Page:
    """One browsing context: a tab, a window, or a frame inside one."""

    def __init__(self, browser: Browser, context: str) -> None:
        self.browser = browser
        self.context = context

    # Looking

    def js(self, function: str, *arguments: Json, sandbox: str | None = None, user_activation: bool = False) -> Json:
        """Call a JavaScript function with JSON arguments in the page and return its (awaited) JSON result.

        `sandbox` names a separate global scope, which shares the page's DOM but not its scripts' variables.
        """
        answer = self.browser.bidi.command(
            "script.callFunction",
            functionDeclaration=_CALL % function,
            awaitPromise=True,
            target={"context": self.context, **({"sandbox": sandbox} if sandbox else {})},
            arguments=[{"type": "string", "value": json.dumps(argument)} for argument in arguments],
            userActivation=user_activation,
        )
        if answer["type"] == "exception":
            raise JavaScriptError(answer["exceptionDetails"]["text"])
        return json.loads(answer["result"]["value"])

    def wait_for(self, function: str, *arguments: Json, timeout_seconds: float = PATIENCE_SECONDS) -> Json:
        """Call the function again and again, also across navigations, and return its first truthy result."""
        deadline = time.monotonic() + timeout_seconds
        while True:
            try:
                seen = self.js(function, *arguments)
            except BidiError as error:
                if error.code not in _PASSING:
                    raise
                seen = str(error)
            else:
                if seen:
                    return seen
            if time.monotonic() > deadline:
                raise AssertionError(self._describe_wait(function, arguments, seen, timeout_seconds))
            time.sleep(0.03)

    def when_loaded(self) -> Page:
        """Wait until the document is complete, and return the page. BiDi announces pages before that."""
        self.wait_for(_IS_COMPLETE)
        return self

    def is_loaded(self) -> bool:
        """Whether the document is complete. False for a frame that the page has removed."""
        try:
            return self.js(_IS_COMPLETE) is True
        except BidiError as error:
            if error.code not in _PASSING:
                raise
            return False

    def wait_for_text(self, text: str, *, selector: str = "body", timeout_seconds: float = PATIENCE_SECONDS) -> str:
        """Wait until the visible text of `selector` contains `text`, and return all of it."""
        look = f"""(selector, text) => {{
          const shown = document.querySelector(selector)?.innerText{_AS_SEEN} ?? "";
          return shown.includes(text) && {{ shown }};
        }}"""
        shown: str = self.wait_for(look, selector, text, timeout_seconds=timeout_seconds)["shown"]
        return shown

    def wait_for_selector(self, selector: str, *, timeout_seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until an element is there and visible."""
        look = "(selector) => Boolean(document.querySelector(selector)?.getClientRects().length)"
        self.wait_for(look, selector, timeout_seconds=timeout_seconds)

    def text(self, selector: str = "body") -> str:
        """The visible text of the first element that matches."""
        shown: str = self.js(f"(selector) => document.querySelector(selector).innerText{_AS_SEEN}", selector)
        return shown

    def value(self, selector: str) -> str:
        """The value of a field."""
        value: str = self.js("(selector) => document.querySelector(selector).value", selector)
        return value

    @property
    def url(self) -> str:
        here: str = self.js("() => location.href")
        return here

    def screenshot(self, path: Path, *, width: int | None = None, height: int | None = None) -> Path:
        """Write a PNG of the viewport. `width` and `height` resize the viewport first."""
        if width is not None and height is not None:
            self.set_viewport(width, height)
        answer = self.browser.bidi.command("browsingContext.captureScreenshot", context=self.context, origin="viewport")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(answer["data"]))
        return path

    def show_top(self, width: int, height: int) -> None:
        """Resize the viewport, scroll to the top, and wait until the page is drawn. A hidden tab draws nothing."""
        self.set_viewport(width, height)
        self.js(_TOP)

    def overflows_sideways(self) -> bool:
        """Whether the page is wider than its viewport, so that a person must scroll sideways."""
        return bool(self.js("() => document.documentElement.scrollWidth > document.documentElement.clientWidth"))

    # Acting

    def goto(self, url: str) -> None:
        self.browser.bidi.command("browsingContext.navigate", context=self.context, url=url, wait="complete")

    def reload(self) -> None:
        """Load the page again. Firefox aborts this while the page still loads, so it is tried until that has ended."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                self.browser.bidi.command("browsingContext.reload", context=self.context, wait="complete")
            except BidiError as error:
                if "NS_BINDING_ABORTED" not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(0.5)
            else:
                return

    def activate(self) -> None:
        """Bring the tab to the front; for a frame, the tab that contains it."""
        front = self
        while around := front.around():
            front = around
        self.browser.bidi.command("browsingContext.activate", context=front.context)

    def set_viewport(self, width: int, height: int) -> None:
        self.browser.bidi.command(
            "browsingContext.setViewport", context=self.context, viewport={"width": width, "height": height}
        )

    def click(self, selector: str, *, timeout_seconds: float = PATIENCE_SECONDS, button: int = 0) -> None:
        """Wait until the element does not move and nothing covers it, then click its middle.

        A button by which a person agrees is clicked again if the click had no effect (see `_MISSED`).
        """
        deadline = time.monotonic() + timeout_seconds
        while True:
            aim = self._still_aim(selector, deadline)
            if aim["agrees"]:
                self.js(_ARM, selector)
            self.click_at(aim["x"], aim["y"], button=button)
            if not aim["agrees"] or not self._has_missed():
                return
            if time.monotonic() > deadline:
                raise AssertionError(f"cannot click {selector}: its window is redrawn all the time")

    def _still_aim(self, selector: str, deadline: float) -> Json:
        before, aim = None, self._aim(selector)
        while aim != before or "problem" in aim:
            if time.monotonic() > deadline:
                raise AssertionError(f"cannot click {selector}: it {aim.get('problem', 'moves')}")
            time.sleep(0.03)
            before, aim = aim, self._aim(selector)
        return aim

    def _has_missed(self) -> bool:
        try:
            return bool(self.js(_MISSED))
        except BidiError as error:
            # The click has closed the window.
            if error.code not in _PASSING:
                raise
            return False

    def point_at(self, x: int, y: int) -> None:
        """Move the pointer to a point, in coordinates of this frame's viewport."""
        self._act({"type": "pointer", "id": "pointer", "actions": [{"type": "pointerMove", "x": x, "y": y}]})

    def click_at(self, x: int, y: int, *, button: int = 0, held: str | None = None) -> None:
        """Click a point, in coordinates of this frame's viewport. `held` is a key that is held meanwhile."""
        pause: Json = {"type": "pause"}
        steps: list[Json] = [
            {"type": "pointerMove", "x": x, "y": y},
            {"type": "pointerDown", "button": button},
            {"type": "pointerUp", "button": button},
        ]
        if held is None:
            return self._act({"type": "pointer", "id": "pointer", "actions": steps})
        # The key goes down while the pointer moves, and up after the press.
        keys = [{"type": "keyDown", "value": held}, pause, pause, {"type": "keyUp", "value": held}]
        pointer = {"type": "pointer", "id": "pointer", "actions": [*steps, pause]}
        return self._act({"type": "key", "id": "keyboard", "actions": keys}, pointer)

    def drag(self, moves: list[Json]) -> None:
        """Press the pointer after the first of these moves, and release it after the last one."""
        down, up = {"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0}
        self._act({"type": "pointer", "id": "pointer", "actions": [moves[0], down, *moves[1:], up]})

    def wait_for_aim(self, selector: str, *, timeout_seconds: float = PATIENCE_SECONDS) -> tuple[int, int]:
        """Wait until the element does not move and nothing covers it, and return its middle."""
        aim = self._still_aim(selector, time.monotonic() + timeout_seconds)
        return aim["x"], aim["y"]

    def tap(self, selector: str) -> None:
        """Touch the middle of an element."""
        self.tap_at(*self.wait_for_aim(selector))

    def tap_at(self, x: int, y: int) -> None:
        """Touch a point, in coordinates of this frame's viewport."""
        steps = [
            {"type": "pointerMove", "x": x, "y": y},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        ]
        self.touch(steps)

    def touch(self, steps: list[Json]) -> None:
        """Move a finger: the steps of a pointer action, which may end while the finger is down."""
        self._act({"type": "pointer", "id": "finger", "parameters": {"pointerType": "touch"}, "actions": steps})

    def wait_until_calm(self) -> None:
        """Wait until the window accepts answers: for a moment after it was drawn, moved or focused it ignores them."""
        self.wait_for("() => document.documentElement.dataset.calm !== 'waiting'")

    def scroll(self, x: int, y: int, *, by: int) -> None:
        """Turn the mouse wheel at a point of this frame's viewport; scrolls down by `by` pixels."""
        step = {"type": "scroll", "x": x, "y": y, "deltaX": 0, "deltaY": by}
        self._act({"type": "wheel", "id": "wheel", "actions": [step]})

    def type(self, text: str) -> None:
        """Type `text` into the focused element, key by key. A line end is Enter."""
        keys = text.replace("\n", ENTER)
        steps = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self._act({"type": "key", "id": "keyboard", "actions": steps})

    def press(self, *keys: str) -> None:
        """Press keys together, as in `press(CONTROL, "a")`. Enter waits until the window accepts answers."""
        if ENTER in keys:
            self.wait_until_calm()
        down = [{"type": "keyDown", "value": key} for key in keys]
        up = [{"type": "keyUp", "value": key} for key in reversed(keys)]
        self._act({"type": "key", "id": "keyboard", "actions": [*down, *up]})

    def fill(self, selector: str, text: str) -> None:
        """Click a field and replace its value by `text`."""
        self.click(selector)
        # A field that moved under the press has no focus: a person sees that by the caret, and presses again.
        if not self.js(_HAS_FOCUS, selector):
            self.click(selector)
        self.press(CONTROL, "a")
        self.press(BACKSPACE)
        self.type(text)

    def choose_files(self, selector: str, files: Sequence[Path]) -> None:
        """Choose files in an `input[type=file]`, as if in the browser's dialog."""
        bidi = self.browser.bidi
        nodes = bidi.command(
            "browsingContext.locateNodes", context=self.context, locator={"type": "css", "value": selector}
        )["nodes"]
        assert nodes, f"there is no {selector}"
        element = {"sharedId": nodes[0]["sharedId"]}
        bidi.command("input.setFiles", context=self.context, element=element, files=[str(file) for file in files])

    def close(self) -> None:
        """Close the tab or window."""
        self.browser.bidi.command("browsingContext.close", context=self.context)

    # Frames

    def around(self) -> Page | None:
        """The page that contains this frame; None for a tab or window."""
        tree = self.browser.bidi.command("browsingContext.getTree", root=self.context, maxDepth=0)["contexts"]
        parent = tree[0].get("parent")
        return Page(self.browser, parent) if parent else None

    def frames(self) -> list[Page]:
        """All frames inside this page at any depth, also those in closed shadow roots."""
        tree = self.browser.bidi.command("browsingContext.getTree", root=self.context)["contexts"]
        return [Page(self.browser, context["context"]) for context in walk_contexts(tree[0].get("children") or [])]

    def wait_for_frame(self, url_part: str, *, timeout_seconds: float = PATIENCE_SECONDS) -> Page:
        """Wait until a frame inside this page whose address contains `url_part` has loaded, and return it."""
        deadline = time.monotonic() + timeout_seconds
        while True:
            tree = self.browser.bidi.command("browsingContext.getTree", root=self.context)["contexts"]
            inside = list(walk_contexts(tree[0].get("children") or []))
            for context in inside:
                frame = Page(self.browser, context["context"])
                if url_part in context["url"] and frame.is_loaded():
                    return frame
            if time.monotonic() > deadline:
                raise AssertionError(f"no frame at …{url_part}…; there are {[context['url'] for context in inside]}")
            time.sleep(0.05)

    @contextmanager
    def closing(self) -> Iterator[None]:
        """Run an action that closes this window: ignores the error if the window is gone before the driver answers.

        The same error comes if the action never reached the window, so the caller must check the result.
        """
        try:
            yield
        except BidiError as error:
            if error.code != "no such frame":
                raise

    # Internals

    def _aim(self, selector: str) -> Json:
        try:
            return self.js(_AIM, selector)
        except BidiError as error:
            if error.code not in _PASSING:
                raise
            return {"problem": f"cannot be looked at ({error})"}

    def _act(self, *sources: Json) -> None:
        self.browser.bidi.command("input.performActions", context=self.context, actions=list(sources))

    def _describe_wait(self, function: str, arguments: Sequence[Json], seen: Json, timeout_seconds: float) -> str:
        try:
            shown = self.js("() => location.href + '\\n' + (document.body?.innerText ?? '').slice(0, 2000)")
        except BidiError as error:
            shown = str(error)
        logs = "\n".join(entry.text for entry in self.browser.log[-10:])
        return (
            f"after {timeout_seconds} s in {self.browser.name} this is still {seen!r}:\n"
            f"{function.strip()} {list(arguments)}\n"
            f"the page shows: {shown}\nits console: {logs or 'empty'}"
        )
