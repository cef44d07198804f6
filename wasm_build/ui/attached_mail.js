/** Finds attachments that are mails, which can be opened separately. */

const NAME = /\.(eml|p7m)$/iu;
const TYPE = /^(message\/(rfc822|global)|application\/(x-)?pkcs7-mime)$/iu;

/** Whether a file is a mail, or an encrypted or signed part of one. @param {{name: string, type: string}} file */
export function isAttachedMail({ name, type }) {
  return NAME.test(name) || TYPE.test(type);
}
