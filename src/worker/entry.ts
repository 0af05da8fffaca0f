import * as comlink from 'comlink';
import { createBrowserDeps } from './browser-deps';
import { Wire } from './wire';

comlink.expose(new Wire(createBrowserDeps));
