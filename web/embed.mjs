// SPDX-License-Identifier: MIT
// Bundles the pages and writes them, each file with its gzip twin, as the C++ source of built_files()
// (src/pages/page_file.h): node web/embed.mjs OUTPUT.cc
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "vite";

const TYPES = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
};
const LITERAL_BYTES = 4096;

// URLs are relative, so that a page works behind a proxy that adds a path; no asset becomes part
// of another, so that no page needs a data: URL of our own.
async function bundle() {
  const root = dirname(fileURLToPath(import.meta.url));
  const { output } = await build({
    configFile: false,
    root,
    base: "./",
    logLevel: "warn",
    build: {
      write: false,
      target: "es2022",
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      rollupOptions: { input: ["index.html", "console.html"].map((name) => join(root, name)) },
    },
  });
  return output.map(({ fileName, code, source }) => ({
    path: fileName === "index.html" ? "/" : `/${fileName}`,
    type: TYPES[extname(fileName)],
    content: Buffer.from(code ?? source),
  }));
}

function literal(bytes) {
  const lines = [];
  for (let at = 0; at < bytes.length; at += LITERAL_BYTES) {
    const text = bytes.subarray(at, at + LITERAL_BYTES).toString("latin1");
    const escaped = text.replace(/[^ !#->@-[\]-~]/g, (c) => `\\${c.charCodeAt(0).toString(8).padStart(3, "0")}`);
    lines.push(`    "${escaped}"`);
  }
  return lines.length ? lines.join("\n") : '    ""';
}

function row({ path, type, content }, index) {
  if (!type) {
    throw new Error(`${path}: expected a name that ends in ${Object.keys(TYPES).join(", ")}`);
  }
  const gzip = gzipSync(content, { level: 9 });
  const kept = gzip.length < content.length ? gzip : Buffer.alloc(0);
  const etag = createHash("sha256").update(content).digest("hex").slice(0, 32);
  const name = `file_${index}`;
  return {
    arrays: `const char ${name}[] =\n${literal(content)};\nconst char ${name}_gzip[] =\n${literal(kept)};\n`,
    entry: `    {"${path}", "${type}", "${etag}", {${name}, ${content.length}}, {${name}_gzip, ${kept.length}}},\n`,
  };
}

const rows = (await bundle()).map(row);
writeFileSync(
  process.argv[2],
  `// Made by web/embed.mjs.
#include "pages/page_file.h"

namespace sluice::pages {
namespace {

${rows.map(({ arrays }) => arrays).join("\n")}
const PageFile files[] = {
${rows.map(({ entry }) => entry).join("")}};

}  // namespace

std::span<const PageFile> built_files() noexcept {
  return files;
}

}  // namespace sluice::pages
`,
);
