/** The field that adds people from a certificate file or an address book. */

import { createLeftOut } from "../../../../wasm_build/ui/left_out.js";
import { html, inputField, problem } from "../../../../wasm_build/ui/dom.js";
import { listOf } from "../../../../wasm_build/ui/formats.js";
import { ask } from "../../../../wasm_build/ui/ask.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../../app/services.js").SentenceFor} SentenceFor */
/** @typedef {import("../../keys/mail_vault.js").MailVault} MailVault */
/** @typedef {{translate: Catalogue, mailVault: MailVault, sentenceFor: SentenceFor}} PeopleImportServices */
/** @typedef {import("../../keys/mail_vault.js").PeopleImport} PeopleImport */

/** The number of people that the question names. */
const MAX_NAMED = 10;

/**
 * @param {PeopleImportServices} services
 * @param {{onAdded: () => Promise<void>}} options called when people were added
 */
export function createPeopleImport(services, { onAdded }) {
  const { translate } = services;
  const failure = problem("import-error");
  const result = html("div", { role: "status", data: { test: "import-result" } });
  const field = inputField(translate("people_add"), {
    type: "file", multiple: true, accept: ".pem,.crt,.cer,.der,.p7b,.p7c,.ldif,.vcf", data: { test: "import-people" },
    on: { change: () => void take([...field.input.files ?? []]) },
  }, { hint: translate("people_add_hint") });

  /** @param {File[]} files */
  async function take(files) {
    failure.textContent = "";
    result.replaceChildren();
    try {
      const contents = await Promise.all(files.map((file) => file.arrayBuffer()));
      const done = await importAll(services.mailVault, contents, { acceptChanges: false });
      await show(done);
      if (done.changed.length > 0) askAbout(done.changed, contents);
    } catch (error) {
      failure.textContent = services.sentenceFor(error);
    }
    field.input.value = "";
  }

  /** @param {PeopleImport} done */
  async function show({ added, known, leftOut }) {
    const counts = translate("people_added", { added: added.length, known });
    result.replaceChildren(html("p", { text: counts, data: { test: "import-counts" } }), ...createLeftOut(translate, leftOut));
    if (added.length > 0) await onAdded();
  }

  /** @param {string[]} addresses @param {ArrayBuffer[]} contents */
  function askAbout(addresses, contents) {
    const named = listOf(addresses.slice(0, MAX_NAMED), translate);
    const others = addresses.length - MAX_NAMED;
    ask({
      title: translate("people_changed_title"),
      meaning: translate(others > 0 ? "people_changed_many" : "people_changed_meaning", { addresses: named, count: Math.max(0, others) }),
      keep: translate("people_changed_keep"), go: translate("people_changed_go"), test: "import-changed",
      onGo: () => void importAll(services.mailVault, contents, { acceptChanges: true }).then(show)
        .catch((error) => { failure.textContent = services.sentenceFor(error); }),
    });
  }

  return html("div", { class: "stack" }, field.element, result, failure);
}

/**
 * @param {MailVault} mailVault
 * @param {ArrayBuffer[]} contents
 * @param {{acceptChanges: boolean}} options
 * @returns {Promise<PeopleImport>}
 */
async function importAll(mailVault, contents, options) {
  /** @type {PeopleImport[]} */
  const imports = [];
  for (const content of contents) imports.push(await mailVault.importPeople(content, options));
  return {
    added: imports.flatMap(({ added }) => added), known: imports.reduce((sum, { known }) => sum + known, 0),
    changed: imports.flatMap(({ changed }) => changed), leftOut: imports.flatMap(({ leftOut }) => leftOut),
  };
}
