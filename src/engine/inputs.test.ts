import { beforeAll, describe, expect, it } from 'vitest';
import { randomGpt2 } from '../../tests/bench/random-gpt2';
import { changed } from '../../tests/fixtures/changed-model';
import { largestDifference } from '../../tests/golden/zoo';
import type { UnsupportedReason } from '../core/errors';
import type { ModelFiles } from '../core/model';
import { makeFloat32, makeInt, makeInt64, makeNode } from '../onnx/emit';
import { ElementType, type OnnxNode, type OnnxTensor, type ValueInfo } from '../onnx/onnx-model';
import { createEngine } from './create-engine';

const tiny = randomGpt2({
  name: 'tiny',
  n_layer: 2,
  n_head: 2,
  n_embd: 8,
  n_inner: 16,
  n_positions: 8,
  vocab_size: 24,
});
const PROMPT = [3, 7, 5, 11];
const CLOSED = -3.4e38;

const input = (name: string, elementType: number, ...dims: (number | string)[]): ValueInfo => ({
  name,
  elementType,
  dims,
});
const CONSTANTS: readonly OnnxTensor[] = [
  makeFloat32('zero', [0]),
  makeFloat32('one', [1]),
  makeFloat32('closed', [CLOSED]),
  makeInt64('axes', [1, 2]),
  makeInt64('first', [0], []),
  makeInt64('two', [2]),
];

/** The model with one more input and one of its tensors made of that instead; what it was made as goes by `NAME/own`. */
function fed(
  files: ModelFiles,
  given: ValueInfo,
  replaced: string,
  nodes: readonly OnnxNode[],
  config = {},
): ModelFiles {
  return changed(
    files,
    (parts) => ({
      ...parts,
      inputs: [...parts.inputs, given],
      nodes: [
        ...parts.nodes.map((node) => (node.outputs[0] === replaced ? { ...node, outputs: [`${replaced}/own`] } : node)),
        ...nodes,
      ],
      initializers: [...parts.initializers, ...CONSTANTS],
    }),
    { ...files.config, ...config },
  );
}

const toBool = (name: string): OnnxNode => makeNode('Cast', [name], ['bool'], [makeInt('to', ElementType.BOOL)]);
/** The causal mask of its own, and what a mask `[batch, pos]` closes. */
const PADDING = [
  toBool('attention_mask'),
  makeNode('Unsqueeze', ['bool', 'axes'], ['wide']),
  makeNode('Where', ['wide', 'zero', 'closed'], ['padding']),
  makeNode('Add', ['mask/own', 'padding'], ['mask']),
];
const CHOSEN = [toBool('attention_mask'), makeNode('Where', ['bool', 'zero', 'closed'], ['mask'])];
const { BOOL, INT32, INT64, FLOAT } = ElementType;
const PAIRS = ['batch', 'length'];
const SQUARE = ['batch', 1, 'length', 'total'];
const gathered = (index: string): OnnxNode[] => [makeNode('Gather', ['wpe', index], ['positions'])];
const ROBERTA = { model_type: 'roberta', pad_token_id: 1 };

const FILLED: readonly (readonly [string, ModelFiles])[] = [
  ...[BOOL, INT32, FLOAT].map((type) => {
    const mask = input('attention_mask', type, ...PAIRS);
    return [`a mask for each token, of type ${type}`, fed(tiny, mask, 'mask', PADDING)] as const;
  }),
  ...[BOOL, INT64, FLOAT].map((type) => {
    const mask = input('attention_mask', type, ...SQUARE);
    return [`a mask for each pair of tokens, of type ${type}`, fed(tiny, mask, 'mask', CHOSEN)] as const;
  }),
  [
    'a mask for each pair that is added to the scores',
    fed(tiny, input('attention_mask', FLOAT, ...SQUARE), 'mask', [makeNode('Identity', ['attention_mask'], ['mask'])]),
  ],
  [
    'a mask of ones for each pair, from which the file makes what it adds',
    fed(tiny, input('attention_mask', FLOAT, ...SQUARE), 'mask', [
      makeNode('Sub', ['one', 'attention_mask'], ['shut']),
      makeNode('Mul', ['shut', 'closed'], ['mask']),
    ]),
  ],
  ...[INT32, INT64].map((type) => {
    const places = input('cache_position', type, 'length');
    return [
      `places in the cache, of type ${type}`,
      fed(tiny, places, 'positions', gathered('cache_position')),
    ] as const;
  }),
  ['positions of each token', fed(tiny, input('position_ids', INT64, ...PAIRS), 'positions', gathered('position_ids'))],
  [
    // Without any, GPT-2 adds nothing; with segments 0 it would add the vector of token 0.
    'segments that are looked up among the tokens',
    fed(tiny, input('token_type_ids', INT64, ...PAIRS), 'embedded', [
      makeNode('Gather', ['wte', 'token_type_ids'], ['segments']),
      makeNode('Add', ['embedded/own', 'segments'], ['embedded']),
    ]),
  ],
  [
    'positions in time, height and width',
    fed(tiny, input('position_ids', INT64, 3, ...PAIRS), 'positions', [
      makeNode('Gather', ['position_ids', 'first'], ['time']),
      ...gathered('time'),
    ]),
  ],
  [
    'positions counted from behind the padding’s id',
    fed(
      tiny,
      input('position_ids', INT64, ...PAIRS),
      'positions',
      [makeNode('Sub', ['position_ids', 'two'], ['counted']), ...gathered('counted')],
      ROBERTA,
    ),
  ],
];

async function logits(files: ModelFiles): Promise<Float32Array> {
  const engine = await createEngine(files);
  expect(engine.info.missing).toEqual([]);
  expect(engine.info.fileCheck).toMatchObject({ kind: 'same' });
  const values = await engine.generateStep(PROMPT);
  await engine.dispose();
  return values;
}

describe('what a model is fed beside its tokens', () => {
  let own: Float32Array;
  beforeAll(async () => {
    own = await logits(tiny);
  }, 60_000);

  it.each(FILLED)('has the type and the shape that the file states: %s', async (_, files) => {
    expect(largestDifference(await logits(files), own)).toBeLessThanOrEqual(1e-5);
  });

  it('is how many tokens there are, where it asks for that', async () => {
    const counts = [
      ['total_sequence_length', 4],
      ['past_sequence_length', 0],
      ['seqlens_k', 3],
    ] as const;
    for (const [name, count] of counts) {
      const files = fed(tiny, input(name, INT32), 'logits', [
        makeNode('Cast', [name], ['count'], [makeInt('to', FLOAT)]),
        makeNode('Add', ['logits/own', 'count'], ['logits']),
      ]);
      const expected = own.map((logit) => logit + count);
      const engine = await createEngine(files);
      expect(largestDifference(await engine.generateStep(PROMPT), expected), name).toBeLessThanOrEqual(1e-5);
      await engine.dispose();
    }
  });

  it('leaves fewer positions where the first ones are never used', async () => {
    const engine = await createEngine({ ...tiny, config: { ...tiny.config, ...ROBERTA } });
    expect(engine.info.dims.n_ctx).toBe(6);
    await engine.dispose();
  });

  const refused: readonly (readonly [string, UnsupportedReason, string, ModelFiles])[] = [
    [
      'a choice that nobody knows',
      'input',
      'faster',
      fed(tiny, input('faster', BOOL, 1), 'logits', [
        makeNode('Cast', ['faster'], ['speed'], [makeInt('to', FLOAT)]),
        makeNode('Add', ['logits/own', 'speed'], ['logits']),
      ]),
    ],
    [
      'a mask of more axes than there are',
      'input',
      'attention_mask',
      fed(tiny, input('attention_mask', BOOL, 1, ...SQUARE), 'mask', CHOSEN),
    ],
    [
      'a mask for sixteen tokens',
      'fixed-length',
      'attention_mask',
      fed(tiny, input('attention_mask', BOOL, 1, 1, 16, 16), 'mask', CHOSEN),
    ],
    [
      'sixteen tokens',
      'fixed-length',
      'input_ids',
      changed(tiny, (parts) => ({ ...parts, inputs: [input('input_ids', INT64, 1, 16)] })),
    ],
  ];
  it.each(refused)('is refused by its name where it cannot be filled: %s', async (_, reason, name, files) => {
    const opened = createEngine(files);
    await expect(opened).rejects.toMatchObject({ code: 'unsupported-model', details: { reason, input: name } });
  });
});
