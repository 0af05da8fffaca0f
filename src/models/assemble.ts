import { StrataError } from '../core/errors';
import type { Dtype, ModelFiles, Provenance } from '../core/model';
import type { ExternalFiles } from './external-files';
import { configOfGenai } from './genai-config';
import { gpt2Tokenizer } from './gpt2-tokenizer';
import { refuseImpostor } from './impostor';
import type { ModelLayout } from './layout';
import { parsePythonJson } from './python-json';

type Bytes = ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
type Json = Readonly<Record<string, unknown>>;

/**
 * Puts a model's files together, reading its JSON parts.
 * @param external What the graph calls its files of weights.
 * @throws StrataError `missing-file`, `not-a-model-file` for a file that is only a pointer or a web page, or
 * `invalid-config` naming the file that is not a JSON object.
 */
export function assembleModel(
  name: string,
  dtype: Dtype,
  layout: ModelLayout,
  bytes: Bytes,
  external: ExternalFiles,
  provenance: Provenance,
): ModelFiles {
  for (const [path, content] of bytes) refuseImpostor(path, content);
  const json = (path: string | undefined): Json | undefined => (path === undefined ? undefined : jsonOf(path, bytes));
  const genai = json(layout.genaiConfig);
  const config = json(layout.config) ?? (genai && configOfGenai(genai)) ?? {};
  const generation = json(layout.generation);
  const tokenizer = tokenizerOf(layout, bytes, config);
  return {
    name,
    dtype,
    config,
    ...(tokenizer ? { tokenizer } : {}),
    ...(generation ? { generation } : {}),
    graph: { path: layout.graph, bytes: bytesOf(layout.graph, bytes) },
    external: new Map([...external].map(([location, path]) => [location, bytesOf(path, bytes)])),
    provenance,
  };
}

function tokenizerOf(layout: ModelLayout, bytes: Bytes, config: Json): ModelFiles['tokenizer'] {
  const { tokenizer, vocabulary, tokenizerConfig: configPath, specialTokens } = layout;
  const tokenizerConfig = configPath === undefined ? {} : jsonOf(configPath, bytes);
  const tokenizerJson =
    tokenizer === undefined
      ? vocabulary &&
        gpt2Tokenizer(jsonOf(vocabulary.vocab, bytes), textOf(vocabulary.merges, bytes), tokenizerConfig, config)
      : jsonOf(tokenizer, bytes);
  if (!tokenizerJson) return undefined;
  const chatTemplate = chatTemplateOf(layout, bytes);
  return {
    tokenizerJson,
    tokenizerConfig,
    ...(specialTokens === undefined ? {} : { specialTokens: jsonOf(specialTokens, bytes) }),
    ...(chatTemplate === undefined ? {} : { chatTemplate }),
  };
}

function textOf(path: string, bytes: Bytes): string {
  return new TextDecoder().decode(bytesOf(path, bytes));
}

function chatTemplateOf({ chatTemplate: path }: ModelLayout, bytes: Bytes): string | undefined {
  if (path === undefined) return undefined;
  if (!path.endsWith('.json')) return textOf(path, bytes);
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
    value = parsePythonJson(new TextDecoder('utf-8', { fatal: true }).decode(bytesOf(path, bytes)));
  } catch (cause) {
    if (cause instanceof StrataError) throw cause;
    throw new StrataError('invalid-config', `${path} is not JSON.`, { file: path }, { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new StrataError('invalid-config', `${path} is not a JSON object.`, { file: path });
  }
  return value as Record<string, unknown>;
}
