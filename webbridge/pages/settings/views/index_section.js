/** The part of the account's view about the search in encrypted mail: the switch for the index, and the index's progress. */

import { html, problem, switchField } from "../../../../wasm_build/ui/dom.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../../mail/mail_index.js").MailIndex} MailIndex */
/** @typedef {import("../../mail/index_filler.js").IndexFiller} IndexFiller */
/** @typedef {import("../../keys/keys.js").KeyRing} KeyRing */
/** @typedef {import("../../app/services.js").SentenceFor} SentenceFor */
/**
 * @typedef {{
 *   translate: Catalogue, index: MailIndex, filler: IndexFiller, keys: KeyRing, sentenceFor: SentenceFor,
 * }} IndexServices
 */

/**
 * @param {IndexServices} services
 * @returns {{element: HTMLElement, close: () => void}}
 */
export function createIndexSection(services) {
  const { translate, index, filler } = services;
  const failure = problem("index-error");
  const note = html("p", { class: "note", data: { test: "index-note" } });
  const pause = html("button", {
    type: "button", hidden: true, data: { test: "index-pause" }, on: { click: () => (filler.isPaused ? filler.resume() : filler.pause()) },
  });
  const choice = switchField(translate("index_switch"), "index-switch", (isOn) => void choose(isOn));

  const update = () => {
    choice.input.disabled = !index.isAllowed || !services.keys.unlocked;
    choice.input.checked = index.state !== "none";
    note.textContent = sentenceAbout(services);
    pause.hidden = index.state !== "open" || !(filler.isPaused || filler.progress === "reading");
    pause.textContent = translate(filler.isPaused ? "continue" : "index_pause");
  };
  const choose = async (/** @type {boolean} */ isOn) => {
    failure.textContent = "";
    choice.input.disabled = true;
    await (isOn ? begin(services) : end(services)).catch((error) => { failure.textContent = services.sentenceFor(error); });
    update();
  };
  for (const source of [index, filler, services.keys]) source.addEventListener("change", update);
  void index.look().then(update, (error) => { failure.textContent = services.sentenceFor(error); });
  update();
  return {
    element: html(
      "section",
      { class: "stack", "aria-labelledby": "index-title", data: { test: "index-section" } },
      html("h2", { id: "index-title", text: translate("index_title") }),
      html("p", { class: "lede", text: translate("index_meaning") }),
      choice.element, failure, note, html("div", { class: "actions" }, pause),
    ),
    close: () => { for (const source of [index, filler, services.keys]) source.removeEventListener("change", update); },
  };
}

/** The states of the filler for which there is a sentence. */
const PROGRESS = new Set(["reading", "paused", "power", "full", "failed"]);

/** @param {IndexServices} services */
async function begin({ index, filler }) {
  await index.begin();
  filler.resume();
}

/** @param {IndexServices} services */
async function end({ index, filler }) {
  filler.stop();
  await index.end();
}

/** The sentence about the progress of the index. @param {IndexServices} services */
function sentenceAbout({ translate, index, filler, keys }) {
  if (!index.isAllowed) return translate("index_not_here");
  if (!keys.unlocked) return translate(index.state === "none" ? "index_unlock_to_choose" : "index_locked");
  if (filler.progress === "broken") return translate("index_broken");
  if (index.state !== "open") return "";
  const count = translate("index_count", { count: index.size ?? 0 });
  const key = `index_${filler.progress}`;
  return PROGRESS.has(filler.progress) ? `${count} ${translate(key, { count: filler.count })}` : count;
}
