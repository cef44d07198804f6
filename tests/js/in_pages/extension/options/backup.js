/** The functions that tests/extension/options/test_backup.py runs in pages. */

export async function leaveThingsToLose() {
  const done = (request) => new Promise((resolve) => { request.onsuccess = () => resolve(request.result); });
  const database = await done(indexedDB.open("sealwax"));
  const transaction = database.transaction(["people", "settings", "drafts"], "readwrite");
  const [after] = await done(transaction.objectStore("people").getAll());
  const change = { address: "bob@example.test", before: after, after, sameIssuer: false, isRenewal: false };
  transaction.objectStore("settings").put({ name: "changed certificates", value: [change] });
  transaction.objectStore("drafts").put({ id: "1", at: new Date().toISOString(), letter: new ArrayBuffer(8) });
  await new Promise((resolve) => { transaction.oncomplete = resolve; });
  database.close();
}
