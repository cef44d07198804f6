/** The receivers for messages that the background sends to this document later. */
import { api } from "./world.js";

/**
 * A message from the background, with the id of the frame or the job that it is for.
 * @typedef {{type: string, frame: string, armored?: string, kind?: string, signature?: string, files?: {name: string, size: number}[]}} BackgroundMessage
 */
/**
 * A receiver. The value that `receive` returns goes back to the background.
 * @typedef {{receive(message: BackgroundMessage): unknown}} Receiver
 */

/** The receivers by the id of their frame or job. The page does not know these ids. @type {Map<string, Receiver>} */
export const receivers = new Map();

/** Begins to pass messages to their receivers. */
export function listenToBackground() {
  api.runtime.onMessage.addListener(receive);
}

/**
 * @param {Partial<BackgroundMessage> | undefined} message
 * @param {chrome.runtime.MessageSender} sender
 * @param {(answer: unknown) => void} reply
 */
function receive(message, sender, reply) {
  // Messages for pages come only from the background, which is in no tab.
  const isBackground = sender.id === api.runtime.id && !sender.tab;
  const receiver = isBackground && receivers.get(message?.frame ?? "");
  if (!receiver) return false;
  void Promise.resolve(receiver.receive(/** @type {BackgroundMessage} */ (message)))
    .then((answer) => reply(answer || true));
  return true;
}
