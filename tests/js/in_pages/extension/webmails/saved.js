/** The functions that tests/extension/webmails/test_saved.py runs in pages. */

export async function aWebmailThatChangesAThousandTimesIsLookedAtNowAndThenAndQuickly() {
  const [body] = document.querySelector("#messagelist").tBodies;
  for (let change = 0; change < 1000; change += 1) {
    body.append(body.rows[0].cloneNode(true));
    body.rows[0].remove();
    await new Promise((done) => setTimeout(done, 2));
  }
  await new Promise((done) => setTimeout(done, 700));
}

export function anEncryptedMessageIsAttachedAndLeftToThePersonToSend() {
  const [file] = document.querySelector("input[type=file]").files;
  const text = document.querySelector("textarea, [role=textbox]");
  return [[file.name, file.size], text.value ?? text.innerText];
}
