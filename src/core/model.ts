import type { ErrorDetails, ErrorRecord } from './errors';
import type { HookName } from './hooks';
import type { MissingPart } from './missing-reasons';

/** Precisions of stored weights, under transformers.js's names: `q8` is the file `…_quantized`, the others are called as they are. */
export const DTYPES = ['fp32', 'fp16', 'q8', 'int8', 'uint8', 'q4', 'q4f16'] as const;
export type Dtype = (typeof DTYPES)[number];

export const BACKENDS = ['wasm', 'webgpu'] as const;
export type Backend = (typeof BACKENDS)[number];
/** `auto` takes what is fastest for this model here and falls back by itself, saying so. */
export type BackendChoice = 'auto' | Backend;

/** Where a model comes from. */
export type ModelSource =
  | {
      readonly kind: 'bundled';
      readonly id: string;
      /** As it was after so many steps of training; without: as it is. */
      readonly step?: number;
    }
  | {
      readonly kind: 'hub';
      readonly repo: string;
      readonly revision: string;
      readonly dtype: Dtype;
      /** Path of the graph, where it has not the usual name and place for its dtype. */
      readonly graph?: string;
    }
  /** A folder that holds a model; paths relative to its root. Bytes never leave the machine. */
  | {
      readonly kind: 'folder';
      readonly name: string;
      readonly dtype: Dtype;
      readonly graph?: string;
      readonly files: ReadonlyMap<string, ChosenFile>;
    };

/** A file of a zip archive; it is unpacked only when a model is made of it. */
export interface PackedFile {
  readonly archive: Blob;
  /** Inside the archive. */
  readonly path: string;
  /** Once unpacked, in bytes. */
  readonly size: number;
}

/** A file a person chose, by itself or in an archive. */
export type ChosenFile = Blob | PackedFile;

/** A model a person can choose on this page: Atlas, one stored on this device, or one they opened. */
export interface ModelChoice {
  /** Stable within a session and in links, e.g. `atlas` or `hub:onnx-community/gpt2@main:q8`. */
  readonly id: string;
  readonly name: string;
  readonly source: ModelSource;
}

/** Everything the engine needs of one model, in memory. */
export interface ModelFiles {
  /** Short name to show, e.g. `Atlas` or `onnx-community/gpt2`. */
  readonly name: string;
  readonly dtype: Dtype;
  /** Parsed config.json (untrusted). */
  readonly config: Readonly<Record<string, unknown>>;
  /** Parsed tokenizer.json and tokenizer_config.json (untrusted); absent: only token ids can be run. */
  readonly tokenizer?: {
    readonly tokenizerJson: Readonly<Record<string, unknown>>;
    readonly tokenizerConfig: Readonly<Record<string, unknown>>;
    /** Parsed special_tokens_map.json (untrusted), where there is one. */
    readonly specialTokens?: Readonly<Record<string, unknown>>;
    /** The template of chat_template.jinja or chat_template.json, which goes before one in tokenizer_config.json. */
    readonly chatTemplate?: string;
  };
  /** Parsed generation_config.json (untrusted), where there is one. */
  readonly generation?: Readonly<Record<string, unknown>>;
  readonly graph: { readonly path: string; readonly bytes: Uint8Array };
  /** External data files by the `location` the graph uses, relative to the graph's folder. */
  readonly external: ReadonlyMap<string, Uint8Array>;
  readonly provenance: Provenance;
}

/** What a result must state so that it can be reproduced. */
export interface Provenance {
  readonly source: 'bundled' | 'hub' | 'folder';
  /** Hub id, bundled id or folder name. */
  readonly id: string;
  readonly revision?: string;
  /** SHA-256 (hex) by file path, where known. */
  readonly sha256: Readonly<Record<string, string>>;
  /** Total bytes of the files. */
  readonly bytes: number;
}

/** The shape of a decoder under the field's names; taken from the graph and checked against config.json. */
export interface ModelDims {
  readonly n_layers: number;
  readonly n_heads: number;
  readonly n_kv_heads: number;
  readonly d_model: number;
  readonly d_head: number;
  readonly d_mlp: number;
  readonly d_vocab: number;
  /** Most tokens the model was made for; absent where neither config.json nor the file says. */
  readonly n_ctx?: number;
}

export const LOAD_NOTES = [
  /** The files are in memory only. */
  'storage-full',
  /** `auto` wanted WebGPU and took WASM. Details: `error` (its code) or `difference`. */
  'backend-fallback',
  /** WebGPU was asked for and does not give WASM's numbers. Details: `difference`. */
  'backend-disagrees',
  /** WebGPU's numbers were not compared. Details: `reason`, and `bytes` or `error`. */
  'not-compared',
] as const;

/** What a person should know of how a model came here and where it runs; the page finds the words for the code. */
export interface LoadNote {
  readonly code: (typeof LOAD_NOTES)[number];
  readonly details: ErrorDetails;
}

/** A short prompt on WebGPU against the same on WASM. */
export type SelfCheck =
  | {
      readonly kind: 'same' | 'different';
      /** Largest difference of logits as a part of their range; Infinity where some are no numbers. */
      readonly difference: number;
      /** `before`: found at an earlier load on this device, and remembered. */
      readonly when: 'now' | 'before';
    }
  | { readonly kind: 'not-compared'; readonly reason: 'too-large'; readonly bytes: number }
  | { readonly kind: 'not-compared'; readonly reason: 'wasm-failed'; readonly error: ErrorRecord };

/** The logits of what was recognised against those of the file as it is, on a short prompt. */
export type FileCheck =
  | {
      readonly kind: 'same' | 'different';
      /** Largest difference of logits as a part of their range. */
      readonly difference: number;
      /** `before`: at an earlier load on this device, and remembered; `built`: when the app was built, for a model of its own. */
      readonly when: 'now' | 'before' | 'built';
    }
  | { readonly kind: 'not-compared'; readonly reason: (typeof NO_FILE_CHECK)[number] };

/** `too-large`: the file would have to be held once more; `file-failed`: the runtime does not run it as it is. */
export const NO_FILE_CHECK = ['too-large', 'file-failed'] as const;

/** How long a prompt may be, known before anything is run. */
export interface PromptLimits {
  /** Most tokens of a prompt: what the model reads or what memory allows, whichever is less. */
  readonly tokens: number;
  readonly reason: 'context' | 'memory';
  /** Most tokens for which there is also room for every attention pattern; at most `tokens`. */
  readonly attentionTokens: number;
}

/**
 * `fixed-dimension`: the file is made for one prompt; `quantised-activations`: its numbers are rounded by the range of
 * the whole batch, so that prompts would change each other; `disagrees`: two together gave other numbers.
 */
export const NO_BATCHING = ['fixed-dimension', 'quantised-activations', 'disagrees'] as const;

/** Whether several prompts of one length can be run together, and why not. */
export type Batching =
  | { readonly kind: 'batched' }
  | {
      readonly kind: 'single';
      readonly reason: (typeof NO_BATCHING)[number];
      /** Where they disagree: the largest difference, as a part of the values' range. */
      readonly difference?: number;
    };

/** Bytes in use once a model is loaded. */
export interface MeasuredMemory {
  /** ONNX Runtime's own memory, which never shrinks. */
  readonly runtimeBytes: number;
  /** The files, kept beside it. */
  readonly fileBytes: number;
}

/** What was found in the file: the anatomy card. */
export interface ModelInfo {
  readonly name: string;
  /** config.json's model_type, e.g. `gpt2`. */
  readonly family: string;
  readonly dtype: Dtype;
  readonly dims: ModelDims;
  readonly parallelResidual: boolean;
  /** True for a decoder that was made to write about what an encoder has read, and stands alone here. */
  readonly withoutItsEncoder?: boolean;
  /** Every hook this model has, in graph order. */
  readonly hooks: readonly HookName[];
  /** Parts that were looked for and not found, each with the reason; the page finds the words. */
  readonly missing: readonly MissingPart[];
  readonly operators: Readonly<Record<string, number>>;
  readonly backend: Backend;
  readonly threads: number;
  /** What the graphics device calls itself; absent on WASM, and where it says nothing. */
  readonly adapter?: string;
  /** Set when the backend is not the one wished for, or its numbers want a word; absent: nothing to say. */
  readonly backendNote?: LoadNote;
  /** Whether WebGPU gives WASM's numbers; absent where WebGPU was not tried. */
  readonly selfCheck?: SelfCheck;
  /** Whether what was recognised gives the file's own logits; absent where nothing was recognised. */
  readonly fileCheck?: FileCheck;
  /** Whether several prompts are run together. */
  readonly batching: Batching;
  /** How long a prompt may be here. */
  readonly limits: PromptLimits;
  /** What the loaded model really takes; absent where it cannot be known. */
  readonly memory?: MeasuredMemory;
  /** The id the tokenizer puts first, if it does. */
  readonly bosTokenId?: number;
  /** The token that begins a text, and whether the tokenizer puts it there by itself; absent where there is none. */
  readonly bosChoice?: { readonly tokenId: number; readonly byDefault: boolean };
  /** True where a prompt can be put in the model's chat template. */
  readonly hasChatTemplate?: boolean;
  /** Ids of a padded vocabulary that no token stands for: they have logits and are never drawn. */
  readonly idsWithoutText?: readonly number[];
  /** Ids from here on have logits and no vector: they are never read. Absent where every token has one. */
  readonly idsRead?: number;
  readonly eosTokenIds: readonly number[];
  /** Every id the tokenizer calls special; random sequences avoid them. */
  readonly specialTokenIds: readonly number[];
  readonly provenance: Provenance;
  readonly versions: Readonly<Record<string, string>>;
}
