/** The functions that tests/extension/in_pages/test_encrypted_field.py runs in pages. */

export async function look() {
  const request = indexedDB.open("sealwax");
  await new Promise((done) => { request.onsuccess = done; });
  const all = request.result.transaction("sealed").objectStore("sealed").getAll();
  await new Promise((done) => { all.onsuccess = done; });
  request.result.close();
  const { unlocked } = await (globalThis.browser ?? chrome).storage.session.get("unlocked");
  return [all.result.length, unlocked?.key.length ?? 0];
}

export function thePageSeesNothingOfTheText() {
  window.seen = [];
  const note = (event) => window.seen.push(`${event.type} ${event.key ?? ""} ${event.data ?? ""}`);
  for (const type of ["keydown", "keyup", "beforeinput", "input", "message", "paste", "focusin"]) {
    addEventListener(type, note, true);
  }
}

export function aClickThatAScriptMakesOpensNothing() {
  const box = document.getElementById("answer").nextElementSibling;
  const { x, y } = box.getBoundingClientRect();
  for (const target of [box, document.elementFromPoint(x + 24, y + 24)]) {
    target.click();
    const place = { clientX: x + 24, clientY: y + 24 };
    target.dispatchEvent(new MouseEvent("click", { bubbles: true, composed: true, ...place }));
  }
}

export async function aKeyInClearIsKeptUnderThePassphraseThatWasTyped() {
  const request = indexedDB.open("sealwax");
  await new Promise((done) => { request.onsuccess = done; });
  const all = request.result.transaction("keyFiles").objectStore("keyFiles").getAll();
  await new Promise((done) => { all.onsuccess = done; });
  request.result.close();
  return all.result.map(({ p12 }) => new Uint8Array(p12).toHex());
}
