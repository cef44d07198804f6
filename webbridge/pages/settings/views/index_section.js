/** The part of the account's view about the search in encrypted mail: the switch of the index, and how far it is. */

import { html } from "../../../../wasm_build/ui/dom.js";
import { problem, switchField } from "../../../../wasm_build/ui/parts.js";

/** @typedef {import("../../app/app.js").App} App */

/**
 * @param {App} app
 * @returns {{element: HTMLElement, close: () => void}}
 */
export function createIndexSection(app) {
  const { translate, index, filler } = app;
  const failure = problem("index-error");
  const note = html("p", { class: "note", data: { test: "index-note" } });
  const pause = html("button", { type: "button", hidden: true, data: { test: "index-pause" } });
  pause.addEventListener("click", () => (filler.isPaused ? filler.resume() : filler.pause()));
  const choice = switchField(translate("index_switch"), "index-switch", (isOn) => void choose(isOn));

  const update = () => {
    const isOpen = index.state === "open";
    choice.input.disabled = !index.isAllowed || !app.keys.unlocked;
    choice.input.checked = index.state !== "none";
    note.textContent = sentenceAbout(app);
    pause.hidden = !isOpen || !(filler.isPaused || filler.progress === "reading");
    pause.textContent = translate(filler.isPaused ? "index_continue" : "index_pause");
  };
  const choose = async (/** @type {boolean} */ isOn) => {
    failure.textContent = "";
    choice.input.disabled = true;
    try {
      await (isOn ? begin(app) : end(app));
    } catch (error) {
      failure.textContent = app.sentenceFor(error);
    }
    update();
  };
  for (const source of [index, filler, app.keys]) source.addEventListener("change", update);
  void index.look().then(update, (error) => { failure.textContent = app.sentenceFor(error); });
  update();
  return {
    element: html(
      "section",
      { class: "stack", "aria-labelledby": "index-title", data: { test: "index-section" } },
      html("h2", { id: "index-title", text: translate("index_title") }),
      html("p", { class: "lede", text: translate("index_meaning") }),
      choice.element, failure, note, html("div", { class: "actions" }, pause),
    ),
    close: () => { for (const source of [index, filler, app.keys]) source.removeEventListener("change", update); },
  };
}

/** The states of the filler that are worth a sentence. */
const PROGRESS = new Set(["reading", "paused", "power", "full", "failed"]);

/** @param {Pick<App, "index" | "filler">} app */
async function begin({ index, filler }) {
  await index.begin();
  filler.resume();
}

/** @param {Pick<App, "index" | "filler">} app */
async function end({ index, filler }) {
  filler.stop();
  await index.end();
}

/** The sentence that says how far the index is. @param {Pick<App, "translate" | "index" | "filler" | "keys">} app */
function sentenceAbout({ translate, index, filler, keys }) {
  if (!index.isAllowed) return translate("index_not_here");
  if (!keys.unlocked) return translate(index.state === "none" ? "index_unlock_to_choose" : "index_locked");
  if (filler.progress === "broken") return translate("index_broken");
  if (index.state !== "open") return "";
  const count = translate("index_count", { count: index.size ?? 0 });
  const key = `index_${filler.progress}`;
  return PROGRESS.has(filler.progress) ? `${count} ${translate(key, { count: filler.count })}` : count;
}
