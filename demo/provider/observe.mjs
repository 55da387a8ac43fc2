/** Middleware around the provider: one log line per request that matters, and pages that fetch nothing from elsewhere. */

import { createHash } from 'node:crypto';

const LOGGED = new Set(['token', 'registration', 'revocation', 'introspection']);

/** A name for a refresh token that only who has the token can tell. */
const named = (token) => (typeof token === 'string' ? createHash('sha256').update(token).digest('hex') : undefined);

/**
 * Writes who asked for what, when, and how it ended. Tokens, codes and secrets are never part of a line; token requests
 * name the refresh token that was used and the one that was given out by their SHA-256, so that a line of them can be
 * followed from the first to the last.
 *
 * @param {(line: string) => void} write
 */
export function logRequests(write) {
  return async (ctx, next) => {
    const came = Date.now();
    await next();
    const event = ctx.oidc?.route;
    if (!LOGGED.has(event)) return;
    const { entities, params } = ctx.oidc;
    const token = entities.AccessToken ?? entities.RefreshToken;
    write(JSON.stringify({
      event,
      came_at: came,
      answered_at: Date.now(),
      grant_type: event === 'token' ? params?.grant_type : undefined,
      client_id: event === 'registration' ? ctx.body?.client_id : entities.Client?.clientId,
      account: entities.Account?.accountId ?? token?.accountId,
      used_sha256: event === 'token' ? named(params?.refresh_token) : undefined,
      given_sha256: event === 'token' ? named(ctx.body?.refresh_token) : undefined,
      active: event === 'introspection' ? ctx.body?.active : undefined,
      status: ctx.status,
      error: ctx.body?.error,
    }));
  };
}

/** The development pages name no icon, so browsers ask for the usual one; an answer keeps their consoles quiet. */
export async function withAnEmptyIcon(ctx, next) {
  await next();
  if (ctx.path === '/favicon.ico') ctx.status = 204;
}

/** The provider's own development pages ask the web for a font; a page of the demo asks nobody. */
export async function withoutForeignFonts(ctx, next) {
  await next();
  if (typeof ctx.body === 'string' && ctx.response.is('html')) {
    ctx.body = ctx.body.replaceAll(/@import url\([^)]*\);?/g, '');
  }
}
