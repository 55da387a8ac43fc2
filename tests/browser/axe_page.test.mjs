/** The page as it is served: readable by everybody in each state a person passes through, and honest about windows. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { assertAccessible, assertNothingSticksOut } from './examine.mjs';
import { LOOKS } from './gallery.mjs';
import { arrive, atTheProvider, home, launch } from './people.mjs';

const NAME = 'Team Incidents';
let browser;
let alice;
let page;

before(async () => {
  browser = await launch();
  alice = await arrive(browser, 'alice');
  page = alice.page;
});

after(() => browser?.close());

const row = (tab = page) => tab.getByTestId('source-row-incidents');
const rowIs = (state, tab = page) => tab.locator(`[data-testid=source-row-incidents][data-state="${state}"]`).waitFor();

/** Examines what is on a page in every look, and leaves it as it was. */
async function examine(where, tab = page) {
  for (const { look, colorScheme, width } of LOOKS) {
    await tab.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await tab.setViewportSize({ width, height: 800 });
    await assertAccessible(tab, `${where}, ${look}`);
    await assertNothingSticksOut(tab, `${where}, ${look}`);
  }
  for (const width of [600, 320, 280]) {
    await tab.setViewportSize({ width, height: 800 });
    await assertNothingSticksOut(tab, `${where}, ${width} pixels`);
  }
  await tab.setViewportSize({ width: 1200, height: 800 });
}

async function signIn() {
  await page.goto(home);
  await page.getByTestId('sign-in').click();
  await atTheProvider(page, 'alice');
  await rowIs('disconnected');
}

/** From here on, and until the page is loaded again, the browser refuses every window. */
const refuseWindows = () => page.evaluate(() => {
  window.allowed = window.open;
  window.open = () => null;
});

/** Opens or closes the details, unless they are. */
async function details(wanted) {
  const toggle = page.getByTestId('source-details-incidents');
  if (await toggle.getAttribute('aria-expanded') !== String(wanted)) await toggle.click();
}

const disconnect = async () => {
  await details(true);
  await page.getByTestId('source-disconnect-incidents').click();
  await page.getByTestId('confirm-disconnect').getByRole('button', { name: 'Disconnect' }).click();
  await rowIs('disconnected');
};

describe('the page in front of a person', { concurrency: false }, () => {
  test('before signing in', async () => {
    await page.goto(home);
    await page.getByTestId('sign-in').waitFor();
    await examine('welcome');
  });

  test('signed in, with nothing connected', async () => {
    await signIn();
    await examine('nothing connected');
  });

  test('a refused window offers a link in its place, with the focus on it; the second one brings the banner', async () => {
    await refuseWindows();
    await row().getByRole('button', { name: `Connect ${NAME}` }).click();
    await page.getByTestId('popup-blocked-incidents').waitFor();
    const focused = await page.evaluate(() => document.activeElement.textContent);
    assert.match(focused, new RegExp(`^Open ${NAME} sign-in`));
    assert.match(await page.getByTestId('live-assertive').innerText(), /blocked the sign-in window/);
    await row().getByRole('button', { name: `Cancel sign-in to ${NAME}` }).click();
    await row().getByRole('button', { name: `Connect ${NAME}` }).click();
    await page.locator('[data-testid=banner][data-kind=popups_off]').waitFor();
    await examine('windows refused');
  });

  test('the link is followed, the page is loaded again meanwhile, and the sign-in still ends here', async () => {
    const opened = page.waitForEvent('popup');
    await page.getByRole('link', { name: `Open ${NAME} sign-in` }).click();
    const window = await opened;
    await window.locator('input[name=login], button').first().waitFor();
    await rowIs('connecting');
    await examine('a sign-in under way');
    await page.reload();
    await rowIs('connecting');
    await atTheProvider(window, 'alice');
    await rowIs('connected');
  });

  test('connected, with the details open and while it is asked about disconnecting', async () => {
    await details(true);
    await examine('details');
    await page.getByTestId('source-disconnect-incidents').click();
    const focused = await page.evaluate(() => document.activeElement.textContent);
    assert.equal(focused, 'Keep connected');
    await examine('confirmation');
    await page.keyboard.press('Escape');
    await page.getByTestId('confirm-disconnect').waitFor({ state: 'detached' });
    assert.equal(await page.getByTestId('source-details-incidents').getAttribute('aria-expanded'), 'true');
    await details(false);
  });

  test('what one tab does, another tab follows', async () => {
    const other = await alice.context.newPage();
    await other.goto(home);
    await rowIs('connected', other);
    await disconnect();
    await rowIs('disconnected', other);
    const opened = page.waitForEvent('popup');
    await row().getByRole('button', { name: `Connect ${NAME}` }).click();
    await atTheProvider(await opened, 'alice');
    await rowIs('connected');
    await rowIs('connected', other);
    await other.close();
    await disconnect();
  });

  test('a source that is wanted and not connected keeps the question, and says so', async () => {
    const control = page.getByTestId('source-switch-incidents');
    if (await control.getAttribute('aria-checked') === 'false') await control.click();
    await page.locator('[data-testid=banner][data-kind=needs_you]').waitFor();
    await page.getByTestId('composer').fill('Which of my incidents are open?');
    await page.getByTestId('send').click({ force: true });
    await page.getByTestId('blocker').waitFor();
    await examine('blocker');
    await control.click();
    await page.getByTestId('composer').fill('');
  });

  test('nothing in a console, but that nobody knew the sign-ins whose windows were refused', () => {
    const unknown = /status of 404 .*\/v1\/auth\/mcp\/incidents\/(status\?flow=|flows\/)/;
    assert.deepEqual(alice.trouble.filter((line) => !unknown.test(line)), []);
  });
});
