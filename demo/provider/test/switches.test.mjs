import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';

import { Client } from './client.mjs';
import { Person } from './person.mjs';
import { environment, freePort, start } from './started.mjs';

const KEY = 'the-control-key-of-the-test';

let env;
let server;
let client;

const control = async (method, path, body, key = KEY) => {
  const response = await fetch(`${env.PROVIDER_ISSUER}/control/${path}`, {
    method, headers: { authorization: `Bearer ${key}` }, body: body && JSON.stringify(body),
  });
  return { status: response.status, body: await response.json() };
};
const set = (switches) => control('PATCH', 'switches', switches);

before(async () => {
  env = { ...environment(await freePort()), DEMO_CONTROL_KEY: KEY };
  server = await start(env);
  client = await new Client(env).register();
});
afterEach(() => control('DELETE', 'switches'));
after(() => server.stop());

describe('the switches', () => {
  test('nobody moves them without the key', async () => {
    for (const key of ['', 'another-key', `${KEY}x`]) {
      assert.equal((await control('PATCH', 'switches', { token_outage: true }, key)).status, 401);
      assert.equal((await control('POST', 'revoke', { account: 'alice' }, key)).status, 401);
    }
    assert.equal((await control('GET', 'switches')).body.token_outage, 0);
  });

  test('a word that is none of them is refused and changes nothing', async () => {
    for (const wanted of [{ outage: true }, { token_outage: -1 }, { opener_cut: 'yes' }, { constructor: 1 }, []]) {
      assert.equal((await set(wanted)).status, 400, JSON.stringify(wanted));
    }
    assert.deepEqual((await control('GET', 'switches')).body, {
      access_token_seconds: null, refresh_tokens: true, token_outage: 0, token_delay_ms: 0, opener_cut: false,
    });
    assert.equal((await control('POST', 'revoke', {})).status, 400);
    assert.equal((await control('GET', 'nothing')).status, 404);
  });

  test('a provider that was given no key has none', async () => {
    const { DEMO_CONTROL_KEY: _, ...rest } = environment(await freePort());
    const plain = await start(rest);
    try {
      const answer = await fetch(`${rest.PROVIDER_ISSUER}/control/switches`, { headers: { authorization: 'Bearer undefined' } });
      assert.equal(answer.status, 404);
    } finally {
      await plain.stop();
    }
  });
});

describe('what they do', () => {
  test('revoking ends what one person allowed, and nothing of anybody else', async () => {
    const hers = (await client.connect(new Person('alice'))).body;
    const his = (await client.connect(new Person('bob'))).body;
    assert.equal((await control('POST', 'revoke', { account: 'alice', resource: 'http://127.0.0.1:9/other' })).body.revoked, 0);
    assert.equal(await client.isActive(hers.access_token), true);

    assert.equal((await control('POST', 'revoke', { account: 'alice', resource: env.DEMO_MCP_URL })).body.revoked, 1);
    assert.equal(await client.isActive(hers.access_token), false);
    const refused = await client.refresh(hers.refresh_token);
    assert.deepEqual([refused.status, refused.body.error], [400, 'invalid_grant']);
    assert.equal(await client.isActive(his.access_token), true);
    assert.equal((await client.refresh(his.refresh_token)).status, 200);
  });

  test('after a revocation the same browser is asked for consent again', async () => {
    const alice = new Person('alice');
    await client.connect(alice);
    await control('POST', 'revoke', { account: 'alice' });
    const { status, body } = await client.connect(alice);
    assert.equal(status, 200);
    assert.equal(await client.isActive(body.access_token), true);
  });

  test('an outage answers 503 as often as it was told, and keeps the refresh token good', async () => {
    const { refresh_token: token } = (await client.connect(new Person('alice'))).body;
    await set({ token_outage: 2 });
    assert.deepEqual([(await client.refresh(token)).status, (await client.refresh(token)).status], [503, 503]);
    assert.equal((await client.refresh(token)).status, 200);
  });

  test('an outage without a number lasts until it is ended', async () => {
    const { refresh_token: token } = (await client.connect(new Person('alice'))).body;
    await set({ token_outage: true });
    for (let count = 0; count < 3; count += 1) assert.equal((await client.refresh(token)).status, 503);
    await set({ token_outage: 0 });
    assert.equal((await client.refresh(token)).status, 200);
  });

  test('a delay keeps answers of the token endpoint back, and no others', async () => {
    const { refresh_token: token } = (await client.connect(new Person('alice'))).body;
    await set({ token_delay_ms: 400 });
    const began = performance.now();
    assert.equal((await client.refresh(token)).status, 200);
    assert.ok(performance.now() - began >= 399);
    const lines = () => server.said.out.split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
    const last = lines().findLast((line) => line.event === 'token');
    assert.ok(last.answered_at - last.came_at >= 399);
    await client.isActive(token);
    const asked = lines().findLast((line) => line.event === 'introspection');
    assert.ok(asked.answered_at - asked.came_at < 399);
  });

  test('the life of access tokens and the gift of a refresh token can be changed', async () => {
    await set({ access_token_seconds: 3, refresh_tokens: false });
    const short = (await client.connect(new Person('alice'))).body;
    assert.deepEqual([short.expires_in, short.refresh_token], [3, undefined]);
    await control('DELETE', 'switches');
    const usual = (await client.connect(new Person('alice'))).body;
    assert.equal(usual.expires_in, 60);
    assert.ok(usual.refresh_token);
  });

  test('sign-in pages cut off their opener only when told to', async () => {
    const policy = async () => (await fetch(client.request().url)).headers.get('cross-origin-opener-policy');
    assert.equal(await policy(), null);
    await set({ opener_cut: true });
    assert.equal(await policy(), 'same-origin');
  });

  test('whoever cancels on a page of the provider has denied access', async () => {
    const { url } = client.request();
    const first = await fetch(url, { redirect: 'manual' });
    const cookie = first.headers.getSetCookie().map((line) => line.split(';')[0]).join('; ');
    const at = new URL(first.headers.get('location'), env.PROVIDER_ISSUER);
    const page = await (await fetch(at, { headers: { cookie } })).text();
    const cancel = page.match(/<a href="([^"]+)">\[ Cancel \]<\/a>/)?.[1];
    const resumed = await fetch(new URL(cancel, at), { headers: { cookie }, redirect: 'manual' });
    const end = await fetch(new URL(resumed.headers.get('location'), at), { headers: { cookie }, redirect: 'manual' });
    assert.equal(new URL(end.headers.get('location')).searchParams.get('error'), 'access_denied');
  });
});
