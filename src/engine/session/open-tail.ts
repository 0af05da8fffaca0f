import type { Backend } from '../../core/model';
import type { Anatomy } from '../../onnx/anatomy';
import type { GraphView } from '../../onnx/graph';
import { buildTail, type TailHeader } from '../../onnx/tail-header';
import { TailSession } from './tail-session';
import { createSession, type Runtime, type WeightFiles } from './runtime';

/** The session from residual rows to logits: the only one that holds the unembedding. */
export async function createTail(
  runtime: Runtime,
  backend: Backend,
  view: GraphView,
  anatomy: Anatomy,
  weights: WeightFiles,
  deadline: number,
  { header, wholeStreams }: TailHeader,
): Promise<TailSession> {
  const session = await createSession(runtime, backend, header, weights);
  const openWide = () => createSession(runtime, backend, buildTail(view, anatomy, 'wide').header, weights);
  return new TailSession(runtime, session, anatomy.dims, wholeStreams, openWide, deadline);
}
