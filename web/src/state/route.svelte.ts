// Where the reader is: a small router on the history API.

export interface Room {
  path: string; // a room holds every path below its own
  name: string;
  admin?: boolean; // for administrators
  signIn?: boolean; // about how one signs in
}

/** The rooms of the rail, in its order. */
export const rooms: Room[] = [
  { path: '/', name: 'Home' },
  { path: '/strategy', name: 'Strategy' },
  { path: '/activity', name: 'Activity' },
  { path: '/accounts', name: 'Accounts' },
  { path: '/security', name: 'Security', signIn: true },
  { path: '/admin', name: 'Admin', admin: true },
];

/** Whether a room is there for this reader: an administrator, the one user of a server without a sign-in. */
const isOpen = (room: Room, admin: boolean, single: boolean) => (admin || !room.admin) && !(single && room.signIn);

/** The rooms that are there for this reader. */
export const openRooms = (admin: boolean, single = false): Room[] => rooms.filter((room) => isOpen(room, admin, single));

/** The room that a path leads to for this reader. */
export function roomAt(path: string, admin: boolean, single = false): Room | undefined {
  return openRooms(admin, single).find((room) => path === room.path || (room.path === '/admin' && path.startsWith('/admin/')));
}

/** The pages for nobody in particular, by path. */
export const doors: Record<string, string> = { '/login': 'Sign in', '/register': 'Register', '/set-password': 'Set your password' };

/** A path of this site from untrusted text, or the home page. */
export function safePath(text: string | null): string {
  return text && /^\/(?![/\\])/.test(text) && !(text.split(/[?#]/)[0]! in doors) ? text : '/';
}

class Route {
  path = $state(location.pathname);
  query = $state(location.search);
  /** What follows the # of a one-time link; no server sees it. */
  secret = $state(location.hash.slice(1));
  /** What must be asked before leaving, such as unsaved changes; null when nothing. */
  leaveWarning: (() => string | null) | null = null;

  constructor() {
    addEventListener('popstate', () => this.#read());
  }

  go(target: string, how: 'push' | 'replace' = 'push'): void {
    const warning = this.leaveWarning?.();
    if (warning && !confirm(warning)) return;
    if (how === 'push') history.pushState(null, '', target);
    else history.replaceState(null, '', target);
    this.#read();
    scrollTo(0, 0);
  }

  /** Follows a click on a link of this site without loading the page anew. */
  follow(event: MouseEvent): void {
    const link = (event.target as Element | null)?.closest('a');
    if (!link || link.origin !== location.origin || link.target || link.hasAttribute('download')) return;
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    if (link.pathname === location.pathname && link.hash) return;
    event.preventDefault();
    this.go(link.pathname + link.search);
  }

  #read(): void {
    this.path = location.pathname;
    this.query = location.search;
    this.secret = location.hash.slice(1);
  }
}

export const route = new Route();
