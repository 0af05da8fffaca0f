import { emitModel, makeNode, type GraphParts } from '../../src/onnx/emit';
import { ElementType, type OnnxModel, type OnnxTensor } from '../../src/onnx/onnx-model';
import { scanModel } from '../../src/onnx/scan';
import { zoo, type Files } from './models-site';

export interface HostileModel {
  readonly what: string;
  readonly files: Files;
  /** Of the sentence that names the problem. */
  readonly says: RegExp;
}

const GRAPH = 'onnx/model.onnx';
const DATA = 'onnx/model.onnx_data';

const EMPTY: OnnxModel = {
  irVersion: 8,
  opsets: [{ domain: '', version: 17 }],
  functions: [],
  bytes: new Uint8Array(),
  graph: { nodes: [], initializers: [], inputs: [], outputs: [], values: [] },
};

/** A model file of a few nodes. */
function file(parts: Partial<GraphParts>): Uint8Array {
  return emitModel(EMPTY, {
    nodes: [makeNode('Neg', ['x'], ['y'])],
    initializers: [],
    inputs: [{ name: 'x', elementType: ElementType.FLOAT, dims: [1] }],
    outputs: ['y'],
    ...parts,
  }).bytes;
}

function stored(location: string, offset: number): OnnxTensor {
  const data = { kind: 'external', location, offset, length: 16 } as const;
  return { name: 'w', elementType: ElementType.UINT8, dims: [16], data };
}

/** A network that takes this beside, or instead of, tokens. */
function fedWith(name: string): Uint8Array {
  const input = { name, elementType: ElementType.FLOAT, dims: [1, 3, 8, 8] };
  return file({ nodes: [makeNode('Relu', [name], ['logits'])], inputs: [input], outputs: ['logits'] });
}

/** The file with the largest tensor it holds itself overwritten. */
function overwritten(good: Uint8Array, value: number): Uint8Array {
  const bytes = good.slice();
  let at = { offset: 0, length: 0 };
  for (const { data, elementType } of scanModel(bytes).graph.initializers) {
    if (data.kind === 'file' && elementType === ElementType.FLOAT && data.length > at.length) at = data;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset + at.offset, at.length);
  for (let offset = 0; offset + 4 <= at.length; offset += 4) view.setFloat32(offset, value, true);
  return bytes;
}

/** The file, said to be of a later operator set than there is: sound to read, and refused by the runtime. */
function ofOpset(good: Uint8Array, version: number): Uint8Array {
  const bytes = Buffer.from(good);
  const entry = Buffer.from([0x42, 0x02, 0x10]);
  bytes[bytes.lastIndexOf(entry) + entry.length] = version;
  return bytes;
}

/** Model files that mean harm, or no decoder at all, each in a folder that is otherwise in order. */
export async function hostileModels(): Promise<readonly HostileModel[]> {
  const good = await zoo('optimum-gpt2');
  good.delete('onnx/model_quantized.onnx');
  const graph = good.get(GRAPH)!;
  const circle = [makeNode('Add', ['x', 'b'], ['a']), makeNode('Neg', ['a'], ['b']), makeNode('Neg', ['b'], ['y'])];
  const markup = makeNode('Neg', ['x'], ['y'], [], '<img src=x onerror=alert(1)>');
  const outside = { initializers: [stored('../../etc/passwd', 0)] };
  const beyond = { initializers: [stored('model.onnx_data', 8)] };
  const models: readonly (readonly [string, Uint8Array, RegExp, (readonly [string, Uint8Array])?])[] = [
    ['a graph in a circle', file({ nodes: circle }), /runs in a circle/],
    ['a length past the end', new Uint8Array([0x3a, 0xff, 0xff, 0xff, 0xff, 0x7f]), /past the end/],
    ['weights in a file outside', file(outside), /A file of the model is missing/],
    ['weights past the end of their file', file(beyond), /beyond the end/, [DATA, new Uint8Array(16)]],
    ['markup in a name', file({ nodes: [markup] }), /operators of the set “\?img src\?x onerror\?alert\?1\?\?”/],
    ['pictures', fedWith('pixel_values'), /looks at pictures: its file asks for “pixel_values”/],
    [
      'an encoder',
      fedWith('encoder_hidden_states'),
      /decoder needs an encoder beside it, as “encoder_hidden_states” shows/,
    ],
    ['weights that are no numbers', overwritten(graph, NaN), /numbers that are not numbers/],
    ['operators of the future', ofOpset(graph, 99), /could not be started here\. The runtime says: “/],
  ];
  return models.map(([what, bytes, says, also]) => ({
    what,
    files: new Map([...good, [GRAPH, bytes], ...(also ? [also] : [])]),
    says,
  }));
}
