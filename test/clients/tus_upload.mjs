// SPDX-License-Identifier: MIT
// Uploads one file with tus-js-client: `node tus_upload.mjs ENDPOINT FILE OPTIONS`, where OPTIONS is a JSON object of
// the client's own. Says in one line of JSON how it ended and what was answered.
import { createReadStream, readFileSync } from "node:fs";
import * as tus from "tus-js-client";

const [endpoint, path, text] = process.argv.slice(2);
const options = JSON.parse(text);
const answers = [];

function end(outcome) {
  process.stdout.write(JSON.stringify({ ...outcome, url: upload.url, answers }) + "\n");
}

const file = options.uploadLengthDeferred ? createReadStream(path) : readFileSync(path);
const upload = new tus.Upload(file, {
  endpoint,
  retryDelays: [0, 100, 300, 500, 500],
  metadata: { filename: "clip ä.mp4", filetype: "video/mp4" },
  ...options,
  onAfterResponse: (request, response) => {
    answers.push([request.getMethod(), response.getStatus()]);
  },
  onSuccess: () => end({ success: true }),
  onError: (error) => end({ success: false, message: String(error.message ?? error) }),
});
upload.start();
