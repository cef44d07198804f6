/** Makes the search for a mail's source available to the tests, as `lured` in the page, over generated pages. */
import { headOf } from "../../../browser_ext/content/any_webmail/mail_text.js";
import { partAt, partWithoutName, shownParts } from "../../../browser_ext/content/any_webmail/shown_parts.js";
import { fetchChosen, fetchShownMail } from "../../../browser_ext/content/any_webmail/source_search.js";
import { weighLabel } from "../../../browser_ext/content/any_webmail/source_words.js";
import { world } from "../../../browser_ext/content/world.js";
import { luredPage } from "./lured_pages.js";

const WAYS = "a, area, button, input, [role=menuitem], [onclick]";
/** The addresses that were asked for, without the site. @type {string[]} */
let asked = [];
/** The recipe that the background answers with. */
const recipe = { source: { selector: "", template: "" }, form: {} };
/** The places where a mail is open. @type {WeakSet<Node>} */
const replaced = new WeakSet();
world.fields = /** @type {any} */ ({ boxes: new WeakSet(), replaced });
/** The answer: a page that shows the mail's text, as that of a webmail may do. */
const ANSWER = '<!doctype html><a href="evil/further/raw">View source</a><a href="evil/file.eml">Save as</a><pre>Words</pre>';

/** Waits until the frames have loaded. @param {HTMLIFrameElement} frame @param {string} content */
async function fill(frame, content) {
  const kind = frame.dataset.kind;
  if (kind === "blank") return void frame.contentDocument?.body.append(fragment(content));
  const loaded = new Promise((resolve) => frame.addEventListener("load", resolve, { once: true }));
  if (kind === "srcdoc") frame.srcdoc = content;
  else frame.src = URL.createObjectURL(new Blob([content], { type: "text/html" }));
  await loaded;
}

/** @param {string} markup */
function fragment(markup) {
  const template = document.createElement("template");
  template.innerHTML = markup;
  return template.content;
}

/** @param {ReturnType<typeof luredPage>} page @returns {Promise<(Document | ShadowRoot)[]>} where its elements are */
async function show({ markup, hasProgram, roots, frames }) {
  document.head.replaceChildren(...(hasProgram ? [document.createElement("script")] : []));
  document.body.replaceChildren(fragment(markup));
  /** @type {(Document | ShadowRoot)[]} */
  const places = [document];
  for (let place = places[0], at = 0; place; at += 1, place = places[at]) {
    for (const host of /** @type {NodeListOf<HTMLElement>} */ (place.querySelectorAll("[data-root]"))) {
      const root = host.attachShadow({ mode: "open" });
      root.append(fragment(roots[Number(host.dataset.root)]));
      places.push(root);
    }
    for (const frame of /** @type {NodeListOf<HTMLIFrameElement>} */ (place.querySelectorAll("[data-frame]"))) {
      await fill(frame, frames[Number(frame.dataset.frame)]);
      if (frame.contentDocument) places.push(frame.contentDocument);
    }
  }
  return places;
}

/** The parts that a page names, and the one that a press of the toolbar's button finds without a name. */
function foundParts() {
  const head = headOf(document);
  return [...shownParts(), ...(head ? [partWithoutName(head) ?? []] : [])].flat();
}

/** Opens parts as the extension does, whose frame stands in their place. @param {ReturnType<typeof shownParts>} parts */
async function openParts(parts) {
  for (const part of parts) await fetchShownMail(part).catch(() => {});
  for (const { place } of parts) {
    place.style.display = "none";
    replaced.add(place);
  }
}

/**
 * Shows one generated page, opens each mail that it names, opens what is found then, and points at each control.
 * @param {number} seed
 * @returns {Promise<{lured: string[], pointed: string[], found: boolean}>} the addresses that are none of the webmail's
 *   and were asked for by themselves, and by pointing; and whether the source was asked for
 */
async function tryPage(seed) {
  const page = luredPage(seed);
  const [own, others] = [new Set(page.own), new Set([...page.own, ...page.others])];
  history.replaceState(null, "", `/mail/${seed}`);
  const places = await show(page);
  // The person has taught a control that this page does not show. The mail may imitate it.
  recipe.source.selector = page.isPlainText && seed % 3 === 0 ? "a.source" : "";
  asked = [];
  const parts = foundParts();
  const fallback = [...document.querySelectorAll("*")].map((element) => partAt(element)).find(Boolean);
  await openParts(parts.length > 0 ? parts : fallback ? [fallback] : []);
  await openParts(foundParts());
  const lured = asked.filter((path) => !own.has(path));
  const isFound = asked.some((path) => own.has(path));
  asked = [];
  const part = parts[0] ?? fallback;
  for (const element of part && page.isPlainText ? places.flatMap((place) => [...place.querySelectorAll(WAYS)]) : []) await fetchChosen(element, part).catch(() => {});
  return { lured, pointed: asked.filter((path) => !others.has(path)), found: isFound };
}

/** @param {number} first @param {number} count */
async function tryPages(first, count) {
  const { fetch } = globalThis;
  globalThis.fetch = async (url) => {
    const { pathname, search } = new URL(/** @type {string} */ (String(url)), location.href);
    asked.push(pathname + search);
    return Object.defineProperty(new Response(ANSWER), "url", { value: String(url) });
  };
  const bad = [];
  let foundPages = 0;
  try {
    for (let seed = first; seed < first + count; seed += 1) {
      const tried = await tryPage(seed);
      foundPages += Number(tried.found);
      if (tried.lured.length + tried.pointed.length > 0) bad.push({ seed, ...tried });
    }
  } finally {
    globalThis.fetch = fetch;
  }
  return { bad: bad.slice(0, 20), count: bad.length, found: foundPages };
}

globalThis.lured = { tryPages, weighLabel, recipe };
