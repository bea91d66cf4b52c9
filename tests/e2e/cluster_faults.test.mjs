// Random schedules of faults over three nodes under a light load. Whatever
// happened: what was accepted is stored once, every joined text is its message,
// every stream has ended, and every node agrees on the members.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { pause, randomFrom, seedFromEnvironment } from '../support/wait.mjs';
import { ownCluster, viewText } from './lib/cluster.mjs';
import { checkWhole, Load } from './lib/load.mjs';

const rounds = Number(process.env.PARLEY_E2E_CLUSTER_ROUNDS ?? 8);

// Each leaves the node running again.
const faults = {
  async kill(node) {
    await node.kill9();
    await node.start();
  },

  async killForLong(node, { cluster, random }) {
    await node.kill9();
    await pause(random() * 1500);
    await cluster.agreed();
    await node.start();
  },

  async restart(node) {
    node.terminate();
    await node.stopped();
    await node.start();
  },

  async freezeShortly(node, { random }) {
    node.frozen = true;
    node.child.kill('SIGSTOP');
    await pause(random() * 300);
    node.child.kill('SIGCONT');
    node.frozen = false;
  },

  async freezeForLong(node, { cluster, random }) {
    node.frozen = true;
    node.child.kill('SIGSTOP');
    const others = cluster.nodes.filter((other) => other !== node && !other.frozen && !other.end);
    for (const other of others) await cluster.shows(other, node, 'down');
    await pause(random() * 500);
    node.child.kill('SIGCONT');
    node.frozen = false;
  },

  // Killed while it is frozen: nobody hears its connections end.
  async killFrozen(node, { random }) {
    node.frozen = true;
    node.child.kill('SIGSTOP');
    await pause(random() * 300);
    await node.kill9();
    node.frozen = false;
    await node.start();
  },
};

async function oneRound(world, log) {
  const { cluster, random } = world;
  const names = Object.keys(faults);
  const pick = (list) => list[Math.floor(random() * list.length)];
  // Now and then two nodes at once.
  const first = pick(cluster.nodes);
  const second = random() < 0.3 ? pick(cluster.nodes.filter((node) => node !== first)) : null;
  const chosen = [first, second].filter(Boolean).map((node) => {
    // Two that wait for what others see would wait for each other.
    const possible = second ? ['kill', 'restart', 'freezeShortly', 'killFrozen'] : names;
    return [node, pick(possible)];
  });
  log.push(chosen.map(([node, name]) => `${name} ${node.name}`).join(' and '));
  await pause(random() * 300);
  await Promise.all(chosen.map(([node, name]) => faults[name](node, world)));
  await cluster.agreed();
}

test(`${rounds} rounds of random faults lose nothing`, async (t) => {
  const seed = seedFromEnvironment(t);
  const random = randomFrom(seed);
  const { cluster, mock } = await ownCluster(t, {
    options: {
      'cluster.failure-timeout': '1s',
      'shutdown.grace': '300ms',
      // What a reader was sent is stored, however short before the kill.
      'storage.durability': 'strict',
    },
  });
  const world = { cluster, mock, random };
  const load = new Load(t, cluster, 4, seed);
  const log = [];
  try {
    for (let round = 0; round < rounds; round += 1) {
      await oneRound(world, log);
      await load.progress();
    }
    const sent = await load.stop();
    await cluster.agreed();
    assert.equal(cluster.running.length, 3);
    await checkWhole(cluster, mock, sent);
    t.diagnostic(`${sent.length} messages, ${load.retries} retries`);
  } catch (error) {
    error.message = `seed ${seed}, after ${log.join('; ')}: ${error.message}`;
    const views = await Promise.all(cluster.running.map((node) => viewText(node)));
    error.message += `\n${views.join('\n')}`;
    throw error;
  }
});
