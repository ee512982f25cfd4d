/** Where the worker's code lies; the binary has it embedded, as scripts/compile.ts builds it. */
export default new URL("./crypt_worker.ts", import.meta.url).href;
