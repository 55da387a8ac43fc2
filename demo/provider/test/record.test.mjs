import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { Person, pkce } from './person.mjs';
import { environment, freePort, start } from './started.mjs';

let env;
let folder;
let server;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'provider-'));
  env = { ...environment(await freePort()), DEMO_ISSUED_FILE: join(folder, 'secrets-issued') };
  server = await start(env);
});
after(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

test('every secret of a sign-in is written down, in a file that only its owner reads, and is in no log', async () => {
  const issuer = env.PROVIDER_ISSUER;
  const redirect = `${env.AIQ_PUBLIC_URL}/v1/auth/login/callback`;
  const { verifier, challenge } = pkce();
  const url = new URL(`${issuer}/auth`);
  url.search = new URLSearchParams({
    response_type: 'code', client_id: env.DEMO_SIGN_IN_CLIENT_ID, redirect_uri: redirect, scope: 'openid profile',
    state: 'a-state-that-is-long-enough', code_challenge: challenge, code_challenge_method: 'S256',
  });
  const code = (await new Person('alice').authorize(url, redirect)).get('code');
  const credentials = Buffer.from(`${env.DEMO_SIGN_IN_CLIENT_ID}:${env.DEMO_SIGN_IN_CLIENT_SECRET}`).toString('base64');
  const tokens = await (await fetch(`${issuer}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${credentials}` },
    body: new URLSearchParams({ grant_type: 'authorization_code', code, redirect_uri: redirect, code_verifier: verifier }),
  })).json();
  const client = await (await fetch(`${issuer}/reg`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ redirect_uris: ['http://localhost:9/callback'], application_type: 'native' }),
  })).json();

  const written = readFileSync(env.DEMO_ISSUED_FILE, 'utf8').split('\n');
  const expected = {
    code, code_verifier: verifier, state: 'a-state-that-is-long-enough', basic: credentials,
    access_token: tokens.access_token, id_token: tokens.id_token, client_secret: client.client_secret,
  };
  for (const [kind, value] of Object.entries(expected)) {
    assert.ok(value, kind);
    assert.ok(written.includes(`${kind} ${value}`), `${kind} was not written`);
    assert.ok(!(server.said.out + server.said.err).includes(value), `${kind} is in the log`);
  }
  assert.equal(statSync(env.DEMO_ISSUED_FILE).mode & 0o777, 0o600);
});
