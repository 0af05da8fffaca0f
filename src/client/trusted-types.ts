/** The part of the Trusted Types API used here; TypeScript's DOM library does not have it yet. */
interface TrustedTypesFactory {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): unknown;
}

/**
 * The policy of the page allows scripts and workers only through Trusted Types. This default rule lets our own
 * workers start by URL; text never becomes markup or script.
 */
const factory = (globalThis as { trustedTypes?: TrustedTypesFactory }).trustedTypes;
factory?.createPolicy('default', {
  createScriptURL(url) {
    const resolved = new URL(url, document.baseURI);
    if (resolved.origin !== location.origin) throw new TypeError(`A script from ${resolved.origin} is not allowed.`);
    return url;
  },
});

export {};
