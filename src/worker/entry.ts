import * as comlink from 'comlink';
import shippedChecks from 'virtual:shipped-checks';
import { createBrowserDeps } from './browser-deps';
import { Wire } from './wire';

comlink.expose(new Wire((greeting) => createBrowserDeps(greeting, shippedChecks)));
// While the model's files come in.
void import('../engine/text/library');
