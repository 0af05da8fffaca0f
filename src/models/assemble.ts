import { StrataError } from '../core/errors';
import type { Dtype, ModelFiles, Provenance } from '../core/model';
import type { ModelLayout } from './layout';

type Bytes = ReadonlyMap<string, Uint8Array<ArrayBuffer>>;

/**
 * Puts a model's files together, reading its JSON parts.
 * @throws StrataError `missing-file`, or `invalid-config` naming the file that is not a JSON object.
 */
export function assembleModel(
  name: string,
  dtype: Dtype,
  layout: ModelLayout,
  bytes: Bytes,
  provenance: Provenance,
): ModelFiles {
  const { tokenizer, tokenizerConfig, specialTokens, generation } = layout;
  const chatTemplate = chatTemplateOf(layout, bytes);
  return {
    name,
    dtype,
    config: jsonOf(layout.config, bytes),
    ...(tokenizer === undefined
      ? {}
      : {
          tokenizer: {
            tokenizerJson: jsonOf(tokenizer, bytes),
            tokenizerConfig: tokenizerConfig === undefined ? {} : jsonOf(tokenizerConfig, bytes),
            ...(specialTokens === undefined ? {} : { specialTokens: jsonOf(specialTokens, bytes) }),
            ...(chatTemplate === undefined ? {} : { chatTemplate }),
          },
        }),
    ...(generation === undefined ? {} : { generation: jsonOf(generation, bytes) }),
    graph: { path: layout.graph, bytes: bytesOf(layout.graph, bytes) },
    external: new Map(layout.external.map((path) => [path.split('/').pop() ?? path, bytesOf(path, bytes)])),
    provenance,
  };
}

function chatTemplateOf({ chatTemplate: path }: ModelLayout, bytes: Bytes): string | undefined {
  if (path === undefined) return undefined;
  if (!path.endsWith('.json')) return new TextDecoder().decode(bytesOf(path, bytes));
  const template = jsonOf(path, bytes)['chat_template'];
  return typeof template === 'string' ? template : undefined;
}

function bytesOf(path: string, bytes: Bytes): Uint8Array<ArrayBuffer> {
  const found = bytes.get(path);
  if (!found) throw new StrataError('missing-file', `${path} is missing.`, { file: path });
  return found;
}

function jsonOf(path: string, bytes: Bytes): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytesOf(path, bytes)));
  } catch (cause) {
    if (cause instanceof StrataError) throw cause;
    throw new StrataError('invalid-config', `${path} is not JSON.`, { file: path }, { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new StrataError('invalid-config', `${path} is not a JSON object.`, { file: path });
  }
  return value as Record<string, unknown>;
}
