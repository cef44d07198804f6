import { createPassphraseField, openVault } from "../runtime/sealwax.js";

const [file, text, button, save, said] = ["file", "text", "sign", "save", "said"].map((id) => document.getElementById(id));
const passphrase = await createPassphraseField({ label: "Passphrase of the key file", hint: "Shown as dots." });
document.getElementById("passphrase").append(passphrase.element);

const vault = await openVault();
said.textContent = "Choose a key file.";
vault.addEventListener("lock", () => (said.textContent = "The keys are locked."));

button.addEventListener("click", async () => {
  try {
    if (vault.identities.length === 0) await vault.unlock(await file.files[0].arrayBuffer(), passphrase.take());
    const signed = await vault.sign(new TextEncoder().encode(text.value));
    save.href = URL.createObjectURL(new Blob([signed], { type: "application/pkcs7-mime" }));
    save.hidden = false;
    said.textContent = `Signed as ${vault.identities[0].addresses[0]}.`;
  } catch (error) {
    said.textContent = error.code === "wrong-passphrase" ? "This passphrase does not open the file." : error.message;
  }
});
