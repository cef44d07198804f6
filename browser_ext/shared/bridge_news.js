/** The news that a session at the bridge has begun or ended, for windows that show it. */
import { api } from "./api.js";

const CHANGED = "bridgeChangedAt";

/** Tells the open windows. The value is only a time, because a listener of `storage.session` would see the token. */
export async function tellBridgeChanged() {
  await api.storage.local.set({ [CHANGED]: Date.now() }).catch(() => undefined);
}

/** @param {() => void} act */
export function whenBridgeChanged(act) {
  api.storage.local.onChanged.addListener((changes) => {
    if (CHANGED in changes) act();
  });
}
