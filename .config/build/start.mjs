// npm start: installs, builds and serves Strata, and says where.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { install } from './install.mjs';
import { ISOLATION_HEADERS, serveFolder } from './static-server.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';

const installed = install(root);
if (installed !== 0) process.exit(installed);
const built = spawnSync(npm, ['run', 'build', '--', '--logLevel', 'warn'], {
  cwd: root,
  stdio: 'inherit',
  shell: process.platform === 'win32',
});
if (built.status !== 0) process.exit(built.status ?? 1);

const wanted = Number(process.env.PORT ?? 4173);
const folder = fileURLToPath(new URL('../../dist', import.meta.url));
const serve = (port) => serveFolder(folder, { port, headers: ISOLATION_HEADERS });
const { url } = await serve(wanted).catch((error) => {
  if (error.code !== 'EADDRINUSE') throw error;
  return serve(0);
});
console.log(`\n  Strata is at ${url}\n  Ctrl+C stops it.\n`);
