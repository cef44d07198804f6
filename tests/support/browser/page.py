"""A tab, window or frame as a person meets it: look at it, click, type, choose a file.

Input is trusted input of the browser, never an event made by a script.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.browser.bidi import PATIENCE_SECONDS, BidiError, Json, walk_contexts

if TYPE_CHECKING:
    from tests.browser.browsers import Browser

# Code points of keys without a character: WebDriver, section "Keyboard actions".
ENTER, TAB, ESCAPE, BACKSPACE, SHIFT, CONTROL = "\ue007", "\ue004", "\ue00c", "\ue003", "\ue008", "\ue009"

# What a page that is being replaced answers; the next look finds the new one.
_PASSING = {"no such frame", "unknown error", "no such handle", "no such node"}

# The marks that isolate a value's direction (UAX 9) show nothing; Firefox leaves them out by itself.
_AS_SEEN = '.replace(/[\\u2066-\\u2069]/g, "")'

_CALL = 'async (...given) => JSON.stringify(await (%s)(...given.map((text) => JSON.parse(text)))) ?? "null"'

# The middle of an element, after it was brought into view, and whether a click there would meet the element.
_AIM = """(selector) => {
  const element = document.querySelector(selector);
  if (!element) return { problem: "is not there" };
  element.scrollIntoView({ block: "center", inline: "nearest", behavior: "instant" });
  const box = element.getBoundingClientRect();
  if (!box.width || !box.height) return { problem: "has no size" };
  const x = Math.floor(box.left + box.width / 2), y = Math.floor(box.top + box.height / 2);
  const hit = document.elementFromPoint(x, y);
  const labelled = hit?.closest("label")?.control === element;
  if (!hit || !(element.contains(hit) || labelled)) return { problem: `is covered by ${hit?.outerHTML.slice(0, 80)}` };
  if (element.disabled) return { problem: "is disabled" };
  if (element.dataset.agrees !== undefined && document.documentElement.dataset.calm === "waiting")
    return { problem: "agrees, and its window is not calm" };
  return { x, y };
}"""


_TOP = """() => {
  scrollTo(0, 0);
  const nextFrame = () => new Promise((resolve) => { requestAnimationFrame(resolve); setTimeout(resolve, 200); });
  return nextFrame().then(nextFrame).then(() => true);
}"""


class JavaScriptError(Exception):
    """A function given to `Page.js` threw; the text is the browser's."""


class Page:
    """One browsing context: a tab, a window, or a frame inside one."""

    def __init__(self, browser: Browser, context: str) -> None:
        self.browser = browser
        self.context = context

    # Looking

    def js(self, function: str, *arguments: Json, sandbox: str | None = None, user_activation: bool = False) -> Json:
        """Call a JavaScript function with JSON arguments in the page and return its (awaited) JSON result.

        A `sandbox` is a realm of its own that sees the page's DOM but not its scripts.
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
        """Return the function's first truthy result; look until then, also across navigations."""
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
        """This page, once its document is complete: a context is announced before its first document can be asked."""
        self.wait_for("() => document.readyState === 'complete'")
        return self

    def wait_for_text(self, text: str, *, selector: str = "body", timeout_seconds: float = PATIENCE_SECONDS) -> str:
        """Wait until the visible text of `selector` contains `text`, and return all of it."""
        look = f"""(selector, text) => {{
          const shown = document.querySelector(selector)?.innerText{_AS_SEEN} ?? "";
          return shown.includes(text) && {{ shown }};
        }}"""
        shown: str = self.wait_for(look, selector, text, timeout_seconds=timeout_seconds)["shown"]
        return shown

    def wait_for_selector(self, selector: str, *, timeout_seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until an element is there and has a size."""
        look = "(selector) => Boolean(document.querySelector(selector)?.getClientRects().length)"
        self.wait_for(look, selector, timeout_seconds=timeout_seconds)

    def text(self, selector: str = "body") -> str:
        """The visible text of the first match."""
        shown: str = self.js(f"(selector) => document.querySelector(selector).innerText{_AS_SEEN}", selector)
        return shown

    def value(self, selector: str) -> str:
        """What a field holds."""
        held: str = self.js("(selector) => document.querySelector(selector).value", selector)
        return held

    @property
    def url(self) -> str:
        here: str = self.js("() => location.href")
        return here

    def screenshot(self, path: Path, *, width: int | None = None, height: int | None = None) -> Path:
        """Write what the viewport shows as PNG, after giving it this size if one is named."""
        if width is not None and height is not None:
            self.set_viewport(width, height)
        answer = self.browser.bidi.command("browsingContext.captureScreenshot", context=self.context, origin="viewport")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(answer["data"]))
        return path

    def show_top(self, width: int, height: int) -> None:
        """Give the viewport a size, go to the top, and wait until all is drawn; a hidden tab draws nothing."""
        self.set_viewport(width, height)
        self.js(_TOP)

    def overflows_sideways(self) -> bool:
        """True when the page is wider than its viewport, so that a phone would scroll it sideways."""
        return bool(self.js("() => document.documentElement.scrollWidth > document.documentElement.clientWidth"))

    # Acting

    def goto(self, url: str) -> None:
        self.browser.bidi.command("browsingContext.navigate", context=self.context, url=url, wait="complete")

    def reload(self) -> None:
        self.browser.bidi.command("browsingContext.reload", context=self.context, wait="complete")

    def activate(self) -> None:
        """Bring the tab to the front, as a person would before typing into it; of a frame, the tab around it."""
        front = self
        while around := front.around():
            front = around
        self.browser.bidi.command("browsingContext.activate", context=front.context)

    def set_viewport(self, width: int, height: int) -> None:
        self.browser.bidi.command(
            "browsingContext.setViewport", context=self.context, viewport={"width": width, "height": height}
        )

    def click(self, selector: str, *, timeout_seconds: float = PATIENCE_SECONDS, button: int = 0) -> None:
        """Wait until the element stands still and can be met by a pointer, then click its middle."""
        deadline = time.monotonic() + timeout_seconds
        before, aim = None, self._aim(selector)
        while aim != before or "problem" in aim:
            if time.monotonic() > deadline:
                raise AssertionError(f"cannot click {selector}: it {aim.get('problem', 'moves')}")
            time.sleep(0.03)
            before, aim = aim, self._aim(selector)
        self.click_at(aim["x"], aim["y"], button=button)

    def click_at(self, x: int, y: int, *, button: int = 0) -> None:
        """Click a point of this frame's own viewport."""
        steps = [
            {"type": "pointerMove", "x": x, "y": y},
            {"type": "pointerDown", "button": button},
            {"type": "pointerUp", "button": button},
        ]
        self._act({"type": "pointer", "id": "pointer", "actions": steps})

    def wait_until_calm(self) -> None:
        """Wait until what agrees obeys: a window that was just drawn, moved or brought to the front takes no answer."""
        self.wait_for("() => document.documentElement.dataset.calm !== 'waiting'")

    def scroll(self, x: int, y: int, *, by: int) -> None:
        """Turn the wheel at a point of this frame's own viewport, by so many pixels downwards."""
        step = {"type": "scroll", "x": x, "y": y, "deltaX": 0, "deltaY": by}
        self._act({"type": "wheel", "id": "wheel", "actions": [step]})

    def type(self, text: str) -> None:
        """Press the keys of `text`, one after the other, into whatever has the focus; a line end is Enter."""
        keys = text.replace("\n", ENTER)
        steps = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self._act({"type": "key", "id": "keyboard", "actions": steps})

    def press(self, *keys: str) -> None:
        """Press keys together, as in `press(CONTROL, "a")`; Enter, which agrees, once the window is calm."""
        if ENTER in keys:
            self.wait_until_calm()
        down = [{"type": "keyDown", "value": key} for key in keys]
        up = [{"type": "keyUp", "value": key} for key in reversed(keys)]
        self._act({"type": "key", "id": "keyboard", "actions": [*down, *up]})

    def fill(self, selector: str, text: str) -> None:
        """Click a field, replace what it holds by `text`."""
        self.click(selector)
        self.press(CONTROL, "a")
        self.press(BACKSPACE)
        self.type(text)

    def choose_files(self, selector: str, files: Sequence[Path]) -> None:
        """Choose files in an `input[type=file]`, as its dialog would."""
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
        """The page in which this one is a frame."""
        tree = self.browser.bidi.command("browsingContext.getTree", root=self.context, maxDepth=0)["contexts"]
        parent = tree[0].get("parent")
        return Page(self.browser, parent) if parent else None

    def frames(self) -> list[Page]:
        """The frames inside this page at any depth, those in closed shadow roots included."""
        tree = self.browser.bidi.command("browsingContext.getTree", root=self.context)["contexts"]
        return [Page(self.browser, context["context"]) for context in walk_contexts(tree[0].get("children") or [])]

    def wait_for_frame(self, url_part: str, *, timeout_seconds: float = PATIENCE_SECONDS) -> Page:
        """The first frame inside this page whose address contains `url_part`, once it is loaded."""
        deadline = time.monotonic() + timeout_seconds
        while True:
            tree = self.browser.bidi.command("browsingContext.getTree", root=self.context)["contexts"]
            inside = list(walk_contexts(tree[0].get("children") or []))
            for context in inside:
                if url_part in context["url"]:
                    return Page(self.browser, context["context"]).when_loaded()
            if time.monotonic() > deadline:
                raise AssertionError(f"no frame at …{url_part}…; there are {[context['url'] for context in inside]}")
            time.sleep(0.05)

    @contextmanager
    def closing(self) -> Iterator[None]:
        """Around an action that closes this window, which may be gone before the driver has answered the action.

        An action that never reached the window shows in what the caller checks next.
        """
        try:
            yield
        except BidiError as error:
            if error.code != "no such frame":
                raise

    # Below the surface

    def _aim(self, selector: str) -> Json:
        try:
            return self.js(_AIM, selector)
        except BidiError as error:
            if error.code not in _PASSING:
                raise
            return {"problem": f"cannot be looked at ({error})"}

    def _act(self, source: Json) -> None:
        self.browser.bidi.command("input.performActions", context=self.context, actions=[source])

    def _describe_wait(self, function: str, arguments: Sequence[Json], seen: Json, timeout_seconds: float) -> str:
        try:
            shown = self.js("() => location.href + '\\n' + (document.body?.innerText ?? '').slice(0, 2000)")
        except BidiError as error:
            shown = str(error)
        logs = "\n".join(entry.text for entry in self.browser.log[-10:])
        return (
            f"after {timeout_seconds} s in {self.browser.name} this is still {seen!r}:\n{function} {list(arguments)}\n"
            f"the page shows: {shown}\nits console: {logs or 'empty'}"
        )
