import { expect, test } from 'vitest';
import { toProjectSlug } from '../../../../server/transcript-file/paths.ts';

test('names the folder of a project as the CLI does', () => {
  expect(toProjectSlug('/home/me/my.project_x')).toBe('-home-me-my-project-x');
  expect(toProjectSlug('/a/😀')).toBe('-a---');
  expect(toProjectSlug(`/${'x'.repeat(300)}`)).toMatch(/^-x{199}-[0-9a-z]+$/);
});
