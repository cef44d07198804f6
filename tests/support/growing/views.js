/** Draws the views of a mail that grows, and measures how long the page stands still. A script of a page of its own. */

import { describeReport } from "../../../browser_ext/shared/report_view.js";
import { createAttachmentList } from "../../../wasm_build/ui/attachments.js";
import { loadCatalogue } from "../../../wasm_build/ui/catalogue.js";
import { html } from "../../../wasm_build/ui/dom.js";
import { MailText } from "../../../wasm_build/ui/mail_text.js";
import { wordsOfSize } from "../../../wasm_build/ui/words_of_size.js";
import { createState } from "../../../webbridge/pages/reading/report_details.js";
import { createSigners } from "../../../webbridge/pages/trust/signers.js";
import { createPeople } from "../../../wasm_build/ui/clamped_people.js";
import { createSourceView } from "../../../webbridge/pages/reading/views/source_view.js";
import { describeSigner } from "../../../wasm_build/ui/signer_path.js";
import { nextTask } from "../../../wasm_build/vault/values/next_task.js";
import { fillLongText } from "../../../wasm_build/ui/text_pieces.js";
import { MARKUP, TEXT, reportWith } from "./inputs.js";
import { measure } from "./meter.js";

const CATALOGUES = ["shared.json", "pages.json"].map((name) => new URL(name, location.href));
const READY = loadCatalogue("en", CATALOGUES);
const PRESSED = "[data-test=more-text], [data-test=more-rows], [data-test=more-people]";

/** @typedef {import("../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {{draw: () => Promise<unknown> | unknown, elements: () => Node[], close?: () => void}} View */

/** @param {Catalogue} translate @param {import("../../../wasm_build/ui/mail_text.js").Passage[]} passages @returns {View} */
function mailText(translate, passages) {
  const words = { markup: "m", blocked: "b", uncovered: "u", empty: "e", links: "{count} links", ...wordsOfSize(translate) };
  const element = html("div", { class: "passages" });
  const mail = { passages, text: passages[0]?.text ?? "", files: [] };
  const options = { words, coverage: { parts: [], isWholeSigned: false }, readFile: async () => new ArrayBuffer(0) };
  const shown = new MailText(element, mail, options);
  return { draw: () => shown.draw({ asText: false }), elements: () => [shown.notes, element, shown.links], close: () => shown.close() };
}

/** @param {Catalogue} translate @param {string} text @returns {View} */
function source(translate, text) {
  const app = /** @type {any} */ ({ translate, sentenceFor: String });
  const element = createSourceView(app, async () => /** @type {ArrayBuffer} */ (new TextEncoder().encode(text).buffer));
  const draw = async () => {
    element.open = true;
    while (!element.querySelector("pre")) await new Promise((resolve) => setTimeout(resolve, 2));
  };
  return { draw, elements: () => [element] };
}

/** @param {Node[]} nodes @returns {View} */
function drawn(...nodes) {
  return { draw: () => {}, elements: () => nodes };
}

const COUNTED = { more: String, unlisted: String };

/** @type {Record<string, (translate: Catalogue, size: number) => () => View>} */
const VIEWS = {
  people: (translate, size) => {
    const mailboxes = Array.from({ length: size }, (_, index) => ({ name: "", address: `a${index}@b.example` }));
    return () => drawn(html("dd", {}, ...createPeople({ count: size, mailboxes: mailboxes.slice(0, 200) }, COUNTED)));
  },
  name: (translate, size) => {
    const mailboxes = Array.from({ length: 20 }, () => ({ name: "N".repeat(size), address: "a@b.example" }));
    return () => drawn(html("dd", {}, ...createPeople({ count: 20, mailboxes }, COUNTED)));
  },
  attachments: (translate, size) => {
    const files = Array.from({ length: size }, (_, index) => ({ name: `file ${index}.bin`, type: "a/b", data: new ArrayBuffer(1) }));
    return () => drawn(createAttachmentList(translate, files));
  },
  "name of an attachment": (translate, size) => {
    const files = [{ name: `${"n".repeat(size)}.bin`, type: "t".repeat(size), data: new ArrayBuffer(1) }];
    return () => drawn(createAttachmentList(translate, files));
  },
  parts: (translate, size) => {
    const passages = Array.from({ length: size }, (_, index) => ({ path: `${index}`, text: "Hello", markup: null }));
    return () => mailText(translate, passages);
  },
  "formatted parts": (translate, size) => {
    const passages = Array.from({ length: size }, (_, index) => ({ path: `${index}`, text: "Hello", markup: "<p>Hello" }));
    return () => mailText(translate, passages);
  },
  signers: (translate, size) => () => pagesReport(translate, reportWith({ signers: size })),
  recipients: (translate, size) => () => pagesReport(translate, reportWith({ recipients: size })),
  reasons: (translate, size) => () => pagesReport(translate, reportWith({ reasons: size })),
  "signers in the extension": (translate, size) => () => extensionReport(translate, reportWith({ signers: size })),
  "recipients in the extension": (translate, size) => () => extensionReport(translate, reportWith({ recipients: size })),
  "reasons in the extension": (translate, size) => () => extensionReport(translate, reportWith({ reasons: size })),
  "source: lines": (translate, size) => () => source(translate, "\r\n".repeat(size)),
  "source: control characters": (translate, size) => () => source(translate, "\u0001".repeat(size)),
  "source: right to left": (translate, size) => () => source(translate, "\u05d0\u05d1\n".repeat(size)),
  "words of a part": (translate, size) => () => drawn(...fillLongText(html("pre"), "word ".repeat(size), "More")),
};
for (const [name, write] of Object.entries(MARKUP)) {
  VIEWS[`markup: ${name}`] = (translate, size) => {
    const markup = write(size);
    return () => mailText(translate, [{ path: "", text: "Hello", markup }]);
  };
}
for (const [name, write] of Object.entries(TEXT)) {
  VIEWS[`text: ${name}`] = (translate, size) => {
    const text = write(size);
    return () => mailText(translate, [{ path: "", text, markup: null }]);
  };
}

/** The longest time in which this page stands still without any work, because the machine does other work. */
async function measureNothing() {
  const { longest } = await measure(() => new Promise((resolve) => setTimeout(resolve, 500)));
  return longest;
}

/** @param {Catalogue} translate @param {any} report */
function pagesReport(translate, report) {
  const why = createSigners(translate, report, (signer) => html("section", {}, ...describeSigner(translate, signer, {
    certificates: report.certificates, day: String, action: () => null,
  })));
  return drawn(createState(translate, report, { from: "bob@example.test", why }).element);
}

/** @param {Catalogue} translate @param {any} report */
function extensionReport(translate, report) {
  const { headline, details } = describeReport(report, translate, { onAccept: () => {} });
  return drawn(...headline, details);
}

/**
 * Draws a view, presses its buttons for more, and closes it.
 * @param {string} name @param {number} size
 */
async function measureView(name, size) {
  const translate = await READY;
  const make = VIEWS[name](translate, size);
  const place = /** @type {HTMLElement} */ (document.getElementById("place"));
  /** @type {View | null} */
  let view = null;
  const opening = await measure(async () => {
    view = make();
    place.replaceChildren(...view.elements());
    await view.draw();
  });
  for (const details of place.querySelectorAll("details")) details.open = true;
  const button = buttonIn(place);
  const more = button ? await measure(async () => {
    button.click();
    while (button.isConnected && button.disabled) await new Promise((resolve) => setTimeout(resolve, 10));
  }) : null;
  const shown = { letters: place.textContent?.length ?? 0, frames: place.querySelectorAll("iframe").length, tooLarge: place.querySelectorAll(".too-large").length };
  const closing = await measure(() => {
    /** @type {View} */ (/** @type {unknown} */ (view)).close?.();
    place.replaceChildren();
  });
  return { opening, more, closing, shown };
}

/**
 * Closes a mail while it is drawn, after some tasks. Then draws it anew twice, the second time before the first has ended.
 * @param {string} name @param {number} size @param {number} tasks
 */
async function interrupt(name, size, tasks) {
  const place = /** @type {HTMLElement} */ (document.getElementById("place"));
  const view = VIEWS[name](await READY, size)();
  place.replaceChildren(...view.elements());
  const drawing = view.draw();
  for (let task = 0; task < tasks; task += 1) await nextTask();
  view.close?.();
  const closed = place.innerHTML;
  await drawing;
  await new Promise((resolve) => setTimeout(resolve, 100));
  const isQuiet = place.innerHTML === closed;
  await Promise.all([view.draw(), view.draw()]);
  const paths = [...place.querySelectorAll("[data-path]")].map((section) => section.getAttribute("data-path"));
  const anew = place.innerHTML;
  await view.draw();
  const isOnce = place.innerHTML === anew && new Set(paths).size === paths.length && paths.length > 0;
  view.close?.();
  place.replaceChildren();
  return { isQuiet, isOnce };
}

/**
 * Draws a view whole, by its button for more. Resolves with the number of frames that it waits for.
 * @param {string} name @param {number} size
 */
async function countFrames(name, size) {
  const { requestAnimationFrame } = globalThis;
  let frames = 0;
  globalThis.requestAnimationFrame = (callback) => {
    frames += 1;
    return requestAnimationFrame(callback);
  };
  const place = await drawWhole(name, size);
  globalThis.requestAnimationFrame = requestAnimationFrame;
  place.replaceChildren();
  return frames;
}

/**
 * The first two letters of the beginning of a text, and of its last piece: whether the first one is at the left.
 * @param {string} name @param {number} size
 */
async function isFirstLetterLeft(name, size) {
  const place = await drawWhole(name, size);
  const last = [...place.querySelectorAll(".text-piece")].at(-1);
  const begins = [place.querySelector("pre")?.firstChild, last?.firstChild];
  const isLeft = begins.map((text) => leftOf(/** @type {Text} */ (text), 0) < leftOf(/** @type {Text} */ (text), 1));
  place.replaceChildren();
  return isLeft;
}

/** @param {Text} text @param {number} index */
function leftOf(text, index) {
  const range = document.createRange();
  range.setStart(text, index);
  range.setEnd(text, index + 1);
  return range.getBoundingClientRect().left;
}

/** @param {string} name @param {number} size */
async function drawWhole(name, size) {
  const place = /** @type {HTMLElement} */ (document.getElementById("place"));
  const view = VIEWS[name](await READY, size)();
  place.replaceChildren(...view.elements());
  await view.draw();
  for (let button = buttonIn(place); button; button = buttonIn(place)) {
    if (!button.disabled) button.click();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return place;
}

/** @param {HTMLElement} place @returns {HTMLButtonElement | null} */
function buttonIn(place) {
  return place.querySelector(PRESSED);
}

Object.assign(globalThis, { growing: { countFrames, interrupt, isFirstLetterLeft, measureView, measureNothing, names: Object.keys(VIEWS) } });
