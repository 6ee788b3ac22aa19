// SPDX-License-Identifier: MIT
// Drives one Chromium for chromium.py: a JSON object a line in, its answer a line out. Ends, browser
// and all, with its standard input.
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { chromium } from "playwright-core";

const PAGE_SECONDS = 50;

function say(message) {
  process.stdout.write(JSON.stringify(message) + "\n");
}

class Driver {
  constructor(browser) {
    this.browser = browser;
    this.context = null;
    this.page = null;
  }

  // A fresh profile: nothing cached, no open connection.
  async open({ url }) {
    await this.context?.close();
    this.context = await this.browser.newContext();
    this.messages = [];
    this.requested = [];
    await this.tab({ url });
  }

  // One more tab of the same profile; from now on commands are about it.
  async tab({ url }) {
    this.page = await this.context.newPage();
    this.page.setDefaultTimeout(PAGE_SECONDS * 1000);
    this.page.on("console", (message) => this.messages.push(message.text()));
    this.page.on("pageerror", (error) => this.messages.push(String(error)));
    this.page.on("request", (request) => this.requested.push(request.url()));
    await this.page.goto(url);
  }

  // From now on commands are about the tab of that number, counted from 0 in the order of opening.
  async turn({ to }) {
    this.page = this.context.pages()[to];
    await this.page.bringToFront();
  }

  // The same profile, as a user does it.
  async reload() {
    await this.page.reload();
  }

  async choose({ selector, paths }) {
    await this.page.setInputFiles(selector, paths);
  }

  async click({ selector }) {
    await this.page.click(selector);
  }

  async press({ keys }) {
    for (const key of keys) {
      await this.page.keyboard.press(key);
    }
  }

  async type({ text }) {
    await this.page.keyboard.type(text);
  }

  // Since the page was opened: texts of the console, and URLs.
  async seen() {
    return { messages: this.messages, requested: this.requested };
  }

  async size({ width, height }) {
    await this.page.setViewportSize({ width, height });
  }

  async colors({ scheme }) {
    await this.page.emulateMedia({ colorScheme: scheme });
  }

  async picture({ path, whole }) {
    await this.page.screenshot({ path, fullPage: whole });
  }

  async evaluate({ expression }) {
    return (await this.page.evaluate(expression)) ?? null;
  }

  async wait({ expression }) {
    // Not by waitForFunction(), which needs eval() in the page: policies of pages forbid that.
    const end = Date.now() + PAGE_SECONDS * 1000;
    while (!(await this.page.evaluate(expression))) {
      if (Date.now() > end) {
        throw new Error(`not true within ${PAGE_SECONDS} s: ${expression}`);
      }
      await sleep(20);
    }
  }
}

const browser = await chromium.launch({ executablePath: process.argv[2], headless: true });
const driver = new Driver(browser);
say({ ready: browser.version() });
for await (const line of createInterface({ input: process.stdin })) {
  const { command, ...rest } = JSON.parse(line);
  try {
    say({ value: (await driver[command](rest)) ?? null });
  } catch (error) {
    say({ error: String(error.message ?? error) });
  }
}
await browser.close();
