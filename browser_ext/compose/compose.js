/** The page of the window in which a letter is written: no other page reaches it. */
import { disturb, explainCalm } from "./runtime/ui/calm.js";
import { problem } from "./runtime/ui/parts.js";
import { Courier } from "./compose/courier.js";
import { LetterWindow } from "./compose/letter_window.js";
import { errorText, loadSharedText, translatePage } from "./shared/i18n.js";
import { showPattern } from "./shared/pattern.js";
import { ask, startHeartbeat } from "./shared/request.js";

const main = /** @type {HTMLElement} */ (document.getElementById("main"));
const courier = new Courier(new URLSearchParams(location.search).get("composition") ?? "");

void start();

async function start() {
  const translate = await loadSharedText();
  translatePage();
  explainCalm(translate("calm_hint"));
  startHeartbeat();
  try {
    showPattern(await ask("pattern.read"));
    const letter = new LetterWindow(translate, courier, await courier.claim());
    main.replaceChildren(letter.element);
    disturb();
    await letter.begin();
  } catch (error) {
    const place = problem("problem");
    place.textContent = errorText(error);
    main.replaceChildren(place);
  }
}
