/** Further parts of rows: the marks for flags, the button that unfolds a thread, and the element that detects the end of the list. */

import { html } from "../../../../wasm_build/ui/dom.js";
import { actIcon } from "../../app/act_icons.js";
import { hasFlag } from "../listed_messages.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Translate} Translate */

/**
 * The marks for the flags that people set or have to know. Flags of other programs are not shown.
 * @param {Translate} translate
 * @param {import("../row_texts.js").ListedMessage} message
 */
export function createFlagMarks(translate, message) {
  return [
    hasFlag(message, "\\Flagged") ? html(
      "span", { class: "row-flag", data: { test: "row-flag" } },
      actIcon("flag", { isFilled: true }), html("span", { class: "visually-hidden", text: translate("flagged") }),
    ) : null,
    hasFlag(message, "\\Deleted")
      ? html("span", { class: "row-problem", text: translate("marked_as_deleted"), data: { test: "row-deleted" } }) : null,
  ].filter((mark) => mark !== null);
}

/**
 * @param {Translate} translate
 * @param {number} count
 * @param {boolean} isOpen
 * @param {() => Promise<void>} onPress
 */
export function createThreadButton(translate, count, isOpen, onPress) {
  return html("button", {
    type: "button", class: "quiet row-thread", "aria-expanded": String(isOpen), "aria-label": translate("thread_count", { count }),
    text: String(count), data: { test: "row-thread" }, on: { click: () => void onPress() },
  });
}

/**
 * An invisible element that lies over the last rows of a list, and calls `onReach` when it comes into view.
 * @param {() => Promise<boolean>} onReach resolves with true if more rows came
 */
export function watchEnd(onReach) {
  const element = html("div", { class: "list-end", "aria-hidden": "true" });
  const observer = new IntersectionObserver(async (entries) => {
    if (!entries.at(-1)?.isIntersecting || !(await onReach())) return;
    // The observer reports changes only. It is started again, in case the new rows do not fill the page.
    observer.unobserve(element);
    observer.observe(element);
  });
  observer.observe(element);
  return element;
}
