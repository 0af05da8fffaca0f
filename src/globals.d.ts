/** Strata's version, from package.json. */
declare const __STRATA_VERSION__: string;
/** Folder of ONNX Runtime's wasm files below the app's root, with a slash at the end. */
declare const __STRATA_RUNTIME__: string;
