// SPDX-License-Identifier: MIT
// The API key of the person at the page: asked for when the server wants one, kept by this tab.
import { byId } from "./elements";

const KEPT = "sluice.api-key";

export function apiKey(): string {
  return sessionStorage.getItem(KEPT) ?? "";
}

// `words` are the server's. `given` is called when there is a new key, and never where the person
// closes the dialog. One that is open already stays as it is.
export function askForKey(words: string, given: () => void): void {
  const dialog = byId<HTMLDialogElement>("ask");
  if (dialog.open) {
    return;
  }
  const input = byId<HTMLInputElement>("key");
  const form = input.form;
  if (!form) {
    return;
  }
  byId("ask-words").textContent = apiKey() ? words : "";
  input.value = "";
  form.onsubmit = (event) => {
    event.preventDefault();
    sessionStorage.setItem(KEPT, input.value.trim());
    dialog.close();
    given();
  };
  byId("ask-cancel").onclick = () => dialog.close();
  dialog.showModal();
  input.focus();
}
