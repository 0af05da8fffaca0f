import { parsePythonJson } from './python-json';

describe('JSON as Python writes it', () => {
  it('may hold numbers that JSON does not have', () => {
    const read = parsePythonJson('{"limits": [0.0, Infinity, -Infinity], "none": NaN, "rest": 1e5}');
    expect(read).toEqual({ limits: [0, Infinity, -Infinity], none: null, rest: 1e5 });
  });

  it('keeps such words in text, escaped quotes and all', () => {
    const text = '{"a \\"Infinity\\" b": "NaN", "c": Infinity, "d": "\\\\"}';
    expect(parsePythonJson(text)).toEqual({ 'a "Infinity" b': 'NaN', c: Infinity, d: '\\' });
  });

  it.each(['{"a": ', '{a: Infinity}', '{"a": Infinit}', 'NaNN', ''])('is still JSON: %s', (text) => {
    expect(() => parsePythonJson(text)).toThrow(SyntaxError);
  });
});
