// SPDX-License-Identifier: MIT
// Files, or folders of them, dropped on a page. They go out in tus and go on after anything that breaks, a reload included.
import '@uppy/core/css/style.min.css';
import '@uppy/dashboard/css/style.min.css';
import Uppy from '@uppy/core';
import Dashboard from '@uppy/dashboard';
import GoldenRetriever from '@uppy/golden-retriever';
import Tus from '@uppy/tus';

// What your application says of the file.
function tell(name, text) {
  const line = document.createElement('li');
  line.textContent = `${name}: ${text}`;
  document.querySelector('#answers').append(line);
}

const uppy = new Uppy({ autoProceed: true })
  .use(Dashboard, { target: '#drop', inline: true, width: '100%', fileManagerSelectionType: 'both' })
  .use(Tus, {
    endpoint: 'https://uploads.example/files',
    // An hour of attempts, which begin anew with every byte that arrives.
    retryDelays: [500, 1000, 2000, 4000, ...new Array(450).fill(8000)],
    removeFingerprintOnSuccess: true,
  })
  // Files up to 10 MiB are kept in the browser, larger ones are asked for again after a reload.
  .use(GoldenRetriever);

uppy.on('upload-success', async (file, { uploadURL }) => {
  const answer = await fetch(`${uploadURL}/answer`);
  tell(file.name, await answer.text());
});
uppy.on('upload-error', (file, error, response) => {
  tell(file.name, response?.body?.xhr?.responseText || error.message);
});
// Once every file is there again, all of them go on.
const goOn = () => {
  if (uppy.getState().recoveredState && !uppy.getFiles().some(({ isGhost }) => isGhost)) uppy.emit('restore-confirmed');
};
uppy.on('restored', goOn);
uppy.on('files-added', goOn);
