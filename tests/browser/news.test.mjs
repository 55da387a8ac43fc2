/** What changes anywhere is seen in every open page of the person within a second, without anybody's doing. */

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';

import { call, connect, INCIDENTS, listed, rowIs, signIn, startAfresh } from './acts.mjs';
import { arrive, assertQuiet, home, launch } from './people.mjs';
import { end, setting, start, until } from './stack.mjs';

const EVENTS = '/v1/auth/mcp/events';
const SECOND = 1000;

let browser;
let fay;

before(async () => {
  browser = await launch();
  fay = await arrive(browser, 'fay');
  await startAfresh(fay, INCIDENTS);
});

afterEach(() => call(fay, 'POST', `/v1/auth/mcp/${INCIDENTS.id}/disconnect`));
after(() => browser?.close());

/** Another page in the same browser, as another tab has it. */
async function anotherTab(person) {
  const page = await person.context.newPage();
  await page.goto(home);
  return { ...person, page };
}

/** Which of the pages' requests for news are open now. */
function listening(context) {
  const open = new Set();
  const isOne = (request) => new URL(request.url()).pathname === EVENTS;
  context.on('request', (request) => { if (isOne(request)) open.add(request); });
  context.on('requestfailed', (request) => open.delete(request));
  context.on('requestfinished', (request) => open.delete(request));
  return open;
}

/** A request that no page knows of, at any replica. */
async function elsewhere(person, method, path, origin = home) {
  const response = await person.context.request.fetch(origin + path, { method, headers: { origin: home } });
  assert.equal(response.status(), 200, await response.text());
  return Date.now();
}

const disconnect = (person, origin) => elsewhere(person, 'POST', `/v1/auth/mcp/${INCIDENTS.id}/disconnect`, origin);

/** Whether every page says so within a second after it was done. */
async function within(time, done, state, ...people) {
  await Promise.all(people.map((person) => rowIs(person, INCIDENTS, state)));
  const took = Date.now() - done;
  assert.ok(took < time, `it took ${took} ms`);
}

describe('every open page follows what is changed anywhere', { concurrency: false }, () => {
  test('two tabs of one browser follow each other and what no page did, on one stream', async () => {
    const open = listening(fay.context);
    await fay.page.goto(home);
    const tab = await anotherTab(fay);
    await rowIs(tab, INCIDENTS, 'disconnected');
    await connect(fay, INCIDENTS);
    await within(SECOND, Date.now(), 'connected', tab);
    await within(SECOND, await disconnect(fay), 'disconnected', fay, tab);
    assert.equal(open.size, 1, 'one of the tabs listens for both');

    await fay.page.goto('about:blank');
    await until('the other tab listens', () => open.size === 1);
    await connect(tab, INCIDENTS);
    await within(SECOND, await disconnect(fay), 'disconnected', tab);
    await tab.page.close();
    await fay.page.goto(home);
    await rowIs(fay, INCIDENTS, 'disconnected');
    assertQuiet(fay);
  });

  test('two windows of one person, in browsers that know nothing of each other', async () => {
    const other = await arrive(browser, 'fay');
    await signIn(other);
    await rowIs(other, INCIDENTS, 'disconnected');
    await connect(fay, INCIDENTS);
    await within(SECOND, Date.now(), 'connected', other);
    await within(SECOND, await disconnect(other), 'disconnected', fay, other);
    assertQuiet(fay, other);
    await other.context.close();
  });

  test('what another replica changes', async () => {
    await connect(fay, INCIDENTS);
    await start('replica');
    try {
      await within(SECOND, await disconnect(fay, setting('AIQ_E2E_REPLICA_URL')), 'disconnected', fay);
    } finally {
      await end('replica');
    }
    assertQuiet(fay);
  });

  test('a page that cannot have the stream asks by itself', async () => {
    const other = await arrive(browser, 'fay');
    await other.context.route(`**${EVENTS}`, (route) => route.fulfill({ status: 503, body: '' }));
    other.expectRefusal(503, EVENTS);
    await signIn(other);
    await connect(fay, INCIDENTS);
    await within(7 * SECOND, Date.now(), 'connected', other);
    await within(7 * SECOND, await disconnect(fay), 'disconnected', other);
    assertQuiet(other);
    await other.context.close();
  });

  test('a page whose stream is kept back by something in between asks by itself', async () => {
    const other = await arrive(browser, 'fay');
    // As a proxy does that waits for the end of an answer.
    await other.context.route(`**${EVENTS}`, () => {});
    await signIn(other);
    await connect(fay, INCIDENTS);
    await within(10 * SECOND, Date.now(), 'connected', other);
    assert.equal((await listed(other, INCIDENTS)).status, 'connected');
    await other.context.close();
  });
});
