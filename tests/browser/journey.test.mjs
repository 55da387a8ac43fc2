/** From the first click to the last, as two people at once: sign in, connect, ask, read, disconnect, be told why not. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { arrive, atTheProvider, home, launch } from './people.mjs';

const SOURCE = 'incidents';
const NAME = 'Team Incidents';

let browser;
let alice;
let bob;

before(async () => {
  browser = await launch();
  alice = await arrive(browser, 'alice');
  bob = await arrive(browser, 'bob');
});

after(() => browser?.close());

const row = ({ page }) => page.getByTestId(`source-row-${SOURCE}`);

/** Waits until the row says it is in this state, as people are told and as tests are. */
async function rowIs(person, state, words) {
  await person.page.locator(`[data-testid=source-row-${SOURCE}][data-state=${state}]`).waitFor();
  const status = await person.page.getByTestId(`source-status-${SOURCE}`).innerText();
  assert.match(status, words);
}

async function signIn({ page, name }) {
  await page.goto(home);
  await page.getByTestId('sign-in').click();
  await atTheProvider(page, name);
  await page.getByTestId('person').waitFor();
  assert.match(await page.getByTestId('person').innerText(), new RegExp(name, 'i'));
}

async function connect(person) {
  const opened = person.page.waitForEvent('popup');
  await row(person).getByRole('button', { name: `Connect ${NAME}` }).click();
  const window = await opened;
  await atTheProvider(window, person.name);
  await rowIs(person, 'connected', /^Connected/);
  await window.isClosed() || await window.waitForEvent('close');
}

/** Asks, and resolves to the answer that the page shows. */
async function ask({ page }, question) {
  await page.getByTestId('composer').fill(question);
  await page.getByTestId('send').click();
  const job = page.getByRole('article').filter({ hasText: question });
  const report = job.getByTestId('job-report');
  await report.waitFor({ timeout: 60_000 });
  return report.innerText();
}

async function disconnect(person) {
  await row(person).getByRole('button', { name: /details/i }).click();
  await person.page.getByTestId(`source-disconnect-${SOURCE}`).click();
  await person.page.getByTestId('confirm-disconnect').getByRole('button', { name: 'Disconnect' }).click();
  await rowIs(person, 'disconnected', /Not connected/);
}

/** Presses Send although it is marked as disabled, which people can and which then says why. */
async function pressSend({ page }, question) {
  await page.getByTestId('composer').fill(question);
  await page.getByTestId('send').click({ force: true });
}

/** Switches the source on, which it may be although it is not connected. */
async function wantIt(person) {
  const control = person.page.getByTestId(`source-switch-${SOURCE}`);
  if (await control.getAttribute('aria-checked') === 'false') await control.click();
}

const rows = (answer) => answer.split('\n').filter((line) => line.includes(' · ')).sort();

describe('two people in two browsers', { concurrency: false }, () => {
  let answers;

  test('each signs in and finds the source not connected', async () => {
    for (const person of [alice, bob]) {
      await signIn(person);
      await rowIs(person, 'disconnected', /Not connected/);
    }
  });

  test('alice connects in a window of its own, and bob sees nothing of it', async () => {
    await connect(alice);
    await bob.page.reload();
    await rowIs(bob, 'disconnected', /Not connected/);
    assert.doesNotMatch(await bob.page.locator('body').innerText(), /alice/i);
  });

  test('bob connects, and each asks and sees rows of their own only', async () => {
    await connect(bob);
    answers = await Promise.all([alice, bob].map((person) => ask(person, `my rows, asked by ${person.name}`)));
    const [hers, his] = answers.map(rows);
    assert.match(answers[0], /you are alice/);
    assert.match(answers[1], /you are bob/);
    assert.ok(hers.length > 0 && his.length > 0, 'both have rows');
    assert.deepEqual(hers.filter((line) => his.includes(line)), [], 'no row is in both answers');
  });

  test('alice disconnects, is told why she cannot send, and bob goes on', async () => {
    await disconnect(alice);
    await wantIt(alice);
    await pressSend(alice, 'my rows again');
    const blocker = alice.page.getByTestId('blocker');
    await blocker.waitFor();
    assert.match(await blocker.innerText(), new RegExp(`Connect ${NAME} before you send`));
    assert.equal(await alice.page.getByTestId('composer').inputValue(), 'my rows again', 'the draft is kept');

    await bob.page.reload();
    await rowIs(bob, 'connected', /^Connected/);
    assert.deepEqual(rows(await ask(bob, 'my rows, once more')), rows(answers[1]));
  });

  test('bob disconnects and is told the same', async () => {
    await disconnect(bob);
    await wantIt(bob);
    await pressSend(bob, 'and now?');
    await bob.page.getByTestId('blocker').getByRole('button', { name: `Connect ${NAME}` }).waitFor();
  });

  test('no console error, no page error and no policy violation came up in any window', () => {
    assert.deepEqual([...alice.trouble, ...bob.trouble], []);
  });
});
