/**
 * The page's side of the service worker: registration, cross-origin isolation on hosts that do not send the headers,
 * and updates that wait to be asked for. Knows nothing of the interface.
 */
import { withLock } from '../core/locks';

export type Shell =
  /** No service worker here (development, plain http from another machine, switched off). */
  | 'unsupported'
  | 'installing'
  /** The app starts without a network. */
  | 'ready'
  | 'failed';

export type Update =
  | 'none'
  /** A new version is here and waits to be asked for. */
  | 'available'
  /** Asked for; comes as soon as no tab is downloading or probing. */
  | 'waiting'
  /** Another tab took the new version; this one should be loaded again when convenient. */
  | 'reload';

export interface ServiceWorkerState {
  readonly shell: Shell;
  readonly update: Update;
}

export type Isolation =
  | 'isolated'
  /** The page is about to load itself again, once; start nothing. */
  | 'reloading'
  /** Cannot be had here: one thread. */
  | 'unavailable';

/** Held, shared, by every tab while it downloads or runs; an update asks for it exclusively. */
const WORK_LOCK = 'strata-work';
const RELOADED = 'strata-isolation-reload';
/**
 * A service worker that is not in charge by then is not worth waiting for. On a slow network its shell takes a
 * thirtieth of the time that the model will take.
 */
const ISOLATION_PATIENCE_MS = 10_000;
const UPDATE_INTERVAL_MS = 60 * 60 * 1000;

/** Does work during which no update may change the app under any tab. */
export async function holdUpdates<T>(work: () => Promise<T>): Promise<T> {
  return withLock(WORK_LOCK, { mode: 'shared' }, work);
}

export class ServiceWorkerClient {
  #state: ServiceWorkerState = { shell: 'unsupported', update: 'none' };
  readonly #listeners = new Set<(state: ServiceWorkerState) => void>();
  #registration: ServiceWorkerRegistration | undefined;
  #applying = false;
  #installing: Promise<boolean> | undefined;
  readonly #container: ServiceWorkerContainer | undefined;
  readonly #hadController: boolean;

  constructor() {
    this.#container = containerOf(navigator);
    this.#hadController = Boolean(this.#container?.controller);
  }

  get state(): ServiceWorkerState {
    return this.#state;
  }

  /** Calls the listener now and at every change. Returns how to stop. */
  subscribe(listener: (state: ServiceWorkerState) => void): () => void {
    this.#listeners.add(listener);
    listener(this.#state);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Sees to cross-origin isolation, and where that needs it, installs `sw.js`. Await it before starting the worker, so
   * that no download begins just before the one reload. {@link install} is still to be called.
   */
  async start(): Promise<Isolation> {
    const container = this.#container;
    if (!container || !import.meta.env.PROD) return isolationNow();
    this.#set({ shell: container.controller ? 'ready' : 'installing' });
    container.addEventListener('controllerchange', () => this.#onControllerChange());
    if (crossOriginIsolated) {
      forget(RELOADED);
      return 'isolated';
    }
    const registered = this.install();
    if (recall(RELOADED) !== null || window.top !== window) return 'unavailable';
    const inCharge = registered.then((worked) => (worked ? controlled(container) : undefined));
    await Promise.race([inCharge, sleep(ISOLATION_PATIENCE_MS)]);
    // Without a memory there would be no telling the second time from the first: better no threads than a loop.
    if (!container.controller || !remember(RELOADED)) return isolationNow();
    location.reload();
    return 'reloading';
  }

  /**
   * Registers `sw.js` beside the page, once. It fetches the whole app, so that a page that is isolated without it does so
   * after the first answer. Resolves with whether it could be registered.
   */
  async install(): Promise<boolean> {
    const container = this.#container;
    if (!container || !import.meta.env.PROD) return false;
    return (this.#installing ??= this.#register(container));
  }

  /** Asks the server for a new version now. Resolves when its answer is known; a new version is then on its way. */
  async look(): Promise<void> {
    // It may be asked for before the first answer, which installing waits for.
    await this.install();
    await this.#registration?.update().catch(() => undefined);
  }

  /** Takes the new version as soon as no tab is at work, and loads the page again. */
  async applyUpdate(): Promise<void> {
    const waiting = this.#registration?.waiting;
    if (!waiting) {
      if (this.#state.update === 'reload') location.reload();
      return;
    }
    this.#set({ update: 'waiting' });
    const take = (): Promise<void> => {
      this.#applying = true;
      waiting.postMessage({ type: 'SKIP_WAITING' });
      return Promise.resolve();
    };
    await withLock(WORK_LOCK, {}, take);
  }

  async #register(container: ServiceWorkerContainer): Promise<boolean> {
    try {
      const url = new URL('sw.js', document.baseURI);
      const registration = await container.register(url, { updateViaCache: 'none' });
      this.#registration = registration;
      this.#watch(registration);
      setInterval(() => void registration.update().catch(() => undefined), UPDATE_INTERVAL_MS);
      return true;
    } catch (error) {
      console.warn('The service worker could not be registered:', error);
      this.#set({ shell: container.controller ? 'ready' : 'failed' });
      return false;
    }
  }

  #watch(registration: ServiceWorkerRegistration): void {
    if (registration.active) this.#set({ shell: 'ready' });
    if (registration.waiting && registration.active) this.#set({ update: 'available' });
    const follow = (installing: ServiceWorker | null): void => {
      installing?.addEventListener('statechange', () => {
        if (installing.state === 'installed' && registration.active) this.#set({ update: 'available' });
        if (installing.state === 'activated') this.#set({ shell: 'ready' });
        if (installing.state === 'redundant' && !registration.active) this.#set({ shell: 'failed' });
      });
    };
    follow(registration.installing);
    registration.addEventListener('updatefound', () => follow(registration.installing));
  }

  #onControllerChange(): void {
    if (this.#applying) location.reload();
    else if (this.#hadController) this.#set({ update: 'reload' });
  }

  #set(change: Partial<ServiceWorkerState>): void {
    this.#state = { ...this.#state, ...change };
    for (const listener of this.#listeners) listener(this.#state);
  }
}

/** Absent on plain http from another machine; refused inside of a page that gives its frames no storage. */
function containerOf(from: Navigator): ServiceWorkerContainer | undefined {
  try {
    return from.serviceWorker as ServiceWorkerContainer | undefined;
  } catch {
    return undefined;
  }
}

function isolationNow(): Isolation {
  return crossOriginIsolated ? 'isolated' : 'unavailable';
}

function controlled(container: ServiceWorkerContainer): Promise<void> {
  if (container.controller) return Promise.resolve();
  return new Promise((resolve) => {
    container.addEventListener('controllerchange', () => resolve(), { once: true });
  });
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

function recall(key: string): string | null {
  try {
    return sessionStorage.getItem(key);
  } catch {
    return null;
  }
}

function remember(key: string): boolean {
  try {
    sessionStorage.setItem(key, '1');
    return true;
  } catch {
    return false;
  }
}

function forget(key: string): void {
  try {
    sessionStorage.removeItem(key);
  } catch {
    // Nothing was kept, so nothing is to be forgotten.
  }
}
