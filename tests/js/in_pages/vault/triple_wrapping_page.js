import { openVault } from "./runtime/sealwax.js";
const given = (await (await fetch("/given.json")).json()).map(
  (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0)));
const [keyFile, passphrase, authority, triple, outside, bare] = given;
const vault = await openVault();
await vault.unlock(keyFile, passphrase);
const trust = { anchors: [authority], revocation: "not-checked" };
const read = async ({ reply, output }) => { await reply; return new Response(output).text(); };
const opened = await Promise.all([triple, outside].map((message) => vault.open(message, { trust })));
window.seen = {
  opened: opened.map(({ report, text }) => ({
    text, state: report.state, reason: report.reasons[0].code,
    layers: report.layers.map(({ kind }) => kind), signers: report.signers.map(({ state }) => state),
  })),
  streamed: await read(await vault.decryptStream(new Blob([triple]), { form: "mail" })),
  bare: [
    new TextDecoder().decode(await vault.decrypt(bare)),
    await read(await vault.decryptStream(new Blob([bare]))),
  ],
};
vault.close();
