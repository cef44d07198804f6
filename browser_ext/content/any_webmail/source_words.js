/**
 * The words by which links and buttons of webmails name the source of a message, in the languages of the extension, and
 * the words of those that must not be followed.
 */
import { decodeWhole } from "../percent_encoding.js";

/** Labels that name the source itself. */
const SOURCE = /\b(?:(?:view|show|display|message|mail|page)[ -]?source|source (?:code|of)|(?:view|show|see) original|raw (?:message|mail|source|text|view)|(?:view|show|as) raw|\.?eml|rfc ?822|nachrichten-?quelle?text|quelltext|quelle(?: anzeigen)?|original anzeigen|roh(?:text|daten|ansicht)|code source|(?:voir|afficher) (?:la source|l[’']original)|source du message|message brut|código fuente|ver (?:el )?(?:origen|código|original)|mostrar original|mensaje (?:en bruto|sin formato))\b|مصدر الرسالة|(?:عرض|إظهار) (?:المصدر|الأصل|الرسالة الأصلية)/u;
/** Labels that name the message as a file. */
const FILE = /\b(?:(?:download|save|export) (?:the |this )?(?:message|e-?mail|mail)|(?:message|e-?mail|mail) (?:download|export)|save (?:as|to)\b|save as (?:a )?file|export as|(?:nachricht|e-?mail|mail) (?:als datei )?(?:herunterladen|speichern|exportieren)|speichern unter|als datei (?:speichern|herunterladen)|(?:télécharger|enregistrer|exporter) (?:le |ce )?(?:message|courriel|mail|e-?mail)|enregistrer (?:sous|comme)|(?:descargar|guardar|exportar) (?:el |este )?(?:mensaje|correo)|guardar como)|(?:تنزيل|حفظ|تصدير) (?:ال)?(?:رسالة|بريد)|حفظ باسم/u;
/** Labels that may name the message or one of its parts. */
const MAYBE = /^(?:source|raw|original|export|download|save|quelle|exportieren|herunterladen|speichern|exporter|télécharger|enregistrer|origen|exportar|descargar|guardar|المصدر|تصدير|تنزيل|حفظ)\b|^(?:المصدر|تصدير|تنزيل|حفظ)/u;
/** Labels of links that change something, or end the session. */
const CHANGING = /\b(?:delete|remove|trash|junk|spam|purge|expunge|erase|empty|move|archive|log ?(?:out|off)|sign ?(?:out|off)|unsubscribe|resend|bounce|redirect|reply|forward|send|mark|flag|block|report|löschen|entfernen|papierkorb|leeren|verschieben|archivieren|abmelden|ausloggen|abbestellen|antworten|weiterleiten|senden|umleiten|markieren|sperren|melden|supprimer|effacer|corbeille|vider|déplacer|archiver|(?:se )?déconnecter|déconnexion|désabonner|répondre|transférer|envoyer|rediriger|marquer|bloquer|signaler|eliminar|borrar|suprimir|papelera|vaciar|mover|archivar|cerrar sesión|salir|desconectar|responder|reenviar|enviar|redirigir|marcar|bloquear|denunciar)\b|حذف|إزالة|نقل|أرشفة|تسجيل الخروج|خروج|رد|إعادة توجيه|إرسال|تعليم|حظر|إبلاغ/u;
/** Words in an address that name the source. */
const SOURCE_ADDRESS = new Set("raw source src viewsource showsource showoriginal original rfc822 eml mime fullmessage messagesource".split(" "));
const FILE_ADDRESS = new Set("download save export dl getmessage savemessage downloadmessage".split(" "));
/** Words of addresses that change something. */
const CHANGING_WORDS = ("del rm junk spam ham empty move mv archive reply replyall forward fwd compose send mark flag unflag block report subscribe "
  + "create update edit copy restore clear wipe drop kill confirm approve cancel revoke reset import install exit quit disconnect "
  + "leeren archivieren antworten senden umleiten markieren sperren melden vider archiver repondre transferer envoyer "
  + "rediriger marquer bloquer signaler mover archivar salir responder enviar redirigir marcar bloquear حذف إزالة نقل أرشفة خروج رد إرسال تعليم حظر إبلاغ").split(" ");
const CHANGING_ADDRESS = new Set(CHANGING_WORDS.map(foldAccents));
/** Words that count inside of others too, as in `deletemessage`. */
const CHANGING_STEM = /delete|remove|trash|purge|expunge|erase|destroy|logout|logoff|signout|signoff|unsubscribe|resend|bounce|redirect|rename|markas|moveto|l(?:o|oe)schen|entfern|papierkorb|verschieb|abmeld|auslogg|abbestell|weiterleit|supprim|effacer|corbeille|deplacer|deconn|desabonn|eliminar|borrar|suprimir|papelera|vaciar|desconectar|reenviar|denunciar/u;
/** The pieces that a word can have around it, as in `markread` and `domove`. */
const AROUND = /^(?:do|mails?|msgs?|messages?)|(?:emails?|mails?|msgs?|messages?|items?|all|selected|read|unread|seen)$/gu;
/** Words that name a folder, too. */
const FOLDERS = new Set("trash junk spam ham archive papierkorb corbeille papelera".split(" "));

/**
 * How clearly a label names the source of a message: 3, 2 or 1, 0 if not, and -1 for a label of something that changes
 * the mailbox.
 * @param {string} label in lower case
 */
export function weighLabel(label) {
  if (CHANGING.test(label)) return -1;
  return SOURCE.test(label) ? 3 : FILE.test(label) ? 2 : MAYBE.test(label) ? 1 : 0;
}

/**
 * The same for the words of an address. `own` are the words that belong to the shown message.
 * @param {URL} url @param {Set<string>} own
 */
export function weighAddress(url, own) {
  if (isChangingAddress(url)) return -1;
  const words = wordsOf(url).filter((word) => !own.has(word));
  if (words.some((word) => SOURCE_ADDRESS.has(word))) return 3;
  return words.some((word) => FILE_ADDRESS.has(word)) ? 1 : 0;
}

/**
 * Whether an address changes something, as its words say. The folder in the page's own address changes nothing.
 * @param {URL} url
 */
export function isChangingAddress(url) {
  const words = wordsOf(url).filter(isChangingWord);
  if (words.length === 0) return false;
  const own = new Set(wordsOf(new URL(location.href)).filter((word) => FOLDERS.has(word)));
  return words.some((word) => !own.has(word));
}

/** @param {string} word */
function isChangingWord(word) {
  return CHANGING_ADDRESS.has(word) || CHANGING_STEM.test(word) || CHANGING_ADDRESS.has(word.replace(AROUND, ""));
}

/** @param {URL} url @returns {string[]} */
function wordsOf(url) {
  return [...url.pathname.split("/"), ...parametersOf(url).flat(), url.hash].flatMap((text) => wordsIn(decodeWhole(text)));
}

/**
 * The names and values of a query. The content scripts of Firefox cannot iterate over `searchParams`.
 * @param {URL} url @returns {[string, string][]}
 */
export function parametersOf(url) {
  /** @type {[string, string][]} */
  const found = [];
  url.searchParams.forEach((value, name) => found.push([name, value]));
  return found;
}

/**
 * The words of a text, each two together, and each run of letters: `viewSource` has view, source and viewsource. Accents
 * and the widths of letters do not count.
 * @param {string} text
 */
export function wordsIn(text) {
  const folded = foldAccents(text);
  const words = (folded.match(/\p{Lu}?\p{Ll}+|\p{Lu}+(?!\p{Ll})|\p{Lo}+|\p{N}+/gu) ?? []).map((word) => word.toLowerCase());
  const runs = (folded.match(/\p{L}+/gu) ?? []).map((word) => word.toLowerCase());
  return [...words, ...words.slice(1).map((word, index) => `${words[index]}${word}`), ...runs];
}

/** @param {string} text */
function foldAccents(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "");
}
