/** The WebExtension API under one name: Firefox calls it `browser`, Chromium `chrome`; both return promises. */
export const api = globalThis.browser ?? globalThis.chrome;
