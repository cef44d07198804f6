/** The words with which the links and buttons of webmails name the source of a message, in the languages of the extension. */
import { decodePercent } from "../percent_encoding.js";

/** Labels that name the source itself. */
const SOURCE = /(?<!\p{L})(?:(?:view|show|display|message|mail|page)[ -]?source|source (?:code|of)|(?:view|show|see) original|raw (?:message|mail|source|text|view)|(?:view|show|as) raw|\.?eml|rfc ?822|nachrichten-?quelle?text|quelltext|quelle(?: anzeigen)?|original anzeigen|roh(?:text|daten|ansicht)|code source|(?:voir|afficher) (?:la source|l[’']original)|source du message|message brut|código fuente|ver (?:el )?(?:origen|código|original)|mostrar original|mensaje (?:en bruto|sin formato)|مصدر الرسالة|(?:عرض|إظهار) (?:المصدر|الأصل|الرسالة الأصلية))(?!\p{L})/gu;
/** Labels that name the message as a file. */
const FILE = /(?<!\p{L})(?:(?:download|save|export) (?:the |this )?(?:message|e-?mail|mail)|(?:message|e-?mail|mail) (?:download|export)|save (?:as|to)|save as (?:a )?file|export as|(?:nachricht|e-?mail|mail) (?:als datei )?(?:herunterladen|speichern|exportieren)|speichern unter|als datei (?:speichern|herunterladen)|(?:télécharger|enregistrer|exporter) (?:le |ce )?(?:message|courriel|mail|e-?mail)|enregistrer (?:sous|comme)|(?:descargar|guardar|exportar) (?:el |este )?(?:mensaje|correo)|guardar como|(?:تنزيل|حفظ|تصدير) (?:ال)?(?:رسالة|بريد)|حفظ باسم)(?!\p{L})/gu;
/** Labels that may name the message or one of its parts. */
const MAYBE = /^(?:source|raw|original|export|download|save|quelle|exportieren|herunterladen|speichern|exporter|télécharger|enregistrer|origen|exportar|descargar|guardar|المصدر|تصدير|تنزيل|حفظ)(?!\p{L})/gu;
/** Further words that such a label may have. A label with any other word names something else. */
const BESIDE = new Set(("the this that of in as a an to with message messages mail mails email mime text plain code headers full complete view show display see open get new window tab file format eml raw source original download save export "
  + "die diese dieser das der des den dem von als im in neuem fenster nachricht mail datei vollständig anzeigen ansehen öffnen herunterladen speichern exportieren "
  + "le la les l ce cet cette du de des en au dans une format message courriel fichier nouvelle fenêtre onglet afficher voir ouvrir télécharger enregistrer exporter "
  + "el los este esta del en como fuente una mensaje correo archivo nueva ventana pestaña ver mostrar abrir descargar guardar exportar "
  + "الرسالة رسالة هذه هذا كملف ملف من في إلى باسم عرض إظهار فتح حفظ تنزيل تصدير بريد البريد نافذة جديدة").split(" "));
/** Words in an address that name the source. */
const SOURCE_ADDRESS = new Set("raw source src viewsource showsource showoriginal original rfc822 eml mime fullmessage messagesource".split(" "));
const FILE_ADDRESS = new Set("download save export dl getmessage savemessage downloadmessage".split(" "));
/** The names of parameters whose values the sender of a mail chooses. */
const NAMES = new Set("fn file filename name subject title to from cc".split(" "));

/**
 * How clearly a label names the source of a message, from 3 (clearly) to 0 (not at all). A label such as "Delete original" gets
 * 0, because it names something else too.
 * @param {string} label in lower case
 */
export function weighLabel(label) {
  const [weight, pattern] = /** @type {[number, RegExp][]} */ ([[3, SOURCE], [2, FILE], [1, MAYBE]]).find(([, expression]) => label.search(expression) >= 0) ?? [0, MAYBE];
  const beside = label.replace(pattern, " ").match(/[\p{L}\p{M}]+/gu) ?? [];
  return beside.every((word) => BESIDE.has(word)) ? weight : 0;
}

/**
 * How clearly the words of an address name the source, as a number. `own` are the words that belong to the shown
 * message.
 * @param {URL} url @param {Set<string>} own
 */
export function weighAddress(url, own) {
  const words = wordsOf(url).filter((word) => !own.has(word));
  if (words.some((word) => SOURCE_ADDRESS.has(word))) return 3;
  return words.some((word) => FILE_ADDRESS.has(word)) ? 1 : 0;
}

/** The words of an address, except those in which webmails put the subject, a name or another person. @param {URL} url @returns {string[]} */
function wordsOf(url) {
  const parameters = parametersOf(url).filter(([name]) => !NAMES.has(name.toLowerCase())).flat();
  return [...url.pathname.split("/"), ...parameters].flatMap((text) => wordsIn(decodePercent(text)));
}

/**
 * The names and values of a query. The content scripts of Firefox cannot iterate over `searchParams`.
 * @param {URL} url @returns {[string, string][]}
 */
export function parametersOf(url) {
  /** @type {[string, string][]} */
  const parameters = [];
  url.searchParams.forEach((value, name) => parameters.push([name, value]));
  return parameters;
}

/**
 * The words of a text, each pair of neighbouring words joined, and each run of letters. For example, `viewSource` has the words
 * view, source and viewsource. Accents and the widths of letters do not count.
 * @param {string} text
 */
export function wordsIn(text) {
  const folded = text.normalize("NFKD").replace(/\p{M}/gu, "");
  const words = (folded.match(/\p{Lu}?\p{Ll}+|\p{Lu}+(?!\p{Ll})|\p{Lo}+|\p{N}+/gu) ?? []).map((word) => word.toLowerCase());
  const runs = (folded.match(/\p{L}+/gu) ?? []).map((word) => word.toLowerCase());
  return [...words, ...words.slice(1).map((word, index) => `${words[index]}${word}`), ...runs];
}
