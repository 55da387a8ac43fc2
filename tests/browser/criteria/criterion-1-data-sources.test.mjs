/** Criterion 1 of the issue: what the listing says of each source, in every state it can be brought to. */

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';

import { breakAtTheProvider, call, connect, disconnect, INCIDENTS, listed, rowIs, startAfresh } from '../acts.mjs';
import { arrive, assertQuiet, launch } from '../people.mjs';

const GOLDEN = new URL('../../../shared/tests/golden/data_sources.json', import.meta.url);
const LISTING = '/v1/data_sources';

let browser;
let carol;
let golden;

before(async () => {
  golden = JSON.parse(await readFile(GOLDEN, 'utf8'));
  browser = await launch();
  carol = await arrive(browser, 'carol');
  await startAfresh(carol, INCIDENTS);
});

after(() => browser?.close());

/** The fields of a source, and of what it says about the person's own connection. */
const fields = (source) => [source, source.per_user_auth].map((object) => object && Object.keys(object).sort());

async function assertGoldenFields() {
  const { body } = await call(carol, 'GET', LISTING);
  const [isProtected, isFree] = [true, false].map((wanted) => golden.find((source) => Boolean(source.per_user_auth) === wanted));
  for (const source of body) {
    assert.deepEqual(fields(source), fields(source.per_user_auth ? isProtected : isFree), `${source.id} has the golden file's fields`);
  }
  return body;
}

describe('1. GET /v1/data_sources tells per source status, connect_url, disconnect_url, scopes, expires_at and error', { concurrency: false }, () => {
  let disconnected;

  test('disconnected: where to connect and where to disconnect, and nothing else yet', async () => {
    const body = await assertGoldenFields();
    assert.ok(body.length >= 2, 'protected and free sources are listed');
    assert.equal(body.find(({ id }) => id === 'handbook').per_user_auth, null);
    disconnected = await listed(carol, INCIDENTS);
    const { status, connect_url, disconnect_url, scopes, expires_at, error, last_error } = disconnected;
    assert.deepEqual({ status, connect_url, disconnect_url, scopes, expires_at, error, last_error }, {
      status: 'disconnected', connect_url: '/v1/auth/mcp/incidents/connect', disconnect_url: '/v1/auth/mcp/incidents/disconnect',
      scopes: [], expires_at: null, error: null, last_error: null,
    });
  });

  test('connected: the granted scopes and the end of the access token, at the same two addresses', async () => {
    const asked = Date.now();
    await connect(carol, INCIDENTS);
    await assertGoldenFields();
    const { status, connect_url, disconnect_url, scopes, expires_at, error, renewable } = await listed(carol, INCIDENTS);
    assert.deepEqual({ status, connect_url, disconnect_url, scopes, error, renewable }, {
      status: 'connected', connect_url: disconnected.connect_url, disconnect_url: disconnected.disconnect_url,
      scopes: ['incidents:read'], error: null, renewable: true,
    });
    const life = Date.parse(expires_at) - asked;
    assert.ok(life > 0 && life < 6 * 60_000, `the token ends in ${life} ms`);
  });

  test('unchanged, it answers 304 to the ETag it gave, and 200 with another one after a change', async () => {
    const { headers: { etag } } = await call(carol, 'GET', LISTING);
    assert.ok(etag);
    const same = await call(carol, 'GET', LISTING, { headers: { 'if-none-match': etag } });
    assert.deepEqual([same.status, same.body], [304, '']);
    await disconnect(carol, INCIDENTS);
    const other = await call(carol, 'GET', LISTING, { headers: { 'if-none-match': etag } });
    assert.equal(other.status, 200);
    assert.notEqual(other.headers.etag, etag);
    await connect(carol, INCIDENTS);
  });

  test('broken: the fault as a code for machines and a sentence, under both of its names', async () => {
    await breakAtTheProvider(carol, INCIDENTS);
    await assertGoldenFields();
    const auth = await listed(carol, INCIDENTS);
    assert.equal(auth.status, 'error');
    assert.equal(auth.error.code, 'revoked');
    assert.match(auth.error.message, /\w.*\./);
    assert.equal(auth.last_error, auth.error.message);
    assert.equal(auth.connect_url, disconnected.connect_url);
    await carol.page.reload();
    await rowIs(carol, INCIDENTS, 'error.revoked', /Access was removed/);
  });

  test('disconnected again: as if nothing had been', async () => {
    await disconnect(carol, INCIDENTS);
    assert.deepEqual(await listed(carol, INCIDENTS), disconnected);
  });

  test('nobody who is not signed in is told anything', async () => {
    const stranger = await arrive(browser, 'stranger');
    assert.equal((await call(stranger, 'GET', LISTING)).status, 401);
  });

  test('nothing came up in any window', () => assertQuiet(carol));
});
