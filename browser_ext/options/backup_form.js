/** The forms that make and restore a backup. */
import { inSnakeCase } from "../../wasm_build/ui/catalogue.js";
import { saveFile } from "../../wasm_build/ui/attachments.js";
import { html } from "../../wasm_build/ui/dom.js";
import { SecretField } from "../../wasm_build/ui/secret_field.js";
import { translate } from "../texts/texts.js";
import { createPatternChoice } from "../shared/pattern.js";
import { required } from "../shared/messages.js";
import { digestOf } from "../shared/question.js";
import { ask, askWithSecrets } from "../shared/request.js";
import { createReview } from "./backup_review.js";
import { byId, createNewPassphrase, field, openForm, tellDone } from "./parts.js";

/** @typedef {import("../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {{body: {bytes: ArrayBuffer, replace: boolean}, review: import("../background/keys/backup_review.js").Review}} Opened */

const DATE_LENGTH = "2026-01-31".length;

/** @param {{translate: Catalogue, refresh: () => Promise<void>}} context */
export function watchBackup(context) {
  byId("make-backup").addEventListener("click", () => openMaking(context));
  byId("restore-backup").addEventListener("click", () => openRestoring(context));
}

/** @param {{translate: Catalogue, refresh: () => Promise<void>}} context */
function openMaking({ translate, refresh }) {
  const next = createNewPassphrase(translate, { label: translate("backup_passphrase"), hint: translate("backup_passphrase_hint") });
  openForm({
    title: translate("backup_title"), test: "backup", verb: translate("backup_go"),
    content: [html("p", { text: translate("backup_meaning") }), next.element],
    onClose: () => next.clear(),
    onSubmit: async () => {
      const secret = next.read();
      if (!secret) return false;
      const { backup } = await askWithSecrets("backup.make", {}, { passphrase: secret });
      saveFile(`sealwax-${new Date().toISOString().slice(0, DATE_LENGTH)}.backup`, backup);
      await refresh();
      tellDone("backup", translate("backup_made"));
    },
  });
}

/**
 * Asks for a file, then shows all its entries (`openReview`).
 * @param {{translate: Catalogue, refresh: () => Promise<void>}} context
 */
function openRestoring({ translate, refresh }) {
  const file = html("input", { type: "file", accept: ".backup", data: { test: "restore-file" } });
  const passphrase = new SecretField({ translate, label: translate("backup_passphrase"), hint: translate("restore_passphrase_hint") });
  const goes = html("div", { class: "warning", role: "status", data: { test: "restore-goes" } });
  const choices = createChoices(goes);
  /** @type {Opened | null} */
  let opened = null;
  openForm({
    title: translate("restore_title"), test: "restore", verb: translate("restore_show"),
    content: [html("p", { text: translate("restore_meaning") }), field(translate("restore_file"), file), passphrase.element, choices.element, goes],
    onClose: () => (opened ? openReview(opened, { passphrase, goes, refresh }) : passphrase.clear()),
    onSubmit: async () => {
      const chosen = required(file.files?.[0], "no-backup-file");
      const body = { bytes: await chosen.arrayBuffer(), replace: choices.replaces() };
      const review = await askWithSecrets("backup.review", body, { passphrase: passphrase.copy() });
      opened = { body, review };
    },
  });
}

/**
 * The choice whether the backup is added to the entries of this browser or replaces them.
 * @param {HTMLElement} goes the place for the list of entries that would be removed
 */
function createChoices(goes) {
  const how = (/** @type {string} */ value, /** @type {boolean} */ checked) => html("label", { class: "check" },
    html("input", { type: "radio", name: "how", value, checked, data: { test: `restore-${value}` } }), html("span", { text: translate(`restore_${value}`) }));
  const element = html("fieldset", { class: "choices" }, html("legend", { text: translate("restore_how") }), how("merge", true), how("replace", false));
  const replaces = () => /** @type {HTMLInputElement} */ (element.querySelector("[value=replace]")).checked;
  const here = ask("backup.here");
  element.addEventListener("change", async () => {
    const removed = whatGoes(await here);
    goes.replaceChildren(...(replaces() ? removed : []));
  });
  return { element, replaces };
}

/**
 * Shows all entries that the backup would restore. Entries that decide about trust need a tick.
 * @param {Opened} opened
 * @param {{passphrase: SecretField, goes: HTMLElement, refresh: () => Promise<void>}} context
 */
function openReview({ body, review }, { passphrase, goes, refresh }) {
  const shown = digestOf(review);
  const { parts, ticked } = createReview(review);
  openForm({
    title: translate("restore_title"), test: "restore-review", verb: translate("restore_go"), content: [...parts, goes],
    onClose: () => passphrase.clear(),
    onSubmit: async () => {
      const answer = { ...body, take: ticked(), shown: await shown };
      const { keyFiles, people } = await askWithSecrets("backup.restore", answer, { passphrase: passphrase.copy() });
      await refresh();
      byId("pattern").replaceChildren(await createPatternChoice());
      byId("backup-done").textContent = translate("restored", { keys: keyFiles, people });
    },
  });
}

/** A list of the entries that a replacing backup removes: the number of each kind. @param {Record<string, number>} counts */
function whatGoes(counts) {
  const kinds = Object.entries(counts).filter(([, count]) => count > 0);
  const lines = kinds.map(([kind, count]) => html("li", { text: translate(`restore_goes_${inSnakeCase(kind)}`, { count }) }));
  const sentence = html("p", { text: translate(lines.length ? "restore_goes" : "restore_goes_nothing") });
  return lines.length ? [sentence, html("ul", {}, ...lines)] : [sentence];
}
