/** The receivers for messages that the background sends to this document later. */

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
