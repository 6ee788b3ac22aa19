// SPDX-License-Identifier: MIT
// Uploads one file with tus-js-client: `node tus_upload.mjs ENDPOINT FILE OPTIONS`, where OPTIONS is a JSON object of
// the client's own. Says in one line of JSON how it ended and what was answered.
import { createReadStream, readFileSync } from "node:fs";
import { PassThrough } from "node:stream";
import * as tus from "tus-js-client";

const [endpoint, path, text] = process.argv.slice(2);
// `startsAgain`: how often the page starts an upload anew that has failed.
let { startsAgain = 0, ...options } = JSON.parse(text);
const answers = [];

function end(outcome) {
  process.stdout.write(JSON.stringify({ ...outcome, protocol: upload.options.protocol, url: upload.url, answers }) + "\n");
}

// Of a file that it can open by its name the client knows the size.
const file = options.uploadLengthDeferred ? createReadStream(path).pipe(new PassThrough()) : readFileSync(path);
const upload = new tus.Upload(file, {
  endpoint,
  retryDelays: [0, 100, 300, 500, 500],
  metadata: { filename: "clip ä.mp4", filetype: "video/mp4" },
  ...options,
  onAfterResponse: (request, response) => {
    answers.push([request.getMethod(), response.getStatus()]);
  },
  onSuccess: () => end({ success: true }),
  onError: (error) => {
    if (startsAgain-- > 0) {
      upload.start();
    } else {
      end({ success: false, message: String(error.message ?? error) });
    }
  },
});
upload.start();
