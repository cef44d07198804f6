/** The functions that tests/pages/test_signing_out.py runs in pages. */

export async function keep(address, letters) {
  const { writeAccount, writeSealed } = await import("/source/webbridge/pages/offline/store.js");
  const { addBox, writeLetter } = await import("/source/webbridge/pages/offline/letter_store.js");
  const { accountDigest } = await import("/source/webbridge/pages/app/state_database.js");
  const account = await accountDigest(address);
  const record = { account, key: new ArrayBuffer(8), head: new ArrayBuffer(8), keys: new ArrayBuffer(8) };
  await writeAccount(record);
  await writeSealed(record, "messages", { place: `${account} message`, sealed: new ArrayBuffer(8) });
  const box = await addBox({ account, key: new ArrayBuffer(8) });
  globalThis.addLetter = (name) => writeLetter(box, { place: `${account} ${name}`, sealed: new ArrayBuffer(8) });
  for (let index = 0; index < letters; index += 1) await addLetter(index);
}

export async function countInPage() {
  const count = async (name, stores) => {
    const database = await new Promise((resolve) => {
      const request = indexedDB.open(name);
      request.onsuccess = () => resolve(request.result);
    });
    const counts = await Promise.all(stores.map((store) => new Promise((resolve) => {
      const request = database.transaction(store).objectStore(store).count();
      request.onsuccess = () => resolve(request.result);
    })));
    database.close();
    return counts;
  };
  const mail = await count("sealwax-offline", ["accounts", "messages"]);
  return [...mail, ...await count("sealwax-outbox", ["letters"])];
}
