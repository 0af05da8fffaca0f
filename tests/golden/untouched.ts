import * as ort from 'onnxruntime-web/wasm';
import type { ModelFiles } from '../../src/core/model';
import { fromHalf } from '../../src/onnx/constants';
import { ElementType } from '../../src/onnx/onnx-model';
import { scanModel } from '../../src/onnx/scan';

/** Logits `[T, d_vocab]` of the file exactly as it is on disk, caches fed with length zero, states with zeros. */
export async function runUntouched(files: ModelFiles, tokens: readonly number[]): Promise<Float32Array> {
  ort.env.wasm.numThreads = 1;
  const session = await ort.InferenceSession.create(files.graph.bytes, {
    externalData: [...files.external].map(([path, data]) => ({ path, data })),
    logSeverityLevel: 3,
  });
  const feeds: Record<string, ort.Tensor> = {};
  for (const { name, elementType, dims } of scanModel(files.graph.bytes).graph.inputs) {
    if (elementType === ElementType.INT64 || elementType === ElementType.INT32) {
      const value = /mask/.test(name)
        ? tokens.map(() => 1)
        : /position/.test(name)
          ? tokens.map((_, index) => index)
          : tokens;
      const shape = [1, tokens.length];
      feeds[name] =
        elementType === ElementType.INT32
          ? new ort.Tensor('int32', Int32Array.from(value), shape)
          : new ort.Tensor(
              'int64',
              BigInt64Array.from(value, (item) => BigInt(item)),
              shape,
            );
    } else if (elementType === ElementType.BOOL) {
      feeds[name] = new ort.Tensor('bool', [false], [1]);
    } else {
      const state = /conv/.test(name);
      // Keys and values apart, or both in one tensor `[2, batch, head, pos, d_head]`.
      const empty = dims?.length === 5 ? [2, 1, 0, 0, headWidth(files)] : [1, 0, 0, headWidth(files)];
      const shape = (dims ?? []).map((dim, axis) => (typeof dim === 'number' ? dim : state ? 1 : empty[axis]!));
      const size = shape.reduce((product, dim) => product * dim, 1);
      feeds[name] =
        elementType === ElementType.FLOAT16
          ? new ort.Tensor('float16', new Uint16Array(size), shape)
          : new ort.Tensor('float32', new Float32Array(size), shape);
    }
  }
  const { logits } = await session.run(feeds, ['logits']);
  const data = logits!.data as Float32Array | Uint16Array;
  await session.release();
  return data instanceof Float32Array ? data : Float32Array.from(new Uint16Array(data.buffer), fromHalf);
}

function headWidth({ config }: ModelFiles): number {
  const { head_dim, hidden_size, num_attention_heads } = config as Record<string, number | undefined>;
  return head_dim ?? (hidden_size ?? 0) / (num_attention_heads ?? 1);
}
