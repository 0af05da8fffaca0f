/** Strata's version, from package.json. */
declare const __STRATA_VERSION__: string;
/** Folder of ONNX Runtime's wasm files below the app's root, with a slash at the end. */
declare const __STRATA_RUNTIME__: string;

/** What comparing the app's own models with their untouched files found (`.config/build/shipped-checks.ts`). */
declare module 'virtual:shipped-checks' {
  const checks: Readonly<Record<string, number>>;
  export default checks;
}

/** A language file with its syntax already read (`.config/build/message-catalogues.ts`). */
declare module '*.json?messages' {
  // eslint-disable-next-line @typescript-eslint/consistent-type-imports -- an import above would make this file a module
  const messages: Readonly<Record<string, import('./views/compile-messages').CompiledMessage>>;
  export default messages;
}
