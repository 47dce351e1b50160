// A canvas cannot use the page's tokens by name: they are read where the page has resolved them.

const names = ['background', 'surface', 'line', 'text', 'muted', 'accent', 'gain', 'loss'] as const;
export type Colors = Record<(typeof names)[number], string>;

export function readColors(near: HTMLElement): Colors {
  const probe = document.createElement('span');
  near.append(probe);
  const colors = {} as Colors;
  for (const name of names) {
    probe.style.color = `var(--${name})`;
    colors[name] = getComputedStyle(probe).color;
  }
  probe.remove();
  return colors;
}

/** The colour `rgb(r, g, b)` with an opacity. */
export function faded(color: string, opacity: number): string {
  const parts = color.match(/[\d.]+/g) ?? ['0', '0', '0'];
  return `rgba(${parts.slice(0, 3).join(', ')}, ${opacity})`;
}
