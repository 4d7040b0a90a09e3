// The report in a real browser: nothing is fetched, nothing is refused by the page's own policy, axe-core finds nothing,
// nothing is cut off at 320 px, details open on a click and in print, a figure's numbers can be saved.
//
//   node report.mjs CHROMIUM SCREENSHOTS REPORT...
//
// Screenshots are for people to look at; they are not kept.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const [executablePath, shots, ...reports] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const looks = [
  { name: "320", viewport: { width: 320, height: 800 } },
  { name: "768", viewport: { width: 768, height: 1000 } },
  { name: "1280", viewport: { width: 1280, height: 900 } },
  { name: "dark", viewport: { width: 1280, height: 900 }, colorScheme: "dark" },
  { name: "forced", viewport: { width: 1280, height: 900 }, forcedColors: "active" },
  // 200 % of 1280 px is 640 px of the page's own.
  { name: "zoomed", viewport: { width: 640, height: 450 }, deviceScaleFactor: 2 },
];

async function violations(page) {
  await page.evaluate(axe);
  const found = await page.evaluate((tags) => axe.run(document, { runOnly: { type: "tag", values: tags } }), rules);
  return found.violations.map((one) => `${one.id}: ${one.help}: ${one.nodes.slice(0, 3).map((node) => node.html).join(" | ")}`);
}

async function look(browser, file, { name, ...options }) {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(240_000);
  const page = await context.newPage();
  const asked = [];
  const said = [];
  page.on("request", (request) => asked.push(request.url()));
  page.on("console", (message) => said.push(message.text()));
  page.on("pageerror", (error) => said.push(String(error)));
  const url = pathToFileURL(resolve(file)).href;
  await page.goto(url);
  assert.deepEqual(asked, [url], `${name}: something was fetched`);
  assert.deepEqual(said, [], `${name}: the browser complains`);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  assert.ok(wide <= 0, `${name}: ${wide} px are cut off`);
  await page.screenshot({ path: join(shots, `${basename(file, ".html")}-${name}.png`), fullPage: true });
  await page.evaluate(() => document.querySelectorAll("details").forEach((one) => (one.open = true)));
  assert.deepEqual(await violations(page), [], `${name}: axe-core, everything opened`);
  const opened = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  assert.ok(opened <= 0, `${name}: ${opened} px are cut off once everything is opened`);
  await context.close();
}

async function journey(browser, file) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  context.setDefaultTimeout(240_000);
  const page = await context.newPage();
  await page.goto(pathToFileURL(resolve(file)).href);
  await page.keyboard.press("Tab");
  const skip = await page.evaluate(() => {
    const box = document.activeElement.getBoundingClientRect();
    return [document.activeElement.className, box.left >= 0 && box.width > 0];
  });
  assert.deepEqual(skip, ["skip", true], "the first stop of the keyboard skips to the report, and is seen");
  const why = page.locator(".claim details").first();
  const grounds = why.locator("p").first();
  assert.equal(await grounds.isVisible(), false);
  await why.locator("summary").click();
  assert.equal(await grounds.isVisible(), true, "a reason opens");
  const link = page.locator("a.get").first();
  const [download] = await Promise.all([page.waitForEvent("download"), link.click()]);
  assert.match(download.suggestedFilename(), /\.csv$/);
  assert.match(readFileSync(await download.path(), "utf8"), /^Platform,/);
  await page.emulateMedia({ media: "print" });
  const hidden = await page.evaluate(
    () => [...document.querySelectorAll("details table")].filter((one) => one.getBoundingClientRect().height === 0).length,
  );
  assert.equal(hidden, 0, "details are open in print");
  const pdf = await page.pdf({ path: join(shots, `${basename(file, ".html")}.pdf`), preferCSSPageSize: true });
  assert.ok(pdf.length > 20_000, "it prints");
  await context.close();
}

mkdirSync(shots, { recursive: true });
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
try {
  for (const report of reports) {
    for (const one of looks) await look(browser, report, one);
    await journey(browser, report);
    console.log(`${basename(report)}: ${looks.length} looks and the journey hold`);
  }
} finally {
  await browser.close();
}
