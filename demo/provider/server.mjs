/**
 * The demo's authorization server and OpenID provider: oidc-provider, configured.
 *
 * `ready <issuer>` on standard output means that it listens. It keeps everything in memory: after a restart it knows
 * no registration and no grant any more.
 */

import { createServer } from 'node:http';

import { Provider } from 'oidc-provider';

import { rememberAllowed } from './allowed.mjs';
import { configuration } from './configuration.mjs';
import { controlled } from './control.mjs';
import { logRequests, withAnEmptyIcon, withoutForeignFonts } from './observe.mjs';
import { recordSecrets } from './record.mjs';
import { readSettings, SettingError } from './settings.mjs';
import { atRest, withDelays, withOpenerPolicy, withOutages } from './switches.mjs';

const say = (line) => process.stdout.write(`${line}\n`);

function giveUp(sentence) {
  process.stderr.write(`provider: ${sentence}\n`);
  process.exit(1);
}

function settingsOrExit() {
  try {
    return readSettings(process.env);
  } catch (error) {
    if (error instanceof SettingError) return giveUp(error.message);
    throw error;
  }
}

const settings = settingsOrExit();
const switches = atRest();
const provider = new Provider(settings.issuer, configuration(settings, switches));
if (process.env.DEMO_ISSUED_FILE) provider.use(recordSecrets(process.env.DEMO_ISSUED_FILE));
provider.use(logRequests(say));
provider.use(withoutForeignFonts);
provider.use(withAnEmptyIcon);
provider.use(withOpenerPolicy(switches));
provider.use(withOutages(switches));
provider.use(withDelays(switches));
provider.on('server_error', (ctx, error) => {
  say(JSON.stringify({ event: 'server_error', path: ctx.path, error: error.name }));
});

const parts = { key: settings.controlKey, switches, revoke: rememberAllowed(provider) };
const server = createServer(controlled(parts, provider.callback()));
server.on('error', (error) => {
  if (error.code !== 'EADDRINUSE') throw error;
  giveUp(`port ${settings.port} of 127.0.0.1 is already in use; stop what listens there or choose another PROVIDER_PORT`);
});
server.listen(settings.port, '127.0.0.1', () => say(`ready ${settings.issuer}`));

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    server.close(() => process.exit(0));
    server.closeAllConnections();
  });
}
