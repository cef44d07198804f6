/** The functions that tests/extension/compose/test_ways.py runs in pages. */

export function dropInPage(name, words) {
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([words], name, { type: "text/plain" }));
  const event = new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true });
  document.querySelector("[data-test=compose-text]").dispatchEvent(event);
  return event.defaultPrevented;
}

export function watchProgress() {
  const bar = document.querySelector("[data-test=progress]");
  window.told = [];
  new MutationObserver(() => {
    if (!bar.isConnected) return;
    const name = document.getElementById(bar.getAttribute("aria-labelledby")).textContent;
    const state = { name, value: bar.hasAttribute("value") ? bar.value : null };
    const isNew = JSON.stringify(state) !== JSON.stringify(window.told.at(-1));
    if (bar.getClientRects().length && isNew) window.told.push(state);
  }).observe(document.body, { subtree: true, childList: true, attributes: true });
}

export async function signIn(api, address, password) {
  const headers = { "Content-Type": "application/json", "X-Sealwax": "1" };
  const body = JSON.stringify({ address, password });
  return (await fetch(`${api}/api/session`, { method: "POST", credentials: "include", headers, body })).status;
}

export function chooseSender(address) {
  const select = document.querySelector("[data-test=compose-from]");
  select.value = [...select.options].find(({ value }) => value.endsWith(` ${address}`)).value;
  select.dispatchEvent(new Event("change"));
}
