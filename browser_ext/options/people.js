/**
 * Certificates of other people, from imported files and from verified mail. On a narrow page, the table becomes cards.
 * The markup names the table's ARIA roles, since browsers drop the implicit roles when CSS changes `display`.
 */
import { saveFile } from "../../wasm_build/ui/attachments.js";
import { useWords } from "../../wasm_build/ui/certificate_uses.js";
import { createChange } from "../../wasm_build/ui/changed_certificate.js";
import { html } from "../../wasm_build/ui/dom.js";
import { isolate } from "../../wasm_build/ui/formats.js";
import { readinessMark } from "../../wasm_build/ui/state_mark.js";
import { holderText, readableName } from "../../wasm_build/ui/shown_names.js";
import { expiryOf } from "../shared/expiry.js";
import { day, translate } from "../texts/texts.js";
import { pemOf } from "../shared/pem.js";
import { digestOf } from "../shared/question.js";
import { ask } from "../shared/request.js";
import { button, fileNameOf, removeButton, showCertificate } from "./parts.js";

/** @typedef {import("../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {CertificateInfo & {source: string, firstSeen: string, preferred: boolean}} KnownCertificate */
/** @typedef {{address: string, certificates: KnownCertificate[]}} Person */
/** @typedef {{translate: Catalogue, refresh: () => Promise<void>}} Context */
/** @typedef {{info: CertificateInfo, names: string[], since: string, how: string, removal: [import("./parts.js").Removal, string]}} Row */

/** The number of rows that are shown at first. A button shows the remaining rows. */
const ROWS_AT_FIRST = 10;

/** @param {Context} context @param {HTMLElement} place @param {HTMLInputElement} search */
export function createPeople(context, place, search) {
  /** @type {Row[]} */
  let rows = [];
  let showsAll = false;
  const draw = () => {
    const words = search.value.trim().toLocaleLowerCase();
    const matches = rows.filter(({ info, names }) =>
      [...names, info.subject, info.issuer, info.fingerprint].some((text) => text.toLocaleLowerCase().includes(words)));
    const shown = showsAll || words ? matches : matches.slice(0, ROWS_AT_FIRST);
    place.replaceChildren(...content(shown, matches.length, words));
  };
  const content = (/** @type {Row[]} */ shown, /** @type {number} */ count, /** @type {string} */ words) => {
    const sentence = html("p", { class: "muted", role: "status", text: wordsFor(shown.length, count, rows.length, words), data: { test: "people-count" } });
    const all = button(translate("people_show_all", { count }), { data: { test: "show-all" }, on: { click: () => { showsAll = true; draw(); } } });
    return [sentence, shown.length ? createTable(context, shown) : null, shown.length < count ? all : null].filter((part) => part !== null);
  };
  search.addEventListener("input", draw);
  return {
    /** @param {CertificateInfo[]} imported @param {Person[]} known */
    show(imported, known) {
      rows = rowsOf(imported, known);
      search.closest(".field")?.toggleAttribute("hidden", rows.length < 2);
      draw();
    },
  };
}

/** @param {number} shown @param {number} matchCount @param {number} all @param {string} words */
function wordsFor(shown, matchCount, all, words) {
  if (!all) return translate("people_none");
  return matchCount ? translate("people_count", { shown, all: matchCount }) : translate("people_not_found", { what: words });
}

/** @param {CertificateInfo[]} imported @param {Person[]} known @returns {Row[]} */
function rowsOf(imported, known) {
  const files = imported.map((info) => /** @type {Row} */ ({
    info, names: info.addresses, since: info.addedAt ?? "", how: "people_from_file", removal: ["people.remove", info.fingerprint],
  }));
  const fingerprints = new Set(imported.map(({ fingerprint }) => fingerprint));
  const mails = known.flatMap(({ address, certificates }) => certificates
    .filter(({ fingerprint }) => !fingerprints.has(fingerprint))
    .map((info) => /** @type {Row} */ ({
      info, names: [address], since: info.firstSeen, how: "people_from_mail", removal: ["contacts.remove", address],
    })));
  return [...files, ...mails].sort((row, other) => holderText(row.info).localeCompare(holderText(other.info)));
}

/** @param {Context} context @param {Row[]} rows */
function createTable(context, rows) {
  const heads = ["people_person", "people_certificate", "people_found", "people_actions"].map((key) => translate(key));
  return html("table", { class: "cards-when-narrow", role: "table" },
    html("thead", { role: "rowgroup" }, html("tr", { role: "row" }, ...heads.map((head) =>
      html("th", { scope: "col", role: "columnheader", text: head })))),
    html("tbody", { role: "rowgroup" }, ...rows.map((row) => createRow(context, row, heads))));
}

/** @param {Context} context @param {Row} row @param {string[]} heads */
function createRow({ translate, refresh }, { info, names, since, how, removal }, heads) {
  const { state } = expiryOf(info);
  const isOver = state === "expired" || state === "not-yet";
  const name = holderText(info);
  const cells = [
    [html("div", { class: "name", text: names[0] ?? name, dir: "auto" }), ...names.slice(1).map((otherName) => html("div", { text: otherName, dir: "auto" }))],
    [html("div", { class: "reader-state" }, readinessMark(isOver ? "cannot" : state === "good" ? "ready" : "soon", ""),
      html("span", { text: translate(state === "expired" ? "keys_expired" : "valid_until", { date: day(info.notAfter) }) })),
    html("div", { class: "muted", text: [translate("keys_issued_by", { issuer: isolate(readableName(info.issuer)) }), ...useWords(translate, info)].join(" · ") })],
    [html("span", { text: since ? translate(how, { date: day(since) }) : translate("people_from_file_undated") })],
    [html("div", { class: "actions" },
      button(translate("details"), { class: "quiet", "aria-label": translate("keys_details_of", { name }), data: { test: "details" }, on: { click: () => void showCertificate(info) } }),
      button(translate("save"), { class: "quiet", "aria-label": translate("keys_save_certificate_of", { name }), data: { test: "save-certificate" },
        on: { click: () => saveFile(`${fileNameOf(name)}.pem`, pemOf([info.certificate])) } }),
      removeButton(removal[0], removal[1], name, refresh))],
  ];
  return html("tr", { role: "row", data: { test: "person" } }, ...cells.map((children, index) =>
    html("td", { role: "cell", data: { label: heads[index] } }, ...children)));
}

/**
 * Draws the contacts who have a new certificate. The person has to accept or refuse each certificate.
 * @param {Catalogue} translate @param {ReplyTo<"keys.list">["changes"]} changes @param {() => Promise<void>} refresh
 */
export function createChanges(translate, changes, refresh) {
  return changes.map((change) => {
    const { address, after: { fingerprint }, question } = change;
    const shown = digestOf(question);
    const decide = (/** @type {"change.accept" | "change.refuse"} */ type) => async () => {
      await ask(type, { address, fingerprint, shown: await shown });
      await refresh();
    };
    const card = createChange(translate, change, { day, onRemember: decide("change.accept") });
    card.querySelector(".actions")?.append(button(translate("people_keep_old"), { data: { test: "refuse-changed" }, on: { click: decide("change.refuse") } }));
    return card;
  });
}
