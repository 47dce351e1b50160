import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';
import { contents } from './contents.ts';

const server = process.env.BASE_URL ?? 'http://127.0.0.1:5000';

// The result is embedded in the Go binary (internal/ui). Files carry their hash in the name, and
// nothing is inlined, so that the content security policy needs neither a nonce nor a hash.
export default defineConfig({
  plugins: [svelte(), contents()],
  build: {
    outDir: '../internal/ui/dist',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
  },
  server: { proxy: { '/api': server, '/logout': server, '/health': server } },
  resolve: process.env.VITEST ? { conditions: ['browser'] } : {},
  test: {
    environment: 'happy-dom',
    include: ['src/**/*.test.ts'],
    restoreMocks: true,
  },
});
