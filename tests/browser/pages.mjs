// A browser at the pages: what an officer, a colleague, a council, whoever settles HOLD, a supervisor and administrators do there, with and without script.
// Every page is judged by axe-core, at 1280, 390 and 320 pixels, and kept as a picture. Ends with 1 and the words of what was wrong.
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
  // A policy is proved meanwhile, by a build that is not optimised.
  context.setDefaultTimeout(60000);
  const page = await context.newPage();
  page.on("console", (message) => must(message.type() !== "error" || message.text().includes("status of"), `${name}: the browser complains: ${message.text()}`));
  page.on("request", (request) => must(request.url().startsWith(plan.url), `${name}: a page asks elsewhere`));
  return page;
}

/** Judges the page that is open, and keeps its picture. */
async function looked(page, name) {
  seen.add(name);
  // What is folded is judged too, and folded again.
  const unfold = () => {
    for (const one of document.querySelectorAll("details:not([open])")) {
      one.open = true;
      one.dataset.unfolded = "";
    }
  };
  await page.evaluate(unfold);
  await page.evaluate(axe);
  const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  for (const one of found.violations) {
    wrong.push(`${name}: axe ${one.id}: ${one.help}: ${one.nodes.slice(0, 3).map((node) => node.html).join(" | ")}`);
  }
  for (const width of [320, 390, 1280]) {
    await page.setViewportSize({ width, height: 900 });
    if (width === 390) await page.evaluate(() => document.querySelectorAll("[data-unfolded]").forEach((one) => one.removeAttribute("open")));
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    must(wide <= 0, `${name}: ${wide} pixels too wide at ${width}`);
    if (width > 320) await page.screenshot({ path: path.join(plan.out, `${name}-${width}.png`), fullPage: true });
  }
}

/** Keeps the page as it is on paper, and what has to stand there. */
async function printed(page, name) {
  await page.pdf({ path: path.join(plan.out, `${name}.pdf`), format: "A4" });
  writeFileSync(path.join(plan.out, `${name}.txt`), (await page.locator("article dd, section.versions p, p.caveat").allInnerTexts()).join("\n"));
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
  if (script) await printed(page, "opened");
  const colleague = await somebody("colleague", script);
  await colleague.goto(address);
  must(!(await text(colleague)).includes("Fennimore"), "a colleague of another unit sees nothing");
  if (script) await looked(colleague, "colleague-not-yours");
  await colleague.context().close();
  await page.goto(address);
  await page.locator("summary", { hasText: "Ask the sender" }).click();
  await page.locator("#text-ask").fill("Can the worker find out where he lives?");
  await press(page, "Ask the sender");
  must((await page.locator("#text-ask").inputValue()).includes("where he lives") && (await page.locator("#text-ask").isVisible()), "what was refused is still written there");
  await look("officer-4-refused");
  await page.locator("#text-ask").fill("Which Saturday was meant?");
  await press(page, "Ask the sender");
  await page.locator("summary", { hasText: "Complete it" }).click();
  await page.locator("input[name=code]").first().check();
  await press(page, "Complete it");
  must((await text(page)).includes("Completed."), `completed: ${await text(page)}`);
  await page.goBack();
  await page.reload();
  must((await text(page)).includes("You no longer hold this delivery"), "the back button says that it is over");
  must((await text(page)).includes("Your first page"), "and where to go on");
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
  if (script) {
    const so = page.locator("#preview");
    await so.getByText("Who would get what").waitFor();
    await so.locator("strong", { hasText: "Police" }).first().waitFor({ state: "attached" });
    await page.locator("#items-0--text").fill("");
    await so.getByText("There is a preview once this is right").waitFor();
    await page.locator("#items-0--text").fill("Ella-Mae said that Marcus Dray rings her and took photos of her.");
    await so.getByText("Who would get what").waitFor();
  } else {
    must(!(await page.locator("#preview").isVisible()), "without script there is no preview to wait for");
  }
  await look("council-9-clarify");
  await press(page, "Continue");
  await page.locator("input[name='answers.significant_harm_suspected']").first().check();
  await look("council-10-evaluate");
  await press(page, "Check it");
  must((await text(page)).includes("Who would get what"), `the preview: ${await text(page)}`);
  await look("council-11-check");
  if (script) await printed(page, "preview");
  await press(page, "Send it");
  must((await text(page)).includes("Sent."), `sent: ${await text(page)}`);
  await look("council-12-sent");
  await page.context().close();
}

/** Types into the field that is reached by the Tab key. */
async function type(page, selector, words) {
  await tabTo(page, selector);
  await page.keyboard.type(words);
}

/** Chooses the first of a few, or the one with these letters in a list. */
async function choose(page, selector, letters) {
  await tabTo(page, selector);
  if (letters) await page.keyboard.type(letters);
  else await page.keyboard.press("Space");
}

/** A nil return by the keyboard alone: nothing is clicked or filled in by another way. */
async function nil() {
  const page = await somebody("council");
  await go(page, "/refer");
  await tabTo(page, "input[name='answers.nil_intelligence']");
  // The first arrow chooses the second answer, as nothing was chosen; in some browsers the first.
  await page.keyboard.press("ArrowDown");
  if (!(await page.locator("input[value=YES_NO_YES][name='answers.nil_intelligence']").isChecked())) await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#child-name");
  await choose(page, "input[name='envelope.on_behalf_of']");
  await type(page, "#envelope-reporter-name", "Priya Castellane");
  await type(page, "#envelope-reporter-role", "practitioner");
  await type(page, "#envelope-actor-id", "L20417");
  await type(page, "#envelope-reporter-call_back", "020 7946 0117");
  await choose(page, "input[name='envelope.lawful_basis']");
  await type(page, "#child-name", "Ella-Mae Fennimore");
  await type(page, "#child-age", "15");
  for (const area of ["missing_from", "lives_now", "responsible_authority"]) await type(page, `#${area}`, "Lewisham");
  await choose(page, "input[name='episode.kind']");
  // The 11th of the 11th, at twelve: the same whichever way round the browser's language has it.
  await tabTo(page, "#episode-returned");
  await page.keyboard.type("11112026");
  await page.keyboard.press("Tab");
  await page.keyboard.type("1200P");
  await choose(page, "#episode-outcome", "Declined by the child");
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

/** Whether a page that is asked for again is shown no more: told so, or nothing comes at all. */
const over = (page) => page.reload({ timeout: 5000 }).then(() => page.content()).then((shown) => shown.includes("no longer good") || !shown.includes("<main"), () => true);

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
  const ends = await over(victim);
  must(ends, "the page of a revoked identity goes on");
  await admin.context().close();
  await victim.context().close();
}

/** What is answered before anything else, and the source side: a notice, an offer, and who said it. */
async function rare() {
  const front = await somebody("mash");
  await go(front, "/queues/MASH.E09000023");
  await press(front, "Take the most urgent");
  must((await text(front)).includes("recalled by the sender"), `a notice: ${await text(front)}`);
  await looked(front, "mash-1-notice");
  await press(front, "Acknowledge it");
  must((await text(front)).includes("Acknowledged"), "acknowledged");
  await looked(front, "mash-2-acknowledged");
  await front.context().close();
  const there = await somebody("colleague");
  await go(there, "/queues/MPU.NE");
  await press(there, "Take the most urgent");
  must((await text(there)).includes("Accept it"), `an offer: ${await text(there)}`);
  await looked(there, "colleague-offer");
  await there.context().close();
  const source = await somebody("intelligence");
  await go(source, "/queues/REFDESK.SE");
  await press(source, "Take the most urgent");
  await source.locator("summary", { hasText: "Who said it" }).first().click();
  await source.locator("details[open] input[name=reason]").first().fill("To grade it.");
  await source.locator("details[open] button").first().click();
  must((await text(source)).includes("how known"), `the source side: ${await text(source)}`);
  await looked(source, "intelligence-source");
  await source.context().close();
}

/** The certificate is revoked while a page with content is open: it leaves the screen by itself. */
async function revoked() {
  const victim = await somebody("officer");
  // What is asked for after that is refused, and the browser says so.
  victim.removeAllListeners("console");
  await go(victim, "/queues/MPU.SE");
  await press(victim, "Take the most urgent");
  await press(victim, "Open it");
  must((await text(victim)).includes("Fennimore"), "something is open");
  const admin = await somebody("admin");
  await go(admin, `/certificates/${plan.serial}`);
  await looked(admin, "admin-revoke");
  await admin.locator("input[name=reason]").first().check();
  await press(admin, "Revoke it");
  must((await text(admin)).includes("Revoked."), "revoked");
  await victim.getByText("Your access has ended").waitFor();
  must(!(await victim.content()).includes("Fennimore"), "what stood there is there still");
  await looked(victim, "officer-7-ended");
  const ends = await over(victim);
  must(ends, "the page of a revoked certificate goes on");
  await admin.context().close();
  await victim.context().close();
}

/** Nobody is there any more: the page says since when, and goes on where it was once somebody is. */
async function stopped() {
  const page = await somebody("supervisor");
  page.removeAllListeners("console");
  await go(page, "/supervision");
  await page.waitForTimeout(1500);
  must((await page.locator("#connection").innerText()) === "", "it is connected");
  console.log("STOP");
  await page.getByText(/^No connection since \d\d:\d\d\. What you see may be old\.$/).waitFor({ timeout: 30000 });
  await looked(page, "supervisor-3-alone");
  await page.context().close();
}

for (const [name, part] of Object.entries({
  // Before anything else waits in those queues.
  "rare pages": rare,
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
  stopped,
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
