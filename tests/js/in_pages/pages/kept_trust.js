/** The functions that tests/pages/test_kept_trust.py runs in pages. */

export async function replace(change) {
  const database = await new Promise((resolve) => {
    const request = indexedDB.open("sealwax");
    request.onsuccess = () => resolve(request.result);
  });
  await new Promise((resolve) => {
    const states = database.transaction("trust", "readwrite").objectStore("trust");
    states.getAll().onsuccess = ({ target: { result: [record] } }) => {
      const octets = new Uint8Array(record.state);
      if (change === "save") window.saved = record;
      else if (change === "damage") octets[octets.length - 40] ^= 1;
      const put = states.put(change === "restore" ? window.saved : record);
      put.onsuccess = resolve;
    };
  });
  database.close();
}

export function nameless() {
  const controls = "button, a[href], input, select, textarea, summary, dialog, [role=textbox]";
  const nameOf = (control) => [
    control.getAttribute("aria-label"),
    ...[...(control.labels ?? [])].map((label) => label.innerText),
    ...(control.getAttribute("aria-labelledby") ?? "").split(" ").map((id) => document.getElementById(id)?.innerText),
    control.innerText,
  ].join("").trim();
  return [...document.querySelectorAll(controls)]
    .filter((control) => control.getClientRects().length > 0 && !nameOf(control))
    .map((control) => control.outerHTML.slice(0, 120));
}
