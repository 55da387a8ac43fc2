/** Criterion 6 of the issue: a job whose source breaks says so, waits for its person, and goes on, with or without. */

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';

import { answerTo, call, card, closed, connect, INCIDENTS, opening, rowIs, rows, startAfresh } from '../acts.mjs';
import { jobStream } from '../job_stream.mjs';
import { arrive, assertQuiet, atTheProvider, home, launch } from '../people.mjs';
import { ownRows, provider, restart, setting, until } from '../stack.mjs';

const REQUIRED = 'job.auth_required';
const RESTORED = 'job.auth_restored';
const SKIPPED = 'job.auth_skipped';
/** `aiq_connect.job_wait_seconds`, unless configured. */
const USUAL_WAIT = 15 * 60_000;

let browser;
let alice;
let bob;

before(async () => {
  browser = await launch();
  alice = await arrive(browser, 'alice');
  bob = await arrive(browser, 'bob');
  await startAfresh(bob, INCIDENTS);
  await startAfresh(alice, INCIDENTS);
});

afterEach(async () => {
  await call(alice, 'POST', `/v1/auth/mcp/${INCIDENTS.id}/disconnect`);
  await alice.page.goto(home);
  await rowIs(alice, INCIDENTS, 'disconnected');
});

after(() => browser?.close());

/** Sends a question that the page takes; the job's id. */
async function send(question) {
  const answered = alice.page.waitForResponse((response) => new URL(response.url()).pathname === '/v1/jobs/async/submit');
  await alice.page.getByTestId('composer').fill(question);
  await alice.page.getByTestId('send').click();
  return (await (await answered).json()).job_id;
}

/** How often the MCP server was called by this person. */
async function calls({ name }) {
  const log = await readFile(join(setting('AIQ_E2E_LOGS'), 'mcp.log'), 'utf8');
  return log.split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line)).filter(({ sub }) => sub === name).length;
}

const prompt = (job) => alice.page.getByTestId(`reconnect-prompt-${job}`);
const ended = (job, more = {}) => ({ job_id: job, source_id: INCIDENTS.id, source_name: INCIDENTS.name, mcp_server_id: INCIDENTS.id, ...more });

describe('6. a refresh that fails inside a worker becomes a job event with everything needed to reconnect, and the job goes on', { concurrency: false }, () => {
  test('the event comes within a second with every field, the page shows it at the job, and Reconnect lets the job finish', async () => {
    const question = 'my rows, wait 5 seconds';
    await connect(alice, INCIDENTS);
    const before = await calls(alice);
    const job = await send(question);
    const stream = await jobStream(alice, job);
    await until('the job has used the source once', async () => await calls(alice) > before);
    await provider.revoke(alice);

    const { data, at } = await stream.next(REQUIRED);
    const { waits_until: waitsUntil, can_extend: canExtend, ...rest } = data;
    assert.deepEqual(rest, {
      ...ended(job), reason: 'revoked', retryable: true, connect_url: `${home}/v1/auth/mcp/${INCIDENTS.id}/connect`,
    });
    assert.equal(typeof canExtend, 'boolean');
    const late = at - (Date.parse(waitsUntil) - USUAL_WAIT);
    assert.ok(late < 1000, `it came ${late} ms after the worker was told`);

    await prompt(job).waitFor();
    assert.ok(await card(alice, question).getByTestId(`reconnect-prompt-${job}`).count(), "it is in the job's own place");
    assert.match(await prompt(job).innerText(), /Team Incidents needs you to sign in again\.[^]*Everything found so far is kept\./);
    await rowIs(alice, INCIDENTS, 'error.revoked');

    const opened = await opening(alice, () => prompt(job).getByRole('button', { name: 'Reconnect Team Incidents' }).click());
    await atTheProvider(opened, alice.name);
    await closed(opened);
    assert.deepEqual((await stream.next(RESTORED)).data, ended(job, { reason: null }));
    const answer = await answerTo(alice, question);
    assert.deepEqual(rows(answer), await ownRows(alice), 'the answer is right');
    assert.match(answer, /you are alice/);
    assert.deepEqual((await stream.rest()).map(({ event, data: { status } }) => [event, status]), [['job.status', 'success']]);

    const again = (await (await jobStream(alice, job)).rest()).filter(({ id }) => id);
    assert.deepEqual(again.map(({ event }) => event), [REQUIRED, RESTORED], 'whoever comes later hears the same, once each');
    const later = (await (await jobStream(alice, job, again[0].id)).rest()).filter(({ id }) => id);
    assert.deepEqual(later.map(({ event }) => event), [RESTORED]);
    assert.equal((await call(bob, 'GET', `/v1/jobs/async/job/${job}/stream`)).status, 404, 'nobody else hears it');
  });

  test('Continue without it ends the wait, and the answer says what it did without', async () => {
    const question = 'my rows, or go on without';
    await connect(alice, INCIDENTS);
    await provider.revoke(alice);
    const job = await send(question);
    const stream = await jobStream(alice, job);
    assert.equal((await stream.next(REQUIRED)).data.reason, 'revoked');
    await prompt(job).getByRole('button', { name: /^Continue without it/ }).click();
    assert.deepEqual((await stream.next(SKIPPED)).data, ended(job, { reason: 'skipped' }));
    const answer = await answerTo(alice, question);
    assert.match(answer, /Continuing without Team Incidents/);
    assert.deepEqual(rows(answer), []);
    const over = await call(alice, 'POST', `/v1/jobs/async/job/${job}/waits/${INCIDENTS.id}`, { body: { action: 'skip' } });
    assert.deepEqual([over.status, over.body.error], [409, 'wait_over']);
  });

  test('when the deadline passes and nobody came, the job goes on without and says so', async () => {
    const question = 'my rows, if anybody comes';
    await alice.page.goto('about:blank');
    await restart('backend', { DEMO_JOB_WAIT_SECONDS: '4' });
    try {
      await alice.page.goto(home);
      await connect(alice, INCIDENTS);
      await provider.revoke(alice);
      const job = await send(question);
      const stream = await jobStream(alice, job);
      const { data, at } = await stream.next(REQUIRED);
      assert.ok(Date.parse(data.waits_until) - at <= 4000);
      assert.deepEqual((await stream.next(SKIPPED)).data, ended(job, { reason: 'deadline_passed' }));
      assert.match(await answerTo(alice, question), /Continuing without Team Incidents/);
      await alice.page.locator(`[data-testid=reconnect-prompt-${job}]`).filter({ hasText: /without Team Incidents/ }).waitFor();
    } finally {
      await alice.page.goto('about:blank');
      await restart('backend');
    }
  });

  test('nothing came up in any window', () => assertQuiet(alice, bob));
});
