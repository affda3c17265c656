// A real Chromium that a Rust test steers: one JSON command on each line of standard input, one JSON answer on each
// line of standard output. What a test claims stands in the test; this file only drives.
//
// Argument: an empty directory, in which the browser's profile goes.

import { accessSync, constants } from "node:fs";
import { createInterface } from "node:readline";
import { delimiter, join } from "node:path";
import { transform } from "esbuild";
import { chromium } from "playwright-core";

// How long a page may take for what must come. Only a failing test ever waits this long.
const PATIENCE_MS = 30_000;

const BROWSERS = ["chromium", "chromium-browser", "google-chrome"];
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-proxy-server",
];

function browserPath() {
  for (const name of BROWSERS) {
    for (const directory of process.env.PATH.split(delimiter)) {
      const path = join(directory, name);
      try {
        accessSync(path, constants.X_OK);
        return path;
      } catch {
        // Not here: look on.
      }
    }
  }
  throw new Error(`none of ${BROWSERS.join(", ")} is installed: run scripts/prepare.sh clients`);
}

const context = await chromium.launchPersistentContext(join(process.argv[2], "profile"), {
  executablePath: browserPath(),
  headless: true,
  args: FLAGS,
});
const page = context.pages()[0] ?? (await context.newPage());
page.setDefaultTimeout(PATIENCE_MS);
// Errors of a page nobody catches would otherwise pass unseen.
const faults = [];
page.on("pageerror", (error) => faults.push(String(error)));
// Every text frame of every WebSocket of the page, in order.
const frames = [];
page.on("websocket", (socket) => {
  socket.on("framesent", ({ payload }) => frames.push({ sent: String(payload) }));
  socket.on("framereceived", ({ payload }) => frames.push({ received: String(payload) }));
});

const commands = {
  // Opens an address. The page's timers can be moved from here on; until then they run with the clock on the wall.
  async open({ url }) {
    await page.clock.install();
    await page.goto(url);
  },
  // Moves the page's timers ahead.
  async forward({ ms }) {
    await page.clock.fastForward(ms);
  },
  // Translates TypeScript and runs it as a module of the page.
  async typescript({ text }) {
    const { code } = await transform(text, { loader: "ts", format: "esm", target: "es2022" });
    await page.addScriptTag({ content: code, type: "module" });
  },
  // The value of an expression; a promise is awaited.
  evaluate: ({ expression }) => page.evaluate(expression),
  // Waits until an expression holds, and gives its value.
  async wait({ expression }) {
    const handle = await page.waitForFunction(expression, undefined, { polling: 20 });
    return handle.jsonValue();
  },
  // Clicks what a selector finds and gives the address of the window that opens.
  async popup({ selector }) {
    const opened = page.waitForEvent("popup");
    await page.click(selector);
    const popup = await opened;
    await popup.waitForURL((url) => url.protocol !== "about:", { waitUntil: "commit" });
    return popup.url();
  },
  frames: () => frames,
  faults: () => faults,
};

for await (const line of createInterface({ input: process.stdin })) {
  const { command, ...parameters } = JSON.parse(line);
  let answer;
  try {
    answer = { value: (await commands[command](parameters)) ?? null };
  } catch (error) {
    answer = { error: String(error) };
  }
  console.log(JSON.stringify(answer));
}
await context.close();
