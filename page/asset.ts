/** The page as `signalbox` from source serves it; the binary has it embedded, as scripts/compile.ts builds it. */
import { stop } from "esbuild";
import { buildPage, findPreact } from "./build.ts";

const page = await buildPage(await findPreact());
await stop();
export default page;
