/** Criterion 3 of the issue: the panel, whatever browsers, providers and people do. */

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';

import { action, breakAtTheProvider, call, closed, connect, disconnect, INCIDENTS, isAtTheProvider, isWanted, opening, row, rowIs, signIn, want, window } from '../acts.mjs';
import { arrive, assertQuiet, atTheProvider, cancelAtTheProvider, home, launch } from '../people.mjs';
import { provider } from '../stack.mjs';

let browser;
let erin;

before(async () => {
  browser = await launch();
  erin = await arrive(browser, 'erin');
  await signIn(erin);
});

afterEach(async () => {
  await provider.rest();
  await call(erin, 'POST', `/v1/auth/mcp/${INCIDENTS.id}/disconnect`);
  await erin.page.goto(home);
  await rowIs(erin, INCIDENTS, 'disconnected');
});

after(() => browser?.close());

/** Presses one of the rare things in the row's details. */
async function inDetails(press) {
  const toggle = erin.page.getByTestId(`source-details-${INCIDENTS.id}`);
  if (await toggle.getAttribute('aria-expanded') === 'false') await toggle.click();
  return row(erin, INCIDENTS).getByRole('button', { name: press }).click();
}

/** The name of what has the focus in the page, whichever window the system has in front. */
const focused = () => erin.page.evaluate(() => document.activeElement.ariaLabel ?? document.activeElement.textContent);

/** Goes on from control to control until the one of this name has the focus. */
async function tabTo(name) {
  for (let steps = 0; steps < 60; steps += 1) {
    if (name.test(await focused())) return;
    await erin.page.keyboard.press('Tab');
  }
  assert.fail(`Tab never reached ${name}`);
}

describe('3. the panel shows Connect, Reconnect and Disconnect, and expired and error states', { concurrency: false }, () => {
  test('Connect, what was granted in the details, Disconnect after a question', async () => {
    await rowIs(erin, INCIDENTS, 'disconnected', /Not connected/);
    await connect(erin, INCIDENTS);
    assert.ok(await isWanted(erin, INCIDENTS), 'a source that was just connected is used');
    await erin.page.getByTestId(`source-details-${INCIDENTS.id}`).click();
    assert.match(await row(erin, INCIDENTS).innerText(), /incidents:read/);
    await erin.page.getByTestId(`source-disconnect-${INCIDENTS.id}`).click();
    assert.equal(await focused(), 'Keep connected', 'the safe choice has the focus');
    await erin.page.keyboard.press('Escape');
    await rowIs(erin, INCIDENTS, 'connected');
    await erin.page.getByTestId(`source-details-${INCIDENTS.id}`).click();
    await disconnect(erin, INCIDENTS);
    assert.ok(!await isWanted(erin, INCIDENTS), 'a source that was just disconnected is not used');
  });

  test('a window that the browser refuses becomes a link, and the link leads to connected', async () => {
    await erin.page.evaluate(() => { window.open = () => null; });
    await action(erin, INCIDENTS).click();
    await rowIs(erin, INCIDENTS, 'popup_blocked', /Your browser blocked the sign-in window/);
    const link = erin.page.getByTestId(`popup-blocked-${INCIDENTS.id}`).getByRole('link', { name: /Open Team Incidents sign-in/ });
    const opened = await opening(erin, () => link.click());
    await atTheProvider(opened, erin.name);
    await rowIs(erin, INCIDENTS, 'connected');
    await closed(opened);
  });

  test('cancelling closes the window and leaves everything as it was', async () => {
    const opened = await window(erin, INCIDENTS);
    await isAtTheProvider(opened);
    await rowIs(erin, INCIDENTS, 'connecting', /Waiting for sign-in/);
    await action(erin, INCIDENTS).click();
    await rowIs(erin, INCIDENTS, 'disconnected', /Not connected/);
    await closed(opened);
  });

  test('a page that is loaded again while it waits goes on waiting, and hears the end', async () => {
    const opened = await window(erin, INCIDENTS);
    await rowIs(erin, INCIDENTS, 'connecting');
    await erin.page.reload();
    await rowIs(erin, INCIDENTS, 'connecting', /Waiting for sign-in/);
    await atTheProvider(opened, erin.name);
    await rowIs(erin, INCIDENTS, 'connected');
    await closed(opened);
  });

  test('two tabs follow each other', async () => {
    const other = { ...erin, page: await erin.context.newPage() };
    await other.page.goto(home);
    await rowIs(other, INCIDENTS, 'disconnected');
    await connect(erin, INCIDENTS);
    await rowIs(other, INCIDENTS, 'connected');
    await disconnect(other, INCIDENTS);
    await rowIs(erin, INCIDENTS, 'disconnected');
    await other.page.close();
  });

  test('a sign-in that expired is told, and Reconnect keeps the selection', async () => {
    await provider.set({ access_token_seconds: 2, refresh_tokens: false });
    const opened = await window(erin, INCIDENTS);
    await atTheProvider(opened, erin.name);
    await closed(opened);
    await provider.rest();
    await erin.page.locator(`[data-testid=source-row-${INCIDENTS.id}]:is([data-state=expiring_soon], [data-state=expired])`).waitFor();
    // The service says so as soon as it is so; the page asks when it is loaded.
    await erin.page.waitForFunction(async (id) => {
      const sources = await (await fetch('/v1/data_sources')).json();
      return sources.find((source) => source.id === id).per_user_auth.status === 'expired';
    }, INCIDENTS.id);
    await erin.page.reload();
    await rowIs(erin, INCIDENTS, 'expired', /Sign-in expired/);
    assert.ok(await isWanted(erin, INCIDENTS));
    await connect(erin, INCIDENTS, 'Reconnect');
    assert.ok(await isWanted(erin, INCIDENTS), 'the selection is as it was');
  });

  for (const isOn of [true, false]) {
    test(`a broken connection leaves the switch ${isOn ? 'on' : 'off'}, and so does Reconnect while it waits`, async () => {
      await connect(erin, INCIDENTS);
      await want(erin, INCIDENTS, isOn);
      await breakAtTheProvider(erin, INCIDENTS);
      await erin.page.reload();
      await rowIs(erin, INCIDENTS, 'error.revoked', /Access was removed/);
      assert.equal(await isWanted(erin, INCIDENTS), isOn);
      const opened = await window(erin, INCIDENTS, 'Reconnect');
      await rowIs(erin, INCIDENTS, 'connecting');
      assert.equal(await isWanted(erin, INCIDENTS), isOn);
      await atTheProvider(opened, erin.name);
      await rowIs(erin, INCIDENTS, 'connected');
      await closed(opened);
    });
  }

  test('saying no at the first Connect is told as a choice and saves nothing', async () => {
    const opened = await window(erin, INCIDENTS);
    await cancelAtTheProvider(opened);
    await opened.getByRole('heading', { name: 'Nothing was connected' }).waitFor();
    await rowIs(erin, INCIDENTS, 'error.consent_denied', /You chose not to allow access\. Nothing was saved\./);
    await opened.close();
  });

  test('saying no at another account keeps the old connection and says so', async () => {
    await connect(erin, INCIDENTS);
    const opened = await opening(erin, () => inDetails(/Use a different account/));
    await cancelAtTheProvider(opened);
    await opened.getByRole('heading', { name: 'Nothing was connected' }).waitFor();
    await rowIs(erin, INCIDENTS, 'connected', /You chose not to allow access\. Nothing was changed\./);
    await opened.close();
  });

  test('a provider that cuts its pages off from our window hinders nothing', async () => {
    await provider.set({ opener_cut: true });
    const opened = await window(erin, INCIDENTS);
    await isAtTheProvider(opened);
    assert.equal(await opened.evaluate(() => globalThis.opener), null, 'the opener is really cut off');
    await rowIs(erin, INCIDENTS, 'connecting');
    await atTheProvider(opened, erin.name);
    await rowIs(erin, INCIDENTS, 'connected');
    if (!opened.isClosed()) await opened.close();
  });

  test('the keyboard alone connects, looks and disconnects', async () => {
    const { keyboard } = erin.page;
    // Where it is not on, the banner has nothing to say, and the row's own button comes first.
    await want(erin, INCIDENTS, false);
    await tabTo(/^Connect Team Incidents$/);
    const opened = await opening(erin, () => keyboard.press('Enter'));
    await rowIs(erin, INCIDENTS, 'connecting');
    assert.match(await focused(), /^Cancel/, 'the same button calls it off');
    await opened.locator('button[autofocus]').waitFor();
    await opened.keyboard.press('Enter');
    await atTheProvider(opened, erin.name);
    await rowIs(erin, INCIDENTS, 'connected');
    await closed(opened);
    await tabTo(/^Details, Team Incidents$/);
    await keyboard.press('Enter');
    await tabTo(/^Disconnect Team Incidents$/);
    await keyboard.press('Enter');
    await erin.page.getByTestId('confirm-disconnect').waitFor();
    assert.equal(await focused(), 'Keep connected');
    await keyboard.press('Tab');
    await keyboard.press('Enter');
    await rowIs(erin, INCIDENTS, 'disconnected');
  });

  test('Connect in the banner goes away with the click, and the focus stays near', async () => {
    await want(erin, INCIDENTS);
    const banner = erin.page.getByTestId('banner');
    await banner.getByRole('button', { name: 'Connect Team Incidents' }).focus();
    const opened = await opening(erin, () => erin.page.keyboard.press('Enter'));
    await rowIs(erin, INCIDENTS, 'connecting');
    assert.equal(await focused(), 'Details, Team Incidents');
    await isAtTheProvider(opened);
    await action(erin, INCIDENTS).click();
    await closed(opened);
  });

  test('nothing came up in any window', () => assertQuiet(erin));
});
