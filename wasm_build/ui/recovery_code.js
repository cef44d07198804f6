/**
 * A new recovery code, shown once: copy, print, save as a file, and a check of two groups. The code counts as kept when the
 * person has typed these groups from the own copy. The code is in the document until the view is cleared.
 */

import { saveFile } from "./attachments.js";
import { createForm, html, inputField } from "./dom.js";

/** @typedef {import("./catalogue.js").Catalogue} Catalogue */

/** The groups that the person types, counted from 1. */
const ASKED_GROUPS = Object.freeze([2, 5]);
const FILE_NAME = "sealwax-recovery-code.txt";
/** The attribute of the document while the code is printed. The style sheet hides everything else. */
const PRINTING = "data-printing-code";

/**
 * @param {Catalogue} translate
 * @param {{host: string, onKept: () => void}} options `host` is the key server's
 */
export function createCodeKeeping(translate, { host, onKept }) {
  const code = html("output", { class: "code", dir: "ltr", translate: "no", data: { test: "recovery-code" } });
  const sheet = html(
    "div", { class: "stack code-sheet" },
    html("p", { class: "code-sheet-title", text: translate("recovery_code_sheet", { host }) }), code,
  );
  const status = html("p", { class: "note", role: "status", data: { test: "recovery-code-status" } });
  const check = createCheck(translate, () => code.textContent ?? "", onKept);
  const element = html(
    "div", { class: "stack", hidden: true, data: { test: "recovery-code-view" } },
    html("p", { role: "status", text: translate("recovery_code_made") }), sheet,
    createActions(translate, code, status), status, check.element,
  );
  return {
    element,
    /** @param {string} text the code in its groups */
    show(text) {
      check.clear();
      status.textContent = "";
      code.textContent = text;
      element.hidden = false;
    },
    clear() {
      check.clear();
      code.textContent = "";
      element.hidden = true;
    },
  };
}

/** @param {Catalogue} translate @param {HTMLElement} code @param {HTMLElement} status */
function createActions(translate, code, status) {
  const act = (/** @type {string} */ name, /** @type {() => unknown} */ run) => html("button", {
    type: "button", text: translate(`recovery_code_${name}`), data: { test: `recovery-code-${name}` }, on: { click: run },
  });
  const copy = async () => { status.textContent = translate(await copyText(code) ? "copied" : "parcel_secret_not_copied"); };
  return html(
    "div", { class: "actions" }, act("copy", () => void copy()), act("print", printCode),
    act("save", () => saveFile(FILE_NAME, `${code.textContent}\n`)),
  );
}

/** Copies the code. If the browser does not allow that, selects the code for the person. @param {HTMLElement} code */
async function copyText(code) {
  try {
    await navigator.clipboard.writeText(code.textContent ?? "");
    return true;
  } catch {
    getSelection()?.selectAllChildren(code);
    return false;
  }
}

function printCode() {
  const { documentElement } = document;
  documentElement.setAttribute(PRINTING, "");
  addEventListener("afterprint", () => documentElement.removeAttribute(PRINTING), { once: true });
  print();
}

/**
 * The fields for two groups of the code.
 * @param {Catalogue} translate @param {() => string} read @param {() => void} onKept
 */
function createCheck(translate, read, onKept) {
  const fields = ASKED_GROUPS.map((number) => inputField(translate("recovery_code_group", { number }), {
    class: "code-group", autocomplete: "off", autocapitalize: "characters", spellcheck: "false", dir: "ltr", maxlength: 8,
    data: { test: "recovery-code-group" },
  }));
  const failure = html("p", { class: "field-error", role: "alert", data: { test: "recovery-code-wrong" } });
  const done = html("p", { class: "done", role: "status", data: { test: "recovery-code-kept" } });
  const submit = () => {
    const groups = read().split("-");
    const wrong = fields.find(({ input }, place) => !areEqual(input.value, groups[(ASKED_GROUPS[place] ?? 1) - 1] ?? ""));
    failure.textContent = wrong ? translate("recovery_code_differs") : "";
    done.textContent = wrong ? "" : translate("recovery_code_kept");
    if (wrong) wrong.input.focus();
    else onKept();
  };
  const form = createForm(
    { class: "stack", data: { test: "recovery-code-check" } }, submit,
    html("p", { text: translate("recovery_code_check_meaning") }), html("div", { class: "code-groups" }, ...fields.map(({ element }) => element)),
    failure, html("div", { class: "actions" }, html("button", { type: "submit", text: translate("recovery_code_check"), data: { test: "recovery-code-check-submit" } })), done,
  );
  return {
    element: form,
    clear() {
      for (const { input } of fields) input.value = "";
      failure.textContent = done.textContent = "";
    },
  };
}

/** Whether a typed group is the code's. Small letters, blanks and hyphens count as typed from paper. @param {string} typed @param {string} group */
function areEqual(typed, group) {
  return group !== "" && typed.replace(/[\s-]/gu, "").toUpperCase() === group;
}
