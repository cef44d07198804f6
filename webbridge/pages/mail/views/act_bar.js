/** The bar of buttons for the acts on messages, above the open message and, for the selected rows, above the list. */

import { html, uniqueId } from "../../../../wasm_build/ui/dom.js";
import { actIcon } from "../../app/act_icons.js";
import { FLAGGED, SEEN } from "../housekeeping.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../../app/act_icons.js").ActIcon} ActIcon */
/** @typedef {import("../housekeeping.js").Housekeeping} Housekeeping */

/** @type {ActIcon[]} */
const ACTS = ["archive", "delete", "move", "junk", "flag", "unread"];

/**
 * @typedef {{folder: string, role: string | null, isFlagged: boolean, isSeen: boolean}} Shown
 * @typedef {{element: HTMLElement, show: (shown: Shown) => void}} ActBar
 */

/**
 * @param {Catalogue} translate
 * @param {{
 *   label: string, test: string, housekeeping: Housekeeping, run: (act: ActIcon) => void, before?: HTMLElement[], after?: HTMLElement[],
 * }} options `run` is called with the act of a button
 * @returns {ActBar}
 */
export function createActBar(translate, { label, test, housekeeping, run, before = [], after = [] }) {
  const buttons = ACTS.map((act) => {
    const word = html("span", { class: "act-word" });
    const reason = html("span", { class: "visually-hidden", id: uniqueId("reason") });
    const button = html("button", {
      type: "button", class: "quiet act", data: { test: `${test}-${act}`, act },
      on: { click: () => (reason.textContent ? housekeeping.say(reason.textContent) : run(act)) },
    }, actIcon(act), word);
    return { act, button, word, reason };
  });
  const element = html(
    "div",
    { class: "acts", hidden: true, role: "group", "aria-label": label, data: { test } },
    ...before, ...buttons.flatMap(({ button, reason }) => [button, reason]), ...after,
  );
  return {
    element,
    show(shown) {
      for (const { act, button, word, reason } of buttons) {
        word.textContent = translate(wordOf(act, shown, housekeeping));
        const offer = housekeeping.offer(shown.folder, act);
        reason.textContent = offer.reason;
        button.title = offer.reason;
        button.classList.toggle("danger-text", act === "delete" && housekeeping.deletesForEver(shown.folder));
        if (offer.isPossible) {
          button.removeAttribute("aria-disabled");
          button.removeAttribute("aria-describedby");
        } else {
          button.setAttribute("aria-disabled", "true");
          button.setAttribute("aria-describedby", reason.id);
        }
      }
    },
  };
}

/** @param {ActIcon} act @param {Shown} shown @param {Housekeeping} housekeeping */
function wordOf(act, { folder, role, isFlagged, isSeen }, housekeeping) {
  /** @type {Partial<Record<ActIcon, string | false>>} */
  const unusual = {
    delete: housekeeping.deletesForEver(folder) && "delete_for_ever", junk: role === "junk" && "act_word_not_junk",
    flag: isFlagged && "act_word_unflag", unread: !isSeen && "act_word_read",
  };
  return unusual[act] || `act_word_${act}`;
}

/**
 * Runs an act.
 * @param {Housekeeping} housekeeping
 * @param {ActIcon} act
 * @param {import("../mail_changes.js").Chosen} chosen
 * @param {{isFlagged: boolean, isSeen: boolean, pick: (chosen: import("../mail_changes.js").Chosen) => void}} state `pick`
 *   asks for the folder of a move
 * @returns {Promise<void>}
 */
export async function runAct(housekeeping, act, chosen, { isFlagged, isSeen, pick }) {
  /** @type {Partial<Record<ActIcon, () => Promise<void> | void>>} */
  const acts = {
    archive: () => housekeeping.archive(chosen),
    delete: () => housekeeping.remove(chosen),
    junk: () => housekeeping.junk(chosen),
    flag: () => housekeeping.setFlag(chosen, FLAGGED, !isFlagged),
    unread: () => housekeeping.setFlag(chosen, SEEN, !isSeen),
    move: () => pick(chosen),
  };
  await acts[act]?.();
}
