import * as comlink from 'comlink';
import { TextWire } from './text-wire';

comlink.expose(new TextWire());
// While the model's files come in.
void import('../engine/text/library');
