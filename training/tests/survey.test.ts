import { readdirSync, existsSync } from 'node:fs';
import { it } from 'vitest';
import { createEngine } from '/work/wt/guards/src/engine/create-engine';
import { openFolder } from '/work/wt/guards/src/cli/open-folder';
import { readSafetensors } from '/work/wt/guards/src/cli/safetensors';
import { readFile } from 'node:fs/promises';
const root = process.env['ROOT'] ?? '/tmp/guards/wirings';
const only = process.env['ONLY'];
it('survey', async () => {
  for (const name of readdirSync(root).sort()) {
    if (only && !new RegExp(only).test(name)) continue;
    if (!existsSync(`${root}/${name}/reference.safetensors`)) continue;
    const lines: string[] = [];
    try {
      const files = await openFolder(`${root}/${name}`, 'fp32');
      const ref = readSafetensors(new Uint8Array(await readFile(`${root}/${name}/reference.safetensors`))).tensors;
      const engine = await createEngine(files);
      const tokens = Array.from((ref.get('0/input_ids') as any).data, Number);
      const { info } = engine;
      lines.push(`missing ${info.missing.map((m) => `${m.layer ?? ''}:${m.part}:${m.reason.code}`).join(' ')}  batching ${JSON.stringify(info.batching)} file ${JSON.stringify((info as any).fileCheck ?? '')}`);
      const wrong: string[] = [];
      for (const hook of info.hooks) {
        const expected = ref.get(`0/${hook}`) as any;
        try {
          const t = await engine.trace({ tokens, interventions: [], captures: [hook] });
          const got = t.captures.get(hook)!;
          if (!expected) { if (!/scores|logit_lens/.test(hook)) wrong.push(`${hook}:noref`); continue; }
          let d = got.data.length === expected.data.length ? 0 : Infinity;
          if (d === 0) got.data.forEach((x: number, i: number) => { const e = expected.data[i]; const dd = x === e ? 0 : Math.abs(x - e); if (!(dd <= d)) d = dd; });
          if (!(d < 1e-4)) wrong.push(`${hook}:${d.toFixed(3)}${d === Infinity ? `[${got.dims}]vs[${expected.dims}]` : ''}`);
        } catch (e: any) { wrong.push(`${hook}:!${e.code} ${e.message.slice(0, 80)}`); }
      }
      lines.push(`wrong ${wrong.join(' ')}`);
      const key = Array.from((ref.get('0/edit.key') as any).data as Float32Array), value = Array.from((ref.get('0/edit.value') as any).data as Float32Array);
      try {
        const t = await engine.trace({ tokens, interventions: [{ kind: 'edit', layer: 1, key, value }], captures: ['logits'] });
        const got = t.captures.get('logits')!.data; const e = (ref.get('0/edit.logits') as any).data;
        let d = got.length === e.length ? 0 : Infinity; got.forEach((x, i) => { const dd = x === e[i] ? 0 : Math.abs(x - e[i]); if (!(dd <= d)) d = dd; });
        if (!(d < 1e-3)) lines.push(`edit wrong ${d}`);
      } catch (e: any) { lines.push(`edit !${e.code} ${e.message.slice(0,60)}`); }
      await engine.dispose();
    } catch (e: any) { lines.push(`!! ${e.code} ${e.message} ${JSON.stringify(e.details)}`); }
    console.log(`${name}\n   ${lines.join('\n   ')}`);
  }
}, 600000);
