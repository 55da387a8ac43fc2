/** Criterion 5 of the issue: what a task in a real Dask worker gets from `MCPTokenStore`, and what it does not get. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { call, connect, INCIDENTS, rowIs, startAfresh, submit, TICKETS } from '../acts.mjs';
import { arrive, assertQuiet, launch } from '../people.mjs';
import { inWorkers, provider, resolve, sha256 } from '../stack.mjs';

const FORMS = ['async', 'sync'];

let browser;
let fay;
let job;

before(async () => {
  browser = await launch();
  fay = await arrive(browser, 'fay');
  await startAfresh(fay, INCIDENTS);
  await connect(fay, INCIDENTS);
  job = await submit(fay, 'my rows', [INCIDENTS.id]);
});

after(async () => {
  await provider.rest();
  await browser?.close();
});

const question = (form, more) => ({ form, sub: fay.name, server: INCIDENTS.id, job, ...more });

/** The same question to both stores. */
const both = (more = {}) => inWorkers(FORMS.map((form) => question(form, more)));

describe('5. MCPTokenStore resolves (user_sub, mcp_server_id) to a fresh token in a Dask worker and refreshes on demand', { concurrency: false }, () => {
  test('async and sync get the token of the job\'s owner, and the MCP server knows it as theirs', async () => {
    const answers = await both();
    const current = sha256((await resolve(job, INCIDENTS.id)).body.access_token);
    for (const { in_a_worker: isInAWorker, tokens } of answers) {
      assert.ok(isInAWorker, 'it was a worker who asked');
      assert.deepEqual(tokens, [{ sub: fay.name, sha256: current, scopes: ['incidents:read'] }]);
    }
  });

  test('a token that ended while the task had it is refreshed when it is asked for again', async () => {
    await provider.set({ access_token_seconds: 3 });
    await call(fay, 'POST', `/v1/auth/mcp/${INCIDENTS.id}/disconnect`);
    await fay.page.reload();
    await rowIs(fay, INCIDENTS, 'disconnected');
    await connect(fay, INCIDENTS);
    const refreshes = async () => (await provider.log()).filter(({ grant_type, status, account }) =>
      grant_type === 'refresh_token' && status === 200 && account === fay.name).length;
    const before = await refreshes();
    for (const { tokens, ...rest } of await both({ again: true })) {
      assert.equal(tokens?.length, 2, JSON.stringify(rest));
      assert.deepEqual(tokens.map(({ sub }) => sub), [fay.name, fay.name]);
      assert.notEqual(tokens[0].sha256, tokens[1].sha256);
    }
    assert.ok(await refreshes() >= before + 2, "the provider's log shows the refreshes");
    await provider.rest();
  });

  test('somebody else\'s name, a server the job was not started with and a wrong key get nothing', async () => {
    for (const [more, error] of [
      [{ sub: 'mallory' }, 'JobUnknown'],
      [{ job: crypto.randomUUID() }, 'JobUnknown'],
      [{ server: TICKETS.id }, 'ServerNotCovered'],
      [{ key: 'not-the-key' }, 'WorkerKeyInvalid'],
    ]) {
      for (const answer of await both(more)) {
        assert.equal(answer.error, error, JSON.stringify({ more, answer }));
        assert.equal(answer.tokens, undefined);
      }
    }
  });

  test('after Disconnect a task is told that its owner has to connect', async () => {
    await call(fay, 'POST', `/v1/auth/mcp/${INCIDENTS.id}/disconnect`);
    for (const { error, reason } of await both()) assert.deepEqual([error, reason], ['ReconnectRequired', 'disconnected']);
  });

  test('nothing came up in any window', () => assertQuiet(fay));
});
