// npm start: installs, builds and serves Strata, and says where.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { ISOLATION_HEADERS, serveFolder } from './static-server.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';

for (const args of [
  ['install', '--no-audit', '--no-fund', '--loglevel=error'],
  ['run', 'build', '--', '--logLevel', 'warn'],
]) {
  const { status } = spawnSync(npm, args, { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' });
  if (status !== 0) process.exit(status ?? 1);
}

const wanted = Number(process.env.PORT ?? 4173);
const folder = fileURLToPath(new URL('../../dist', import.meta.url));
const serve = (port) => serveFolder(folder, { port, headers: ISOLATION_HEADERS });
const { url } = await serve(wanted).catch((error) => {
  if (error.code !== 'EADDRINUSE') throw error;
  return serve(0);
});
console.log(`\n  Strata is at ${url}\n  Ctrl+C stops it.\n`);
