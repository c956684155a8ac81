import { build, explainStaleBuild } from './build.mjs';

const reason = await explainStaleBuild();
if (reason) {
  console.log(`${reason} Building it, which takes a few seconds …`);
  await build();
}
await import(new URL('../dist/server/main.js', import.meta.url).href);
