/**
 * Writes down every secret that passes through here, so that a test can look for the real ones in every log.
 *
 * Only where `DEMO_ISSUED_FILE` names a file: the demo's own state folder, never a log.
 */

import { appendFileSync, closeSync, openSync } from 'node:fs';

const IN_ANSWERS = ['access_token', 'refresh_token', 'id_token', 'client_secret', 'registration_access_token'];
const IN_REQUESTS = ['code', 'code_verifier', 'state', 'nonce', 'refresh_token', 'client_secret', 'token'];
const IN_REDIRECTS = ['code', 'state'];

/** `[kind, value]` of everything secret in one exchange. */
function secretsOf(ctx) {
  const found = [];
  const take = (kinds, values) => kinds.forEach((kind) => {
    if (typeof values?.[kind] === 'string' && values[kind]) found.push([kind, values[kind]]);
  });
  take(IN_ANSWERS, ctx.body);
  take(IN_REQUESTS, ctx.oidc?.params);
  take(IN_REQUESTS, ctx.query);
  const location = ctx.response.get('location');
  if (URL.canParse(location)) take(IN_REDIRECTS, Object.fromEntries(new URL(location).searchParams));

  const [scheme, credentials] = (ctx.get('authorization') || '').split(' ');
  if (credentials) found.push([scheme.toLowerCase(), credentials]);
  for (const cookie of [].concat(ctx.response.get('set-cookie') || [])) {
    found.push(['provider_cookie', cookie.split(';')[0].split('=').slice(1).join('=')]);
  }
  return found;
}

/** @param {string} file one line for each secret: its kind, a space, the secret */
export function recordSecrets(file) {
  // Readable by its owner alone, like the state beside it.
  closeSync(openSync(file, 'a', 0o600));
  return async (ctx, next) => {
    await next();
    const lines = secretsOf(ctx).map(([kind, value]) => `${kind} ${value}\n`);
    if (lines.length > 0) appendFileSync(file, lines.join(''));
  };
}
