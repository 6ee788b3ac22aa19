// SPDX-License-Identifier: MIT
import "@uppy/core/css/style.min.css";
import "@uppy/dashboard/css/style.min.css";
import "./common.css";
import "./style.css";

import { byId } from "./elements";
import { listEarlier } from "./results";
import { type Settings, start } from "./uploader";

// Two tabs must not go on with the same files: the first one that is open does. Browsers have locks on
// https and on this machine alone; elsewhere every tab takes itself for the first.
function isFirstTab(): Promise<boolean> {
  return new Promise((resolve) => {
    if (!navigator.locks) {
      resolve(true);
      return;
    }
    void navigator.locks.request("sluice.upload-page", { ifAvailable: true }, (lock) => {
      resolve(lock !== null);
      // Held until the tab is closed.
      return lock ? new Promise(() => undefined) : undefined;
    });
  });
}

async function open(): Promise<void> {
  listEarlier();
  const response = await fetch("page.json");
  if (!response.ok) {
    throw new Error(await response.text());
  }
  start((await response.json()) as Settings, await isFirstTab());
}

open().catch((error: unknown) => {
  byId("trouble").hidden = false;
  byId("trouble").textContent = `The server cannot be reached. Reload the page to try again. (${String(error)})`;
});
