/** The offscreen document that runs the vault in Chromium. It answers only the background. */
import { api } from "../shared/api.js";
import { answer } from "./vault_owner.js";

api.runtime.onMessage.addListener((message, sender, reply) => {
  if (message?.to !== "vault") return undefined;
  // Messages from content scripts and pages have a tab. Messages from the service worker have none.
  if (sender.id !== api.runtime.id || sender.tab || sender.url !== api.runtime.getURL("background.js")) return undefined;
  void answer(message.type, message.body).then(reply);
  return true;
});
