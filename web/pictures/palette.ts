// Writes a picture of a page with 128 colours at most: a quarter of the bytes, and nothing that the eye misses.
import { deflateSync } from 'node:zlib';
import type { Page } from '@playwright/test';

const most = 128;

/** The PNG with a palette instead of colours; a browser decodes it. */
export async function withPalette(page: Page, png: Buffer): Promise<Buffer> {
  const { width, height, palette, indexes } = await page.evaluate(quantise, { base64: png.toString('base64'), most });
  const source = Buffer.from(indexes, 'base64');
  const rows = Buffer.alloc((width + 1) * height); // each row begins with its filter, 0
  for (let row = 0; row < height; row++) source.copy(rows, row * (width + 1) + 1, row * width, (row + 1) * width);
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 3, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', head), chunk('PLTE', Buffer.from(palette)), chunk('IDAT', deflateSync(rows, { level: 9 })), chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** Runs in the browser: the most frequent colours, and for every other one the nearest of them. */
async function quantise({ base64, most }: { base64: string; most: number }) {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const image = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
  const { width, height } = image;
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d')!;
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  const count = new Map<number, number>();
  const colour = (point: number) => (data[point * 4]! << 16) | (data[point * 4 + 1]! << 8) | data[point * 4 + 2]!;
  for (let point = 0; point < width * height; point++) count.set(colour(point), (count.get(colour(point)) ?? 0) + 1);
  const chosen: number[] = [];
  const away = (a: number, b: number) =>
    ((a >> 16) - (b >> 16)) ** 2 + (((a >> 8) & 255) - ((b >> 8) & 255)) ** 2 + ((a & 255) - (b & 255)) ** 2;
  for (const [candidate] of [...count].sort((a, b) => b[1] - a[1])) {
    if (chosen.length < most && chosen.every((other) => away(other, candidate) > 60)) chosen.push(candidate);
  }
  const nearest = new Map<number, number>();
  for (const each of count.keys()) {
    let best = 0;
    chosen.forEach((other, index) => { if (away(other, each) < away(chosen[best]!, each)) best = index; });
    nearest.set(each, best);
  }
  let indexes = '';
  for (let point = 0; point < width * height; point++) indexes += String.fromCharCode(nearest.get(colour(point))!);
  return { width, height, palette: chosen.flatMap((each) => [each >> 16, (each >> 8) & 255, each & 255]), indexes: btoa(indexes) };
}

function chunk(kind: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(kind, 'latin1'), data]);
  const whole = Buffer.alloc(body.length + 8);
  whole.writeUInt32BE(data.length, 0);
  body.copy(whole, 4);
  whole.writeUInt32BE(checksum(body), body.length + 4);
  return whole;
}

/** CRC-32 as PNG has it (RFC 2083, section 15). */
function checksum(bytes: Buffer): number {
  let sum = 0xffff_ffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ 0xedb8_8320 : sum >>> 1;
  }
  return (sum ^ 0xffff_ffff) >>> 0;
}
