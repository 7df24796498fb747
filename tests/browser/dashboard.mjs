// What a person sees of `tidemill serve` in a real browser. Usage: dashboard.mjs ADDRESS SCENE FOLDER, with a scene of this
// file; screenshots go to the folder. Prints what is wrong, a line each, and ends with 1 when anything is.
import {readFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {chromium} from 'playwright-core';

const [address, scene, folder] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const PAGES = ['/', '/jobs', '/runs', '/run?id=1', '/tables', '/tables?job=good', '/clusters', '/cost', '/cost?by=day', '/advice'];
const wrong = [];
const check = (good, words) => { if (!good) wrong.push(words); };

const browser = await chromium.launch({executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']});

async function open(path, options = {}) {
  // bypassCSP is for axe alone, which is put into the page.
  const context = await browser.newContext({viewport: {width: 1280, height: 900}, ...options});
  const page = await context.newPage();
  page.on('pageerror', (error) => wrong.push(`${path}: ${error.message}`));
  page.on('console', (message) => { if (message.type() === 'error') wrong.push(`${path}: console: ${message.text()}`); });
  page.on('request', (request) => check(new URL(request.url()).origin === address, `${path}: asks ${request.url()}`));
  page.on('dialog', (dialog) => { wrong.push(`${path}: a dialog says ${dialog.message()}`); dialog.dismiss(); });
  await page.goto(address + path);
  await page.waitForFunction(() => document.getElementById('now').textContent !== 'loading');
  return page;
}
const status = (page) => page.locator('#now').textContent();
const shot = (page, name) => page.screenshot({path: `${folder}/${name}.png`, fullPage: true});

const scenes = {
  // Every page: drawn, no request elsewhere, usable by keyboard and screen reader, light and dark, phone and wide.
  async pages() {
    for (const path of PAGES) {
      for (const [name, options] of [['light', {}], ['dark', {colorScheme: 'dark'}], ['phone', {viewport: {width: 375, height: 800}}]]) {
        const page = await open(path, {...options, bypassCSP: true});
        check(!(await status(page)).startsWith('no answer'), `${path}: ${await status(page)}`);
        check(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), `${path}: wider than a ${name} screen`);
        await page.evaluate(axe);
        const {violations} = await page.evaluate(() => axe.run());
        for (const v of violations) wrong.push(`${path} ${name}: ${v.id}: ${v.help}: ${v.nodes[0].html.slice(0, 120)}`);
        await shot(page, `${path.replace(/\W+/g, '_')}_${name}`);
        await page.context().close();
      }
    }
    const page = await open('/');
    await page.keyboard.press('Tab');
    check(await page.evaluate(() => document.activeElement.className) === 'skip', 'the first Tab does not reach the way to the content');
  },

  // What is chosen is in the address, and an address chooses.
  async filters() {
    const page = await open('/runs');
    await page.getByLabel('Outcome').selectOption('checks_failed');
    await page.waitForURL('**/runs?outcome=checks_failed');
    await page.waitForFunction(() => [...document.querySelectorAll('.outcome')].every((o) => o.textContent === 'checks failed'));
    check(await page.locator('tbody tr').count() >= 1, 'no failed check is shown');
    const again = await open('/runs?job=good');
    check(await again.getByLabel('Job').inputValue() === 'good', 'the address does not fill the filter');
    check(await again.locator('tbody tr').count() >= 1, 'no run of the job is shown');
    check((await again.locator('tbody tr td:nth-child(3)').allTextContents()).every((job) => job === 'good'), 'runs of other jobs are shown');
  },

  // A run that is going on: its page follows it to its end without being asked for again.
  async live() {
    const page = await open('/runs?outcome=running');
    await page.waitForSelector('tbody tr a');
    await shot(page, 'running');
    await page.locator('tbody tr a').first().click();
    await page.waitForFunction(() => /: running$/.test(document.getElementById('now').textContent));
    await page.waitForSelector('meter', {timeout: 120000});
    await shot(page, 'live');
    await page.waitForFunction(() => /: committed$/.test(document.getElementById('now').textContent), null, {timeout: 180000});
    check(await page.locator('meter').count() === 0, 'a run that is over has a bar');
    await shot(page, 'ended');
  },

  async failed_check() {
    const page = await open('/runs?outcome=checks_failed');
    await page.locator('tbody tr a').first().click();
    await page.waitForSelector('.is-failed');
    check((await page.locator('#checks ~ *').first().textContent()).includes('never'), 'the check is not named');
    await shot(page, 'failed_check');
  },

  // Pausing by the button, and resuming.
  async pause() {
    const page = await open('/jobs');
    await page.getByRole('button', {name: 'Pause good'}).click();
    await page.waitForSelector('button[aria-label="Resume good"]');
    await page.getByRole('button', {name: 'Resume good'}).click();
    await page.waitForSelector('button[aria-label="Pause good"]');
  },

  // What jobs say is text, on every page.
  async text() {
    for (const path of ['/', '/jobs', '/runs', '/run?id=1', '/run?id=2', '/run?id=3', '/cost?by=tag', '/tables', '/advice', '/clusters']) {
      const page = await open(path);
      await page.waitForTimeout(300);
      check(await page.evaluate(() => window.hit === undefined && document.querySelector('main img, main script, main iframe, main [onerror], main [onload]') === null), `${path}: a job's text became HTML`);
      await page.context().close();
    }
    const page = await open('/runs');
    check((await page.locator('main').textContent()).includes('<img src=x onerror=window.hit=1>'), 'the payload is not shown at all');
  },
};

await scenes[scene]();
await browser.close();
for (const line of wrong) console.log(line);
process.exit(wrong.length ? 1 : 0);
