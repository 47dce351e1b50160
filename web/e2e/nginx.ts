// nginx with deploy/nginx.conf before a server: ports and paths are put in, nothing else is changed.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { chownSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Server as Listener } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

export const siteName = 'trader.example.com';
/** The address from which the relay connects to nginx: the client's, as nginx sees it. */
export const clientAddress = '127.0.0.7';
const nobody = 65534;
const patience = 20_000;

export interface Proxy {
  /** What makes Chromium find the site's name here and take its certificate for a good one. */
  browserArguments: string[];
  stop: () => Promise<void>;
}

export async function startNginx(program: string): Promise<Proxy> {
  const folder = await mkdtemp(join(tmpdir(), 'alpaca-trader-nginx-'));
  const [plain, secure] = [await freePort(), await freePort()];
  await writeFile(join(folder, 'site.conf'), await site(folder, program, plain, secure));
  await writeFile(join(folder, 'nginx.conf'), main(folder));
  const fingerprint = certificate(folder);
  const asRoot = process.getuid?.() === 0;
  if (asRoot) for (const file of ['', 'cert.pem', 'key.pem']) chownSync(join(folder, file), nobody, nobody);
  const child = spawn('nginx', ['-e', join(folder, 'error.log'), '-c', join(folder, 'nginx.conf')], {
    stdio: 'ignore', env: { PATH: `${process.env.PATH}:/usr/sbin:/sbin` }, ...(asRoot ? { uid: nobody, gid: nobody } : {}),
  });
  const relays = [await relay(plain), await relay(secure)];
  const stop = async () => {
    for (const { listener } of relays) listener.close();
    await ended(child);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await answers(child, secure, join(folder, 'error.log'));
  } catch (error) {
    await stop();
    throw error;
  }
  const rules = [`MAP ${siteName}:80 127.0.0.1:${relays[0]!.port}`, `MAP ${siteName}:443 127.0.0.1:${relays[1]!.port}`, 'MAP * ~NOTFOUND', 'EXCLUDE 127.0.0.1'];
  return { browserArguments: [`--host-resolver-rules=${rules.join(',')}`, `--ignore-certificate-errors-spki-list=${fingerprint}`], stop };
}

/** deploy/nginx.conf with this run's ports and files. */
async function site(folder: string, program: string, plain: number, secure: number): Promise<string> {
  let text = await readFile(resolve(import.meta.dirname, '../../deploy/nginx.conf'), 'utf8');
  for (const [from, to] of [
    ['server 127.0.0.1:5000;', `server 127.0.0.1:${new URL(program).port};`],
    ['listen 80;', `listen 127.0.0.1:${plain};`],
    ['listen [::]:80;', ''],
    ['listen 443 ssl;', `listen 127.0.0.1:${secure} ssl;`],
    ['listen [::]:443 ssl;', ''],
    [`/etc/letsencrypt/live/${siteName}/fullchain.pem`, join(folder, 'cert.pem')],
    [`/etc/letsencrypt/live/${siteName}/privkey.pem`, join(folder, 'key.pem')],
  ] as const) {
    if (text.split(from).length !== 2) throw new Error(`deploy/nginx.conf does not hold "${from}" once`);
    text = text.replace(from, to);
  }
  return text;
}

/** What a distribution's nginx.conf has around its sites, in a folder of its own. */
function main(folder: string): string {
  const kinds = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const places = kinds.map((kind) => `${kind}_temp_path ${join(folder, kind)};`).join('\n  ');
  return `daemon off;\nworker_processes 1;\npid ${join(folder, 'nginx.pid')};\nevents {}\nhttp {\n  access_log off;\n  ${places}\n  include ${join(folder, 'site.conf')};\n}\n`;
}

/** Makes a certificate for the run and returns the fingerprint of its key, as Chromium wants it. */
function certificate(folder: string): string {
  execFileSync('openssl', [
    'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', `/CN=${siteName}`,
    '-addext', `subjectAltName=DNS:${siteName}`, '-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem'),
  ], { stdio: 'pipe' });
  const key = new X509Certificate(readFileSync(join(folder, 'cert.pem'))).publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(key).digest('base64');
}

async function freePort(): Promise<number> {
  const listener = createServer();
  await new Promise<void>((ready) => listener.listen(0, '127.0.0.1', ready));
  const { port } = listener.address() as AddressInfo;
  await new Promise((closed) => listener.close(closed));
  return port;
}

/** A line to nginx that begins at the client's address. */
async function relay(to: number): Promise<{ port: number; listener: Listener }> {
  const listener = createServer((near) => {
    const far = connect({ port: to, host: '127.0.0.1', localAddress: clientAddress });
    for (const [one, other] of [[near, far], [far, near]] as const) {
      one.pipe(other);
      one.on('error', () => other.destroy());
    }
  });
  await new Promise<void>((ready) => listener.listen(0, '127.0.0.1', ready));
  return { port: (listener.address() as AddressInfo).port, listener };
}

async function answers(child: ChildProcess, port: number, log: string): Promise<void> {
  let failure = '';
  child.on('error', (error) => (failure = error.message));
  child.on('exit', (code) => (failure = `nginx ended with ${code}`));
  for (const deadline = Date.now() + patience; Date.now() < deadline && failure === ''; ) {
    const open = await new Promise<boolean>((tried) => {
      const socket = connect(port, '127.0.0.1', () => { socket.destroy(); tried(true); });
      socket.on('error', () => setTimeout(tried, 50, false));
    });
    if (open) return;
  }
  throw new Error(`${failure || 'nginx does not answer'}\n${await readFile(log, 'utf8').catch(() => '')}`);
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const gone = new Promise((resolved) => child.once('exit', resolved));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await gone;
  clearTimeout(timer);
}
