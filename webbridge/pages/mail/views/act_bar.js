/** The bar of buttons for the acts on messages, above the open message and, for the selected rows, above the list. */

import { html } from "../../../../wasm_build/ui/dom.js";
import { uniqueId } from "../../../../wasm_build/ui/dom.js";
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
 *   label: string, test: string, housekeeping: Housekeeping, run: (act: ActIcon) => void, before?: HTMLElement[],
 *   say: (text: string) => void,
 * }} options `run` is called with the act of a button, and `say` with the reason why an act is not possible
 * @returns {ActBar}
 */
export function createActBar(translate, { label, test, housekeeping, run, say, before = [] }) {
  const buttons = ACTS.map((act) => {
    const word = html("span", { class: "act-word" });
    const reason = html("span", { class: "visually-hidden", id: uniqueId("reason") });
    const button = html("button", {
      type: "button", class: "quiet act", data: { test: `${test}-${act}`, act },
      on: { click: () => (reason.textContent ? say(reason.textContent) : run(act)) },
    }, actIcon(act), word);
    return { act, button, word, reason };
  });
  const element = html(
    "div",
    { class: "acts", role: "group", "aria-label": label, data: { test } },
    ...before, ...buttons.flatMap(({ button, reason }) => [button, reason]),
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
  if (act === "delete" && housekeeping.deletesForEver(folder)) return "delete_for_ever";
  if (act === "junk" && role === "junk") return "act_word_not_junk";
  if (act === "flag" && isFlagged) return "act_word_unflag";
  if (act === "unread" && !isSeen) return "act_word_read";
  return `act_word_${act}`;
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
  if (act === "archive") return housekeeping.archive(chosen);
  if (act === "delete") return housekeeping.remove(chosen);
  if (act === "junk") return housekeeping.junk(chosen);
  if (act === "flag") return housekeeping.setFlag(chosen, FLAGGED, !isFlagged);
  if (act === "unread") return housekeeping.setFlag(chosen, SEEN, !isSeen);
  if (act === "move") pick(chosen);
}
