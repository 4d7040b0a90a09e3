// The live page in a real browser: what a commissioner does on it, from the verdict to an update that arrives by itself,
// and what axe-core finds on it.
//
//   node live.mjs CHROMIUM SCREENSHOTS URL TOKEN
//
// The service at URL holds a recording with services, and takes events from whoever has TOKEN.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { chromium } from "playwright-core";

const [executablePath, shots, url, token] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

async function violations(context, page) {
  // The page's own policy lets in no script of ours: this one is put in by the browser, beside the policy.
  const session = await context.newCDPSession(page);
  await session.send("Page.setBypassCSP", { enabled: true });
  await page.reload();
  await page.evaluate(axe);
  const found = await page.evaluate((tags) => axe.run(document, { runOnly: { type: "tag", values: tags } }), rules);
  return found.violations.map((one) => `${one.id}: ${one.help}: ${one.nodes.slice(0, 3).map((node) => node.html).join(" | ")}`);
}

/** Twenty consultations that came after everything that was recorded. */
function events(platform, service) {
  const lines = [];
  for (let number = 0; number < 20; number += 1) {
    const one = (id, type, minute, data) =>
      JSON.stringify({
        specversion: "1.0",
        id: `live-${number}-${id}`,
        source: "urn:example:live",
        type: `evenfield.consultation.${type}.v1`,
        subject: `live-${number}`,
        time: `2026-04-02T09:${String(minute).padStart(2, "0")}:00Z`,
        datacontenttype: "application/json",
        data,
      });
    lines.push(one("s", "scheduled", 0, { context: { platform, service, organisation: "trust-live" } }));
    lines.push(one("c", "completed", 20, {}));
  }
  return lines.join("\n");
}

mkdirSync(shots, { recursive: true });
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--force-renderer-accessibility"] });
try {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  context.setDefaultTimeout(120_000);
  const page = await context.newPage();
  const said = [];
  const elsewhere = [];
  page.on("console", (message) => said.push(message.text()));
  page.on("pageerror", (error) => said.push(String(error)));
  page.on("request", (request) => request.url().startsWith(url) || elsewhere.push(request.url()));
  await page.goto(url);

  assert.match(await page.locator("#found").innerText(), /alder|birch/, "the verdict is there to read");
  const why = page.locator(".claim details").first();
  await why.locator("summary").click();
  assert.equal(await why.locator("p").first().isVisible(), true, "a reason opens");
  await page.waitForFunction(() => /up to date/.test(document.getElementById("live").textContent));

  const [numbers] = await Promise.all([page.waitForEvent("download"), page.getByText("All numbers as CSV").click()]);
  assert.match(readFileSync(await numbers.path(), "utf8"), /^measure,/);

  const facts = await page.locator("dl.facts").innerText();
  await page.evaluate(() => (window.stayed = true));
  const answer = await fetch(`${url}v1/events`, {
    method: "POST",
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/x-ndjson" },
    body: events("alder", "dermatology"),
  });
  assert.equal(answer.status, 201, await answer.text());
  await page.waitForFunction((before) => document.querySelector("dl.facts").innerText !== before, facts);
  assert.equal(await page.evaluate(() => window.stayed), true, "without loading the page again");
  assert.equal(await page.locator(".claim details").first().getAttribute("open"), "", "what was open stays open");
  assert.match(await page.locator("#live").innerText(), /Brought up to date at/);
  await page.getByText("Pause updating").click();
  assert.match(await page.locator("#live").innerText(), /paused/);

  await page.locator("#service").selectOption("dermatology");
  await Promise.all([page.waitForURL(/service=dermatology/), page.getByRole("button", { name: "Show" }).click()]);
  assert.equal(await page.locator("#service").inputValue(), "dermatology");
  assert.notEqual(await page.locator("dl.facts").innerText(), facts, "one service is not all of them");

  await page.goto(url);
  const pdf = await page.pdf({ path: join(shots, "live.pdf"), preferCSSPageSize: true });
  assert.ok(pdf.length > 20_000, "it prints");
  assert.deepEqual(elsewhere, [], "nothing is fetched from elsewhere");
  assert.deepEqual(said, [], "the browser does not complain");

  for (const [name, viewport, options] of [
    ["320", { width: 320, height: 800 }, {}],
    ["768", { width: 768, height: 1000 }, {}],
    ["1280", { width: 1280, height: 900 }, {}],
    ["dark", { width: 1280, height: 900 }, { colorScheme: "dark" }],
    ["forced", { width: 1280, height: 900 }, { forcedColors: "active" }],
  ]) {
    const look = await browser.newContext({ viewport, ...options });
    look.setDefaultTimeout(120_000);
    const seen = await look.newPage();
    await seen.goto(url);
    await seen.screenshot({ path: join(shots, `live-${name}.png`) });
    const wide = await seen.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    assert.ok(wide <= 0, `${name}: ${wide} px are cut off`);
    assert.deepEqual(await violations(look, seen), [], `${name}: axe-core`);
    await look.close();
  }

  const without = await browser.newContext({ javaScriptEnabled: false });
  const plain = await without.newPage();
  await plain.goto(url);
  assert.equal(await plain.locator("#pause").isVisible(), false, "nothing is offered that would not work");
  assert.match(await plain.locator("#live").innerText(), /Load this page again/);
  await without.close();
  for (const path of ["docs/"]) {
    const docs = await browser.newContext();
    const seen = await docs.newPage();
    await seen.goto(url + path);
    assert.deepEqual(await violations(docs, seen), [], `${path}: axe-core`);
    await docs.close();
  }
  console.log("live: the journey, five looks, and no script hold");
} finally {
  await browser.close();
}
