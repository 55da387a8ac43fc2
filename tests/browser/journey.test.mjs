/** From the first click to the last, as two people at once: sign in, connect, ask, read, disconnect, be told why not. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { ask, connect, disconnect, INCIDENTS, pressSend, rowIs, rows, signIn, want } from './acts.mjs';
import { arrive, assertQuiet, launch } from './people.mjs';

let browser;
let alice;
let bob;

before(async () => {
  browser = await launch();
  alice = await arrive(browser, 'alice');
  bob = await arrive(browser, 'bob');
});

after(() => browser?.close());

describe('two people in two browsers', { concurrency: false }, () => {
  let answers;

  test('each signs in and finds the source not connected', async () => {
    for (const person of [alice, bob]) {
      await signIn(person);
      await rowIs(person, INCIDENTS, 'disconnected', /Not connected/);
    }
  });

  test('alice connects in a window of its own, and bob sees nothing of it', async () => {
    await connect(alice, INCIDENTS);
    await bob.page.reload();
    await rowIs(bob, INCIDENTS, 'disconnected', /Not connected/);
    assert.doesNotMatch(await bob.page.locator('body').innerText(), /alice/i);
  });

  test('bob connects, and each asks and sees rows of their own only', async () => {
    await connect(bob, INCIDENTS);
    answers = await Promise.all([alice, bob].map((person) => ask(person, `my rows, asked by ${person.name}`)));
    const [hers, his] = answers.map(rows);
    assert.match(answers[0], /you are alice/);
    assert.match(answers[1], /you are bob/);
    assert.ok(hers.length > 0 && his.length > 0, 'both have rows');
    assert.deepEqual(hers.filter((line) => his.includes(line)), [], 'no row is in both answers');
  });

  test('alice disconnects, is told why she cannot send, and bob goes on', async () => {
    await disconnect(alice, INCIDENTS);
    await want(alice, INCIDENTS);
    await pressSend(alice, 'my rows again');
    const blocker = alice.page.getByTestId('blocker');
    await blocker.waitFor();
    assert.match(await blocker.innerText(), new RegExp(`Connect ${INCIDENTS.name} before you send`));
    assert.equal(await alice.page.getByTestId('composer').inputValue(), 'my rows again', 'the draft is kept');

    await bob.page.reload();
    await rowIs(bob, INCIDENTS, 'connected', /Connected/);
    assert.deepEqual(rows(await ask(bob, 'my rows, once more')), rows(answers[1]));
  });

  test('bob disconnects and is told the same', async () => {
    await disconnect(bob, INCIDENTS);
    await want(bob, INCIDENTS);
    await pressSend(bob, 'and now?');
    await bob.page.getByTestId('blocker').getByRole('button', { name: `Connect ${INCIDENTS.name}` }).waitFor();
  });

  test('no console error, no page error and no policy violation came up in any window', () => {
    assertQuiet(alice, bob);
  });
});
