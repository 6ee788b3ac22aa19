// SPDX-License-Identifier: MIT
// multipart/form-data as Sluice sends it: fields first, then the file, then extra files. Holds a boundary's length of the file at a time.
import { Readable } from 'node:stream';

const HEAD_END = Buffer.from('\r\n\r\n');

// Calls saveFile(stream, tag) with each file's bytes, tag undefined for the main one; returns
// { fields, file: { name, result }, extraFiles: [{ tag, name, result }] }.
export async function readForm(request, type, saveFile) {
  const boundary = /boundary=([^;\s]+)/.exec(type)?.[1];
  if (!boundary) throw new Error('no boundary');
  const delimiter = Buffer.from(`\r\n--${boundary}`);
  const source = request[Symbol.asyncIterator]();
  let held = Buffer.from('\r\n'); // The first delimiter lacks its line end.

  async function more() {
    const { value, done } = await source.next();
    if (done) throw new Error('the form breaks off');
    held = Buffer.concat([held, value]);
  }

  async function until(mark) {
    let at;
    while ((at = held.indexOf(mark)) < 0) await more();
    const before = held.subarray(0, at);
    held = held.subarray(at + mark.length);
    return before;
  }

  async function* fileBytes() {
    for (let at; (at = held.indexOf(delimiter)) < 0; await more()) {
      const sure = Math.max(0, held.length - delimiter.length);
      if (sure > 0) yield held.subarray(0, sure);
      held = held.subarray(sure);
    }
    yield await until(delimiter);
  }

  const fields = {};
  const extraFiles = [];
  let file;
  await until(delimiter);
  for (;;) {
    while (held.length < 2) await more();
    if (held.subarray(0, 2).toString() === '--') break;
    const head = (await until(HEAD_END)).toString();
    const name = unquote(/; name="([^"]*)"/.exec(head)?.[1] ?? '');
    const fileName = /; filename="([^"]*)"/.exec(head)?.[1];
    if (fileName === undefined) {
      fields[name] = (await until(delimiter)).toString();
    } else {
      const tag = /^extra_files\[(.*)\]$/s.exec(name)?.[1];
      const saved = { name: unquote(fileName), result: await saveFile(Readable.from(fileBytes()), tag) };
      if (tag === undefined) file = saved;
      else extraFiles.push({ tag, ...saved });
    }
  }
  for (let rest = await source.next(); !rest.done; rest = await source.next());
  if (!file) throw new Error('no file in the form');
  return { fields, file, extraFiles };
}

function unquote(text) {
  return text.replace(/%22|%0D|%0A/gi, decodeURIComponent);
}
