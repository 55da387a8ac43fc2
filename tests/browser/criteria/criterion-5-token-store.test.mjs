/** Criterion 5 of the issue: what a task in a real Dask worker gets from `MCPTokenStore`, and what it does not get. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { call, connect, INCIDENTS, listed, rowIs, startAfresh, submit, TICKETS } from '../acts.mjs';
import { arrive, assertQuiet, launch } from '../people.mjs';
import { inWorkers, provider, resolve, sha256, until } from '../stack.mjs';

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

/** How often her token was refreshed, by the provider's own log. */
const refreshes = async () => (await provider.log()).filter(({ grant_type, status, account }) =>
  grant_type === 'refresh_token' && status === 200 && account === fay.name).length;

/** The same question to both stores. */
const both = (more = {}) => inWorkers(FORMS.map((form) => question(form, more)));

describe('5. MCPTokenStore resolves (user_sub, mcp_server_id) to a fresh token in a Dask worker and refreshes on demand', { concurrency: false }, () => {
  test('async and sync get the token of the job\'s owner, and the MCP server knows it as theirs', async () => {
    const answers = await both();
    const current = sha256((await resolve(job, INCIDENTS.id)).body.access_token);
    for (const { in_a_worker: isInAWorker, sub, tokens } of answers) {
      assert.ok(isInAWorker, 'it was a worker who asked');
      assert.deepEqual([sub, tokens], [fay.name, [current]]);
    }
  });

  for (const form of FORMS) {
    test(`${form}: a token that ended, or that the server refuses, is refreshed when it is asked for`, async () => {
      await provider.set({ access_token_seconds: 2 });
      await call(fay, 'POST', `/v1/auth/mcp/${INCIDENTS.id}/disconnect`);
      await fay.page.reload();
      await rowIs(fay, INCIDENTS, 'disconnected');
      await connect(fay, INCIDENTS);
      const { expires_at: end } = await listed(fay, INCIDENTS);
      await provider.rest();
      await until('the first token has ended', () => Date.now() > Date.parse(end));
      const before = await refreshes();

      const [{ sub, tokens, ...failure }] = await inWorkers([question(form, { refuse: true })]);
      assert.equal(sub, fay.name, JSON.stringify(failure));
      assert.notEqual(tokens[0], tokens[1], 'a refused token is not given again');
      assert.equal(await refreshes(), before + 2, "the provider's log shows one refresh for each reason");
    });
  }

  test('somebody else\'s name, a server the job was not started with and a wrong key get nothing', async () => {
    const refusals = [
      [{ sub: 'mallory' }, 'ServerNotCovered'],
      [{ job: crypto.randomUUID() }, 'JobUnknown'],
      [{ server: TICKETS.id }, 'ServerNotCovered'],
      [{ key: 'not-the-key' }, 'WorkerKeyInvalid'],
    ].flatMap(([more, error]) => FORMS.map((form) => ({ asked: question(form, more), error })));
    const answers = await inWorkers(refusals.map(({ asked }) => asked));
    for (const [at, { asked, error }] of refusals.entries()) {
      assert.deepEqual([answers[at].error, answers[at].tokens], [error, undefined], JSON.stringify({ ...asked, key: undefined }));
    }
  });

  test('after Disconnect a task is told that its owner has to connect', async () => {
    await call(fay, 'POST', `/v1/auth/mcp/${INCIDENTS.id}/disconnect`);
    for (const { error, reason } of await both()) assert.deepEqual([error, reason], ['ReconnectRequired', 'disconnected']);
  });

  test('nothing came up in any window', () => assertQuiet(fay));
});
