/** Reports to the extension's windows that a session at the bridge has begun or ended. */
import { api } from "./api.js";

const CHANGED = "bridgeChangedAt";

/** Tells the open windows, through a time in `storage.local`. A listener of `storage.session` would see the token there. */
export async function tellBridgeChanged() {
  await api.storage.local.set({ [CHANGED]: Date.now() }).catch(() => undefined);
}

/** @param {() => void} act */
export function whenBridgeChanged(act) {
  api.storage.local.onChanged.addListener((changes) => {
    if (CHANGED in changes) act();
  });
}
