/**
 * Recognises the fields of a form for mail (recipients, subject, sender). Each field is known by its name in the
 * markup, its type, and its label in the languages of the extension. Fields with other names and labels are not
 * recognised.
 */
import { findBelow, matches, parentOf, previousOf, textOf } from "./dom_tree.js";

/** @typedef {"to" | "cc" | "bcc" | "subject" | "from"} MailField */

const NAMING = ["name", "id", "formcontrolname", "ng-model", "data-bind", "data-testid", "data-test"];
/** The last words of field names, by the part of a mail that the field contains. @type {Record<MailField, string>} */
const NAMES = {
  to: "to recipient recipients rcpt rcpts mailto sendto emailto addressee addressees receiver receivers empfaenger an "
    + "destinataire destinataires destinatario destinatarios para",
  cc: "cc carboncopy",
  bcc: "bcc cci cco blindcopy",
  subject: "subject subj subjectbox betreff objet sujet asunto",
  from: "from sender absender",
};
/**
 * The words that may come before the last word of a name. With any other word the field has another meaning:
 * `assigned_to`, `reply_to`, `ship_to`.
 */
const BEFORE = new Set(("compose composer composing mail email mails webmail message msg letter send new draft form frm field input "
  + "inp txt text tb header headers hdr addr address data main content ctl page body view dlg dialog rcpt to zv imp").split(" "));
const AFTER = new Set(("field input inp control ctl text txt box area line value values addr addrs address addresses email emails "
  + "mail mails list").split(" "));
/** Labels that name a part of a mail only if they have no further words. @type {Record<MailField, string[]>} */
const LABELS = {
  to: ["to", "send to", "email to", "mail to", "an", "senden an", "à", "envoyer à", "para", "enviar a", "إلى", "الى", "إرسال إلى"],
  cc: ["cc", "carbon copy", "kopie", "kopie an", "copie", "copie à", "copia", "con copia", "نسخة", "نسخة إلى", "نسخة كربونية"],
  bcc: ["bcc", "blind copy", "blind carbon copy", "blindkopie", "cci", "copie cachée", "cco", "copia oculta", "نسخة مخفية"],
  subject: [],
  from: ["from", "von", "absender", "de", "expéditeur", "remitente", "من", "المرسل"],
};
/** Words that name a part of a mail anywhere in a label. @type {Record<"to" | "subject", string[]>} */
const WORDS = {
  to: ["recipient", "recipients", "addressee", "addressees", "empfänger", "empfängers", "empfängerin", "adressat", "adressaten",
    "destinataire", "destinataires", "destinatario", "destinatarios", "المستلم", "المستلمون", "المستلمين", "المستلمون"],
  subject: ["subject", "betreff", "objet", "sujet", "asunto", "الموضوع", "موضوع"],
};
/** Words for members of the site. A field for members accepts user names, and is not for mail. */
const MEMBERS = new Set(("user users username usernames member members nick nickname nicknames player benutzer benutzername "
  + "benutzernamen nutzer mitglied mitglieder utilisateur utilisateurs pseudo pseudos membre membres usuario usuarios miembro "
  + "miembros المستخدم مستخدم عضو الأعضاء").split(" "));
const MAIL = /@|mail|courriel|correo|بريد/u;
/** The values of `autocomplete` for postal addresses. Such a field is not for a recipient of a mail. */
const OWN = /^(?:shipping|billing)\b|\b(?:street-address|address-l|postal-code)/u;
const TEXT_TYPES = ["text", "email", "search", "hidden"];
const MAX_LABEL_CHARACTERS = 60;
/** The number of elements around a field that are searched for its label, such as a table cell before it or a line above it. */
const MAX_LEVELS = 4;
/** The invisible characters that set the direction of writing. */
const DIRECTIONS = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** The part of a mail that a field contains; null for any other field. @param {Element} field @returns {MailField | null} */
export function mailFieldOf(field) {
  if (field instanceof HTMLInputElement && !TEXT_TYPES.includes(field.type)) return null;
  if (OWN.test(field.getAttribute("autocomplete")?.toLowerCase() ?? "")) return null;
  const names = NAMING.flatMap((name) => field.getAttribute(name) || []).map(wordsOf);
  const labels = labelsOf(field);
  const kind = byName(names) ?? byLabel(labels) ?? (isManyAddresses(field) ? "to" : null);
  const isPerson = kind === "to" || kind === "cc" || kind === "bcc";
  return isPerson && areMembers(names, labels) ? null : kind;
}

/**
 * The kind of recipients that a label such as "To:" names. The colon may be missing. @param {string} text
 * @returns {"to" | "cc" | "bcc" | null}
 */
export function recipientLabel(text) {
  const label = tidy(text);
  return /** @type {const} */ (["to", "cc", "bcc"]).find((kind) => LABELS[kind].includes(label) || (kind === "to" && WORDS.to.includes(label))) ?? null;
}

/** @param {Element} field */
function isManyAddresses(field) {
  return field instanceof HTMLInputElement && field.type === "email" && field.multiple;
}

/** The words of a name in markup, without numbers: `ctl00$main$txtTo` gives ctl, main, txt, to. @param {string} name */
function wordsOf(name) {
  return name.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase().split(/[^a-z]+/).filter(Boolean);
}

/** @param {string[][]} names @returns {MailField | null} */
function byName(names) {
  for (const words of names) {
    const last = words.findLastIndex((word) => !AFTER.has(word));
    if (last < 0 || !words.slice(0, last).every((word) => BEFORE.has(word))) continue;
    for (const [kind, known] of Object.entries(NAMES)) {
      if (known.split(" ").includes(words[last])) return /** @type {MailField} */ (kind);
    }
  }
  return null;
}

/** @param {string[]} labels @returns {MailField | null} */
function byLabel(labels) {
  for (const label of labels) {
    for (const [kind, known] of Object.entries(LABELS)) if (known.includes(label)) return /** @type {MailField} */ (kind);
    const words = label.split(/[^\p{L}\p{M}]+/u);
    for (const kind of /** @type {const} */ (["subject", "to"])) {
      if (WORDS[kind].some((word) => words.includes(word))) return kind;
    }
  }
  return null;
}

/** @param {string[][]} names @param {string[]} labels */
function areMembers(names, labels) {
  if (labels.some((label) => MAIL.test(label))) return false;
  return [...names.flat(), ...labels.flatMap((label) => label.split(/[^\p{L}\p{M}]+/u))].some((word) => MEMBERS.has(word));
}

/** The labels of a field: its own, or the text before it. @param {Element} field @returns {string[]} */
function labelsOf(field) {
  const { labels = null } = /** @type {Partial<HTMLInputElement>} */ (field);
  const root = /** @type {Document | ShadowRoot} */ (field.getRootNode());
  const named = (field.getAttribute("aria-labelledby") ?? "").split(/\s+/).filter(Boolean)
    .map((id) => root.getElementById?.(id)?.textContent ?? "");
  const own = ["aria-label", "placeholder", "title"].map((name) => field.getAttribute(name) ?? "");
  const texts = [...(labels ?? [])].map(({ textContent }) => textContent ?? "").concat(named, own).map(tidy).filter(isLabel);
  const isLabelled = (labels?.length ?? 0) > 0 || named.length > 0 || own[0] !== "";
  return isLabelled ? texts : [...texts, ...[tidy(textBefore(field))].filter(isLabel)];
}

/** @param {string} label */
function isLabel(label) {
  return label !== "" && label.length <= MAX_LABEL_CHARACTERS;
}

/** The nearest text before a field that has no label of its own. @param {Element} field */
function textBefore(field) {
  /** @type {Node | null} */
  let node = field;
  for (let level = 0; node && level < MAX_LEVELS; level += 1) {
    for (let before = previousOf(node); before; before = previousOf(before)) {
      const fields = "input, select, textarea";
      if (before instanceof Element && (matches(before, fields) || findBelow(before, fields).length > 0)) return "";
      const text = textOf(before)?.trim();
      if (text) return text;
    }
    node = parentOf(node);
  }
  return "";
}

/** @param {string} label */
function tidy(label) {
  const text = label.normalize("NFKC").replace(DIRECTIONS, "").toLowerCase().trim();
  return text.split(/\s+/u).join(" ").replace(/[:*….؟]$/u, "").trim();
}
