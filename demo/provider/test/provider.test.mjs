import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { Person, pkce } from './person.mjs';
import { environment, freePort, run, start } from './started.mjs';

const REDIRECT = 'http://localhost:9/v1/auth/mcp/incidents/callback';
const RESOURCE = 'http://127.0.0.1:9/mcp';

let env;
let server;
const secrets = [];

const issuer = () => env.PROVIDER_ISSUER;
const basic = (id, secret) => `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;

async function post(path, form, authorization) {
  const response = await fetch(issuer() + path, {
    method: 'POST', body: new URLSearchParams(form), headers: authorization ? { authorization } : {},
  });
  const text = await response.text();
  return { status: response.status, body: text ? JSON.parse(text) : null };
}

async function register(extra = {}) {
  const response = await fetch(`${issuer()}/reg`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      client_name: 'AIQ Connect',
      redirect_uris: [REDIRECT],
      application_type: 'native',
      token_endpoint_auth_method: 'client_secret_basic',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      scope: 'incidents:read',
      ...extra,
    }),
  });
  assert.equal(response.status, 201);
  const client = await response.json();
  if (client.client_secret) secrets.push(client.client_secret);
  return client;
}

/** The whole code flow of one person at one client, as AIQ Connect walks it. */
async function connect(person, client, changes = {}) {
  const { verifier, challenge } = pkce();
  const url = new URL(`${issuer()}/auth`);
  url.search = new URLSearchParams({
    response_type: 'code', client_id: client.client_id, redirect_uri: REDIRECT, scope: 'incidents:read', state: 's',
    resource: RESOURCE, code_challenge: challenge, code_challenge_method: 'S256', ...changes,
  });
  const answer = await person.authorize(url, REDIRECT);
  const code = answer.get('code');
  if (!code) return { answer };
  const tokens = await post('/token', {
    grant_type: 'authorization_code', code, redirect_uri: REDIRECT, code_verifier: verifier, resource: RESOURCE,
  }, basic(client.client_id, client.client_secret));
  remember(tokens.body);
  return { answer, ...tokens };
}

async function refresh(client, refreshToken) {
  const answer = await post(
    '/token', { grant_type: 'refresh_token', refresh_token: refreshToken }, basic(client.client_id, client.client_secret),
  );
  remember(answer.body);
  return answer;
}

function remember({ access_token: access, refresh_token: renewal }) {
  secrets.push(...[access, renewal].filter(Boolean));
}

async function introspect(token) {
  const { body } = await post('/token/introspection', { token },
    basic(env.DEMO_INTROSPECTION_CLIENT_ID, env.DEMO_INTROSPECTION_CLIENT_SECRET));
  return body;
}

before(async () => {
  env = environment(await freePort());
  server = await start(env);
});
after(() => server.stop());

describe('connecting an account', () => {
  test('the code flow ends with an opaque token for the resource, and the answer names the issuer', async () => {
    const { answer, status, body } = await connect(new Person('alice'), await register());
    assert.equal(answer.get('iss'), issuer());
    assert.equal(status, 200);
    assert.doesNotMatch(body.access_token, /\./, 'an opaque token has no dots');
    const token = await introspect(body.access_token);
    assert.deepEqual(
      { active: token.active, sub: token.sub, aud: token.aud, scope: token.scope },
      { active: true, sub: 'alice', aud: RESOURCE, scope: 'incidents:read' },
    );
    assert.ok(body.refresh_token, 'a refresh token is issued without offline_access');
    assert.equal(body.expires_in, 60);
  });

  test('a request without PKCE is refused', async () => {
    const { answer } = await connect(new Person('alice'), await register(), { code_challenge: '', code_challenge_method: '' });
    assert.equal(answer.get('error'), 'invalid_request');
  });

  test('another resource is refused', async () => {
    const { answer } = await connect(new Person('alice'), await register(), { resource: 'http://127.0.0.1:9/other' });
    assert.equal(answer.get('error'), 'invalid_target');
  });
});

describe('connecting with a client that was registered by hand', () => {
  const TICKETS = 'http://127.0.0.1:9/tickets';
  const redirect = () => `${env.AIQ_PUBLIC_URL}/v1/auth/mcp/tickets/callback`;

  async function connectTickets(secret) {
    const { verifier, challenge } = pkce();
    const url = new URL(`${issuer()}/auth`);
    url.search = new URLSearchParams({
      response_type: 'code', client_id: 'service-desk', redirect_uri: redirect(), scope: 'tickets:read', state: 's',
      resource: TICKETS, code_challenge: challenge, code_challenge_method: 'S256',
    });
    const code = (await new Person('alice').authorize(url, redirect())).get('code');
    const answer = await post('/token', {
      grant_type: 'authorization_code', code, redirect_uri: redirect(), code_verifier: verifier, resource: TICKETS,
    }, basic('service-desk', secret));
    remember(answer.body);
    return answer;
  }

  test('its token is for its own resource, with the scopes that were asked for and no more', async () => {
    const { status, body } = await connectTickets(env.DEMO_TICKETS_CLIENT_SECRET);
    assert.equal(status, 200);
    const token = await introspect(body.access_token);
    assert.deepEqual([token.sub, token.aud, token.scope], ['alice', TICKETS, 'tickets:read']);
    assert.ok(body.refresh_token);
  });

  test('a wrong secret is refused', async () => {
    assert.equal((await connectTickets('another-secret')).body.error, 'invalid_client');
  });
});

describe('refreshing', () => {
  test('a refresh token that is used twice kills the newest tokens too', async () => {
    const client = await register();
    const first = (await connect(new Person('alice'), client)).body;
    const second = await refresh(client, first.refresh_token);
    assert.equal(second.status, 200);
    assert.notEqual(second.body.refresh_token, first.refresh_token);
    assert.equal((await introspect(second.body.access_token)).aud, RESOURCE);

    const again = await refresh(client, first.refresh_token);
    assert.deepEqual([again.status, again.body.error], [400, 'invalid_grant']);
    assert.equal((await introspect(second.body.access_token)).active, false);
    assert.equal((await refresh(client, second.body.refresh_token)).body.error, 'invalid_grant');
  });
});

describe('revoking', () => {
  test('a revoked refresh token takes the access token with it at once', async () => {
    const client = await register();
    const { body } = await connect(new Person('bob'), client);
    assert.equal((await introspect(body.access_token)).active, true);
    const { status } = await post('/token/revocation', { token: body.refresh_token },
      basic(client.client_id, client.client_secret));
    assert.equal(status, 200);
    assert.equal((await introspect(body.access_token)).active, false);
  });

  test('another client may not look at a token', async () => {
    const stranger = await register();
    const { body } = await connect(new Person('bob'), await register());
    const answer = await post('/token/introspection', { token: body.access_token },
      basic(stranger.client_id, stranger.client_secret));
    assert.deepEqual(answer.body, { active: false });
  });
});

describe('signing in to AIQ Connect', () => {
  test('the ID token carries the name and the address of whoever signed in', async () => {
    const redirect = `${env.AIQ_PUBLIC_URL}/v1/auth/login/callback`;
    const { verifier, challenge } = pkce();
    const url = new URL(`${issuer()}/auth`);
    url.search = new URLSearchParams({
      response_type: 'code', client_id: env.DEMO_SIGN_IN_CLIENT_ID, redirect_uri: redirect,
      scope: 'openid profile email', state: 's', nonce: 'n', code_challenge: challenge, code_challenge_method: 'S256',
    });
    const code = (await new Person('alice').authorize(url, redirect)).get('code');
    const { body } = await post('/token', {
      grant_type: 'authorization_code', code, redirect_uri: redirect, code_verifier: verifier,
    }, basic(env.DEMO_SIGN_IN_CLIENT_ID, env.DEMO_SIGN_IN_CLIENT_SECRET));
    remember(body);
    const claims = JSON.parse(Buffer.from(body.id_token.split('.')[1], 'base64url'));
    assert.deepEqual(
      { sub: claims.sub, name: claims.name, email: claims.email, nonce: claims.nonce, aud: claims.aud },
      { sub: 'alice', name: 'Alice', email: 'alice@example.test', nonce: 'n', aud: 'sign-in' },
    );
  });
});

describe('the process', () => {
  test('the pages fetch nothing from elsewhere', async () => {
    const client = await register();
    const { challenge } = pkce();
    const first = await fetch(`${issuer()}/auth?${new URLSearchParams({
      response_type: 'code', client_id: client.client_id, redirect_uri: REDIRECT, scope: 'incidents:read',
      resource: RESOURCE, code_challenge: challenge, code_challenge_method: 'S256',
    })}`, { redirect: 'manual' });
    const cookie = first.headers.getSetCookie().map((line) => line.split(';')[0]).join('; ');
    const page = await (await fetch(new URL(first.headers.get('location'), issuer()), { headers: { cookie } })).text();
    assert.match(page, /<form/);
    assert.doesNotMatch(page, /@import|https:\/\//);
  });

  test('a port in use is said in words', async () => {
    const second = run(env);
    assert.equal(await second.exited, 1);
    assert.match(second.said.err, /port \d+ of 127\.0\.0\.1 is already in use/);
  });

  test('a missing variable is named', async () => {
    const { DEMO_MCP_URL: _, ...rest } = env;
    const second = run(rest);
    assert.equal(await second.exited, 1);
    assert.match(second.said.err, /not set: DEMO_MCP_URL/);
  });

  test('the log says who did what and holds no secret', async () => {
    const lines = server.said.out.split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
    const reuse = lines.find((line) => line.error === 'invalid_grant');
    assert.deepEqual([reuse.event, reuse.grant_type, reuse.account], ['token', 'refresh_token', 'alice']);
    const rotation = lines.find((line) => line.given_sha256 === reuse.used_sha256);
    assert.match(reuse.used_sha256, /^[0-9a-f]{64}$/);
    assert.ok(rotation.answered_at <= reuse.came_at, 'a line of refresh tokens can be followed');
    assert.ok(lines.some((line) => line.event === 'revocation' && line.account === 'bob'));
    assert.ok(secrets.length > 10);
    for (const secret of secrets) assert.ok(!(server.said.out + server.said.err).includes(secret));
  });
});
