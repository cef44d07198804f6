/** The page of the window in which the person writes a letter. No other page can reach this window. */
import { disturb } from "../../wasm_build/ui/calm.js";
import { problem } from "../../wasm_build/ui/dom.js";
import { Courier } from "./courier.js";
import { LetterWindow } from "./letter_window.js";
import { ReceiptWindow } from "./receipt_window.js";
import { errorText } from "../texts/texts.js";
import { startPage } from "../shared/page_start.js";
import { showPattern } from "../shared/pattern.js";
import { ask, startHeartbeat } from "../shared/request.js";

const main = /** @type {HTMLElement} */ (document.getElementById("main"));
const courier = new Courier(new URLSearchParams(location.search).get("composition") ?? "");

void start();

async function start() {
  const translate = startPage();
  startHeartbeat();
  try {
    showPattern(await ask("pattern.read"));
    const claim = await courier.claim();
    const letter = claim.asked ? new ReceiptWindow(translate, courier, claim, claim.asked) : new LetterWindow(translate, courier, claim);
    main.replaceChildren(letter.element);
    disturb();
    await letter.begin();
  } catch (error) {
    const place = problem("problem");
    place.textContent = errorText(error);
    main.replaceChildren(place);
  }
}
