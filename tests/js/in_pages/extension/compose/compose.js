/** The functions that tests/extension/compose/test_compose.py runs in pages. */

export async function keptDrafts() {
  const opening = indexedDB.open("sealwax");
  const database = await new Promise((resolve, reject) => {
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = () => reject(opening.error);
  });
  const reading = database.transaction("drafts").objectStore("drafts").getAll();
  const drafts = await new Promise((resolve) => { reading.onsuccess = () => resolve(reading.result); });
  database.close();
  const text = (octets) => Array.from(new Uint8Array(octets ?? []), (octet) => String.fromCharCode(octet)).join("");
  return drafts.map((draft) => JSON.stringify({ ...draft, letter: text(draft.letter), files: text(draft.files) }));
}
