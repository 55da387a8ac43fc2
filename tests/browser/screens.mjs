/** `cargo xtask screens`: photographs every page and state into `docs/screens`, in light, dark and narrow. */

import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { LOOKS, pages, serve } from './gallery.mjs';
import { arrive, atTheProvider, home, launch } from './people.mjs';

const FOLDER = fileURLToPath(new URL('../../docs/screens/', import.meta.url));
/** `[file, title, [look]]` in the order of the index. */
const taken = [];

/** Photographs a whole page, small enough to be kept with the sources. */
async function photograph(page, file, look) {
  const browser = await page.context().newCDPSession(page);
  const { cssContentSize: { width, height } } = await browser.send('Page.getLayoutMetrics');
  const clip = { x: 0, y: 0, width, height, scale: 1 };
  const { data } = await browser.send('Page.captureScreenshot', { format: 'webp', quality: 82, captureBeyondViewport: true, clip });
  await writeFile(join(FOLDER, `${file}.${look}.webp`), Buffer.from(data, 'base64'));
  await browser.detach();
}

/** Every component in every state. */
async function components(browser) {
  const gallery = await serve();
  const all = await pages();
  for (const { look, colorScheme, width } of LOOKS) {
    const context = await browser.newContext({ colorScheme, viewport: { width, height: 400 }, reducedMotion: 'reduce' });
    const page = await context.newPage();
    for (const [file] of all) {
      await page.goto(`${gallery.address}/${file}.html`);
      await photograph(page, file, look);
    }
    await context.close();
  }
  gallery.end();
  taken.push(...all);
}

/** How large a sign-in window is opened. */
const WINDOW = { width: 520, height: 720 };

/** Photographs what is on a real page, in every look, without leaving it. */
async function everyLook(page, file, title, size = { width: 1200, height: 760 }) {
  for (const { look, colorScheme, width } of LOOKS) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await page.setViewportSize(width < 400 ? { width, height: 640 } : size);
    await photograph(page, file, look);
  }
  await page.setViewportSize(size);
  taken.push([file, title]);
}

/** The pages of a running service, as a person meets them. */
async function journey(browser) {
  const person = await arrive(browser, 'alice');
  const { page, context } = person;
  // Windows that close themselves are kept open for their picture.
  await context.addInitScript(() => { window.close = () => {}; });
  await page.goto(home);
  await page.getByTestId('sign-in').waitFor();
  await everyLook(page, '50-welcome', 'Service: nobody is signed in');

  const launchUrl = `${home}/v1/auth/mcp/incidents/connect?flow=${crypto.randomUUID()}&intent=reconnect`;
  const window = await context.newPage();
  await window.goto(launchUrl);
  await everyLook(window, '60-window-sign-in-first', 'Window: a link, followed before signing in', WINDOW);

  await page.getByTestId('sign-in').click();
  await atTheProvider(page, 'alice');
  await page.getByTestId('source-row-incidents').waitFor();
  await everyLook(page, '51-signed-in', 'Service: signed in, nothing connected');

  await window.goto(launchUrl);
  await everyLook(window, '61-window-confirm', 'Window: a link that was followed from elsewhere', WINDOW);
  await window.goto(`${home}/v1/auth/mcp/handbook/connect`);
  await everyLook(window, '62-window-nothing-to-connect', 'Window: a source that needs no account', WINDOW);
  await window.goto(`${home}/v1/auth/mcp/incidents/connect?flow=none`);
  await everyLook(window, '63-window-link-incomplete', 'Window: half a link', WINDOW);
  await window.goto(`${home}/v1/auth/mcp/incidents/callback?state=unknown&code=unknown`);
  await everyLook(window, '64-window-link-over', 'Window: a link that is no longer valid', WINDOW);
  await window.close();

  await denied(page);
  await connected(page);
  await asked(page);
  await context.close();
}

async function openWindow(page, name) {
  const opened = page.waitForEvent('popup');
  await page.getByTestId('source-row-incidents').getByRole('button', { name }).click();
  return opened;
}

async function denied(page) {
  const window = await openWindow(page, /^Connect/);
  await window.locator('input[name=login], button').first().waitFor();
  await everyLook(page, '52-waiting-for-sign-in', 'Service: a sign-in is under way');
  // The provider's own "no" is a link on its page.
  const no = window.getByRole('link', { name: /cancel/i });
  if (await no.count()) {
    await no.click();
    await window.waitForURL(`${home}/**`);
    await everyLook(window, '65-window-denied', 'Window: the person said no', WINDOW);
    await page.locator('[data-testid=source-row-incidents][data-state="error.consent_denied"]').waitFor();
    await everyLook(page, '53-denied', 'Service: the person said no');
  } else {
    await page.getByTestId('source-action-incidents').click();
  }
  await closeIt(window);
}

async function connected(page) {
  const window = await openWindow(page, /^Connect/);
  await atTheProvider(window, 'alice');
  await window.waitForURL(`${home}/**`);
  await everyLook(window, '66-window-connected', 'Window: connected', WINDOW);
  await closeIt(window);
  await page.locator('[data-testid=source-row-incidents][data-state=connected]').waitFor();
  await page.getByTestId('source-details-incidents').click();
  await everyLook(page, '54-connected', 'Service: connected, with its details');
  await page.getByTestId('source-details-incidents').click();
}

async function asked(page) {
  await page.getByTestId('composer').fill('Which of my incidents are open?');
  await page.getByTestId('send').click();
  await page.getByTestId('job-report').waitFor({ timeout: 90_000 });
  await everyLook(page, '55-answered', 'Service: a question and its answer');
  await page.getByTestId('source-details-incidents').click();
  await page.getByTestId('source-disconnect-incidents').click();
  await page.getByTestId('confirm-disconnect').getByRole('button', { name: 'Disconnect' }).click();
  await page.locator('[data-testid=source-row-incidents][data-state=disconnected]').waitFor();
  await page.getByTestId('source-switch-incidents').click();
  await page.getByTestId('composer').fill('And which of them are mine alone?');
  await page.getByTestId('send').click({ force: true });
  await page.getByTestId('blocker').waitFor();
  await everyLook(page, '56-blocked', 'Service: a source keeps the question from being sent');
}

/** `window.close` of the page is switched off here, so the browser closes it. */
async function closeIt(window) {
  if (!window.isClosed()) await window.close();
}

async function index() {
  const looks = LOOKS.map(({ look }) => look);
  const lines = [
    '# Screens', '',
    'Every page and state, photographed by `cargo xtask screens` from the gallery of components (times and names are samples)',
    'and from a running demo. Do not edit by hand.', '',
  ];
  for (const [file, title] of taken.sort()) {
    lines.push(`## ${title}`, '', looks.map((look) => `[${look}](${file}.${look}.webp)`).join(' · '), '');
    lines.push(`![${title}](${file}.light.webp)`, '');
  }
  await writeFile(join(FOLDER, 'README.md'), lines.join('\n'));
}

await mkdir(FOLDER, { recursive: true });
for (const name of await readdir(FOLDER)) if (name.endsWith('.webp')) await rm(join(FOLDER, name));
const browser = await launch();
try {
  await components(browser);
  await journey(browser);
  await index();
} finally {
  await browser.close();
}
