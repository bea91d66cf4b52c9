// Hosts of a test on one machine: network namespaces, each with an address of
// its own, joined by a bridge whose side the test itself is on. What passes
// between two of them can be dropped, or a cable pulled.
//
// Needs the right to make them (root, and a kernel that lets it).

import { execFileSync } from 'node:child_process';

const run = (...words) => execFileSync(words[0], words.slice(1), { stdio: 'pipe' }).toString();

// Names of links have at most 15 characters. What is deleted may live on for a
// moment, so no name is used twice.
const tag = `pe${process.pid % 100_000}`;
let networks = 0;

// Why there can be none here, or null.
export function whyNoNamespaces() {
  try {
    run('ip', 'netns', 'add', `${tag}try`);
  } catch (error) {
    return `network namespaces are not permitted: ${`${error.stderr ?? error}`.trim()}`;
  }
  try {
    run('ip', 'netns', 'exec', `${tag}try`, 'nft', 'add', 'table', 'ip', 'try');
    return null;
  } catch (error) {
    return `nft does not work here: ${`${error.stderr ?? error}`.trim()}`;
  } finally {
    run('ip', 'netns', 'del', `${tag}try`);
  }
}

export class Network {
  constructor() {
    // Of the range that is meant for tests (RFC 2544).
    this.prefix = `198.18.${(process.pid + networks) % 256}`;
    this.tag = `${tag}${String.fromCharCode(97 + networks % 26)}`;
    networks += 1;
    this.bridge = `${this.tag}br`;
    this.address = `${this.prefix}.1`;
    this.hosts = [];
    run('ip', 'link', 'add', this.bridge, 'type', 'bridge');
    run('ip', 'addr', 'add', `${this.address}/24`, 'dev', this.bridge);
    run('ip', 'link', 'set', this.bridge, 'up');
  }

  add() {
    const number = this.hosts.length + 2;
    const host = {
      name: `${this.tag}n${number}`,
      address: `${this.prefix}.${number}`,
      cable: `${this.tag}v${number}`, // its end at the bridge
    };
    this.hosts.push(host);
    run('ip', 'netns', 'add', host.name);
    run('ip', 'link', 'add', host.cable, 'type', 'veth', 'peer', 'name', 'eth0',
      'netns', host.name);
    run('ip', 'link', 'set', host.cable, 'master', this.bridge);
    run('ip', 'link', 'set', host.cable, 'up');
    this.inside(host, 'ip', 'link', 'set', 'lo', 'up');
    this.inside(host, 'ip', 'addr', 'add', `${host.address}/24`, 'dev', 'eth0');
    this.inside(host, 'ip', 'link', 'set', 'eth0', 'up');
    host.launcher = ['ip', 'netns', 'exec', host.name];
    return host;
  }

  inside(host, ...words) {
    return run('ip', 'netns', 'exec', host.name, ...words);
  }

  // Every packet between the groups is dropped, without a word to anyone; the
  // test itself reaches all.
  split(...groups) {
    for (const group of groups) {
      const others = groups.filter((other) => other !== group).flat().map((host) => host.address);
      for (const host of group) {
        this.inside(host, 'nft', [
          'add table ip cut',
          'add chain ip cut in { type filter hook input priority 0; }',
          'add chain ip cut out { type filter hook output priority 0; }',
          `add rule ip cut in ip saddr { ${others.join(', ')} } drop`,
          `add rule ip cut out ip daddr { ${others.join(', ')} } drop`,
        ].join('; '));
      }
    }
  }

  // From `from` nothing arrives at `to`; the other way is open.
  muteOneWay(from, to) {
    this.inside(to, 'nft', [
      'add table ip cut',
      'add chain ip cut in { type filter hook input priority 0; }',
      `add rule ip cut in ip saddr ${from.address} drop`,
    ].join('; '));
  }

  // One packet of `every` between all hosts is dropped.
  lose(every) {
    for (const host of this.hosts) {
      const others = this.hosts.filter((other) => other !== host).map((other) => other.address);
      this.inside(host, 'nft', [
        'add table ip cut',
        'add chain ip cut in { type filter hook input priority 0; }',
        `add rule ip cut in ip saddr { ${others.join(', ')} } numgen random mod ${every} 0 drop`,
      ].join('; '));
    }
  }

  heal() {
    for (const host of this.hosts) {
      try {
        this.inside(host, 'nft', 'delete table ip cut');
      } catch {
        // it was not cut off
      }
    }
  }

  pull(host) { run('ip', 'link', 'set', host.cable, 'down'); }

  plug(host) { run('ip', 'link', 'set', host.cable, 'up'); }

  remove() {
    for (const host of this.hosts) {
      run('ip', 'link', 'del', host.cable);
      run('ip', 'netns', 'del', host.name);
    }
    run('ip', 'link', 'del', this.bridge);
  }
}
