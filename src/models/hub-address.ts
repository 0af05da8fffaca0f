import type { HubAddress } from './hub-address-kinds';

const HUB_HOSTS = new Set(['huggingface.co', 'hf.co', 'hub.huggingface.co']);
/** First parts of addresses on the hub that are nobody's name. */
const NO_OWNERS = new Set(
  [
    'models',
    'datasets',
    'spaces',
    'docs',
    'papers',
    'collections',
    'blog',
    'tasks',
    'settings',
    'organizations',
  ].concat([
    'learn',
    'pricing',
    'posts',
    'join',
    'login',
    'search',
    'new',
    'chat',
    'api',
    'storage',
    'inference',
    'support',
  ]),
);
/** After `owner/name`, a revision stands behind one of these. */
const BEFORE_REVISION = new Set([
  'tree',
  'blob',
  'resolve',
  'raw',
  'blame',
  'commit',
  'commits',
  'edit',
  'resolve-cache',
]);
const NAME = /^[\w.-]+$/;

/**
 * What is meant by what stands in the field for a hub id: `owner/name`, `owner/name@revision`, an address of a page or
 * a file on the hub however it was copied, or the way git and Python write it.
 */
export function parseHubField(text: string): HubAddress {
  // Copied with its quotes, as Markdown or from a command; with what chats and PDFs put in unseen.
  const bare = text
    .replace(/\p{Cf}/gu, '')
    .trim()
    .replace(/^git (clone|lfs clone) /, '')
    .replace(/^(?:hf|huggingface-cli) download (\S+).*$/, '$1')
    .replace(/^\[[^\]]*\]\(([^)]*)\)$/, '$1')
    .replace(/^["'`<(]+|["'`>),;]+$/g, '')
    .replace(/^git@([\w.-]+):/, 'ssh://$1/')
    .trim();
  if (bare === '') return { kind: 'nothing' };
  const address = withHost(bare);
  if (!address) return ofPath(bare);
  const { host, path } = address;
  if (HUB_HOSTS.has(host)) return ofPath(path);
  const there = ofPath(path);
  return { kind: 'other-host', host, repo: there.kind === 'repository' ? there.repo : undefined };
}

/** The host and the rest of an address; undefined for a bare id. An id has one slash at most, and no host before it. */
function withHost(text: string): { readonly host: string; readonly path: string } | undefined {
  const schemed = /^(?:https?|ssh|hf):\/\/(.*)$/i.exec(text)?.[1];
  if (/^hf:\/\//i.test(text)) return { host: 'huggingface.co', path: schemed ?? '' };
  const [first = '', ...rest] = (schemed ?? text).split('/');
  const host = first
    .replace(/^[^@]*@|:\d+$/g, '')
    .replace(/^www\./i, '')
    .toLowerCase();
  const isHost =
    schemed !== undefined || HUB_HOSTS.has(host) || (rest.length > 1 && /^[\w-]+(\.[\w-]+)*\.[a-z]{2,}$/.test(host));
  return isHost ? { host, path: rest.join('/') } : undefined;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function ofPath(path: string): HubAddress {
  const parts = path
    .replace(/[?#].*$/, '')
    .split('/')
    .flatMap((part) => (part === '' ? [] : [decoded(part)]));
  if (parts[0] === 'api' && parts[1] === 'models') parts.splice(0, 2);
  if (parts[0] === 'models' && parts.length === 3) parts.shift();
  const [owner, ...rest] = parts;
  if (owner === undefined) return { kind: 'nothing' };
  if (owner === 'datasets' && rest.length > 0) return { kind: 'dataset' };
  if (owner === 'spaces' && rest.length > 0) return { kind: 'space' };
  if (NO_OWNERS.has(owner)) return { kind: 'no-model' };
  return ofRepository(owner, rest);
}

function ofRepository(owner: string, rest: readonly string[]): HubAddress {
  // The hub's first models have no owner: gpt2, gpt2/tree/main.
  const alone = rest.length === 0 || BEFORE_REVISION.has(rest[0]!);
  const [named = '', ...after] = alone ? [owner, ...rest] : [`${owner}/${rest[0]}`, ...rest.slice(1)];
  const [repo = '', stated] = named.replace(/\.git$/, '').split('@');
  if (!repo.split('/').every((part) => NAME.test(part))) return { kind: 'nothing' };
  // A revision may hold a slash, as refs/pr/1 does; whatever else stands behind it is a file.
  const revision = stated === undefined ? revisionIn(after) : [stated, ...after].join('/');
  return /^[\w./-]+$/.test(revision) ? { kind: 'repository', repo, revision } : { kind: 'nothing' };
}

function revisionIn([before, ...parts]: readonly string[]): string {
  if (before === undefined || !BEFORE_REVISION.has(before) || parts[0] === undefined) return 'main';
  const slashed = /^refs\/[^/]+\/[^/]+/.exec(parts.join('/'))?.[0];
  return slashed ?? parts[0];
}
