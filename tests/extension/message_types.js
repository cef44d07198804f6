/** Wrong uses of the table of messages. `make check` fails if the type checker accepts one of them. */
import { ask, askWithSecrets } from "../../browser_ext/shared/request.js";

/** @param {Secret} passphrase @param {BodyOf<"keys.prefer">} body */
export async function misuse(passphrase, body) {
  // @ts-expect-error no such message
  await ask("keys.forget");
  // @ts-expect-error no body
  await ask("keys.prefer");
  // @ts-expect-error another name
  await ask("keys.prefer", { finger: "" });
  // @ts-expect-error another kind
  await ask("keys.prefer", { fingerprint: 1 });
  // @ts-expect-error no such field in the body of a handler
  await ask("keys.prefer", { fingerprint: body.print });
  // @ts-expect-error no such field in the reply
  (await ask("keys.list")).keys;
  // @ts-expect-error a passphrase that is not encrypted
  await ask("keys.passphrase", { id: "", passphrase, newPassphrase: passphrase });
  // @ts-expect-error one of two passphrases
  await askWithSecrets("keys.passphrase", { id: "" }, { passphrase });
}
