/**
 * The person teaches the extension where this webmail has the source of a mail. To do so, they show or download the
 * source as usual. The extension watches which address of this site is requested, and fetches this address itself. If
 * the answer is the source of the shown mail, the extension can remember how to get there. A link in the mail's text
 * teaches nothing.
 */
import { headerField } from "../../../wasm_build/ui/mail_header.js";
import { ask } from "../background_link.js";
import { closest } from "../dom_tree.js";
import { problem, sentenceOf } from "../problems.js";
import { askToKeep, Bar, stopAction, stopEverywhere } from "./bar.js";
import { isInMailText, LINKS_AND_BUTTONS } from "./mail_text.js";
import { placesOf } from "./recipes.js";
import { selectorFor } from "./selectors.js";
import { partAt, shownParts } from "./shown_parts.js";
import { addressesOf, addressOf } from "./source_links.js";
import { fetchSource } from "./source_search.js";
import { templateFor } from "./templates.js";
import { translate } from "../../texts/texts.js";

/** @typedef {import("./shown_parts.js").ShownPart} ShownPart */

/** The most addresses that are fetched while the person teaches. */
const MAX_TRIED = 30;
/** The requests with which scripts load a text. Frames are left out: a mail can have a frame with any address. */
const LOADED = ["fetch", "xmlhttprequest", "other"];
/** Scripts also send requests that change something. Their answers are smaller than the source of any S/MIME mail. */
const LEAST_SOURCE_BYTES = 500;
const MAX_LINE_CHARACTERS = 100;

/** Begins to watch. @param {() => void} done is called after the person has stored the recipe */
export function startTeaching(done) {
  const bar = new Bar(translate("teach_hint"), stopAction());
  /** @type {Set<string>} */
  const tried = new Set();
  let isFound = false;
  /** The element that was clicked last. @type {Element | null} */
  let clicked = null;
  /** The time of the first click. */
  let begun = Infinity;
  /** @param {URL | null} url @param {Element | null} element */
  const consider = async (url, element) => {
    if (!url || isFound || tried.size >= MAX_TRIED || tried.has(url.href)) return;
    tried.add(url.href);
    const part = shownParts()[0] ?? (element && partAt(element));
    const bytes = part && await fetchSource(url, part);
    if (!part || !bytes || isFound || bar.signal.aborted) return;
    isFound = true;
    await stopEverywhere();
    propose({ bytes, url, element, part }, done);
  };
  bar.listen("click", (event) => {
    if (!event.isTrusted || bar.isOwn(event)) return;
    begun = Math.min(begun, event.timeStamp);
    clicked = /** @type {Element | undefined} */ (event.composedPath().find((node) => node instanceof Element)) ?? null;
    const control = clicked && closest(clicked, LINKS_AND_BUTTONS);
    if (control && isInMailText(control)) {
      clicked = null;
      event.preventDefault();
      return bar.say(sentenceOf(problem("pick-in-text")), stopAction());
    }
    const urls = control ? addressesOf(control) : [];
    for (const url of urls) void consider(url, control);
    // The browser must not follow the link, which leaves the page. The page's own handlers of the click still run.
    if (urls.length > 0) event.preventDefault();
  });
  const requests = new PerformanceObserver((list) => {
    for (const { name, initiatorType, startTime, decodedBodySize } of /** @type {PerformanceResourceTiming[]} */ (list.getEntries())) {
      const mayBeSource = LOADED.includes(initiatorType) && decodedBodySize >= LEAST_SOURCE_BYTES && startTime >= begun;
      if (mayBeSource && clicked) void consider(addressOf(name, location.href), null);
    }
  });
  requests.observe({ type: "resource" });
  bar.signal.addEventListener("abort", () => requests.disconnect());
  // The event reports downloads that a script starts, which the observer does not report. Not all browsers have this
  // event.
  globalThis.navigation?.addEventListener("navigate", ({ destination, formData }) => {
    const url = destination.sameDocument || formData ? null : addressOf(destination.url, location.href);
    if (clicked) void consider(url, null);
  }, { signal: bar.signal });
}

/**
 * Asks whether to store how the source was found.
 * @param {{bytes: ArrayBuffer, url: URL, element: Element | null, part: ShownPart}} source @param {() => void} done
 */
function propose({ bytes, url, element, part }, done) {
  const template = templateFor(url, placesOf(part));
  const selector = element ? selectorFor(element) : "";
  if (!template && !selector) return new Bar("").ask(translate("teach_not_general"), stopAction());
  const line = `From: ${headerField(bytes, "From", "utf-8").replace(/\s+/gu, " ").replace(/\p{C}+/gu, "")}`.slice(0, MAX_LINE_CHARACTERS);
  askToKeep(translate("teach_found", { line: `\u2068${line}\u2069`, site: `\u2068${location.host}\u2069` }),
    () => ask("recipe.keep-source", { selector, template }), done);
}
