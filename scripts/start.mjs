import { build, whyStale } from './build.mjs';

const reason = await whyStale();
if (reason) {
  console.log(`${reason} Building it, which takes a few seconds …`);
  await build();
}
await import(new URL('../dist/server/main.js', import.meta.url).href);
