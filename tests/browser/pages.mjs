// A browser at the pages: what an officer, a colleague, a council, whoever settles HOLD, a supervisor and administrators do there, with and without script.
// Every page is judged by axe-core, at 1280 and at 390 pixels, and kept as a picture. Ends with 1 and the words of what was wrong.
//
//   node pages.mjs PLAN.json    { url, modules, chromium, out, people: { name: { cert, key } }, delivery }

import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

const plan = JSON.parse(readFileSync(process.argv[2], "utf8"));
const require = createRequire(path.join(plan.modules, "package.json"));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const wrong = [];
const seen = new Set();

function must(holds, words) {
  if (!holds) wrong.push(words);
}

const browser = await chromium.launch({ executablePath: plan.chromium, args: ["--no-sandbox", "--disable-gpu"] });

/** Somebody at a browser, with their certificate. */
async function somebody(name, javaScriptEnabled = true) {
  const { cert, key } = plan.people[name];
  const context = await browser.newContext({
    javaScriptEnabled,
    acceptDownloads: true,
    // The server's certificate is of an authority of this test's own; other tests verify it.
    ignoreHTTPSErrors: true,
    viewport: { width: 1280, height: 900 },
    clientCertificates: [{ origin: plan.url, certPath: cert, keyPath: key }],
  });
  context.setDefaultTimeout(15000);
  const page = await context.newPage();
  page.on("console", (message) => must(message.type() !== "error" || message.text().includes("status of"), `${name}: the browser complains: ${message.text()}`));
  page.on("request", (request) => must(request.url().startsWith(plan.url), `${name}: a page asks elsewhere`));
  return page;
}

/** Judges the page that is open, and keeps its picture. */
async function looked(page, name) {
  seen.add(name);
  await page.evaluate(axe);
  const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  for (const one of found.violations) {
    wrong.push(`${name}: axe ${one.id}: ${one.help}: ${one.nodes.slice(0, 3).map((node) => node.html).join(" | ")}`);
  }
  for (const width of [390, 1280]) {
    await page.setViewportSize({ width, height: 900 });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    must(wide <= 0, `${name}: ${wide} pixels too wide at ${width}`);
    await page.screenshot({ path: path.join(plan.out, `${name}-${width}.png`), fullPage: true });
  }
}

async function go(page, address) {
  await page.goto(plan.url + address);
}

async function press(page, name) {
  await page.getByRole("button", { name, exact: true }).last().click();
}

async function text(page) {
  return page.locator("main").innerText();
}

/** Presses Tab until the element has the focus. */
async function tabTo(page, selector) {
  for (let times = 0; times < 200; times += 1) {
    if (await page.evaluate((wanted) => document.activeElement?.matches(wanted) ?? false, selector)) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`the keyboard does not reach ${selector}`);
}

async function officer(script) {
  const page = await somebody("officer", script);
  const look = async (name) => (script ? looked(page, name) : undefined);
  await go(page, "/");
  await look("officer-1-queues");
  await page.getByRole("link", { name: "MPU.SE" }).click();
  await look("officer-2-queue");
  await page.locator("summary", { hasText: "Find something here" }).click();
  await page.getByLabel("Class", { exact: true }).selectOption("P4");
  await page.getByLabel("Overdue", { exact: true }).check();
  await press(page, "Find");
  must((await text(page)).includes("Nothing."), "nothing of P4 is overdue");
  await look("officer-2-found");
  await page.getByRole("link", { name: "Show everything" }).click();
  await press(page, "Take the most urgent");
  const address = page.url();
  must(!(await text(page)).includes("OFFICIAL-SENSITIVE"), "taking opens nothing");
  await look("officer-3-delivery");
  await press(page, "Open it");
  must((await text(page)).includes("Ella-Mae Fennimore"), "opened, the card names the child");
  await look("officer-4-opened");
  const colleague = await somebody("colleague", script);
  await colleague.goto(address);
  must(!(await text(colleague)).includes("Fennimore"), "a colleague of another unit sees nothing");
  if (script) await looked(colleague, "colleague-not-yours");
  await colleague.context().close();
  await page.goto(address);
  await page.locator("summary", { hasText: "Ask the sender" }).click();
  await page.locator("#text-ask").fill("Which Saturday was meant?");
  await press(page, "Ask the sender");
  await page.locator("summary", { hasText: "Complete it" }).click();
  await page.locator("input[name=code]").first().check();
  await press(page, "Complete it");
  must((await text(page)).includes("Completed."), `completed: ${await text(page)}`);
  await page.goBack();
  await page.reload();
  must((await text(page)).includes("You no longer hold this delivery"), "the back button says that it is over");
  await look("officer-5-over");
  await page.context().close();
}

async function filled(page) {
  await page.locator("#envelope-reporter-name").fill("Priya Castellane");
  await page.locator("#envelope-reporter-role").fill("missing children practitioner");
  await page.locator("#envelope-actor-id").fill("L20417");
  await page.locator("#envelope-reporter-call_back").fill("020 7946 0117");
  await page.locator("input[name='envelope.on_behalf_of']").first().check();
  await page.locator("input[name='envelope.lawful_basis']").first().check();
  await page.locator("#child-name").fill("Ella-Mae Fennimore");
  await page.locator("#child-date_of_birth").fill("2011-03-14");
  for (const area of ["missing_from", "lives_now", "responsible_authority"]) await page.locator(`#${area}`).fill("Lewisham");
  await page.locator("input[name='episode.kind']").first().check();
  await page.locator("#episode-returned").fill(plan.returned);
  await page.locator("#episode-outcome").selectOption("INTERVIEW_OUTCOME_COMPLETED");
  await page.locator("#interview-held_at").fill(plan.held);
}

async function council(script) {
  const page = await somebody("council", script);
  const look = async (name) => (script ? looked(page, name) : undefined);
  await go(page, "/");
  must((await text(page)).includes("to answer"), "what is asked comes first");
  await look("council-1-referrals");
  await page.getByRole("link", { name: "LEW-RHI-0117" }).first().click();
  await look("council-2-referral");
  await page.locator("textarea").first().fill("The 28th.");
  await page.locator("input[name=staff]").first().fill("L20417");
  await page.locator("input[name=job]").first().fill("practitioner");
  await press(page, "Send the answer");
  must((await text(page)).includes("Answered"), "answered");
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "Download the receipt" }).click()]);
  await download.saveAs(path.join(plan.out, "receipt.txt"));
  const [key] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "Download the ledger's public key" }).click()]);
  await key.saveAs(path.join(plan.out, "ledger-key.txt"));

  await go(page, "/refer");
  must((await text(page)).indexOf("Ring 999 first") >= 0, "999 comes first");
  await look("council-3-stop");
  await press(page, "Continue");
  must((await text(page)).includes("Something is not right yet"), "an answer is missing");
  await look("council-4-fault");
  await page.getByLabel("Yes, there is something to send").check();
  await press(page, "Continue");
  await filled(page);
  await look("council-5-child");
  await press(page, "Continue");
  await look("council-6-plan");
  await press(page, "Continue");
  await look("council-7-engage");
  await press(page, "Continue");
  await page.locator("#interview-account-first_account").fill("\"A man called Marcus Dray.\"");
  await press(page, "Add: person");
  await page.locator("#persons-0--name").fill("Marcus Dray");
  await page.locator("#persons-0--role").selectOption("PERSON_ROLE_SUSPECT");
  await page.locator("#persons-0--category").selectOption("DATA_SUBJECT_CATEGORY_SUSPECT");
  await look("council-8-account");
  await press(page, "Continue");
  await press(page, "Add: matter");
  await page.locator("input[name='items[0].kind']").first().check();
  await page.locator("#items-0--text").fill("Ella-Mae said that Marcus Dray rings her and took photos of her.");
  await page.locator("input[name='items[0].codes']").first().check();
  await page.locator("input[name='items[0].who']").first().check();
  await page.locator("#items-0--provenance-source_role").selectOption("SOURCE_ROLE_CHILD");
  await page.locator("#items-0--provenance-how_known").selectOption("HOW_KNOWN_EXPERIENCED");
  await look("council-9-clarify");
  await press(page, "Continue");
  await page.locator("input[name='answers.significant_harm_suspected']").first().check();
  await look("council-10-evaluate");
  await press(page, "Check it");
  must((await text(page)).includes("Who would get what"), `the preview: ${await text(page)}`);
  await look("council-11-check");
  await press(page, "Send it");
  must((await text(page)).includes("Sent."), `sent: ${await text(page)}`);
  await look("council-12-sent");
  await page.context().close();
}

/** A nil return by the keyboard alone. */
async function nil() {
  const page = await somebody("council");
  await go(page, "/refer");
  await tabTo(page, "input[name='answers.nil_intelligence']");
  await page.keyboard.press("ArrowDown");
  if (!(await page.locator("input[value=YES_NO_YES][name='answers.nil_intelligence']").isChecked())) await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#child-name");
  await filled(page);
  await tabTo(page, "button.main");
  await page.keyboard.press("Enter");
  await page.waitForSelector("text=Who would get what");
  await tabTo(page, "button.main");
  await page.keyboard.press("Enter");
  await page.waitForSelector("text=Sent.");
  await page.context().close();
}

/** What happens elsewhere is seen on a page that is open: a nil return comes in. */
async function live() {
  const page = await somebody("officer");
  await go(page, "/queues/MPU.SE");
  const above = await somebody("supervisor");
  await go(above, "/supervision");
  const waits = () => above.locator("[data-count='MPU.SE waiting']").innerText();
  const before = Number(await waits());
  await nil();
  await page.getByText("Something has changed in this queue").waitFor();
  for (let times = 0; times < 50 && Number(await waits()) === before; times += 1) await above.waitForTimeout(200);
  must(Number(await waits()) === before + 1, `the supervisor's count stands still at ${await waits()}`);
  must(/^(acknowledge|decide) (in \d|\d+ \w+ late)/.test(await page.locator("[data-due]").first().innerText()), "deadlines count down");
  await looked(page, "officer-6-changed");
  await above.context().close();
  await page.context().close();
}

async function above(script) {
  const hold = await somebody("resolver", script);
  const look = async (page, name) => (script ? looked(page, name) : undefined);
  await go(hold, "/queues/HOLD.human");
  if (script) await press(hold, "Take the most urgent");
  else await hold.getByRole("link", { name: "Go on with it" }).first().click();
  await look(hold, "hold-1-triage");
  const said = await text(hold);
  must(said.includes("Sent already") && said.indexOf("Held: ") < said.indexOf("Received"), "why it is held, and where it went, comes first");
  await hold.context().close();
  const page = await somebody("supervisor", script);
  await go(page, "/");
  await look(page, "supervisor-1-queues");
  await page.getByRole("link", { name: "MPU.SE" }).click();
  must((await text(page)).includes("Who holds what"), "who holds what");
  await look(page, "supervisor-2-queue");
  await page.context().close();
  for (const [who, pages] of [["admin", ["certificates", "approvals", "health"]], ["custodian", ["keys"]], ["policies", ["policies", "policies?check=true"]]]) {
    const desk = await somebody(who, script);
    for (const address of pages) {
      await go(desk, `/${address}`);
      must((await text(desk)).length > 20, `${address} is empty for ${who}`);
      await look(desk, `${who}-${address.replace(/\W/g, "-")}`);
    }
    await desk.context().close();
  }
}

/** Everything of an identity is revoked: what breaks is seen before, and its page ends. */
async function identity(script) {
  const who = script ? "colleague" : "resolver";
  const victim = await somebody(who, script);
  victim.removeAllListeners("console");
  await go(victim, "/");
  const admin = await somebody("admin", script);
  await go(admin, "/certificates");
  await admin.getByRole("link", { name: plan.identities[who], exact: true }).first().click();
  must((await text(admin)).includes("Certificates that end: 1"), "what ends is seen before it does");
  if (script) await looked(admin, "admin-revoke-identity");
  await admin.getByLabel("They may do this no longer").check();
  await press(admin, "Revoke all of it");
  must((await text(admin)).includes("Revoked."), "everything of theirs is revoked");
  const ends = await victim.reload({ timeout: 5000 }).then(() => text(victim).then((words) => words.includes("no longer good")), () => true);
  must(ends, "the page of a revoked identity goes on");
  await admin.context().close();
  await victim.context().close();
}

/** The certificate is revoked while its page is open: the page ends. */
async function revoked() {
  const victim = await somebody("officer");
  // The stylesheet is refused like everything else.
  victim.removeAllListeners("console");
  await go(victim, "/");
  const admin = await somebody("admin");
  await go(admin, `/certificates/${plan.serial}`);
  await looked(admin, "admin-revoke");
  await admin.locator("input[name=reason]").first().check();
  await press(admin, "Revoke it");
  must((await text(admin)).includes("Revoked."), "revoked");
  const ends = await victim.reload({ timeout: 5000 }).then(() => text(victim).then((words) => words.includes("no longer good")), () => true);
  must(ends, "the page of a revoked certificate goes on");
  await admin.context().close();
  await victim.context().close();
}

for (const [name, part] of Object.entries({
  officer: () => officer(true),
  "officer, no script": () => officer(false),
  council: () => council(true),
  "council, no script": () => council(false),
  "what happens meanwhile": live,
  above: () => above(true),
  "above, no script": () => above(false),
  identity: () => identity(true),
  "identity, no script": () => identity(false),
  revoked,
})) {
  const began = Date.now();
  try {
    await part();
  } catch (error) {
    wrong.push(`${name}: ${error.message}`);
  }
  console.log(`${name}: ${Date.now() - began} ms`);
}
await browser.close();
writeFileSync(path.join(plan.out, "seen.txt"), [...seen].join("\n"));
console.log(`${seen.size} pages`);
for (const one of wrong) console.log(`WRONG ${one}`);
process.exitCode = wrong.length === 0 ? 0 : 1;
