// SPDX-License-Identifier: MIT
// Uploads the chosen files with Uppy as it comes from npm. After a reload of the page Golden Retriever goes on: the
// options of the plug-in Tus stay in the page's address.
import Uppy from "@uppy/core";
import GoldenRetriever from "@uppy/golden-retriever";
import Tus from "@uppy/tus";

const upload = { state: "new", message: "", answers: {} };
window.upload = upload;

// What the page has after a reload: how many files are in IndexedDB, and of how many the location.
async function kept() {
  const done = (request) => new Promise((resolve) => (request.onsuccess = () => resolve(request.result)));
  const database = await done(indexedDB.open("uppy-blobs"));
  const records = database.transaction(["files", "metadata"]);
  const blobs = await done(records.objectStore("files").count());
  const [described] = await done(records.objectStore("metadata").getAll());
  database.close();
  const files = Object.values(JSON.parse(described?.metadata ?? "{}").files ?? {});
  return { blobs, locations: files.filter((file) => file.tus?.uploadUrl).length };
}

// The server may be on its way up again.
async function answerOf(location) {
  for (;;) {
    const answer = await fetch(location + "/answer").catch(() => ({ status: 503 }));
    if (answer.status !== 503) {
      return answer.json();
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function start(options) {
  const uppy = new Uppy().use(Tus, options).use(GoldenRetriever);
  const asked = [];
  const ask = async (name, location) => (upload.answers[name] = await answerOf(location));
  uppy.on("upload-success", (file, { uploadURL }) => asked.push(ask(file.name, uploadURL)));
  uppy.on("upload-error", (file, error) => (upload.message = String(error.message)));
  uppy.on("complete", async ({ failed }) => {
    await Promise.all(asked);
    upload.state = failed.length > 0 ? "error" : "success";
  });
  uppy.on("restored", () => {
    upload.state = "uploading";
    uppy.emit("restore-confirmed");
  });
  Object.assign(window, { uppy, kept });
}

window.startUppy = (options) => {
  history.replaceState(null, "", "#" + encodeURIComponent(JSON.stringify(options)));
  start(options);
  uppy.addFiles([...document.getElementById("file").files].map((data) => ({ name: data.name, type: data.type, data })));
  upload.state = "uploading";
  uppy.upload();
};

if (location.hash) {
  start(JSON.parse(decodeURIComponent(location.hash.slice(1))));
}
