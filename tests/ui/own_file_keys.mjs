// Prints whether manifests of several senders and signers count as the person's own. The vault's verdict is given.
import { OwnKeys } from "../../webbridge/pages/my_files/own_keys.js";

const KEY = { fingerprint: "aa", certificate: new ArrayBuffer(1), isShared: true, notAfter: "2026-01-01T00:00:00Z" };

async function outcomeOf(sender, state) {
  const vault = { call: async () => ({ sender, files: [], report: { state, signers: [] } }) };
  const keys = { copies: () => ({ identities: [], sealKey: {} }), shareIdentities: () => [KEY], vault: async () => vault };
  return new OwnKeys(keys, "alice@example.test").verify(new ArrayBuffer(1), "A".repeat(22)).then(() => "own", ({ code }) => code);
}

console.log(JSON.stringify({
  own: await outcomeOf("Alice@example.test", "verified"),
  ofWard: await outcomeOf("ward@example.test", "verified"),
  unverified: await outcomeOf("alice@example.test", "signed-unverified"),
}));
