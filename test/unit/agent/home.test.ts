import { expect, test } from 'vitest';
import { slugOf } from '../../../server/transcript-file/paths.ts';

test('names the folder of a project as the CLI does', () => {
  expect(slugOf('/home/me/my.project_x')).toBe('-home-me-my-project-x');
  expect(slugOf('/a/😀')).toBe('-a---');
  expect(slugOf(`/${'x'.repeat(300)}`)).toMatch(/^-x{199}-[0-9a-z]+$/);
});
