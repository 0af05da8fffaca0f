import { parseHubField } from './hub-address';

describe('an address of the hub', () => {
  it.each([
    [' owner/name ', 'owner/name', 'main'],
    ['gpt2', 'gpt2', 'main'],
    ['gpt2@abc123', 'gpt2', 'abc123'],
    ['Qwen/Qwen2.5-0.5B', 'Qwen/Qwen2.5-0.5B', 'main'],
    ['owner/name@refs/pr/1', 'owner/name', 'refs/pr/1'],
    ['https://huggingface.co/owner/name', 'owner/name', 'main'],
    ['https://huggingface.co/owner/name/', 'owner/name', 'main'],
    ['http://www.huggingface.co/owner/name', 'owner/name', 'main'],
    ['HTTPS://HuggingFace.co/owner/name', 'owner/name', 'main'],
    ['huggingface.co/owner/name', 'owner/name', 'main'],
    ['hf.co/owner/name', 'owner/name', 'main'],
    ['https://huggingface.co/owner/name/tree/v1', 'owner/name', 'v1'],
    ['https://huggingface.co/owner/name/tree/v1/onnx', 'owner/name', 'v1'],
    ['https://huggingface.co/owner/name?library=transformers.js', 'owner/name', 'main'],
    ['owner/name?library=transformers.js', 'owner/name', 'main'],
    ['https://huggingface.co/owner/name#files', 'owner/name', 'main'],
    ['https://huggingface.co/owner/name/tree/main?not-for-all-audiences=true#x', 'owner/name', 'main'],
    ['https://huggingface.co/owner/name/resolve/main/onnx/model_q4.onnx?download=true', 'owner/name', 'main'],
    ['https://huggingface.co/owner/name/blob/8f3c2a1/config.json', 'owner/name', '8f3c2a1'],
    ['https://huggingface.co/owner/name/raw/main/config.json', 'owner/name', 'main'],
    ['https://huggingface.co/owner/name/commit/8f3c2a1', 'owner/name', '8f3c2a1'],
    ['https://huggingface.co/owner/name/tree/refs%2Fpr%2F1', 'owner/name', 'refs/pr/1'],
    ['https://huggingface.co/owner/name/tree/refs/pr/1/onnx', 'owner/name', 'refs/pr/1'],
    ['https://huggingface.co/owner/name/blob/refs%2Fconvert%2Fonnx/config.json', 'owner/name', 'refs/convert/onnx'],
    ['https://huggingface.co/owner/name/discussions/3', 'owner/name', 'main'],
    ['https://huggingface.co/gpt2/tree/main', 'gpt2', 'main'],
    ['https://huggingface.co/api/models/owner/name', 'owner/name', 'main'],
    ['git clone https://huggingface.co/owner/name', 'owner/name', 'main'],
    ['https://huggingface.co/owner/name.git', 'owner/name', 'main'],
    ['git@hf.co:owner/name', 'owner/name', 'main'],
    ['hf://owner/name@v1', 'owner/name', 'v1'],
    ['"owner/name"', 'owner/name', 'main'],
    ['`owner/name`,', 'owner/name', 'main'],
    ['<https://huggingface.co/owner/name>', 'owner/name', 'main'],
    ['[name](https://huggingface.co/owner/name)', 'owner/name', 'main'],
    ['owner/name\u200b', 'owner/name', 'main'],
    ['\ufeffhttps://hugging\u00adface.co/owner/name\u2060', 'owner/name', 'main'],
    ['hf download owner/name --local-dir folder', 'owner/name', 'main'],
    ['huggingface-cli download owner/name onnx/model.onnx', 'owner/name', 'main'],
  ])('%s', (text, repo, revision) => {
    expect(parseHubField(text)).toEqual({ kind: 'repository', repo, revision });
  });

  it.each([
    ['https://hf-mirror.com/owner/name', 'hf-mirror.com', 'owner/name'],
    ['hf-mirror.com/owner/name/tree/main', 'hf-mirror.com', 'owner/name'],
    ['https://example.org/', 'example.org', undefined],
    ['http://localhost:8080/owner/name', 'localhost', 'owner/name'],
    ['https://huggingface.co.example.org/owner/name', 'huggingface.co.example.org', 'owner/name'],
    ['https://user@example.org/owner/name', 'example.org', 'owner/name'],
  ])('of another server is told from the hub’s: %s', (text, host, repo) => {
    expect(parseHubField(text)).toEqual({ kind: 'other-host', host, repo });
  });

  it.each([
    ['https://huggingface.co/datasets/owner/name', 'dataset'],
    ['datasets/owner/name', 'dataset'],
    ['https://huggingface.co/spaces/owner/name', 'space'],
    ['https://huggingface.co/models?library=onnx', 'no-model'],
    ['https://huggingface.co/docs/transformers.js/index', 'no-model'],
    ['https://huggingface.co/', 'nothing'],
    ['', 'nothing'],
    ['two words', 'nothing'],
    ['owner/na me', 'nothing'],
    ['owner/name@a b', 'nothing'],
    ['ö/ü', 'nothing'],
    ['owner/%ZZ', 'nothing'],
  ])('that is no model says what it is: %s', (text, kind) => {
    expect(parseHubField(text)).toEqual({ kind });
  });
});
