import { defineConfig } from '@playwright/test';
import tests from '../playwright.config';

// The pictures of the documentation: the browser of the tests, light theme, one picture point a pixel.
export default defineConfig(tests, {
  testDir: '.',
  testMatch: 'guide.ts',
  timeout: 400_000,
  use: { colorScheme: 'light', viewport: { width: 1200, height: 820 }, deviceScaleFactor: 1, reducedMotion: 'reduce', trace: 'off' },
} as Parameters<typeof defineConfig>[0]);
