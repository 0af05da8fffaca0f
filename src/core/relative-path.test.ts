import { shortestPath } from './relative-path';

it.each([
  ['model.onnx_data', 'model.onnx_data'],
  ['./model.onnx_data', 'model.onnx_data'],
  ['././a//b', 'a/b'],
  ['weights\\a', 'weights/a'],
  ['.\\a', 'a'],
  ['b/../a', 'a'],
  ['../a', undefined],
  ['b/../../a', undefined],
  ['/home/a', undefined],
  ['C:\\a', undefined],
  ['.', undefined],
  ['', undefined],
])('%j is %j', (path, shortest) => {
  expect(shortestPath(path)).toBe(shortest);
});
