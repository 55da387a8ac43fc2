/** The environment this provider is started with, checked once and named in words. */

const NAMES = [
  'PROVIDER_PORT',
  'PROVIDER_ISSUER',
  'AIQ_PUBLIC_URL',
  'DEMO_MCP_URL',
  'DEMO_TICKETS_URL',
  'DEMO_TICKETS_CLIENT_SECRET',
  'DEMO_SIGN_IN_CLIENT_ID',
  'DEMO_SIGN_IN_CLIENT_SECRET',
  'DEMO_INTROSPECTION_CLIENT_ID',
  'DEMO_INTROSPECTION_CLIENT_SECRET',
];

const LOOPBACK = new Set(['127.0.0.1', '[::1]', 'localhost']);

/** A setting is missing or cannot work; the message says which one and what it should be. */
export class SettingError extends Error {}

/**
 * Reads the settings.
 *
 * @param {Record<string, string | undefined>} env
 * @throws {SettingError}
 */
export function readSettings(env) {
  const missing = NAMES.filter((name) => !env[name]);
  if (missing.length > 0) {
    throw new SettingError(`these environment variables are not set: ${missing.join(', ')}`);
  }

  const port = wholeNumber('PROVIDER_PORT', env.PROVIDER_PORT, 65535);
  const issuer = env.PROVIDER_ISSUER;
  // Its sign-in page believes any name without a password, so nobody but this machine may reach it.
  if (!URL.canParse(issuer) || !LOOPBACK.has(new URL(issuer).hostname)) {
    throw new SettingError(`PROVIDER_ISSUER has to be a loopback address such as http://127.0.0.1:${port}, not ${issuer}`);
  }

  return {
    port,
    issuer,
    publicUrl: env.AIQ_PUBLIC_URL.replace(/\/$/, ''),
    resource: env.DEMO_MCP_URL,
    tickets: { resource: env.DEMO_TICKETS_URL, clientId: 'service-desk', clientSecret: env.DEMO_TICKETS_CLIENT_SECRET },
    accessTokenSeconds: wholeNumber('DEMO_ACCESS_TOKEN_SECONDS', env.DEMO_ACCESS_TOKEN_SECONDS ?? '60', 86_400),
    signIn: { id: env.DEMO_SIGN_IN_CLIENT_ID, secret: env.DEMO_SIGN_IN_CLIENT_SECRET },
    // Only tests give one.
    controlKey: env.DEMO_CONTROL_KEY || undefined,
    introspection: { id: env.DEMO_INTROSPECTION_CLIENT_ID, secret: env.DEMO_INTROSPECTION_CLIENT_SECRET },
  };
}

function wholeNumber(name, text, most) {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1 || number > most) {
    throw new SettingError(`${name} has to be a whole number from 1 to ${most}, not ${text}`);
  }
  return number;
}
