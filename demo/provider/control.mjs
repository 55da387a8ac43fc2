/**
 * The switches' own small HTTP interface, for tests: `/control/…`, guarded by a key of this one run.
 *
 * `GET|PATCH /control/switches` tells and changes the switches, `DELETE /control/switches` puts them at rest,
 * `POST /control/revoke {"account", "resource"?}` ends what a person allowed. Without `DEMO_CONTROL_KEY` nothing is here.
 */

import { createHash, timingSafeEqual } from 'node:crypto';

import { atRest, complaint } from './switches.mjs';

const LARGEST = 4096;

/**
 * Wraps the provider's own listener.
 *
 * @param {{ key: string | undefined, switches: object, revoke: (account: string, resource?: string) => Promise<number> }} parts
 */
export function controlled({ key, switches, revoke }, listener) {
  if (!key) return listener;
  return (request, response) => {
    const { pathname } = new URL(request.url, 'http://127.0.0.1');
    if (!pathname.startsWith('/control/')) return listener(request, response);
    const answer = (status, body) => {
      response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
      response.end(JSON.stringify(body));
    };
    if (!isKey(request.headers.authorization, key)) return answer(401, { error: 'send the key as a bearer token' });
    return act(request, pathname, { switches, revoke })
      .then(([status, body]) => answer(status, body))
      .catch((error) => answer(error instanceof SyntaxError ? 400 : 500, { error: error.name }));
  };
}

async function act(request, pathname, { switches, revoke }) {
  switch (`${request.method} ${pathname}`) {
    case 'GET /control/switches':
      return [200, switches];
    case 'DELETE /control/switches':
      return [200, Object.assign(switches, atRest())];
    case 'PATCH /control/switches': {
      const wanted = await json(request);
      const error = complaint(wanted);
      return error ? [400, { error }] : [200, Object.assign(switches, wanted)];
    }
    case 'POST /control/revoke': {
      const { account, resource } = await json(request) ?? {};
      if (typeof account !== 'string') return [400, { error: 'name the account' }];
      return [200, { revoked: await revoke(account, resource) }];
    }
    default:
      return [404, { error: 'there is nothing at this address' }];
  }
}

async function json(request) {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) {
    text += chunk;
    if (text.length > LARGEST) throw new SyntaxError('too long');
  }
  return JSON.parse(text);
}

/** Compares digests, which are equally long and tell nothing by the time it takes. */
function isKey(authorization, key) {
  const digest = (text) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(authorization ?? ''), digest(`Bearer ${key}`));
}
