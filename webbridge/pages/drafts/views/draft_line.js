/** The line beside Send that says where the draft is kept. */

import { html } from "../../../../wasm_build/ui/dom.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Translate} Translate */
/** @typedef {import("../draft_keeper.js").DraftNews} DraftNews */

/** The errors of the mailbox that have a specific sentence. @type {Record<string, string>} */
const REASONS = {
  "draft-too-large": "draft_reason_large", "message-too-large": "draft_reason_large", "not-offered": "draft_reason_no_folder",
  "unreachable": "draft_reason_network", "session-ended": "draft_reason_signed_out",
};

/** @type {Set<string>} */
const LASTING = new Set(["device", "mailbox", "perhaps-sent", "locked", "failed"]);

/** @param {Translate} translate */
export function createDraftLine(translate) {
  const element = html("p", { class: "draft-line", data: { test: "draft-state", state: "none" } });
  const show = (/** @type {DraftNews} */ news) => {
    element.toggleAttribute("data-pending", news.state === "pending");
    // While the next version waits, a shown problem stays.
    if (news.state === "pending" && LASTING.has(element.dataset.state ?? "")) return;
    element.dataset.state = news.state;
    element.toggleAttribute("data-copy", news.isCopy);
    // A screen reader announces only problems, not each pause in typing.
    element.setAttribute("aria-live", news.isCopy || LASTING.has(news.state) ? "polite" : "off");
    const copy = news.isCopy && news.state !== "pending" ? `${translate("draft_is_copy")} ` : "";
    const words = copy + wordsOf(translate, news);
    if (element.textContent !== words) element.textContent = words;
  };
  return { element, show };
}

/** @param {Translate} translate @param {DraftNews} news */
function wordsOf(translate, { state, reason }) {
  const why = translate(REASONS[reason] ?? "draft_reason_server");
  /** @type {Partial<Record<typeof state, string>>} */
  const words = {
    "saved": translate("draft_saved"),
    "device": translate("draft_on_device", { why }),
    "mailbox": translate(reason === "storage-full" ? "draft_in_mailbox_full" : "draft_in_mailbox_refused"),
    "perhaps-sent": translate("draft_perhaps_sent"),
    "locked": translate("draft_locked"),
    "failed": translate("draft_failed", { why }),
  };
  return words[state] ?? "";
}
