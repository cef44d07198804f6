/** Certificates in a file that the person picked. The vault reads every form of file. */
import { RequestError } from "../../shared/messages.js";
import * as vault from "../keys/vault_link.js";

/**
 * The certificates in a file, each described. Rejects with `no-certificate-in-file`, and with the error of the vault for a
 * file of another program.
 * @param {ArrayBuffer} file
 */
export async function certificatesIn(file) {
  const { certificates } = await vault.call("certificate.read", { file }).catch((error) => {
    throw error.code === "malformed-message" ? new RequestError("no-certificate-in-file") : error;
  });
  if (!certificates.length) throw new RequestError("no-certificate-in-file");
  return certificates;
}
