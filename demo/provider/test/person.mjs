/** A person with a browser: keeps cookies, follows redirects, fills in the two plain forms. */

import { createHash, randomBytes } from 'node:crypto';

export class Person {
  #cookies = new Map();

  constructor(name) { this.name = name; }

  /** Follows an authorization request to the end; resolves to the parameters of the redirect to `redirectUri`. */
  async authorize(authorizationUrl, redirectUri) {
    let response = await this.#fetch(authorizationUrl);
    for (let step = 0; step < 12; step += 1) {
      const location = response.headers.get('location');
      if (location?.startsWith(redirectUri)) return new URL(location).searchParams;
      response = location
        ? await this.#fetch(new URL(location, response.url))
        : await this.#submit(await response.text(), response.url);
    }
    throw new Error('the sign-in did not come to an end');
  }

  async #submit(html, at) {
    const action = html.match(/<form[^>]* action="([^"]+)"/)?.[1];
    const prompt = html.match(/name="prompt" value="([^"]+)"/)?.[1];
    if (!action || !prompt) throw new Error(`no form at ${at}: ${html.slice(0, 300)}`);
    const body = new URLSearchParams(prompt === 'login' ? { prompt, login: this.name, password: 'any' } : { prompt });
    return this.#fetch(new URL(action, at), { method: 'POST', body });
  }

  async #fetch(url, init = {}) {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, { ...init, redirect: 'manual', headers: { cookie } });
    for (const line of response.headers.getSetCookie()) {
      const [name, value] = line.split(';')[0].split('=');
      if (value) this.#cookies.set(name, value); else this.#cookies.delete(name);
    }
    return response;
  }
}

/** A fresh PKCE pair (RFC 7636). */
export function pkce() {
  const verifier = randomBytes(32).toString('base64url');
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') };
}
