/** The functions that tests/pages/test_parcel_saving.py runs in pages. */

export function dialog() {
  globalThis.written = [];
  globalThis.showSaveFilePicker = async ({ suggestedName }) => ({
    createWritable: async () => ({
      write: async (chunk) => { written.push(chunk.byteLength); },
      close: async () => { written.push(`closed ${suggestedName}`); },
      abort: async () => { written.push("aborted"); },
    }),
  });
}

export async function stored() {
  const { usageDetails = {} } = await navigator.storage.estimate();
  let names = 0;
  for await (const _ of (await navigator.storage.getDirectory().catch(() => null))?.keys() ?? []) names += 1;
  return [names, usageDetails.fileSystem ?? 0];
}
