/**
 * The view of the six words that open a parcel. It is shown once, after the sending. The words are only in this view, which the
 * caller empties afterwards.
 */

import { encode } from "../../node_modules/uqr/dist/index.mjs";
import { html, sentenceNodes, svg } from "./dom.js";
import { dayOnly, listOf, technical } from "./formats.js";

/** @typedef {import("./catalogue.js").Catalogue} Catalogue */
/**
 * A parcel that was sent. `link` is the link in the notice; `linkWithWords` contains the words too.
 * @typedef {{
 *   people: string[], words: string, language: string, link: string, linkWithWords: string, reference: string, expires: string,
 * }} SentSecret
 */
/** @typedef {"told" | "link"} Route how the words reach the recipient */

/** Readers need a light edge of four modules around the code (ISO/IEC 18004 section 9.1). */
const EDGE_MODULES = 4;

/**
 * The parts of the view for one parcel.
 * @param {Catalogue} translate
 * @param {SentSecret} secret
 * @param {Route} route
 */
export function createSecretSection(translate, secret, route) {
  const who = listOf(secret.people, translate);
  const status = html("p", { class: "note", role: "status", data: { test: "parcel-secret-copied" } });
  /** @param {string} key @param {() => string} text @param {HTMLElement} from */
  const copy = (key, text, from) => html("button", {
    type: "button", text: translate(key), data: { test: key.replaceAll("_", "-") },
    on: { click: async () => { status.textContent = translate(await copyText(text(), from) ? "copied" : "parcel_secret_not_copied"); } },
  });
  const shown = route === "told" ? drawWords(translate, secret, copy) : drawLink(translate, secret, copy);
  return html(
    "section", { class: "stack parcel-secret", "aria-label": who, data: { test: "parcel-secret" } },
    html("p", {}, ...sentenceNodes(translate(route === "told" ? "parcel_secret_tell" : "parcel_secret_send", { who }))),
    ...shown, status,
    html("p", { class: "note" }, ...sentenceNodes(translate("parcel_secret_reference", {
      reference: technical(secret.reference), date: dayOnly(secret.expires),
    }))),
    route === "told" ? drawUsualLink(translate, secret, copy) : null,
  );
}

/** @typedef {(key: string, text: () => string, from: HTMLElement) => HTMLButtonElement} Copy */

/** @param {Catalogue} translate @param {SentSecret} secret @param {Copy} copy */
function drawWords(translate, { words, language }, copy) {
  const list = html(
    "ol", { class: "parcel-words", lang: language, dir: "ltr", translate: "no", "aria-label": translate("parcel_secret_words"), data: { test: "parcel-words" } },
    ...words.split(" ").map((word) => html("li", { text: word })),
  );
  return [
    html("div", { class: "parcel-shown" }, list, createQrPicture(words, translate("parcel_secret_qr"))),
    html("div", { class: "actions" }, copy("parcel_secret_copy", () => words, list)),
  ];
}

/** @param {Catalogue} translate @param {SentSecret} secret @param {Copy} copy */
function drawLink(translate, { linkWithWords }, copy) {
  const link = html("output", { class: "code", dir: "ltr", translate: "no", text: linkWithWords, data: { test: "parcel-link-with-words" } });
  return [
    html("p", { class: "changed", text: translate("parcel_secret_link_warning") }),
    html("div", { class: "parcel-shown" }, link, createQrPicture(linkWithWords, translate("parcel_secret_qr_link"))),
    html("div", { class: "actions" }, copy("parcel_secret_copy_link", () => linkWithWords, link)),
  ];
}

/** The link of the notice, for a recipient who does not get the notice. @param {Catalogue} translate @param {SentSecret} secret @param {Copy} copy */
function drawUsualLink(translate, { link }, copy) {
  const shown = html("output", { class: "code", dir: "ltr", translate: "no", text: link, data: { test: "parcel-link" } });
  return html(
    "details", { class: "details" }, html("summary", { text: translate("parcel_secret_no_mail") }),
    html("div", { class: "stack" }, shown, html("div", { class: "actions" }, copy("parcel_secret_copy_link", () => link, shown))),
  );
}

/** Copies a text. If the browser does not allow that, selects the text for the person. @param {string} text @param {HTMLElement} from */
async function copyText(text, from) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    getSelection()?.selectAllChildren(from);
    return false;
  }
}

/**
 * A QR code as a picture, which scales without blur.
 * @param {string} text
 * @param {string} label for screen readers
 */
function createQrPicture(text, label) {
  const { data, size } = encode(text, { ecc: "M", border: EDGE_MODULES });
  const dark = data.flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? [`M${x} ${y}h1v1h-1z`] : []))).join("");
  return svg(
    "svg", { class: "qr-picture", role: "img", "aria-label": label, viewBox: `0 0 ${size} ${size}`, "shape-rendering": "crispEdges" },
    // The colours are the same in dark mode, because many cameras cannot read a code that is light on dark.
    svg("rect", { width: size, height: size, fill: "#ffffff" }), svg("path", { d: dark, fill: "#000000" }),
  );
}
