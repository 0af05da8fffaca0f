import { zip } from '../../tests/fixtures/zip';
import { BlobReader, BlobWriter, TextReader, ZipWriter } from '@zip.js/zip.js/lib/zip-core-custom.js';
import { StrataError } from '../core/errors';
import { openArchive } from './archive';
import { openChosen } from './chosen-files';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const model = [
  { path: 'mine/config.json', content: text('{"model_type":"gpt2"}'.padEnd(3000)) },
  { path: 'mine/onnx/', content: text(''), stored: true },
  { path: 'mine/onnx/model.onnx', content: text('weights'), stored: true },
];

/** Every file, unpacked. */
async function unzip(archive: Blob): Promise<Map<string, string>> {
  const { sizes, read } = await openArchive(archive);
  const files = new Map<string, string>();
  for (const [path, size] of sizes) {
    const bytes = await read(path);
    expect(bytes.length).toBe(size);
    files.set(path, new TextDecoder().decode(bytes));
  }
  return files;
}

async function sentence(archive: Uint8Array<ArrayBuffer>): Promise<string> {
  try {
    await unzip(new Blob([archive]));
  } catch (error) {
    return error instanceof StrataError ? error.message : `not ours: ${String(error)}`;
  }
  return 'opened';
}

describe('an archive', () => {
  it('opens stored and deflated files, with a comment at the end', async () => {
    const files = await unzip(new Blob([zip(model, 'made by a tool')]));
    expect([...files.keys()]).toEqual(['mine/config.json', 'mine/onnx/model.onnx']);
    expect(files.get('mine/onnx/model.onnx')).toBe('weights');
    expect(files.get('mine/config.json')?.length).toBe(3000);
  });

  it.each(['../evil', 'a/../../evil', '/etc/evil', 'C:\\evil', '..\\evil', 'a\u0000b'])(
    'refuses the name %j',
    async (path) => {
      expect(await sentence(zip([...model, { path, content: text('x') }]))).toContain('leads out of it');
    },
  );

  it('refuses a bomb before unpacking it, and one that lies about its size', async () => {
    const bomb = { path: 'bomb', content: new Uint8Array(8 * 2 ** 20) };
    expect(await sentence(zip([bomb]))).toContain('far more than it is');
    expect(await sentence(zip([{ ...bomb, claimed: 10 }]))).toContain('larger than its list says');
  });

  it('says what is wrong with a damaged archive, wherever it is cut', async () => {
    const whole = zip(model);
    for (let length = 0; length < whole.length; length += 7) {
      expect(await sentence(whole.slice(0, length))).toMatch(/not a zip file|damaged/);
    }
    for (let at = 0; at < whole.length; at += 3) {
      const changed = whole.slice();
      changed[at]! ^= 0xff;
      expect(await sentence(changed)).not.toMatch(/^not ours/);
    }
  });
});

describe('what other tools write', () => {
  it('is read with ZIP64 fields, and one file alone', async () => {
    const writer = new ZipWriter(new BlobWriter(), { zip64: true, useWebWorkers: false });
    await writer.add('a/config.json', new TextReader('{"model_type":"gpt2"}'));
    await writer.add('a/notes.txt', new TextReader('not asked for'), { level: 0 });
    const archive = new Uint8Array(await (await writer.close()).arrayBuffer());
    // What is not asked for is not looked at: its bytes may be anything.
    archive[Buffer.from(archive).indexOf('not asked for')]! ^= 0xff;
    const { sizes, read } = await openArchive(new Blob([archive]));
    expect([...sizes]).toEqual([
      ['a/config.json', 21],
      ['a/notes.txt', 13],
    ]);
    expect(new TextDecoder().decode(await read('a/config.json'))).toBe('{"model_type":"gpt2"}');
    await expect(read('a/notes.txt')).rejects.toMatchObject({ details: { archive: 'damaged' } });
  });

  it('is refused where a password is needed', async () => {
    const writer = new ZipWriter(new BlobWriter(), { password: 'secret', zipCrypto: true, useWebWorkers: false });
    await writer.add('config.json', new BlobReader(new Blob(['{}'])));
    await expect(openArchive(await writer.close())).rejects.toMatchObject({ details: { archive: 'encrypted' } });
  });

  it('is refused where its bytes are not those it was made of', async () => {
    const archive = zip([{ path: 'model.onnx', content: text('weights'), stored: true }]);
    archive[30 + 'model.onnx'.length]! ^= 1;
    expect(await sentence(archive)).toContain('damaged');
  });
});

describe('chosen files', () => {
  it("finds the model's folder inside an archive", async () => {
    const chosen = await openChosen([new File([zip(model)], 'download.zip')]);
    expect(chosen.name).toBe('mine');
    expect([...chosen.files.keys()]).toEqual(['config.json', 'onnx/model.onnx']);
    expect(chosen.models).toEqual([{ dtype: 'fp32' }]);
  });

  it('says what is missing', async () => {
    await expect(openChosen([])).rejects.toMatchObject({ code: 'missing-file' });
    const noConfig = new File([zip(model.slice(2))], 'a.zip');
    await expect(openChosen([noConfig])).rejects.toMatchObject({ details: { file: 'config.json' } });
    const noModel = new File([zip(model.slice(0, 1))], 'a.zip');
    await expect(openChosen([noModel])).rejects.toMatchObject({ details: { file: 'onnx/model.onnx' } });
  });
});
