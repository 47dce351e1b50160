import { readFileSync, writeFileSync } from 'node:fs';
import type { Plugin } from 'vite';

interface Lock {
  packages: Record<string, { version?: string; dev?: boolean; integrity?: string }>;
}

/**
 * Writes which packages the built application contains, by package-lock.json, beside it. The
 * program lists them in its bill of materials; its web server does not serve the file.
 */
export function contents(): Plugin {
  return {
    name: 'contents',
    apply: 'build',
    writeBundle({ dir }) {
      const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as Lock;
      const inside = Object.entries(lock.packages)
        .filter(([path, entry]) => path !== '' && !entry.dev)
        .map(([path, { version, integrity }]) => ({
          name: path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length),
          version,
          integrity,
        }))
        .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
      writeFileSync(`${dir}/.packages.json`, JSON.stringify(inside, null, 1) + '\n');
    },
  };
}
