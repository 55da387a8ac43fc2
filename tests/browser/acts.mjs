/** What people do with the page, and what they are told. */

import assert from 'node:assert/strict';

import { atTheProvider, home } from './people.mjs';
import { provider, resolve, sha256 } from './stack.mjs';

/** The sources of the demo. */
export const INCIDENTS = { id: 'incidents', name: 'Team Incidents' };
export const TICKETS = { id: 'tickets', name: 'Service Desk' };

export const row = ({ page }, source) => page.getByTestId(`source-row-${source.id}`);

/** The one next step of a row. */
export const action = (person, source) => person.page.getByTestId(`source-action-${source.id}`);

/** Waits until the row says it is in this state, as tests are told (`state`) and as people are (`words`). */
export async function rowIs({ page }, source, state, words) {
  await page.locator(`[data-testid=source-row-${source.id}][data-state="${state}"]`).waitFor().catch(async (error) => {
    const there = page.getByTestId(`source-row-${source.id}`);
    const found = await there.count() ? `${await there.getAttribute('data-state')}: ${await there.innerText()}` : 'not there';
    throw new Error(`the row of ${source.id} should be ${state}, and is ${found}`, { cause: error });
  });
  if (words) assert.match(await page.getByTestId(`source-row-${source.id}`).innerText(), words);
}

export async function signIn({ page, name }) {
  await page.goto(home);
  await page.getByTestId('sign-in').click();
  await atTheProvider(page, name);
  await page.getByTestId('person').waitFor();
  assert.match(await page.getByTestId('person').innerText(), new RegExp(name, 'i'));
}

/** Presses what opens a sign-in window; resolves to the window. */
export async function opening({ context }, press) {
  // Not `popup`: a window whose provider cuts it off from us is none any more.
  const opened = context.waitForEvent('page');
  await press();
  return opened;
}

/** The window of the source's next step: Connect, unless it is called otherwise. */
export function window(person, source, verb = 'Connect') {
  return opening(person, () => row(person, source).getByRole('button', { name: `${verb} ${source.name}` }).click());
}

/** Connects at the row, from the click to the window's own end. */
export async function connect(person, source, verb = 'Connect') {
  const opened = await window(person, source, verb);
  await atTheProvider(opened, person.name);
  await rowIs(person, source, 'connected', /Connected/);
  await closed(opened);
}

/** The provider's page is in the window, and waits for the person. */
export const isAtTheProvider = (opened) => opened.getByRole('button', { name: /sign-in|continue/i }).waitFor();

/** A window that has done its work closes itself. */
export async function closed(opened) {
  if (!opened.isClosed()) await opened.waitForEvent('close');
}

export async function disconnect(person, source) {
  await row(person, source).getByRole('button', { name: /details/i }).click();
  await person.page.getByTestId(`source-disconnect-${source.id}`).click();
  await person.page.getByTestId('confirm-disconnect').getByRole('button', { name: 'Disconnect' }).click();
  await rowIs(person, source, 'disconnected', /Not connected/);
}

/** Moves the source's switch, which it has in every state. */
export async function want({ page }, source, isOn = true) {
  const control = page.getByTestId(`source-switch-${source.id}`);
  if (await control.getAttribute('aria-checked') !== String(isOn)) await control.click();
  await page.locator(`[data-testid=source-switch-${source.id}][aria-checked="${isOn}"]`).waitFor();
}

/** Whether the source is switched on. */
export const isWanted = async ({ page }, source) =>
  await page.getByTestId(`source-switch-${source.id}`).getAttribute('aria-checked') === 'true';

/** Presses Send, also where it is marked as disabled, which people can and which then says why. */
export async function pressSend({ page }, question) {
  await page.getByTestId('composer').fill(question);
  await page.getByTestId('send').click({ force: true });
}

/** The card of a question that was sent. */
export const card = ({ page }, question) => page.getByRole('article').filter({ hasText: question });

/** Waits for the answer that the page shows to a question. */
export async function answerTo(person, question, seconds = 60) {
  const report = card(person, question).getByTestId('job-report');
  await report.waitFor({ timeout: seconds * 1000 });
  return report.innerText();
}

/** Asks, and resolves to the answer. */
export async function ask(person, question) {
  await person.page.getByTestId('composer').fill(question);
  await person.page.getByTestId('send').click();
  return answerTo(person, question);
}

/** The lines of an answer that are rows. */
export const rows = (answer) => answer.split('\n').filter((line) => line.includes(' · ')).sort();

/** A request of this person's browser session, without a page: nothing is written to a console. */
export async function call({ context }, method, path, { body, headers = {} } = {}) {
  const response = await context.request.fetch(home + path, {
    method, maxRedirects: 0, failOnStatusCode: false,
    headers: { origin: home, ...(body && { 'content-type': 'application/json' }), ...headers },
    data: body && JSON.stringify(body),
  });
  const said = await response.text();
  const isJson = response.headers()['content-type']?.includes('json');
  return { status: response.status(), headers: response.headers(), body: isJson && said ? JSON.parse(said) : said };
}

/** What the listing says of one source. */
export async function listed(person, source) {
  const { body } = await call(person, 'GET', '/v1/data_sources');
  return body.find(({ id }) => id === source.id).per_user_auth;
}

/** Submits without the page; the job's id. */
export async function submit(person, input, sources) {
  const body = { agent_type: 'demo', input, data_sources: sources };
  const answer = await call(person, 'POST', '/v1/jobs/async/submit', { body });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return answer.body.job_id;
}

/** Signs in and lets go of whatever an earlier test left connected. */
export async function startAfresh(person, ...sources) {
  await signIn(person);
  for (const { id } of sources) {
    const { status } = await call(person, 'POST', `/v1/auth/mcp/${id}/disconnect`);
    assert.equal(status, 200);
  }
  await person.page.reload();
  for (const source of sources) await rowIs(person, source, 'disconnected');
}

/**
 * Ends the grant at the provider, and lets a worker find out: nothing is refreshed that nobody asks for.
 * Resolves to the worker's answer.
 */
export async function breakAtTheProvider(person, source) {
  // It runs for a while, so that it has its right to ask; what it answers matters to nobody.
  const job = await submit(person, 'my rows, wait 5 seconds', [source.id]);
  const { status, body } = await resolve(job, source.id);
  assert.equal(status, 200);
  await provider.revoke(person);
  const refused = await resolve(job, source.id, { rejected_sha256: sha256(body.access_token) });
  assert.deepEqual([refused.status, refused.body.reason], [409, 'revoked']);
  return refused.body;
}
