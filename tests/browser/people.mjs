/** People of the demo, each in a browser context of their own, and everything that must not happen to them. */

import assert from 'node:assert/strict';

import { chromium } from 'playwright-core';

import { home, setting } from './stack.mjs';

export { home };

const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
];

/** The real browser, with real windows. */
export function launch() {
  return chromium.launch({ executablePath: setting('AIQ_E2E_CHROMIUM'), args: FLAGS });
}

/**
 * A new context, whose every window is listened to. `trouble` collects what a console would show; what a test means to
 * provoke is announced with `expectRefusal` and left out, once for each time.
 */
export async function arrive(browser, name, options = {}) {
  const context = await browser.newContext(options);
  const trouble = [];
  const refusals = [];
  const note = (text) => trouble.push(`${name}: ${text}`);
  await context.exposeFunction('reportViolation', (text) => note(`policy violation: ${text}`));
  await context.addInitScript(() => {
    addEventListener('securitypolicyviolation', (event) => {
      window.reportViolation(`${event.violatedDirective} ${event.blockedURI} at ${location.origin}${location.pathname}`);
    });
  });
  context.on('console', (message) => {
    if (message.type() !== 'error') return;
    const { url } = message.location();
    const expected = refusals.findIndex(({ status, path }) =>
      message.text().includes(`responded with a status of ${status} `) && new URL(url).pathname === path);
    if (expected >= 0) refusals.splice(expected, 1);
    else note(`console error: ${message.text()} (${url})`);
  });
  context.on('weberror', (error) => note(`page error: ${error.error().message}`));
  context.setDefaultTimeout(30_000);
  const person = { name, context, trouble, refusals, page: await context.newPage() };
  /** Chromium writes every answer from 400 on to the console; this one is meant. */
  person.expectRefusal = (status, path) => refusals.push({ status, path });
  return person;
}

/** Fails when anything came up in anybody's windows, or an announced refusal did not. */
export function assertQuiet(...people) {
  assert.deepEqual(people.flatMap(({ trouble }) => trouble), [], 'nothing came up in any window');
  assert.deepEqual(people.flatMap(({ refusals }) => refusals), [], 'every refusal that was announced came');
}

/** Whether a window is back from the provider, at whichever process of ours. */
const isOurs = (url) => [home, setting('AIQ_E2E_REPLICA_URL')].includes(new URL(url).origin);

/** Fills in the provider's forms, in whichever window they are, until the window has left the provider. */
export async function atTheProvider(window, name) {
  const login = window.locator('input[name=login]');
  const button = window.getByRole('button', { name: /sign-in|continue/i });
  while (!window.isClosed()) {
    await Promise.race([button.waitFor(), window.waitForURL(isOurs), window.waitForEvent('close')]).catch(gone(window));
    if (window.isClosed() || isOurs(window.url())) return;
    if (await login.isVisible()) {
      await login.fill(name);
      await window.locator('input[name=password]').fill('any');
    }
    const here = window.url();
    await button.click();
    await window.waitForURL((url) => url.href !== here).catch(gone(window));
  }
}

/** Says no on whichever page the provider shows first. */
export async function cancelAtTheProvider(window) {
  await window.getByRole('link', { name: 'Cancel' }).click();
  await window.waitForURL(isOurs).catch(gone(window));
}

/** A window that closes itself ends every wait in it; that is no failure. */
function gone(window) {
  return (error) => {
    if (!window.isClosed()) throw error;
  };
}
