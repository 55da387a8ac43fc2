/** Criterion 4 of the issue: what is not connected keeps a question from being sent, says why, and offers the ways out. */

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';

import {
  answerTo, call, card, closed, connect, INCIDENTS, isWanted, opening, pressSend, rowIs, rows, signIn, TICKETS, want,
} from '../acts.mjs';
import { arrive, assertQuiet, atTheProvider, home, launch } from '../people.mjs';
import { ownRows } from '../stack.mjs';

const SUBMIT = '/v1/jobs/async/submit';
const PREFLIGHT = '/v1/auth/mcp/preflight';

let browser;
let alice;

before(async () => {
  browser = await launch();
  alice = await arrive(browser, 'alice');
  await signIn(alice);
});

afterEach(async () => {
  for (const { id } of [INCIDENTS, TICKETS]) await call(alice, 'POST', `/v1/auth/mcp/${id}/disconnect`);
  await alice.page.goto(home);
  for (const source of [INCIDENTS, TICKETS]) {
    await rowIs(alice, source, 'disconnected');
    await want(alice, source, false);
  }
});

after(() => browser?.close());

const blocker = () => alice.page.getByTestId('blocker');
const button = (name) => blocker().getByRole('button', { name, exact: true });

/** The draft is never lost. */
const assertKept = async (question) => assert.equal(await alice.page.getByTestId('composer').inputValue(), question);

describe('4. a submission with an unconnected source is blocked with the reason and the way out', { concurrency: false }, () => {
  test('one source: the reason, Connect in place, and then the person sends', async () => {
    const question = 'my rows, when I may';
    await want(alice, INCIDENTS);
    const send = alice.page.getByTestId('send');
    assert.equal(await send.getAttribute('aria-disabled'), 'true');
    assert.match(await alice.page.locator(`#${await send.getAttribute('aria-describedby')}`).innerText(), /Team Incidents needs connecting before you can send/);
    await pressSend(alice, question);
    await blocker().getByRole('heading', { name: 'Connect Team Incidents before you send' }).waitFor();
    assert.match(await blocker().innerText(), /It's on, but AI-Q can't use it yet\. Your question is kept\./);
    assert.ok(await blocker().getByRole('heading').evaluate((heading) => heading === document.activeElement), 'the heading has the focus');

    const opened = await opening(alice, () => button('Connect Team Incidents').click());
    await atTheProvider(opened, alice.name);
    await blocker().getByRole('heading', { name: 'Ready to send' }).waitFor();
    await assertKept(question);
    assert.equal(await card(alice, question).count(), 0, 'nothing is sent by itself');
    await button('Send question').click();
    assert.deepEqual(rows(await answerTo(alice, question)), await ownRows(alice));
  });

  test('Not now keeps the question and sends nothing', async () => {
    const question = 'not now';
    await want(alice, INCIDENTS);
    await pressSend(alice, question);
    await button('Not now').click();
    await blocker().waitFor({ state: 'detached' });
    await assertKept(question);
    assert.equal(await card(alice, question).count(), 0);
  });

  test('several sources: each with its own way out, and all of them can be left out', async () => {
    const question = 'my rows, without them';
    for (const source of [INCIDENTS, TICKETS]) await want(alice, source);
    await pressSend(alice, question);
    await blocker().getByRole('heading', { name: 'Connect 2 sources before you send' }).waitFor();
    for (const { id, name } of [INCIDENTS, TICKETS]) {
      const item = alice.page.getByTestId(`blocker-item-${id}`);
      assert.match(await item.innerText(), /Not connected/);
      await item.getByRole('button', { name: `Connect ${name}` }).waitFor();
    }
    await button('Disable 2 sources and continue').click();
    assert.deepEqual(rows(await answerTo(alice, question)), [], 'the answer does without');
    await alice.page.getByTestId('toast').filter({ hasText: 'Sent without Team Incidents and Service Desk.' }).or(card(alice, question)).first().waitFor();
    for (const source of [INCIDENTS, TICKETS]) assert.ok(!await isWanted(alice, source), `${source.id} is off now`);
  });

  test('Connect all connects both in one window, and the question can be sent', async () => {
    const question = 'my rows, with all of them';
    for (const source of [INCIDENTS, TICKETS]) await want(alice, source);
    await pressSend(alice, question);
    const opened = await opening(alice, () => alice.page.getByTestId('blocker-connect-all').click());
    for (const source of [INCIDENTS, TICKETS]) await rowIs(alice, source, 'connecting');
    await atTheProvider(opened, alice.name);
    await opened.getByRole('heading', { name: `${INCIDENTS.name} is connected` }).waitFor();
    await rowIs(alice, INCIDENTS, 'connected');
    await rowIs(alice, TICKETS, 'connecting');

    await opened.getByRole('link', { name: 'Continue' }).click();
    await opened.waitForURL(({ origin }) => origin !== home);
    await atTheProvider(opened, alice.name);
    await rowIs(alice, TICKETS, 'connected');
    await closed(opened);
    assert.equal(alice.context.pages().length, 1, 'it was one window, and it closed itself');
    await blocker().getByRole('heading', { name: 'Ready to send' }).waitFor();
    await assertKept(question);
    await button('Send question').click();
    const answer = rows(await answerTo(alice, question));
    for (const own of await ownRows(alice)) assert.ok(answer.includes(own), `${own} is missing`);
  });

  test('one of two: the connected one is used, the other is left out', async () => {
    const question = 'my rows, with one of them';
    await connect(alice, INCIDENTS);
    await want(alice, TICKETS);
    await pressSend(alice, question);
    await blocker().getByRole('heading', { name: 'Connect Service Desk before you send' }).waitFor();
    await button('Disable source and continue').click();
    assert.deepEqual(rows(await answerTo(alice, question)), await ownRows(alice));
    assert.ok(await isWanted(alice, INCIDENTS));
    assert.ok(!await isWanted(alice, TICKETS));
  });

  test('a page that does not know yet is told by the server, and shows the same', async () => {
    const question = 'my rows, too late';
    await connect(alice, INCIDENTS);
    // On another device. This browser hears of it at once, but its question for more is slower than the person.
    let answer;
    const answered = new Promise((resolve) => { answer = resolve; });
    await alice.page.route('**/v1/data_sources', async (route) => {
      await answered;
      await route.continue();
    });
    await call(alice, 'POST', `/v1/auth/mcp/${INCIDENTS.id}/disconnect`);
    alice.expectRefusal(409, SUBMIT);
    await pressSend(alice, question);
    await blocker().getByRole('heading', { name: 'Connect Team Incidents before you send' }).waitFor();
    answer();
    await assertKept(question);
    assert.equal(await card(alice, question).count(), 0);
    await rowIs(alice, INCIDENTS, 'disconnected');
    await alice.page.unroute('**/v1/data_sources');
  });

  test('submit and preflight refuse with the same body, which names every source and where to connect it', async () => {
    const both = [INCIDENTS.id, TICKETS.id];
    const blocked = ({ id, name }) => ({
      source_id: id, name, status: 'not_connected',
      connect_url: `/v1/auth/mcp/${id}/connect`, auth_url: `${home}/v1/auth/mcp/${id}/connect`,
    });
    const submitted = await call(alice, 'POST', SUBMIT, { body: { agent_type: 'demo', input: 'my rows', data_sources: both } });
    const checked = await call(alice, 'POST', PREFLIGHT, { body: { data_sources: both } });
    assert.deepEqual([submitted.status, checked.status], [409, 409]);
    assert.deepEqual(submitted.body, checked.body);
    const { error, message, sources } = submitted.body;
    assert.equal(error, 'mcp_auth_required');
    assert.match(message, /\w.*\./);
    assert.deepEqual(sources, [INCIDENTS, TICKETS].map(blocked));
    for (const some of [[], ['handbook']]) {
      assert.equal((await call(alice, 'POST', PREFLIGHT, { body: { data_sources: some } })).status, 200);
    }
    assert.equal((await call(alice, 'POST', PREFLIGHT, { body: { data_sources: null } })).status, 409, 'null means all');
  });

  test('nothing came up in any window', () => assertQuiet(alice));
});
