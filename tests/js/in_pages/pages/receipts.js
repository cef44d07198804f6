/** The functions that tests/pages/test_receipts.py runs in pages. */

export async function stored() {
  if (!(await indexedDB.databases()).some(({ name }) => name === "sealwax")) return null;
  const database = await new Promise((resolve) => {
    const request = indexedDB.open("sealwax");
    request.onsuccess = () => resolve(request.result);
  });
  const records = await new Promise((resolve) => {
    const request = database.transaction("receipts").objectStore("receipts").getAll();
    request.onsuccess = () => resolve(request.result);
  });
  database.close();
  return records.map(({ place, sealed }) =>
    place + Array.from(new Uint8Array(sealed), (octet) => String.fromCharCode(octet)).join(""));
}

export function full() {
  const put = IDBObjectStore.prototype.put;
  globalThis.room = () => { IDBObjectStore.prototype.put = put; };
  IDBObjectStore.prototype.put = function (...all) {
    if (this.name === "receipts") throw new DOMException("no room", "QuotaExceededError");
    return put.apply(this, all);
  };
}

export async function theKeywordIsNotedBeforeTheReceiptAndItsFailureIsTold() {
  const { ReceiptKeyword, RECEIPT_SENT } = await import("/source/webbridge/pages/reading/receipt_keyword.js");
  const { ApiError } = await import("/source/webbridge/pages/app/api.js");
  const at = { folder: "one", uidValidity: 7, uid: 3 };
  const tryAt = async (address, { has = false, keeps = true, refuses = "", lost = false, race = false } = {}) => {
    const flags = new Set(has ? [RECEIPT_SENT.toUpperCase()] : ["\Seen"]);
    let rows = 0;
    const keyword = new ReceiptKeyword({
      row: async () => {
        if (lost && (rows += 1) > 1) throw new ApiError("unreachable", "lost");
        return { flags: [...flags] };
      },
      setFlags: async (chosen, { add = [], remove = [] }) => {
        if (refuses) throw new ApiError(refuses, "no");
        for (const flag of keeps ? add : []) flags.add(flag);
        for (const flag of remove) flags.delete(flag);
        return { undo: race ? [] : [{}], markedOnly: false };
      },
    }, address);
    const outcome = await keyword.set().catch(({ code }) => code);
    if (typeof outcome === "string") await keyword.clear();
    return [outcome, [...flags].some((flag) => flag.toUpperCase() === RECEIPT_SENT.toUpperCase())];
  };
  return [
    await tryAt(at), await tryAt(at, { keeps: false }), await tryAt(at, { refuses: "not-offered" }),
    await tryAt(null),
    await tryAt(at, { has: true }), await tryAt(at, { race: true }), await tryAt(at, { lost: true }),
    await tryAt(at, { refuses: "unreachable" }),
  ];
}
