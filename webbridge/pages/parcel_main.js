/**
 * The start of the page for the recipient of a parcel. The first import removes the link from the address, before any other
 * module runs. The page asks only for its own files until the person presses Open.
 */

import { arrivedLink } from "./parcels/page/arrived_link.js";
import { html } from "../../wasm_build/ui/dom.js";
import { explainCalm } from "../../wasm_build/ui/calm.js";
import { readChecked } from "./app/checked_page.js";
import { loadTexts, pageLanguage } from "./app/language.js";
import { ParcelPage } from "./parcels/page/parcel_page.js";
import { StartedVault } from "./parcels/page/started_vault.js";

/** The words for a start that failed before the texts were loaded. @type {Record<string, Words>} */
const WITHOUT_TEXTS = {
  en: {
    title: "The secure message cannot be shown",
    sentence: "A part of this page did not load. Check the connection, then open the link in your mail again.",
  },
  de: {
    title: "Die geschützte Nachricht kann nicht gezeigt werden",
    sentence: "Ein Teil dieser Seite wurde nicht geladen. Prüfen Sie die Verbindung und öffnen Sie dann den Link in Ihrer E-Mail noch einmal.",
  },
  fr: {
    title: "Le message sécurisé ne peut pas être affiché",
    sentence: "Une partie de cette page n’a pas été chargée. Vérifiez la connexion, puis ouvrez de nouveau le lien dans votre e-mail.",
  },
  es: {
    title: "No se puede mostrar el mensaje protegido",
    sentence: "No se cargó una parte de esta página. Revise la conexión y vuelva a abrir el enlace de su correo.",
  },
  ar: {
    title: "لا يمكن عرض الرسالة المحمية",
    sentence: "لم يُحمَّل جزء من هذه الصفحة. راجع الاتصال ثم افتح الرابط في بريدك مرة أخرى.",
  },
};

/** @typedef {{title: string, sentence: string}} Words */

async function start() {
  const root = /** @type {HTMLElement} */ (document.getElementById("app"));
  const announcer = /** @type {HTMLElement} */ (document.getElementById("announcer"));
  try {
    const base = new URL("./", import.meta.url);
    const { integrity, api: checkedApi } = readChecked();
    const started = arrivedLink.link && new StartedVault(base);
    const [translate, apiOrigin] = await Promise.all([loadTexts(integrity), checkedApi ?? readApi(base)]);
    explainCalm(translate("calm_hint"));
    new ParcelPage({ root, announcer, translate, base, apiOrigin, isChecked: integrity !== undefined, started }).start(arrivedLink);
  } catch {
    const { title, sentence } = WITHOUT_TEXTS[pageLanguage()] ?? WITHOUT_TEXTS.en;
    root.replaceChildren(html(
      "main", { class: "narrow stack" }, html("h1", { text: title }),
      html("p", { class: "problem", role: "alert", text: sentence, data: { test: "start-error" } }),
    ));
  }
}

/** @param {URL} base @returns {Promise<string>} */
async function readApi(base) {
  const { api } = await (await fetch(new URL("config.json", base))).json();
  return api;
}

await start();
