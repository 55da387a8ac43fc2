/** Criterion 2 of the issue: the endpoints behind Connect and Disconnect, whatever happens between the two ends of a flow. */

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';

import { call, connect, INCIDENTS, listed, rowIs, startAfresh, TICKETS } from '../acts.mjs';
import { arrive, assertQuiet, atTheProvider, home, launch } from '../people.mjs';
import { end, flowId, provider, restart, setting, start } from '../stack.mjs';

const CONNECT = `/v1/auth/mcp/${INCIDENTS.id}/connect`;
const CALLBACK = `/v1/auth/mcp/${INCIDENTS.id}/callback`;

let browser;
let dora;

before(async () => {
  browser = await launch();
  dora = await arrive(browser, 'dora');
  await startAfresh(dora, INCIDENTS);
});

afterEach(() => call(dora, 'POST', `/v1/auth/mcp/${INCIDENTS.id}/disconnect`));
after(() => browser?.close());

const flowIs = async (flow) => (await call(dora, 'GET', `/v1/auth/mcp/${INCIDENTS.id}/status?flow=${flow}`)).body.flow.state;

/** Follows the link of a flow in a tab of its own, as far as the provider. */
async function towardsTheProvider(flow) {
  const tab = await dora.context.newPage();
  await tab.goto(`${home}${CONNECT}?flow=${flow}`);
  // Followed from nowhere, the link asks first.
  await tab.getByRole('link', { name: `Connect ${INCIDENTS.name}` }).click();
  await tab.locator('input[name=login]').or(tab.getByRole('button', { name: /continue/i })).waitFor();
  return tab;
}

/** Presses Continue and stops where the provider sends the browser back to us. */
async function backFromTheProvider(tab) {
  const { request } = dora.context;
  let at = new URL(await tab.locator('form').getAttribute('action'), tab.url());
  let answer = await request.post(at.href, { form: { prompt: 'consent' }, maxRedirects: 0 });
  for (;;) {
    at = new URL(answer.headers().location, at);
    if (at.origin === home) return at;
    answer = await request.get(at.href, { maxRedirects: 0 });
  }
}

describe('2. connect, callback and disconnect work, also when a flow is cancelled, the service restarts or another replica finishes it', { concurrency: false }, () => {
  test('connect redirects to the provider, the callback stores the grant, and the flow says how it ended', async () => {
    const launched = dora.context.waitForEvent('request', (request) => new URL(request.url()).pathname === CONNECT);
    await connect(dora, INCIDENTS);
    const flow = new URL((await launched).url()).searchParams.get('flow');
    assert.equal(await flowIs(flow), 'succeeded');
    assert.equal((await listed(dora, INCIDENTS)).status, 'connected');
  });

  test('POST connect announces a flow for clients with windows of their own, and says connected when it is', async () => {
    const announced = (await call(dora, 'POST', CONNECT)).body;
    assert.equal(announced.status, 'auth_required');
    assert.equal(new URL(announced.auth_url).origin, home, 'the address is our own launch page');
    assert.equal(await flowIs(announced.flow_id), 'pending');
    const tab = await towardsTheProvider(announced.flow_id);
    await atTheProvider(tab, dora.name);
    await tab.getByRole('heading', { name: `${INCIDENTS.name} is connected` }).waitFor();
    const { status, auth_url } = (await call(dora, 'POST', CONNECT)).body;
    assert.deepEqual({ status, auth_url }, { status: 'connected', auth_url: null });
    await tab.close();
  });

  for (const method of ['POST', 'DELETE']) {
    test(`${method} disconnect forgets the grant and ends it at the provider`, async () => {
      await dora.page.reload();
      await connect(dora, INCIDENTS);
      const before = (await provider.log()).filter(({ event, account }) => event === 'revocation' && account === 'dora').length;
      const { status, body } = await call(dora, method, `/v1/auth/mcp/${INCIDENTS.id}/disconnect`);
      assert.deepEqual([status, body.status, body.revoked_at_provider], [200, 'disconnected', true]);
      const revocations = (await provider.log()).filter(({ event, account }) => event === 'revocation' && account === 'dora');
      assert.ok(revocations.length > before, "the provider's log shows the revocation");
      assert.equal((await listed(dora, INCIDENTS)).status, 'disconnected');
    });
  }

  test('a flow that was cancelled stores nothing, even if the person finishes it', async () => {
    const flow = flowId();
    const tab = await towardsTheProvider(flow);
    assert.ok((await call(dora, 'DELETE', `/v1/auth/mcp/${INCIDENTS.id}/flows/${flow}`)).status < 300);
    dora.expectRefusal(400, CALLBACK);
    await atTheProvider(tab, dora.name);
    await tab.getByRole('heading', { name: 'This sign-in link is no longer valid' }).waitFor();
    assert.equal(await flowIs(flow), 'cancelled');
    assert.equal((await listed(dora, INCIDENTS)).status, 'disconnected');
    await tab.close();
  });

  test('a restart of the service in the middle of a flow loses nothing', async () => {
    const flow = flowId();
    await dora.page.goto('about:blank');
    const tab = await towardsTheProvider(flow);
    await restart('backend');
    assert.equal(await flowIs(flow), 'pending');
    await atTheProvider(tab, dora.name);
    await tab.getByRole('heading', { name: `${INCIDENTS.name} is connected` }).waitFor();
    assert.equal(await flowIs(flow), 'succeeded');
    await tab.close();
    await dora.page.goto(home);
    await rowIs(dora, INCIDENTS, 'connected');
  });

  test('a second replica finishes a flow that the first one started', async () => {
    const flow = flowId();
    await start('replica');
    try {
      const tab = await towardsTheProvider(flow);
      const { pathname, search } = await backFromTheProvider(tab);
      // What a load balancer does: the same request, another process.
      await tab.goto(`${setting('AIQ_E2E_REPLICA_URL')}${pathname}${search}`);
      await tab.getByRole('heading', { name: `${INCIDENTS.name} is connected` }).waitFor();
      assert.equal(new URL(tab.url()).origin, setting('AIQ_E2E_REPLICA_URL'));
      assert.equal(await flowIs(flow), 'succeeded', 'the first replica knows');
      await tab.close();
      await dora.page.reload();
      await rowIs(dora, INCIDENTS, 'connected');
    } finally {
      await end('replica');
    }
  });

  test('a pre-registered client works beside one that registered itself', async () => {
    await dora.page.reload();
    await rowIs(dora, INCIDENTS, 'disconnected');
    for (const source of [INCIDENTS, TICKETS]) await connect(dora, source);
    const log = await provider.log();
    const registered = log.filter(({ event, status }) => event === 'registration' && status === 201).map(({ client_id }) => client_id);
    const codes = log.filter(({ event, grant_type, account }) => event === 'token' && grant_type === 'authorization_code' && account === 'dora');
    const [dynamic, configured] = codes.slice(-2).map(({ client_id }) => client_id);
    assert.ok(registered.includes(dynamic), 'the first registered itself (RFC 7591)');
    assert.equal(configured, 'service-desk');
    assert.ok(!registered.includes(configured), 'the second never did');
    await call(dora, 'POST', `/v1/auth/mcp/${TICKETS.id}/disconnect`);
  });

  test('nothing came up in any window', () => assertQuiet(dora));
});
