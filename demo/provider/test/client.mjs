/** An OAuth client of the provider under test, as AIQ Connect is one. */

import { pkce } from './person.mjs';

const basic = (id, secret) => `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;

export class Client {
  #env;
  #redirect = 'http://localhost:9/v1/auth/mcp/incidents/callback';

  constructor(env) { this.#env = env; }

  /** Registers (RFC 7591). */
  async register() {
    const response = await fetch(`${this.#env.PROVIDER_ISSUER}/reg`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        client_name: 'AIQ Connect', redirect_uris: [this.#redirect], application_type: 'native',
        token_endpoint_auth_method: 'client_secret_basic', grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'], scope: 'incidents:read',
      }),
    });
    const { client_id: id, client_secret: secret } = await response.json();
    this.authorization = basic(id, secret);
    this.id = id;
    return this;
  }

  /** The address a browser is sent to, and what the way back needs. */
  request() {
    const { verifier, challenge } = pkce();
    const url = new URL(`${this.#env.PROVIDER_ISSUER}/auth`);
    url.search = new URLSearchParams({
      response_type: 'code', client_id: this.id, redirect_uri: this.#redirect, scope: 'incidents:read', state: 's',
      resource: this.#env.DEMO_MCP_URL, code_challenge: challenge, code_challenge_method: 'S256',
    });
    return { url, verifier };
  }

  /** The whole code flow of one person; the token endpoint's answer. */
  async connect(person) {
    const { url, verifier } = this.request();
    const code = (await person.authorize(url, this.#redirect)).get('code');
    return this.token({ grant_type: 'authorization_code', code, redirect_uri: this.#redirect, code_verifier: verifier });
  }

  refresh(refreshToken) {
    return this.token({ grant_type: 'refresh_token', refresh_token: refreshToken });
  }

  token(form) {
    return this.#post('/token', form, this.authorization);
  }

  /** Whether a token is alive, asked as the MCP server asks (RFC 7662). */
  async isActive(token) {
    const { DEMO_INTROSPECTION_CLIENT_ID: id, DEMO_INTROSPECTION_CLIENT_SECRET: secret } = this.#env;
    return (await this.#post('/token/introspection', { token }, basic(id, secret))).body.active;
  }

  async #post(path, form, authorization) {
    const response = await fetch(this.#env.PROVIDER_ISSUER + path, {
      method: 'POST', body: new URLSearchParams(form), headers: { authorization },
    });
    return { status: response.status, body: await response.json() };
  }
}
