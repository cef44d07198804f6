/** The functions that tests/pages/test_sent_parcels.py runs in pages. */

export async function stored() {
  const databases = (await indexedDB.databases?.()) ?? [];
  const contents = await Promise.all(databases.map(({ name }) => new Promise((resolve) => {
    const opening = indexedDB.open(name);
    opening.onsuccess = async () => {
      const rows = [];
      for (const store of opening.result.objectStoreNames) {
        rows.push(await new Promise((done) => {
          const request = opening.result.transaction(store).objectStore(store).getAll();
          request.onsuccess = () => done(request.result);
        }));
      }
      opening.result.close();
      resolve(rows);
    };
  })));
  const addresses = [location.href, ...performance.getEntries().map(({ name }) => name)];
  return JSON.stringify([{ ...localStorage }, { ...sessionStorage }, contents, addresses, history.state]);
}

export function withoutAnAnswerTheListSaysSoAndComesByAnotherTry() {
  globalThis.usual = fetch;
  globalThis.fetch = async (url, ...others) => {
    if (String(url).includes("/api/parcels")) throw new TypeError("away");
    return usual(url, ...others);
  };
}

export function aTokenIsShownOnceSendsAndIsRevoked() {
  globalThis.copied = [];
  Object.defineProperty(navigator, "clipboard", {
    configurable: true, value: { writeText: async (text) => { copied.push(text); } },
  });
}
