/** People of the demo, each in a browser context of their own, and everything that must not happen to them. */

import { chromium } from 'playwright-core';

const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
];

/** A setting that `cargo xtask e2e` gives. */
function setting(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: start these tests with \`cargo xtask e2e\``);
  return value;
}

/** Where the page is. */
export const home = setting('AIQ_E2E_URL');

/** The real browser, with real windows. */
export function launch() {
  return chromium.launch({ executablePath: setting('AIQ_E2E_CHROMIUM'), args: FLAGS });
}

/** A new context, whose every window is listened to. `trouble` collects what a console would show. */
export async function arrive(browser, name) {
  const context = await browser.newContext();
  const trouble = [];
  const note = (text) => trouble.push(`${name}: ${text}`);
  await context.exposeFunction('reportViolation', (text) => note(`policy violation: ${text}`));
  await context.addInitScript(() => {
    addEventListener('securitypolicyviolation', (event) => {
      window.reportViolation(`${event.violatedDirective} ${event.blockedURI} at ${location.origin}${location.pathname}`);
    });
  });
  context.on('console', (message) => {
    if (message.type() === 'error') note(`console error: ${message.text()} (${message.location().url})`);
  });
  context.on('weberror', (error) => note(`page error: ${error.error().message}`));
  context.setDefaultTimeout(15_000);
  return { name, context, trouble, page: await context.newPage() };
}

/** Fills in the provider's forms, in whichever window they are, until the window has left the provider. */
export async function atTheProvider(window, name) {
  const login = window.locator('input[name=login]');
  const button = window.getByRole('button', { name: /sign-in|continue/i });
  while (!window.isClosed()) {
    await Promise.race([button.waitFor(), window.waitForURL(`${home}/**`), window.waitForEvent('close')]).catch(gone(window));
    if (window.isClosed() || window.url().startsWith(home)) return;
    if (await login.isVisible()) {
      await login.fill(name);
      await window.locator('input[name=password]').fill('any');
    }
    const here = window.url();
    await button.click();
    await window.waitForURL((url) => url.href !== here).catch(gone(window));
  }
}

/** A window that closes itself ends every wait in it; that is no failure. */
function gone(window) {
  return (error) => {
    if (!window.isClosed()) throw error;
  };
}
