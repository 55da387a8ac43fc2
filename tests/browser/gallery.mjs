/** The gallery that `cargo xtask` draws in `target/gallery`: every component in every state, served as the page is. */

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('../../target/gallery/', import.meta.url));
const TYPES = { '.html': 'text/html; charset=utf-8', '.css': 'text/css; charset=utf-8' };
/** The page's own policy, as far as a page without scripts needs one. */
const POLICY = "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'";

/** The looks every page is examined and photographed in. */
export const LOOKS = [
  { look: 'light', colorScheme: 'light', width: 1200 },
  { look: 'dark', colorScheme: 'dark', width: 1200 },
  { look: '360px', colorScheme: 'light', width: 360 },
];

/** `[file, title]` of every page of the gallery. */
export async function pages() {
  return Object.entries(JSON.parse(await readFile(join(FOLDER, 'gallery.json'), 'utf8'))).sort();
}

/** Serves the gallery on a free port; resolves to its address and a way to end it. */
export async function serve() {
  const server = createServer(async (request, response) => {
    const name = normalize(new URL(request.url, 'http://localhost').pathname);
    try {
      const body = await readFile(join(FOLDER, name));
      response.writeHead(200, { 'content-type': TYPES[extname(name)] ?? 'text/plain', 'content-security-policy': POLICY });
      response.end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { address: `http://127.0.0.1:${server.address().port}`, end: () => server.close() };
}
